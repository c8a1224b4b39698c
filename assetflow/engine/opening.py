"""Opening a run on a worker: check the signature, read the plan, load the code."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import lru_cache, partial

from assetflow.code.loader import CodeLoader
from assetflow.code.reference import CodeRef
from assetflow.code.signing import Signer
from assetflow.definitions.bundle import Definitions
from assetflow.definitions.resource import ResourceDefinition
from assetflow.engine.pace import Pace
from assetflow.engine.request import RunRequest
from assetflow.engine.session import Announce, RunSession
from assetflow.errors import DamagedRecordError, LoadError, SignatureError
from assetflow.execution.runner import DefinitionsRunner, FailingRunner, StepRunner
from assetflow.log import logger
from assetflow.planning.makers import Makers
from assetflow.runs.store import RunStore

_MAKERS_KEPT = 8
_PACES_KEPT = 64

Around = Callable[[int, int], AbstractContextManager[None]]
LogPlace = Callable[[Definitions | None, str], str]
Shared = Callable[[Definitions, str], Mapping[str, ResourceDefinition]]


class SessionOpener:
    """Makes the sessions of the slots of one process.

    Args:
        shared: the resources of definitions in an environment, by its name.
        log_place: where what steps of an environment write is kept; told definitions, or None if they do not load.
        around: told the id of a run, what makes what has to be there around each of its steps; None for nothing.
    """

    def __init__(
        self,
        store: RunStore,
        signer: Signer,
        loader: CodeLoader,
        announce: Announce,
        shared: Shared,
        log_place: LogPlace,
        around: Callable[[str], Around] | None = None,
    ) -> None:
        self._around = around
        self._log_place = log_place
        self._store = store
        self._signer = signer
        self._loader = loader
        self._announce = announce
        self._shared = shared
        self._makers = lru_cache(maxsize=_MAKERS_KEPT)(Makers.among)
        self._paces: OrderedDict[CodeRef, Pace] = OrderedDict()

    def __call__(self, slot: str, run_id: str, sealed: bytes = b"") -> RunSession:
        """A session, with a runner that fails every step if the code does not load.

        Args:
            sealed: the request of the run, as somebody has handed it in. If it is not sound the store is asked,
                as it is without.

        Raises:
            RunNotFoundError: the run is gone.
            SignatureError, DamagedRecordError: the plan or its code must not be trusted here.
        """
        request = self._opened(run_id, sealed) or RunRequest.opened(self._signer, self._store.envelope(run_id), run_id)
        definitions, runner = self._load(request)
        place = self._log_place(definitions, request.environment)
        pace = self._pace_of(request.code)
        return RunSession(slot, self._store, request, runner, self._announce, log_place=place, pace=pace)

    def _opened(self, run_id: str, sealed: bytes) -> RunRequest | None:
        if not sealed:
            return None
        try:
            return RunRequest.opened(self._signer, sealed, run_id)
        except (SignatureError, DamagedRecordError) as error:
            logger.warning("a wake-up for run %s carries a plan that is of no use here: %s", run_id, error.message)
            return None

    def _pace_of(self, code: CodeRef) -> Pace:
        """The pace of a run, which learns from now on, with what the last run of the same code has taught."""
        last = self._paces.pop(code, None)
        found = self._paces[code] = Pace() if last is None else last.of_another_run()
        if len(self._paces) > _PACES_KEPT:
            self._paces.popitem(last=False)
        return found

    def _load(self, request: RunRequest) -> tuple[Definitions | None, StepRunner]:
        try:
            definitions = self._loader.load(request.code)
        except LoadError as error:
            logger.error("run %s: %s", request.run_id, error)
            return None, FailingRunner(error)
        return definitions, self._runner(request, definitions)

    def _runner(self, request: RunRequest, definitions: Definitions) -> StepRunner:
        return DefinitionsRunner(
            definitions,
            request.plan,
            run_id=request.run_id,
            shared=partial(self._shared, definitions),
            environment=request.environment,
            run_config=request.run_config,
            tags=request.tags,
            job_name=request.job_name,
            makers=self._makers(definitions),
            names_code=bool(request.code.module),
            signer=self._signer,
            around=None if self._around is None else self._around(request.run_id),
        )
