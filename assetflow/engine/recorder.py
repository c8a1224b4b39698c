"""The recorder: moves what runs tell from the store of live runs into the history, each fact once.

A page of facts and the place where it ends go into the history in one transaction, which counts only if the place was
still where this recorder has found it. So several recorders at once do no harm, and one that stops anywhere, for
however long, loses and doubles nothing.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from assetflow.code.signing import Signer
from assetflow.code.store import CodeStore
from assetflow.collecting import collecting_later
from assetflow.engine.readings import Readings
from assetflow.engine.recording import RunRecord, run_entry, unread_entry
from assetflow.engine.request import RunRequest
from assetflow.engine.restoring import all_facts
from assetflow.errors import AssetflowError
from assetflow.fail_points import reached
from assetflow.log import logger
from assetflow.planning.plan import Plan
from assetflow.runs.entries import Entries, Move, Place
from assetflow.runs.event_log import EventLog
from assetflow.runs.outbox import Outbox, RunHead, StreamedFact

FACTS_OF_A_RUN = 1000  # in one page
FACTS_AT_ONCE = 4000  # in one transaction, about
FACTS_KEPT = 10_000  # of a live run that stay in the run store, for those that follow it
_RECORDS_KEPT = 64
_LOOK_EVERY = 5.0  # seconds
_START = "0-0"

Listener = Callable[[Entries, Mapping[str, Plan | None]], None]
OpenLog = Callable[[bool], EventLog | None]  # told whether to make one that is not there


@dataclass(slots=True)
class _Stream:
    """How far the stream of one run is recorded.

    Attributes:
        pages: first id and number of facts of those that were recorded lately.
    """

    born: int
    place: Place | None
    pages: deque[tuple[str, int]] = field(default_factory=deque)

    @property
    def after(self) -> str:
        """Id of the last fact that is recorded of this very stream."""
        return self.place.after if self.place is not None and self.place.born == self.born else _START

    def dispensable(self) -> str | None:
        """Id of the first fact that those who follow the run may still ask for, if others came before it."""
        newer, cut = sum(count for _, count in self.pages), None
        while len(self.pages) > 1 and newer - self.pages[0][1] >= FACTS_KEPT:
            newer -= self.pages.popleft()[1]
            cut = self.pages[0][0]
        return cut


class Recorder:
    """Records the runs of one store in one history.

    Args:
        outbox: where facts wait.
        open_log: opens the history; None if it is not on this machine.
        codes: where the code of runs is.
        signer: opens their plans.
        alerts: whether somebody is to be told of runs that fail.
        told: of all that was recorded, and of the plans it is about, once it is.
    """

    def __init__(
        self,
        outbox: Outbox,
        open_log: OpenLog,
        codes: CodeStore,
        signer: Signer,
        *,
        alerts: bool = False,
        told: Sequence[Listener] = (),
    ) -> None:
        self._told = told
        self._alerts = alerts
        self._outbox = outbox
        self._open_log = open_log
        self._codes = codes
        self._signer = signer
        self._log: EventLog | None = None
        self._streams: dict[str, _Stream] = {}
        self._records: OrderedDict[str, RunRecord] = OrderedDict()
        self._kept: set[str] = set()
        self._looked = 0.0

    def is_mine(self) -> bool:
        """Whether the runs of the store are to be recorded here; opens the history if there is anything to do."""
        owner = self._outbox.owner()
        if self._log is not None:
            # A server that was wiped belongs to nobody, until somebody says so.
            return owner == self._log.identity or (owner is None and self._outbox.claim(self._log.identity))
        if owner is None and not self._outbox.has_work():
            return False
        if owner is not None and not self._outbox.waiting(1):
            return False
        log = self._open_log(owner is None)
        if log is None or not self._outbox.claim(log.identity):
            return False
        self._log = log
        return True

    @property
    def is_elsewhere(self) -> bool:
        """Whether the runs of the store are known to be recorded in another history."""
        return self._log is None and self._outbox.owner() is not None and bool(self._outbox.waiting(1))

    def forget(self) -> None:
        """Somebody else may have recorded meanwhile: look again how far everything is."""
        self._streams.clear()
        self._records.clear()

    def turn(self) -> bool:
        """Record what there is, up to some thousand facts.

        Returns:
            whether there is more at once.

        Raises:
            HistoryUnreachableError, ServiceUnreachableError: one of the two sides does not answer.
        """
        with collecting_later():
            return self._turn()

    def _turn(self) -> bool:
        log = self._log
        assert log is not None, "is_mine() comes first"
        waiting = self._outbox.waiting()
        self._look_up(log, waiting)
        generation = self._outbox.generation()
        pages, full = self._read()
        reached("record.before")
        if not pages:
            self._look_for_ended()
            return False
        if not self._outbox.is_durable(generation):
            return True
        entries = Entries()
        plans: dict[str, Plan | None] = {}
        for run_id, facts in pages.items():
            plans[run_id] = self._add(log, run_id, facts, entries)
        if not log.record(entries):
            logger.info("somebody else has recorded these runs meanwhile")
            self.forget()
            return True
        reached("record.after")
        self._tell(entries, plans)
        self._settle(pages, entries)
        reached("trim.after")
        return full

    def _look_up(self, log: EventLog, waiting: dict[str, int]) -> None:
        """Know of each waiting run how far it is recorded, and of no other."""
        for run_id in self._streams.keys() - waiting.keys():
            del self._streams[run_id]
            self._records.pop(run_id, None)
        unknown = [run for run, born in waiting.items() if run not in self._streams or self._streams[run].born != born]
        if unknown:
            places = log.places(unknown)
            for run_id in unknown:
                self._streams[run_id] = _Stream(waiting[run_id], places.get(run_id))
                self._records.pop(run_id, None)

    def _look_for_ended(self) -> None:
        """Now and then, let go of runs that another recorder has finished, or that are gone."""
        if time.monotonic() - self._looked > _LOOK_EVERY:
            self._looked = time.monotonic()
            places = {run: Place(stream.born, stream.after) for run, stream in self._streams.items()}
            self._outbox.recorded(places, {})

    def _read(self) -> tuple[dict[str, list[StreamedFact]], bool]:
        after = {run_id: stream.after for run_id, stream in self._streams.items()}
        pages = self._outbox.pages(after, FACTS_OF_A_RUN)
        full = any(len(facts) == FACTS_OF_A_RUN for facts in pages.values())
        taken: dict[str, list[StreamedFact]] = {}
        count = 0
        for run_id, facts in pages.items():
            if count and count + len(facts) > FACTS_AT_ONCE:
                return taken, True
            taken[run_id] = facts
            count += len(facts)
        return taken, full

    def _add(self, log: EventLog, run_id: str, facts: list[StreamedFact], entries: Entries) -> Plan | None:
        stream = self._streams[run_id]
        record = self._records.pop(run_id, None)
        if record is None:
            record = self._open(log, run_id, stream, entries)
        self._records[run_id] = record
        entries.moves.append(Move(run_id, stream.place, Place(stream.born, facts[-1].id)))
        record.add(stream.born, facts, entries)
        return record.plan

    def _open(self, log: EventLog, run_id: str, stream: _Stream, entries: Entries) -> RunRecord:
        head = self._outbox.heads([run_id]).get(run_id)
        if head is None:  # it goes away just now; what it has told is kept as it is
            head = RunHead(run_id=run_id, born=stream.born, envelope=b"", code="")
        try:
            request = RunRequest.opened(self._signer, head.envelope, run_id)
        except AssetflowError as error:
            logger.warning("only the plain facts of run %s are recorded: %s", run_id, error.message)
            entries.runs.append(unread_entry(head))
            return RunRecord(run_id, None, alerts=self._alerts)
        before = {} if stream.place is None else log.versions(run_id)
        readings = Readings(request.plan, before, request.environment, log.data_versions)
        record = RunRecord(run_id, request.plan, readings, request.environment, alerts=self._alerts)
        if stream.place is None:
            self._keep_code(log, head.code)
            entries.runs.append(run_entry(head, request))
        elif readings.passes_on:
            record.recall(all_facts(log, run_id))
        return record

    def _keep_code(self, log: EventLog, name: str) -> None:
        if name and name not in self._kept:
            if log.code(name) is None and (body := self._codes.get(name)) is not None:
                log.keep_code(name, body)
            self._kept.add(name)

    def _tell(self, entries: Entries, plans: Mapping[str, Plan | None]) -> None:
        """Tell those who count or trace; what becomes of it there does not matter here."""
        for listener in self._told:
            try:
                listener(entries, plans)
            except Exception:
                logger.exception("what was recorded could not be counted or traced")

    def _settle(self, pages: dict[str, list[StreamedFact]], entries: Entries) -> None:
        """It is recorded: remember it, and tell the store."""
        places, dispensable = {}, {}
        for move in entries.moves:
            stream, facts = self._streams.pop(move.run_id), pages[move.run_id]
            self._streams[move.run_id] = stream  # behind those that have not had their turn
            stream.place = places[move.run_id] = move.after
            stream.pages.append((facts[0].id, len(facts)))
            # Steps that compare their inputs with earlier ones ask what the run has told from its beginning.
            if not self._records[move.run_id].is_compared and (cut := stream.dispensable()) is not None:
                dispensable[move.run_id] = cut
        while len(self._records) > _RECORDS_KEPT:
            self._records.popitem(last=False)
        self._outbox.recorded(places, dispensable)
