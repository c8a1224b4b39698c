"""The package's logger, and loggers that say which step speaks."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any

logger = logging.getLogger("assetflow")
_of_steps = logging.getLogger("assetflow.step")


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
