"""What the stream of events says: the data of each kind of event, by its name."""

from __future__ import annotations

from assetflow.web.schemas.answer import Answer
from assetflow.web.schemas.assets import Status
from assetflow.web.schemas.runs import LogItem, RunEventItem, RunStep, RunSummary


class HelloTold(Answer):
    """The connection is there; `version` is that of the definitions, empty if none have loaded."""

    version: str


class BrokerTold(Answer):
    """Whether the broker answers."""

    ok: bool
    message: str


class LoadErrorTold(Answer):
    """Why code does not load: the first line, and the rest."""

    message: str
    trace: str


class DefinitionsTold(Answer):
    """Code was loaded, or did not load."""

    version: str | None
    ok: bool
    error: LoadErrorTold | None


class RunsTold(Answer):
    """Runs that are new, or stand otherwise than before."""

    items: list[RunSummary]


class RunTold(Answer):
    """What has changed of one run: these steps, how it stands, and what has happened since."""

    id: str
    steps: list[RunStep]
    summary: RunSummary | None
    events: list[RunEventItem]


class LogsTold(Answer):
    """New lines of one step's log."""

    run: str
    step: str
    lines: list[LogItem]


class NothingTold(Answer):
    """The name of the event says it all: ask again."""


class LiveEvents(Answer):
    """The data of each event, by the event's name."""

    hello: HelloTold
    broker: BrokerTold
    definitions: DefinitionsTold
    runs: RunsTold
    status: dict[str, Status]
    run: RunTold
    logs: LogsTold
    workers: NothingTold
    instigators: NothingTold
    resync: NothingTold
