"""Bringing back a run that the run store has lost, with everything that was committed."""

from __future__ import annotations

from collections.abc import Iterable

from assetflow.code.signing import Signer
from assetflow.code.store import CodeStore
from assetflow.engine.launch import new_run
from assetflow.engine.request import RunRequest
from assetflow.errors import RunNotFoundError
from assetflow.keys import Version
from assetflow.planning.plan import Plan, Topology
from assetflow.runs.claims import Announcement
from assetflow.runs.event_log import EventLog
from assetflow.runs.facts import Fact, FactKind, StepDetail
from assetflow.runs.states import StepState
from assetflow.runs.store import RunStore, Standing

_CLOSED = (StepState.FAILED, StepState.UPSTREAM_FAILED)
_PAGE = 5000


def restore(store: RunStore, log: EventLog, signer: Signer, codes: CodeStore, run_id: str) -> list[Announcement]:
    """Create the run again as the history knows it: what was committed is not done again.

    Returns:
        wake-ups to send.

    Raises:
        RunNotFoundError: the history does not know the run, or its code is nowhere any more.
        SignatureError: what the history has of it must not be trusted here.
    """
    entry = log.run(run_id)
    if entry is None:
        raise RunNotFoundError(f"there is no run {run_id}", fix="`assetflow runs list` shows the runs that are known")
    request = RunRequest.opened(signer, entry.envelope, run_id)
    standing = standing_of(request.plan, all_facts(log, run_id))
    new = new_run(request, entry.envelope, standing=standing)
    created = store.create(new)
    if created.needs_code:
        body = log.code(request.code.bundle)
        if body is None:
            raise RunNotFoundError(
                f"the code of run {run_id} is neither on the server nor in the history",
                fix="submit it again: what it has stored is there",
            )
        codes.put(request.code.bundle, body)
        created = store.create(new)
    return created.announcements


def standing_of(plan: Plan, facts: Iterable[Fact]) -> Standing:
    """How the steps of a run stand, by what it has told.

    What was claimed or waited for a retry is ready again. What follows from how steps ended and was not told any more,
    follows now.
    """
    topology = Topology(plan)
    states: list[StepState | None] = [None] * len(plan.steps)
    retries = [0] * len(plan.steps)
    versions: dict[int, Version] = {}
    staged: set[int] = set()
    token = 0
    for fact in facts:
        token = max(token, fact.token)
        if fact.kind is FactKind.STEP_SUCCEEDED:
            states[fact.steps[0]] = StepState.SUCCEEDED
            told = fact.told()
            for output, name in _made(told):
                versions[output] = Version(fact.token, 0) if name is None else Version.parse(name)
                if name is not None:
                    staged.add(output)
            for kept in told.kept:
                known = None if kept.version is None else Version.parse(kept.version)
                versions[kept.output] = known or Version(fact.token, 0)
        elif fact.kind is FactKind.STEP_FAILED:
            states[fact.steps[0]] = StepState.FAILED
        elif fact.kind is FactKind.STEP_RETRY:
            retries[fact.steps[0]] += 1
        elif fact.kind in (FactKind.STEP_SKIPPED, FactKind.STEP_UPSTREAM_FAILED):
            skipped = fact.kind is FactKind.STEP_SKIPPED
            for index in fact.steps:
                if states[index] is not StepState.SUCCEEDED:
                    states[index] = StepState.SKIPPED if skipped else StepState.UPSTREAM_FAILED
    waits = [0] * len(plan.steps)
    pruned, doomed = [False] * len(plan.steps), [False] * len(plan.steps)
    final: list[StepState] = []
    for index, known_state in enumerate(states):
        if known_state is None:
            ended = StepState.UPSTREAM_FAILED if doomed[index] else StepState.SKIPPED if pruned[index] else None
            state = ended or (StepState.WAITING if waits[index] else StepState.READY)
        else:
            state = known_state
        final.append(state)
        for child, needs in topology.children[index].items():
            if state is StepState.SUCCEEDED:
                pruned[child] |= not needs <= versions.keys()
            elif state in _CLOSED:
                doomed[child] = True
            elif state is StepState.SKIPPED:
                pruned[child] = True
            else:
                waits[child] += 1
    return Standing(
        states=tuple(final),
        waits=tuple(waits),
        retries=tuple(retries),
        versions=versions,
        unpublished=tuple(sorted(staged)),
        token=token,
    )


def _made(detail: StepDetail) -> list[tuple[int, str | None]]:
    """The outputs that a step has made, with the versions under which they are kept."""
    return [*((output.output, output.version) for output in detail.outputs), *detail.inner]


def all_facts(log: EventLog, run_id: str) -> Iterable[Fact]:
    """Everything that a run has told, a page at a time."""
    after = "0"
    while page := log.facts(run_id, after, _PAGE):
        yield from page
        after = page[-1].id
