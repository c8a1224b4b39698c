"""Live runs and recorded ones as one: what the server has forgotten is read from the history.

For those who look at runs. Workers use the run store itself: they have nothing to do with what is over.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import redis

from assetflow.errors import RunNotFoundError
from assetflow.runs.claims import Announcement
from assetflow.runs.entries import RunEntry
from assetflow.runs.event_log import EventLog
from assetflow.runs.facts import Fact, FactKind
from assetflow.runs.states import RunStatus, StepState
from assetflow.runs.store import RunStore, RunView
from assetflow.stores.redis.run_store import RedisRunStore
from assetflow.stores.redis.scripts import answering

_STATES = {
    "succeeded": StepState.SUCCEEDED,
    "failed": StepState.FAILED,
    "skipped": StepState.SKIPPED,
    "upstream failed": StepState.UPSTREAM_FAILED,
}
_AT_ONCE = 10_000

Restore = Callable[[RunStore, EventLog, str], list[Announcement]]


class JoinedRunStore(RedisRunStore):
    """A run store that also knows what is recorded.

    Args:
        client: of the run store.
        open_log: opens the history when it is first needed; None if there is none here.
        restore: brings a run back that the server has lost; gives the wake-ups to send.
        keep_seconds: as for the run store.
    """

    def __init__(
        self, client: redis.Redis, open_log: Callable[[], EventLog | None], restore: Restore, *, keep_seconds: int
    ) -> None:
        super().__init__(client, keep_seconds=keep_seconds)
        self._open_log = open_log
        self._restore = restore
        self._log: EventLog | None = None
        self._in_history: set[str] = set()  # runs whose older facts are there only
        self._behind: set[str] = set()  # runs whose reader is a full page behind, or more

    def view(self, run_id: str, *, steps: bool = True) -> RunView:
        """See RunStore.view."""
        try:
            return super().view(run_id, steps=steps)
        except RunNotFoundError as error:
            entry = self._ended(run_id, error)
        states, retries = self._states(entry) if steps else ((), ())
        return RunView(
            run_id=run_id,
            status=RunStatus(entry.status),
            created=entry.created,
            started=entry.started,
            ended=entry.ended,
            left=0,
            states=states,
            retries=retries,
            about=about_of(entry),
        )

    def envelope(self, run_id: str) -> bytes:
        """See RunStore.envelope."""
        try:
            return super().envelope(run_id)
        except RunNotFoundError:
            entry = self._recorded(run_id)
            if entry is None or not entry.envelope:
                raise
            return entry.envelope

    def facts(self, run_id: str, after: str = "0", limit: int = 1000, block: float | None = None) -> list[Fact]:
        """See RunStore.facts."""
        if after == "0" and (begun := self._from_the_beginning(run_id, limit)):
            return begun
        if (after == "0" or run_id in self._behind) and self._starts_later(run_id, after):
            self._in_history.add(run_id)
        self._behind.discard(run_id)
        if run_id in self._in_history and (log := self.log()) is not None:
            if found := log.facts(run_id, after, limit):
                return found
            self._in_history.discard(run_id)
        found = super().facts(run_id, after, limit, block)
        if len(found) == limit:
            self._behind.add(run_id)
        return found

    def cancel(self, run_id: str) -> tuple[RunStatus, list[Announcement]]:
        """See RunStore.cancel."""
        try:
            return super().cancel(run_id)
        except RunNotFoundError as error:
            return RunStatus(self._ended(run_id, error).status), []

    def pause(self, run_id: str) -> tuple[RunStatus, list[Announcement]]:
        """See RunStore.pause."""
        try:
            return super().pause(run_id)
        except RunNotFoundError as error:
            return RunStatus(self._ended(run_id, error).status), []

    def resume(self, run_id: str) -> tuple[RunStatus, list[Announcement]]:
        """See RunStore.resume. A run that the server has lost is brought back, with all that was committed."""
        try:
            return super().resume(run_id)
        except RunNotFoundError:
            entry, log = self._recorded(run_id), self._log
            if entry is None or log is None:
                raise
        if RunStatus(entry.status).is_terminal:
            return RunStatus(entry.status), []
        announcements = self._restore(self, log, run_id)
        return super().view(run_id, steps=False).status, announcements

    def log(self) -> EventLog | None:
        """The history, if there is one here."""
        if self._log is None:
            self._log = self._open_log()
        return self._log

    def _recorded(self, run_id: str) -> RunEntry | None:
        log = self.log()
        return None if log is None else log.run(run_id)

    def _ended(self, run_id: str, error: RunNotFoundError) -> RunEntry:
        """The entry of a run that is over; the error, if it is not, or not known."""
        entry = self._recorded(run_id)
        if entry is None:
            raise error
        if not RunStatus(entry.status).is_terminal:
            raise RunNotFoundError(
                f"the server has lost run {run_id}; {min(entry.done, entry.steps):,} of its {entry.steps:,} steps are "
                "in the history",
                fix=f"go on with the others: assetflow runs resume {run_id}",
            )
        return entry

    def _states(self, entry: RunEntry) -> tuple[tuple[StepState, ...], tuple[int, ...]]:
        """How the steps of a run ended; those of which nothing is told were cancelled with it."""
        states = [StepState.CANCELLED] * entry.steps
        retries = [0] * entry.steps
        log = self.log()
        assert log is not None
        for first in range(0, entry.steps, _AT_ONCE):
            for attempt in log.attempts(entry.run_id, first, _AT_ONCE):
                if attempt.outcome in _STATES:
                    states[attempt.step] = _STATES[attempt.outcome]
                retries[attempt.step] = max(retries[attempt.step], attempt.retry)
        return tuple(states), tuple(retries)

    def _from_the_beginning(self, run_id: str, limit: int) -> list[Fact]:
        """What the server tells of a run if nothing of it was dropped, which the first thing it tells shows."""
        found = super().facts(run_id, "0", limit)
        if not found or found[0].kind not in (FactKind.RUN_QUEUED, FactKind.RUN_STARTED):
            return []
        if len(found) == limit:
            self._behind.add(run_id)
        return found

    def _starts_later(self, run_id: str, after: str) -> bool:
        """Whether the server has dropped facts that came after that one."""
        key = f"af:{run_id}:facts"
        with answering():
            first = self._client.xrange(key, count=1)
            if not first:
                return True
            if after != "0":
                return _numbers(first[0][0].decode()) > _numbers(after)
            return int(self._client.xinfo_stream(key)["entries-added"]) > int(self._client.xlen(key))


def about_of(entry: RunEntry) -> str:
    """What listings show of a run, as JSON."""
    about = {
        "environment": entry.environment,
        "selection": entry.selection,
        "code": entry.code,
        "steps": entry.steps,
        "tags": msgspec.Raw(entry.tags.encode()),
    }
    return msgspec.json.encode(about).decode()


def _numbers(identity: str) -> tuple[int, int]:
    ms, _, seq = identity.partition("-")
    return int(ms), int(seq or 0)
