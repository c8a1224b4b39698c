"""Keeping secrets out of the log of a worker itself."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from assetflow.runs.masking import masked_text


class MaskedLines(logging.Formatter):
    """Says what another formatter says, with stars for secrets.

    Args:
        inner: that other one; None for the usual one.
        secrets: what nobody is to read.
    """

    def __init__(self, inner: logging.Formatter | None, secrets: Callable[[], Iterable[str]]) -> None:
        super().__init__()
        self._inner = inner or logging.Formatter()
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """See logging."""
        return masked_text(self._inner.format(record), self._secrets())


def mask(logger: logging.Logger, secrets: Callable[[], Iterable[str]]) -> None:
    """Have the handlers of a logger write no secrets."""
    for handler in logger.handlers:
        if not isinstance(handler.formatter, MaskedLines):
            handler.setFormatter(MaskedLines(handler.formatter, secrets))
