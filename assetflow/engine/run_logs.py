"""Reading what the steps of a run have written: from the files where it is kept, and as it comes."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator

from assetflow.errors import AssetflowError, InvalidInvocationError
from assetflow.planning.plan import Plan
from assetflow.runs.entries import LogEntry
from assetflow.runs.event_log import EventLog
from assetflow.runs.facts import Fact, FactKind
from assetflow.runs.log_lines import LineReader, LogLine, LogStream, in_order
from assetflow.runs.states import RunStatus
from assetflow.runs.step_logs import LiveLogs, LogFiles, LogPiece
from assetflow.runs.store import RunStore

_BLOCK = 0.25  # seconds
_ENDS = (FactKind.STEP_SUCCEEDED, FactKind.STEP_FAILED, FactKind.STEP_SKIPPED, FactKind.STEP_UPSTREAM_FAILED)
Attempt = tuple[int, int]  # index of the step, token of the claim


class RunLogs:
    """What steps have written, of any run.

    Args:
        store: where runs are.
        live: what running steps write.
        files: where it is kept.
        open_history: opens the history; None if there is none here.
    """

    def __init__(
        self, store: RunStore, live: LiveLogs, files: LogFiles, open_history: Callable[[], EventLog | None]
    ) -> None:
        self._store = store
        self._live = live
        self._files = files
        self._open_history = open_history

    def lines(self, run_id: str, plan: Plan, step: str | None = None) -> Iterator[LogLine]:
        """All lines that there are now: step by step, in the order in which the steps ended, then of those that run.

        Args:
            step: name of a step, or key of an asset; by default all steps.

        Raises:
            InvalidInvocationError: the run has no such step.
            RunNotFoundError: the run is not known.
        """
        wanted = indices_of(plan, step)
        return self._lines(run_id, plan, wanted)

    def about(self, run_id: str, plan: Plan, step: str | None = None) -> int | None:
        """About how many lines were kept, without reading them; None while the run goes on.

        It is exact where each line was written by itself.

        Raises:
            InvalidInvocationError: the run has no such step.
            RunNotFoundError: the run is not known.
        """
        wanted = indices_of(plan, step)
        if not self._store.view(run_id, steps=False).status.is_terminal:
            return None
        return sum(entry.lines for entry in self._entries(run_id, plan) if entry.step in wanted)

    def follow(self, run_id: str, plan: Plan, step: str | None = None) -> Iterator[LogLine]:
        """The same, and then lines as they are written, until the run, or that one step, is over."""
        wanted = indices_of(plan, step)
        return self._follow(run_id, plan, wanted)

    def _lines(self, run_id: str, plan: Plan, wanted: frozenset[int]) -> Iterator[LogLine]:
        over = self._store.view(run_id, steps=False).status.is_terminal  # asked first: what ends meanwhile is told of
        entries = self._entries(run_id, plan)
        running = _Running(plan)
        known = {(entry.step, entry.token) for entry in entries}
        pieces, _ = self._live.read(run_id)
        for entry in entries:
            number = running.number(entry.step, entry.token, entry.retry)
            if entry.step in wanted:
                yield from self._of(entry, number, pieces)
        if not over:
            yield from running.take(piece for piece in pieces if piece.step in wanted and _attempt(piece) not in known)
            yield from running.end_all()

    def _follow(self, run_id: str, plan: Plan, wanted: frozenset[int]) -> Iterator[LogLine]:
        running, done, outstanding = _Running(plan), set[Attempt](), set(wanted)
        facts, after_fact = self._facts(run_id)
        pieces, after = self._live.read(run_id)
        # What is kept of those that are over is complete; what is left of it in the stream may not be.
        for entry in _told(run_id, facts, plan):
            done.add((entry.step, entry.token))
            number = running.number(entry.step, entry.token, entry.retry)
            if entry.step in wanted:
                yield from self._of(entry, number, pieces)
        while True:
            mine = (piece for piece in pieces if piece.step in wanted and _attempt(piece) not in done)
            yield from running.take(mine)
            for entry in _told(run_id, facts, plan):
                attempt = (entry.step, entry.token)
                number = running.number(entry.step, entry.token, entry.retry)
                if entry.step in wanted and attempt not in done:
                    yield from running.end(attempt) if running.has(attempt) else self._of(entry, number, [])
                done.add(attempt)
            outstanding -= {step for fact in facts if fact.kind in _ENDS for step in fact.steps}
            if not outstanding or any(fact.kind is FactKind.RUN_ENDED for fact in facts):
                break
            if not (facts or pieces) and self._store.view(run_id, steps=False).status.is_terminal:
                break
            facts, after_fact = self._facts(run_id, after_fact)
            pieces, after = self._live.read(run_id, after, None if facts else _BLOCK)
        yield from running.end_all()

    def _facts(self, run_id: str, after: str = "0") -> tuple[list[Fact], str]:
        """All facts that came after that one, and the id of the last."""
        found: list[Fact] = []
        while page := self._store.facts(run_id, after):
            found += page
            after = page[-1].id
        return found, after

    def _of(self, entry: LogEntry, number: int, pieces: Iterable[LogPiece]) -> Iterator[LogLine]:
        """The lines of an attempt that is over; if its file cannot be read, what is still there of its end.

        Args:
            number: of the attempt.
        """
        reason = "it could not be stored when the step was over"
        try:
            if entry.uri:
                yield from self._files.read(entry.uri, entry.run_id).lines(entry.key, number)
                return
        except FileNotFoundError:
            reason = f"there is no {entry.uri} here (kept on another machine, or removed)"
        except (AssetflowError, OSError) as error:
            reason = str(getattr(error, "message", error))
        yield LogLine(
            step=entry.key,
            attempt=number,
            stream=LogStream.LOG,
            text=f"[the log of this step cannot be read: {reason}]",
            left_out=entry.size,
        )
        rest = _Running({entry.step: entry.key}, {entry.step: {entry.token: number}})
        yield from rest.take(piece for piece in pieces if _attempt(piece) == (entry.step, entry.token))
        yield from rest.end_all()

    def _entries(self, run_id: str, plan: Plan) -> list[LogEntry]:
        """Where the logs are of all attempts that are over."""
        log = self._open_history()
        known = None if log is None else log.run(run_id)
        if log is not None and known is not None and RunStatus(known.status).is_terminal:
            return log.logs(run_id)
        return _told(run_id, self._facts(run_id)[0], plan)


class _Running:
    """Puts together the pieces of attempts that are not over.

    Args:
        names: of the steps.
        numbers: of the attempts that are known already: index of the step, token, number.
    """

    def __init__(self, names: Plan | dict[int, str], numbers: dict[int, dict[int, int]] | None = None) -> None:
        self._names = names
        self._numbers = {} if numbers is None else numbers
        self._readers: dict[tuple[int, int, LogStream], tuple[LineReader, int]] = {}

    def number(self, step: int, token: int, retry: int) -> int:
        """The number of an attempt: that of the try, where no process of the step was lost."""
        known = self._numbers.setdefault(step, {})
        return known.setdefault(token, max(retry, max(known.values(), default=-1) + 1))

    def has(self, attempt: Attempt) -> bool:
        """Whether anything came of it."""
        return any(key[:2] == attempt for key in self._readers)

    def take(self, pieces: Iterable[LogPiece]) -> Iterator[LogLine]:
        """The lines that end in these pieces; what was sent twice counts once."""
        fresh: dict[tuple[int, int, LogStream], list[LogLine]] = {}
        for piece in pieces:
            key = (piece.step, piece.token, piece.stream)
            number = self.number(piece.step, piece.token, piece.retry)
            reader, at = self._readers.get(key) or (LineReader(self._name(piece.step), number, piece.stream), 0)
            end = piece.at + len(piece.data)
            if end <= at:
                continue
            lines = fresh.setdefault(key, [])
            if piece.at > at:
                lines += reader.gap(piece.at - at)
                data = piece.data[piece.data.find(b"\n") + 1 :]  # the rest of a line whose beginning is missing
            else:
                data = piece.data[at - piece.at :]
            lines += reader.feed(data)
            self._readers[key] = (reader, end)
        for attempt in dict.fromkeys(key[:2] for key in fresh):
            yield from in_order(*(lines for key, lines in fresh.items() if key[:2] == attempt))

    def end(self, attempt: Attempt) -> Iterator[LogLine]:
        """It is over: lines that were never ended."""
        for key in [key for key in self._readers if key[:2] == attempt]:
            yield from self._readers.pop(key)[0].end()

    def end_all(self) -> Iterator[LogLine]:
        """All are over, for who looks."""
        for attempt in dict.fromkeys(key[:2] for key in self._readers):
            yield from self.end(attempt)

    def _name(self, step: int) -> str:
        return self._names[step] if isinstance(self._names, dict) else self._names.steps[step].key


def indices_of(plan: Plan, name: str | None) -> frozenset[int]:
    """The steps that are meant: all, or the one of that name, or those that make the asset of that key.

    Raises:
        InvalidInvocationError: the run has no such step.
    """
    if name is None:
        return frozenset(step.index for step in plan.steps)
    found = frozenset(step.index for step in plan.steps if step.key == name)
    if not found:
        found = frozenset(step.index for step in plan.steps if name in {"/".join(out.key) for out in step.outputs})
    if not found:
        known = [step.key for step in plan.steps]
        near = difflib.get_close_matches(name, known, 3)
        fix = f"did you mean {' or '.join(near)}?" if near else f"it has: {', '.join(known[:20])}"
        raise InvalidInvocationError(f"the run has no step {name!r}", fix=fix)
    return found


def _told(run_id: str, facts: Iterable[Fact], plan: Plan) -> list[LogEntry]:
    """Where the logs are that the facts tell of."""
    found = []
    for fact in facts:
        if fact.steps and b'"log"' in fact.raw:
            detail = fact.told()
            if (log := detail.log) is not None:
                step = fact.steps[0]
                numbers = (log.size, log.left_out, log.lines, log.stored)
                key = plan.steps[step].key
                found.append(LogEntry(run_id, step, fact.token, key, detail.retry, fact.at, log.uri, *numbers))
    return found


def _attempt(piece: LogPiece) -> Attempt:
    return piece.step, piece.token
