"""Running again what failed in a run: in a run of its own, which reads what the first one has made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

import msgspec

from assetflow.code.reference import CodeRef
from assetflow.code.signing import Signer
from assetflow.code.store import CodeStore
from assetflow.engine.launch import launch
from assetflow.engine.request import RunRequest
from assetflow.engine.run_logs import indices_of
from assetflow.errors import InvalidInvocationError, RunNotFoundError
from assetflow.keys import AssetKey
from assetflow.planning.narrowing import narrowed, with_inner_makers
from assetflow.planning.plan import Plan, producers_of
from assetflow.run_ids import new_run_id
from assetflow.runs.event_log import Catalog, EventLog
from assetflow.runs.facts import Fact, FactKind
from assetflow.runs.states import RunStatus, StepState
from assetflow.runs.store import Created, RunStore

PARENT_RUN, ROOT_RUN = "assetflow/parent_run", "assetflow/root_run"
_DONE = (StepState.SUCCEEDED, StepState.SKIPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """What would be run again.

    Attributes:
        request: of the new run.
        reads: assets that it reads as the first run has made them, and the version of each; None where only one is
            kept.
    """

    request: RunRequest
    reads: dict[AssetKey, str | None]


class Retrying:
    """Makes runs of what is left of others.

    Args:
        open_history: opens the history; None if there is none here.
    """

    def __init__(
        self, store: RunStore, signer: Signer, codes: CodeStore, open_history: Callable[[], EventLog | None]
    ) -> None:
        self._store = store
        self._signer = signer
        self._codes = codes
        self._open_history = open_history

    def prepare(
        self,
        run_id: str,
        *,
        everything: bool = False,
        steps: Collection[str] = (),
        code: CodeRef | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Retry:
        """What is to be run again of a run that is over.

        Args:
            everything: all steps; by default those that failed, and those that could not run because of it.
            steps: names of steps, or keys of assets: only these.
            code: instead of the code that the run had.
            tags: in addition to those that the run had.

        Raises:
            RunNotFoundError: it is not known.
            InvalidInvocationError: it is not over, there is nothing to be run again, or a step that is asked for needs
                one that has not succeeded.
        """
        view = self._store.view(run_id)
        if not view.status.is_terminal:
            raise InvalidInvocationError(
                f"run {run_id} is not over: it is {view.status.value.lower()}",
                fix=f"wait for its end, or end it: assetflow runs cancel {run_id}",
            )
        old = RunRequest.opened(self._signer, self._store.envelope(run_id), run_id)
        versions = _versions(self._facts(run_id))
        if everything:
            wanted = {step.index for step in old.plan.steps}
        elif steps:
            wanted = {index for name in steps for index in indices_of(old.plan, name)}
            wanted = with_inner_makers(old.plan, wanted)
            _check_picked(old.plan, wanted, versions, run_id)
        else:
            wanted = _unfinished(old.plan, view.states, versions)
            if not wanted:
                how = "has succeeded" if view.status is RunStatus.SUCCEEDED else f"is {view.status.value.lower()}"
                raise InvalidInvocationError(
                    f"run {run_id} {how}: there is no step that failed and could be run again",
                    fix="--all runs everything again, --step NAME one step",
                )
        plan = old.plan if everything else narrowed(old.plan, wanted, versions)
        both = {**old.tags, **(tags or {}), PARENT_RUN: run_id, ROOT_RUN: old.tags.get(ROOT_RUN, run_id)}
        request = msgspec.structs.replace(old, run_id=new_run_id(), plan=plan, tags=both, code=code or old.code)
        made = {output.index: output.key for step in old.plan.steps for output in step.outputs}
        needs = [item for index in wanted for item in old.plan.steps[index].inputs if item.loads]
        own = {output.index for index in wanted for output in old.plan.steps[index].outputs}
        read = {item.output for item in needs if item.output is not None} - own
        reads = {AssetKey.of_parts(made[output]): versions.get(output) for output in sorted(read)}
        return Retry(request=request, reads=reads)

    def launch(self, retry: Retry, body: Callable[[], bytes | None] = lambda: None) -> Created:
        """Start it.

        Args:
            body: the code bundle, sealed, where it is at hand.

        Raises:
            RunNotFoundError: its code is neither on the server nor in the history.
        """
        created = launch(self._store, self._signer, retry.request)
        if created.needs_code:
            name = retry.request.code.bundle
            log = self._open_history()
            sealed = body() or (log.code(name) if log is not None else None)
            if sealed is None:
                raise RunNotFoundError(
                    f"the code of run {retry.request.tags[PARENT_RUN]} is neither on the server nor in the history",
                    fix="say where it is now: -f FILE or -m MODULE",
                )
            self._codes.put(name, sealed)
            created = launch(self._store, self._signer, retry.request)
        return created

    def _facts(self, run_id: str) -> Iterable[Fact]:
        after = "0"
        while page := self._store.facts(run_id, after):
            yield from page
            after = page[-1].id


def made_since(catalog: Catalog, retry: Retry) -> dict[AssetKey, str]:
    """Assets that the new run reads as they were, and that another run has materialized since; that run's id."""
    first = retry.request.tags[PARENT_RUN]
    newest = catalog.latest(list(retry.reads))
    return {
        key: found.entry.run_id
        for key, found in newest.items()
        if found.entry.run_id != first and found.entry.version != retry.reads[key]
    }


def _versions(facts: Iterable[Fact]) -> dict[int, str | None]:
    """The outputs that a run has made, and the names under which they are kept."""
    found: dict[int, str | None] = {}
    for fact in facts:
        if fact.kind is FactKind.STEP_SUCCEEDED:
            detail = fact.told()
            found.update((output.output, output.version) for output in detail.outputs)
            found.update(detail.inner)
    return found


def _unfinished(plan: Plan, states: Collection[StepState], made: Collection[int]) -> set[int]:
    """The steps that failed or did not run because of it; those that would be skipped anyhow stay so."""
    wanted = {step.index for step, state in zip(plan.steps, states, strict=True) if state not in _DONE}
    wanted = with_inner_makers(plan, wanted)
    producer = producers_of(plan)
    for step in plan.steps:
        needs = [item.output for item in step.inputs if item.output is not None]
        if step.index in wanted and any(producer[output] not in wanted and output not in made for output in needs):
            wanted.discard(step.index)
    return wanted


def _check_picked(plan: Plan, wanted: Collection[int], made: Collection[int], run_id: str) -> None:
    producer = producers_of(plan)
    for index in sorted(wanted):
        for item in plan.steps[index].inputs:
            if item.output is not None and producer[item.output] not in wanted and item.output not in made:
                missing = plan.steps[producer[item.output]].key
                raise InvalidInvocationError(
                    f"step {plan.steps[index].key} needs {missing}, which has not been made in run {run_id}",
                    fix=f"add --step {missing}, or leave --step out to run all that failed",
                )
