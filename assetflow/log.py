"""The package's logger, loggers that say which step speaks, and log lines that machines read."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, NamedTuple

logger = logging.getLogger("assetflow")
_of_steps = logging.getLogger("assetflow.step")


class Speaker(NamedTuple):
    """Which try of which step is being run.

    Attributes:
        asset: that it makes, as ``a/b``; empty for a step that makes none.
        attempt: number of the try, from 0.
    """

    run_id: str
    step: str
    asset: str = ""
    attempt: int = 0


# What is logged while a step runs is about it, whichever logger it goes to.
speaker: ContextVar[Speaker | None] = ContextVar("assetflow_speaker", default=None)


class StepLogger(logging.LoggerAdapter[logging.Logger]):
    """A logger whose lines begin with the step they come from."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Put run and step in front of the message, and into the record."""
        extra = dict(self.extra or {})
        kwargs["extra"] = {**extra, **(kwargs.get("extra") or {})}
        return f"[{extra.get('step_key')}] {msg}", kwargs


def step_logger(run_id: str, step_key: str) -> StepLogger:
    """The logger that ``context.log`` is."""
    return StepLogger(_of_steps, {"run_id": run_id, "step_key": step_key})


# Attributes of every record; what else there is was given as ``extra``.
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "run_id", "step_key", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object a line: ``time``, ``level``, ``logger``, ``message``, ``pid``; of a step also ``run``, ``step``,
    ``asset`` and ``attempt``; ``error`` with the traceback; and whatever was given as ``extra``.
    """  # noqa: D205

    def format(self, record: logging.LogRecord) -> str:
        """See logging."""
        found: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "pid": os.getpid(),
        }
        known = speaker.get()
        run_id, step = getattr(record, "run_id", None), getattr(record, "step_key", None)
        if run_id is None and known is not None:
            run_id, step = known.run_id, known.step
        if run_id is not None:
            found["message"] = found["message"].removeprefix(f"[{step}] ")
            found |= {"run": run_id, "step": step}
            if known is not None and (known.run_id, known.step) == (run_id, step):
                found |= {"asset": known.asset, "attempt": known.attempt} if known.asset else {"attempt": known.attempt}
        if record.exc_info:
            found["error"] = self.formatException(record.exc_info)
        found |= {name: value for name, value in vars(record).items() if name not in _USUAL and name not in found}
        return json.dumps(found, default=str)


def write_json(to: logging.Logger | None = None) -> None:
    """Let what is logged here come as JSON: through the handlers there are, or to standard error if there are none.

    Args:
        to: whose handlers; by default those of the root.
    """
    chosen = to or logging.getLogger()
    if not chosen.handlers:
        chosen.addHandler(logging.StreamHandler())
    for handler in chosen.handlers:
        handler.setFormatter(JsonLines())
