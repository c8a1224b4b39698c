"""Opening a run on a worker: check the signature, read the plan, load the code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from assetflow.code.loader import CodeLoader
from assetflow.code.signing import Signer
from assetflow.definitions.resource import ResourceDefinition
from assetflow.engine.request import RunRequest
from assetflow.engine.session import Announce, RunSession
from assetflow.errors import LoadError
from assetflow.execution.runner import DefinitionsRunner, FailingRunner, StepRunner
from assetflow.log import logger
from assetflow.planning.makers import Makers
from assetflow.runs.store import RunStore

_MAKERS_KEPT = 8


class SessionOpener:
    """Makes the sessions of the slots of one process.

    Args:
        defaults: resources used where the definitions give none.
    """

    def __init__(
        self,
        store: RunStore,
        signer: Signer,
        loader: CodeLoader,
        announce: Announce,
        defaults: Mapping[str, ResourceDefinition],
    ) -> None:
        self._store = store
        self._signer = signer
        self._loader = loader
        self._announce = announce
        self._defaults = defaults
        self._makers = lru_cache(maxsize=_MAKERS_KEPT)(Makers.among)

    def __call__(self, slot: str, run_id: str) -> RunSession:
        """A session, with a runner that fails every step if the code does not load.

        Raises:
            RunNotFoundError: the run is gone.
            SignatureError, DamagedRecordError: the plan or its code must not be trusted here.
        """
        request = RunRequest.opened(self._signer, self._store.envelope(run_id), run_id)
        return RunSession(slot, self._store, request, self._runner(request), self._announce)

    def _runner(self, request: RunRequest) -> StepRunner:
        try:
            definitions = self._loader.load(request.code)
        except LoadError as error:
            logger.error("run %s: %s", request.run_id, error)
            return FailingRunner(error)
        return DefinitionsRunner(
            definitions,
            request.plan,
            run_id=request.run_id,
            defaults=self._defaults,
            run_config=request.run_config,
            tags=request.tags,
            job_name=request.job_name,
            makers=self._makers(definitions),
            signer=self._signer,
        )
