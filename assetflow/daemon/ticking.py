"""One tick, from its beginning to its end; whoever dies in between leaves it where somebody else can go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from assetflow.daemon.code_jobs import Answer, EvaluateJob, LaunchJob, PlannedRun
from assetflow.definitions.run_request import RUN_KEY_TAG
from assetflow.fail_points import reached
from assetflow.log import logger
from assetflow.run_ids import new_run_id
from assetflow.runs.entries import DecisionEntry, PartitionEntry
from assetflow.runs.reported import entries_of
from assetflow.runs.ticks import AskedRun, InstigatorKind, InstigatorState, Tick, TickEffects, TickStatus, TickStore

LAUNCH_SECONDS = 120.0  # for so many runs as are started at once
_AT_ONCE = 20


class Code(Protocol):
    """Where users' code is; see `CodeProcess`."""

    def ask(self, job: EvaluateJob | LaunchJob, seconds: float) -> Answer:
        """Have a job done."""


class Ticking:
    """Carries ticks out.

    Args:
        store: where they are kept.
        clock: seconds since the epoch.
        seconds: the function of a schedule or sensor may take.
    """

    def __init__(self, store: TickStore, clock: Callable[[], float], seconds: float) -> None:
        self._store = store
        self._clock = clock
        self._seconds = seconds

    def carry_out(self, tick: Tick, state: InstigatorState, code: Code) -> bool:
        """Evaluate, unless that was done; start the runs that are asked for and are not there; and end the tick.

        Args:
            tick: that this process holds.
            state: of its instigator.

        Returns:
            whether it is over; else it is to be taken up again: a server does not answer.

        Raises:
            HistoryUnreachableError: the history does not answer, and the tick is to be taken up again.
        """
        reached("tick.begun")
        asked, cursor, reason, error = tick.asked, tick.cursor_after, tick.reason, ""
        if asked is None:
            answer = code.ask(_evaluation_of(tick, state), self._seconds)
            if answer.passes:
                logger.warning("%s %s is evaluated later: %s", tick.kind, tick.instigator, answer.error)
                return False
            if answer.error and not answer.asked and answer.cursor in (None, tick.cursor_before):
                self._store.settle(
                    tick, TickStatus.FAILED, at=self._clock(), error=answer.error, cursor=tick.cursor_before
                )
                logger.error("%s %s has failed: %s", tick.kind, tick.instigator, answer.error)
                return True
            asked, error, reason = answer.asked, answer.error, answer.reason
            cursor = answer.cursor if tick.kind == InstigatorKind.SENSOR else tick.cursor_before
            effects = _effects_of(tick, answer, self._clock())
            if not self._store.note(tick, asked, cursor=cursor, reason=reason, effects=effects):
                return True  # somebody else goes on with it
        reached("tick.noted")
        return self._launch_all(tick, asked, cursor, reason, error, code)

    def _launch_all(
        self, tick: Tick, asked: list[AskedRun], cursor: str | None, reason: str | None, error: str, code: Code
    ) -> bool:
        run_ids: list[str] = []
        known = 0
        errors = [error] if error else []
        for start in range(0, len(asked), _AT_ONCE):
            planned = []
            for one in asked[start : start + _AT_ONCE]:
                reserved = self._store.reserve(tick, one.run_key, new_run_id())
                if not reserved.is_launched:
                    planned.append(PlannedRun(asked=one, run_id=reserved.run_id))
                elif reserved.is_mine:
                    run_ids.append(reserved.run_id)
                else:
                    known += 1
            reached("tick.reserved")
            if not planned:
                continue
            answer = code.ask(LaunchJob(name=tick.instigator, runs=planned), LAUNCH_SECONDS)
            if answer.passes:
                logger.warning("%s %s cannot start its runs: %s", tick.kind, tick.instigator, answer.error)
                return False
            reached("tick.launched")
            errors += [answer.error] if answer.error else []
            for run, launched in zip(planned, answer.launched, strict=False):  # none, if it went wrong as a whole
                if launched.error:
                    errors.append(launched.error)
                else:
                    self._store.launched(tick, run.asked.run_key, self._clock())
                    run_ids.append(launched.run_id)
        status = TickStatus.FAILED if errors else TickStatus.SUCCEEDED if run_ids else TickStatus.SKIPPED
        if known and not run_ids and not errors:
            reason = f"{'its run was' if known == 1 else f'all {known} runs were'} asked for before: same run key"
        self._store.settle(
            tick,
            status,
            at=self._clock(),
            reason=reason if status is TickStatus.SKIPPED else None,
            error="\n".join(errors) or None,
            run_ids=run_ids,
            cursor=cursor,
            last_run_key=_last_key(asked),
        )
        reached("tick.settled")
        for told in errors:
            logger.error("%s %s: %s", tick.kind, tick.instigator, told)
        return True


def _evaluation_of(tick: Tick, state: InstigatorState) -> EvaluateJob:
    return EvaluateJob(
        tick=tick.id,
        name=tick.instigator,
        kind=tick.kind,
        at=tick.at,
        cursor=tick.cursor_before,
        last_run_key=state.last_run_key,
        last_ended=state.last_ended,
    )


def _effects_of(tick: Tick, answer: Answer, at: float) -> TickEffects:
    told = entries_of(answer.events, teller=f"tick-{tick.id}", environment="", at=at)
    partitions = [
        PartitionEntry(change.definition, key, None if change.removes else at + place * 1e-6)
        for change in answer.changes
        for place, key in enumerate(change.keys)
    ]
    decisions = [
        DecisionEntry(one.asset, tick.id, tick.instigator, at, one.requested, one.tree) for one in answer.decisions
    ]
    return TickEffects(partitions, told.materializations, told.observations, told.checks, decisions)


def _last_key(asked: list[AskedRun]) -> str | None:
    """The last run key that a user has chosen."""
    own = [one.tags[RUN_KEY_TAG] for one in asked if RUN_KEY_TAG in one.tags]
    return own[-1] if own else None
