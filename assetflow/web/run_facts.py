"""What does not change of a run: its plan in brief, kept so that lists need not open it again and again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from assetflow.code.signing import Signer
from assetflow.definitions.job import IMPLICIT_JOB
from assetflow.engine.request import RunRequest
from assetflow.errors import AssetflowError
from assetflow.partitions.partitions_definition import BACKFILL_TAG, PARTITION_TAG
from assetflow.planning.plan import Plan, Topology, producers_of

_KEPT = 2000
_KEPT_PLANS = 8
_LARGE = 5000  # steps


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """A run's plan in brief.

    Attributes:
        assets: keys of what it makes, in the order of the plan.
        made_by: for each step the keys of what it makes.
        divided: for each step the partitions that it makes.
        names: of the steps.
        needs: for each step the steps that it waits for; empty of a very large plan.
    """

    job: str | None
    assets: tuple[str, ...]
    names: tuple[str, ...]
    made_by: tuple[tuple[str, ...], ...]
    divided: tuple[tuple[str, ...], ...]
    needs: tuple[tuple[int, ...], ...]
    environment: str
    selection: str
    partition: str | None
    tags: dict[str, str]
    is_backfill: bool


class RunFactsCache:
    """Opens plans, and keeps what lists need of them. Thread-safe."""

    def __init__(self, signer: Callable[[], Signer], envelope: Callable[[str], bytes]) -> None:
        self._signer = signer
        self._envelope = envelope
        self._lock = threading.Lock()
        self._facts: OrderedDict[str, RunFacts | None] = OrderedDict()
        self._requests: OrderedDict[str, RunRequest] = OrderedDict()

    def request(self, run_id: str) -> RunRequest:
        """All of it.

        Raises:
            RunNotFoundError: the run is not known.
            SignatureError: it was signed with another key.
        """
        with self._lock:
            if (found := self._requests.get(run_id)) is not None:
                self._requests.move_to_end(run_id)
                return found
        opened = RunRequest.opened(self._signer(), self._envelope(run_id), run_id)
        with self._lock:
            self._requests[run_id] = opened
            while len(self._requests) > _KEPT_PLANS:
                self._requests.popitem(last=False)
        return opened

    def of(self, run_id: str) -> RunFacts | None:
        """The plan in brief; None if it cannot be opened."""
        with self._lock:
            if run_id in self._facts:
                self._facts.move_to_end(run_id)
                return self._facts[run_id]
        try:
            found: RunFacts | None = facts_of(self.request(run_id))
        except AssetflowError:
            return None
        with self._lock:
            self._facts[run_id] = found
            while len(self._facts) > _KEPT:
                self._facts.popitem(last=False)
        return found


def facts_of(request: RunRequest) -> RunFacts:
    """The plan of a request in brief."""
    plan = request.plan
    made_by = tuple(tuple(key.to_user_string() for key in step.asset_keys) for step in plan.steps)
    return RunFacts(
        job=None if request.job_name.startswith(IMPLICIT_JOB) else request.job_name,
        assets=tuple(dict.fromkeys(key for keys in made_by for key in keys)),
        names=tuple(step.key for step in plan.steps),
        made_by=made_by,
        divided=tuple(step.partitions for step in plan.steps),
        needs=_needs(plan) if len(plan.steps) <= _LARGE else (),
        environment=request.environment,
        selection=request.selection,
        partition=request.tags.get(PARTITION_TAG),
        tags=request.tags,
        is_backfill=BACKFILL_TAG in request.tags,
    )


def predicted(facts: RunFacts, seconds: Mapping[str, float | None], slots: int) -> float | None:
    """How long a run may take, by how long its assets took last; None if of none of them that is known.

    Args:
        seconds: by the key of the asset.
        slots: how many steps run at once.
    """
    took = [max((seconds.get(key) or 0.0 for key in keys), default=0.0) for keys in facts.made_by]
    if not any(took):
        return None
    until: list[float] = []
    for step, needs in zip(took, facts.needs, strict=False):
        until.append(max((until[one] for one in needs), default=0.0) + step)
    return max([*until, sum(took) / max(1, slots)])


def _needs(plan: Plan) -> tuple[tuple[int, ...], ...]:
    producer = producers_of(plan)
    return tuple(
        tuple(sorted({producer[item.output] for item in step.inputs if item.output is not None})) for step in plan.steps
    )


def critical_path(plan: Plan, seconds: dict[int, float]) -> set[int]:
    """The steps of the chain that took, or takes, longest.

    Args:
        seconds: of each step that has begun; the others count by their place alone.
    """
    topology = Topology(plan)
    until: list[float] = []
    before: list[int | None] = []
    for step in plan.steps:
        needs = {topology.producer[item.output] for item in step.inputs if item.output is not None}
        last = max(needs, key=lambda one: until[one], default=None)
        until.append((until[last] if last is not None else 0.0) + seconds.get(step.index, 1e-6))
        before.append(last)
    at: int | None = max(range(len(until)), key=lambda one: until[one], default=None)
    found = set()
    while at is not None:
        found.add(at)
        at = before[at]
    return found
