"""The one reader of a process: follows the runs on the server, and tells the board what has changed."""

from __future__ import annotations

import threading
import time
from typing import Any

from assetflow.errors import (
    AssetflowError,
    HistoryUnreachableError,
    InvalidInvocationError,
    RunNotFoundError,
    ServiceUnreachableError,
)
from assetflow.log import logger
from assetflow.runs.facts import Fact
from assetflow.runs.told_events import event_of
from assetflow.stores.redis.live_feed import Moment, RedisLiveFeed
from assetflow.web.backend import Backend
from assetflow.web.live_board import LiveBoard
from assetflow.web.log_pages import LogPages
from assetflow.web.run_details import RunDetails
from assetflow.web.run_facts import RunFactsCache
from assetflow.web.run_fold import RunFolds
from assetflow.web.run_summaries import RunSummaries
from assetflow.web.statuses import Statuses
from assetflow.wiring import live_feed_of

_PULSE = 0.1  # seconds between two looks
_IDLE_PULSE = 0.5
_BROKER_EVERY = 0.25
_STATUS_EVERY = 0.25
_PAUSE = 1.0
_LOGS_EVERY = 0.5
_LINES_AT_ONCE = 5000
_SLOW_EVERY = 2.0  # workers, instigators
_REPLAYED_MS = 600_000
_RUNS_FOLLOWED = 500
_AHEAD_MS = 2000  # of our clock that a page's may seem to be

Record = dict[str, Any]


