"""Recording a run of this process, which nobody else was told of."""

from __future__ import annotations

from assetflow.engine.readings import Readings
from assetflow.engine.recording import RunRecord, run_entry
from assetflow.engine.request import RunRequest
from assetflow.runs.entries import Entries, Move, Place
from assetflow.runs.event_log import EventLog
from assetflow.runs.facts import Fact
from assetflow.runs.outbox import RunHead, StreamedFact


def record_at_once(log: EventLog, request: RunRequest, envelope: bytes, born: int, facts: list[Fact]) -> None:
    """Record a run that was told to nobody else.

    Args:
        born: when, ms since the epoch.
        facts: all that it has told.
    """
    if not facts:
        return
    streamed = [
        StreamedFact(
            f"{int(fact.at * 1000)}-{number}", fact.kind.value, ",".join(map(str, fact.steps)), fact.token, fact.raw
        )
        for number, fact in enumerate(facts)
    ]
    head = RunHead(run_id=request.run_id, born=min(born, int(facts[0].at * 1000)), envelope=envelope, code="")
    entries = Entries(moves=[Move(request.run_id, None, Place(head.born, streamed[-1].id))])
    entries.runs.append(run_entry(head, request))
    readings = Readings(request.plan, {}, request.environment, log.data_versions)
    RunRecord(request.run_id, request.plan, readings, request.environment).add(head.born, streamed, entries)
    log.record(entries)
