"""One run in full: its steps with times and errors, and what happened in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from assetflow.engine.retrying import PARENT_RUN
from assetflow.errors import AssetflowError, ServiceUnreachableError
from assetflow.planning.plan import Plan, Topology
from assetflow.runs.facts import ErrorDetail
from assetflow.runs.states import StepState
from assetflow.web.backend import Backend
from assetflow.web.run_facts import RunFactsCache, critical_path
from assetflow.web.run_fold import RunFold, RunFolds, StepFold
from assetflow.web.run_summaries import RunSummaries
from assetflow.web.schemas.runs import (
    PartitionCounts,
    RunDetail,
    RunStep,
    SourceFrame,
    StepError,
)

_AROUND = 5  # lines of source before and after the one that matters
_LONGEST = 4 * 2**20  # bytes of a file that is looked into
_FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)', re.MULTILINE)
_STEP_WORDS = {
    StepState.WAITING: "waiting",
    StepState.READY: "ready",
    StepState.CLAIMED: "running",
    StepState.DELAYED: "retrying",
    StepState.POOLED: "pooled",
    StepState.SUCCEEDED: "success",
    StepState.SKIPPED: "skipped",
    StepState.FAILED: "failed",
    StepState.UPSTREAM_FAILED: "upstream_failed",
    StepState.CANCELLED: "cancelled",
}
_REASONS = {
    StepState.SKIPPED: "skipped: an input was not made",
    StepState.UPSTREAM_FAILED: "not run: an input failed",
    StepState.CANCELLED: "cancelled with the run",
    StepState.DELAYED: "failed, and is tried again",
    StepState.POOLED: "waits for its pool",
    StepState.READY: "waits for a worker",
    StepState.WAITING: "waits for its inputs",
}


class RunDetails:
    """Tells all of a run."""

    def __init__(self, backend: Backend, facts: RunFactsCache, folds: RunFolds, summaries: RunSummaries) -> None:
        self._backend = backend
        self._facts = facts
        self._folds = folds
        self._summaries = summaries

    def of(self, run_id: str, first: int, count: int) -> RunDetail:
        """A run with some of its steps.

        Raises:
            RunNotFoundError: it is not known.
        """
        summary = self._summaries.one(run_id)
        request = self._facts.request(run_id)
        fold = self._folds.of(run_id)
        wanted = range(first, min(first + count, len(request.plan.steps)))
        return RunDetail(
            **summary.model_dump(),
            step_list=self.steps(run_id, fold, wanted),
            steps_total=len(request.plan.steps),
            plan={
                "selection": request.selection,
                "stale_only": request.stale_only,
                "priority": request.priority,
                "code": request.code.label or request.code.module,
            },
            config=request.run_config,
            events_last=fold.after,
            parent_run=request.tags.get(PARENT_RUN),
        )

    def steps(self, run_id: str, fold: RunFold, wanted: Iterable[int]) -> list[RunStep]:
        """Some steps of a run."""
        plan = self._facts.request(run_id).plan
        states = self._states(run_id, fold, len(plan.steps))
        topology = Topology(plan)
        seconds = {index: step.seconds or 0.0 for index, step in fold.steps.items()}
        critical = critical_path(plan, seconds)
        workers = self._workers()
        return [
            self._step(plan, topology, index, states[index], fold.steps.get(index) or StepFold(), critical, workers)
            for index in wanted
        ]

    def partitions(self, run_id: str) -> PartitionCounts:
        """How many partitions of a run stand how."""
        facts = self._facts.of(run_id)
        if facts is None:
            return PartitionCounts(total=0, done=0, failed=0, running=0)
        states = self._states(run_id, RunFold(is_over=True), len(facts.names))
        counts: Counter[StepState] = Counter()
        for state, partitions in zip(states, facts.divided, strict=True):
            counts[state] += len(partitions)
        return PartitionCounts(
            total=counts.total(),
            done=sum(count for state, count in counts.items() if state.is_terminal),
            failed=counts[StepState.FAILED] + counts[StepState.UPSTREAM_FAILED],
            running=counts[StepState.CLAIMED],
        )

    def _states(self, run_id: str, fold: RunFold, total: int) -> list[StepState]:
        """How the steps stand: by the server, else as far as the facts tell."""
        try:
            states = self._backend.connection().store.view(run_id).states
            if len(states) == total:
                return list(states)
        except AssetflowError:
            pass
        rest = StepState.CANCELLED if fold.is_over else StepState.WAITING
        return [one.state or rest if (one := fold.steps.get(index)) else rest for index in range(total)]

    def _workers(self) -> dict[str, str]:
        """Names of the workers that are there, by the beginnings of their slots."""
        try:
            found = self._backend.connection().registry.workers()
        except ServiceUnreachableError:
            return {}
        return {view.info.worker: view.info.host for view in found}

    def _step(
        self,
        plan: Plan,
        topology: Topology,
        index: int,
        state: StepState,
        fold: StepFold,
        critical: set[int],
        workers: Mapping[str, str],
    ) -> RunStep:
        step = plan.steps[index]
        needs = {topology.producer[item.output] for item in step.inputs if item.output is not None}
        worker = fold.slot.partition(":")[0]
        word = _STEP_WORDS[state]
        reason = "its inputs are what they were" if fold.unchanged else _REASONS.get(state, "")
        return RunStep(
            index=index,
            step=step.key,
            assets=[key.to_user_string() for key in step.asset_keys],
            partition=_partition(step.partitions),
            state="unchanged" if fold.unchanged and state is StepState.SUCCEEDED else word,
            attempt=fold.attempt,
            slot=fold.slot or None,
            worker=workers.get(worker, worker) or None,
            started=fold.started,
            ended=fold.ended if state.is_terminal else None,
            seconds=fold.seconds,
            load=None if fold.phases is None else fold.phases.load,
            compute=None if fold.phases is None else fold.phases.compute,
            store=None if fold.phases is None else fold.phases.store,
            reason=reason,
            error=None if fold.error is None else self.error(fold.error),
            critical=index in critical,
            depends=sorted(needs),
            log_size=fold.log_size,
            queue=step.queue,
            pool=step.pool,
            attempts=fold.tries,
            made=fold.made,
        )

    def error(self, detail: ErrorDetail) -> StepError:
        """What a step raised, with the place in the project's code."""
        return StepError(
            type=detail.type, message=detail.message, frame=self._frame(detail.traceback), traceback=detail.traceback
        )

    def _frame(self, traceback: str) -> SourceFrame | None:
        """The last place in the traceback that is in the project's own code.

        Only files that hold the definitions are read: a traceback comes from elsewhere, and may name any.
        """
        found = [(match["file"], int(match["line"])) for match in _FRAME.finditer(traceback)]
        own = self._backend.desk.files
        for file, line in reversed(found):
            if file in own:
                return SourceFrame(file=file, line=line, source=_lines(Path(file), line))
        return SourceFrame(file=found[-1][0], line=found[-1][1], source=[]) if found else None


def _partition(keys: tuple[str, ...]) -> str | None:
    if not keys:
        return None
    return keys[0] if len(keys) == 1 else f"{keys[0]}..{keys[-1]}"


def _lines(path: Path, line: int) -> list[tuple[int, str]]:
    try:
        if path.stat().st_size > _LONGEST:
            return []
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return []
    first = max(1, line - _AROUND)
    return [(number, lines[number - 1]) for number in range(first, min(line + _AROUND, len(lines)) + 1)]