class LiveReader:
    """Reads while anybody watches, and looks after the broker in any case.

    Args:
        board: is told.
    """

    def __init__(
        self,
        backend: Backend,
        board: LiveBoard,
        facts: RunFactsCache,
        folds: RunFolds,
        summaries: RunSummaries,
        details: RunDetails,
        statuses: Statuses,
        log_pages: LogPages,
    ) -> None:
        self._backend, self._board, self._facts, self._folds = backend, board, facts, folds
        self._summaries, self._details, self._statuses = summaries, details, statuses
        self._feed: RedisLiveFeed | None = None
        self._after: dict[str, str] = {}
        self._shown: dict[str, tuple[Any, ...]] = {}
        self._told: dict[str, dict[str, Record]] = {}
        self._moment: Moment | None = None
        self._log_pages = log_pages
        self._lines: dict[str, int] = {}
        self._paused = ""
        self._status_at = self._slow_at = self._logs_at = 0.0
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="assetflow-live", daemon=True)
        self._watch = threading.Thread(target=self._look_after_broker, name="assetflow-broker", daemon=True)
        self._telling = threading.Lock()
        self.broker_ok: bool | None = None  # nobody has looked
        self.broker_message = "not looked at yet"
        self.broker_since = time.time()

    def open(self) -> None:
        """Begin."""
        self._thread.start()
        self._watch.start()

    def close(self) -> None:
        """End."""
        self._closed.set()
        for thread in (self._thread, self._watch):
            if thread.is_alive():
                thread.join(5)

    @property
    def position(self) -> str:
        """Where all watchers are: what comes after it can be asked for again."""
        return "" if self._moment is None else f"{self._moment.ms}-{self._moment.generation}"

    def told(self, env: str, statuses: dict[str, Record]) -> None:
        """All statuses were told to one that has just come: what is told to all is what changes from here on."""
        self._told.setdefault(env, statuses)

    def replay_from(self, position: str) -> int | None:
        """The time of a position in milliseconds, if all that came since can be told; else None."""
        ms, _, generation = position.partition("-")
        now = self._moment
        if now is None or not ms.isdecimal() or len(ms) > 15 or generation != now.generation:
            return None
        return int(ms) if now.ms - _REPLAYED_MS <= int(ms) <= now.ms + _AHEAD_MS else None

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._turn()
                self._broker(True, "")
            except HistoryUnreachableError as error:
                logger.warning("live events pause: %s", error.message)
            except ServiceUnreachableError as error:
                self._lost(error)
            except AssetflowError as error:
                logger.warning("live events pause: %s", error)
            except Exception:
                logger.exception("live events pause")
            self._closed.wait(_PULSE if self._board.is_watched else _IDLE_PULSE)

    def _lost(self, error: ServiceUnreachableError) -> None:
        self._feed = None
        self._backend.forget_connection(error)
        self._broker(False, error.message)

    def _look_after_broker(self) -> None:
        """Notice soon that the server is away, whatever the reader waits for."""
        feed: RedisLiveFeed | None = None
        while not self._closed.wait(_BROKER_EVERY if self._board.is_watched else _IDLE_PULSE):
            try:
                feed = feed or live_feed_of(self._backend.connection())
                feed.now()
            except HistoryUnreachableError:
                feed = None
            except ServiceUnreachableError as error:
                feed = None
                self._backend.forget_connection(error)
                self._broker(False, error.message)
            except Exception:
                feed = None
                logger.exception("nobody looks after the server for a moment")

    def _broker(self, ok: bool, message: str) -> None:
        with self._telling:
            if ok == self.broker_ok and message == self.broker_message:
                return
            changed = ok != self.broker_ok
            self.broker_ok, self.broker_message = ok, message
            if changed:
                self.broker_since = time.time()
                self._board.publish("", "broker", {"ok": ok, "message": message})

    def _turn(self) -> None:
        connection = self._backend.connection()
        if self._feed is None:
            self._feed = live_feed_of(connection)
        feed, before = self._feed, self._moment
        now = feed.now()
        if before is not None and before.generation != now.generation:
            self._forget()
            self._moment = now
            self._board.publish("", "resync", {}, self.position)
            return
        if not self._board.is_watched:
            self._after.clear()
            self._shown.clear()
            self._told.clear()
            self._moment = now
            return
        live, ended = feed.known()
        self._follow(live, ended, before or now)
        found = feed.turn(self._after, _PULSE)
        self._moment = now  # what was told before it has been read
        for run_id, facts in found.items():
            self._after[run_id] = facts[-1].id
        for run_id in dict.fromkeys([*found, *live]):
            self._look_at(run_id, found.get(run_id, []))
        self._drop_ended(set(live), found)
        self._look_at_statuses(bool(found))
        self._look_at_logs()
        self._look_at_the_rest()

    def _follow(self, live: list[str], ended: list[str], since: Moment) -> None:
        """Follow runs that are new, and those that ended between two looks."""
        watched = {topic.removeprefix("run:") for topic in self._board.topics() if topic.startswith("run:")}
        for run_id in [*live[-_RUNS_FOLLOWED:], *(one for one in ended if one in watched)]:
            self._after.setdefault(run_id, f"{since.ms - 1}-0")
        for run_id in ended:
            if run_id not in self._after and run_id not in self._shown and _made_at(run_id) >= since.ms - 1000:
                self._after[run_id] = "0"

    def _drop_ended(self, live: set[str], found: dict[str, list[Fact]]) -> None:
        for run_id in [one for one in self._after if one not in live and one not in found]:
            del self._after[run_id]

    def _look_at(self, run_id: str, facts: list[Fact]) -> None:
        summary = self._summaries.live(run_id)
        if summary is None:
            return
        shown = (summary.status, summary.steps.model_dump_json())
        if not facts and self._shown.get(run_id) == shown:
            return
        self._shown[run_id] = shown
        plain = summary.model_dump(mode="json")
        self._board.publish("runs", "runs", {"items": [plain]}, self.position)
        if f"run:{run_id}" in self._board.topics():
            self._tell_run(run_id, facts, plain)

    def _tell_run(self, run_id: str, facts: list[Fact], summary: Record) -> None:
        self._board.publish(f"run:{run_id}", "run", self.run_event(run_id, facts, summary), self.position)

    def run_event(self, run_id: str, facts: list[Fact], summary: Record) -> Record:
        """What a page that shows a run is told."""
        plan = self._facts.request(run_id).plan
        fold = self._folds.of(run_id)
        view = self._backend.connection().store.view(run_id)
        running = {index for index, state in enumerate(view.states) if state.label == "running"}
        changed = {index for fact in facts for index in fact.steps} | running
        return {
            "id": run_id,
            "steps": [one.model_dump(mode="json") for one in self._details.steps(run_id, fold, sorted(changed))],
            "summary": summary,
            "events": [event_of(fact, plan)._asdict() for fact in facts],
        }

    def _look_at_statuses(self, something: bool) -> None:
        now = time.monotonic()
        envs = self._board.envs()
        if not envs or (not something and now - self._status_at < _STATUS_EVERY):
            return
        self._status_at = now
        if self._backend.desk.state.loaded is None:
            return
        for env in envs:
            try:
                found = self._statuses.of(env)
            except AssetflowError as error:
                self._pause_statuses(error)
                continue
            before = self._told.get(env)
            self._told[env] = found
            changed = {key: one for key, one in found.items() if before is None or before.get(key) != one}
            if changed:
                self._board.publish("status", "status", changed, self.position, env)

    def _pause_statuses(self, error: AssetflowError) -> None:
        """Nobody can tell them now: the history is away, say; what runs do is told all the same."""
        self._status_at = time.monotonic() + _PAUSE
        if str(error) != self._paused:
            self._paused = str(error)
            logger.warning("how assets stand cannot be told for now: %s", error.message)

    def _look_at_logs(self) -> None:
        """Tell new lines of the logs that pages follow; those of before they have asked for."""
        topics = {topic for topic in self._board.topics() if topic.startswith("logs:")}
        now = time.monotonic()
        if now - self._logs_at < _LOGS_EVERY:
            return
        self._logs_at = now
        self._lines = {topic: at for topic, at in self._lines.items() if topic in topics}
        for topic in topics:
            _, run_id, step = topic.split(":", 2)
            if self._log_pages.is_reading(run_id, step):
                continue  # nobody else is to wait for it
            try:
                plan = self._facts.request(run_id).plan
                page = self._log_pages.page(run_id, plan, step, None, (), self._lines.get(topic, 0), _LINES_AT_ONCE)
            except (RunNotFoundError, InvalidInvocationError):
                continue
            known = self._lines.get(topic)
            if known is None:
                self._lines[topic] = page.total_lines
            elif page.lines:
                self._lines[topic] = known + len(page.lines)
                lines = [line.model_dump(mode="json") for line in page.lines]
                self._board.publish(topic, "logs", {"run": run_id, "step": step, "lines": lines}, self.position)

    def _look_at_the_rest(self) -> None:
        now = time.monotonic()
        if now - self._slow_at < _SLOW_EVERY:
            return
        self._slow_at = now
        for topic in ("workers", "instigators"):
            if topic in self._board.topics():
                self._board.publish(topic, topic, {}, self.position)

    def _forget(self) -> None:
        """The server was started again, and may have lost what it told."""
        self._after.clear()
        self._shown.clear()
        self._told.clear()
        self._folds.forget()


def _made_at(run_id: str) -> int:
    """When a run id was made, in milliseconds since the epoch."""
    value = 0
    for letter in run_id[:10]:
        value = value * 32 + max(0, "0123456789ABCDEFGHJKMNPQRSTVWXYZ".find(letter))
    return value
