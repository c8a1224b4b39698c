"""What became of one step, before anybody else knows."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterable
from pathlib import Path

import msgspec

from assetflow.config.environment import secret_values
from assetflow.definitions.retry import Failure, RetryRequested, delay_of_retry
from assetflow.planning.plan import StepRetry
from assetflow.runs.facts import ErrorDetail, StepDetail
from assetflow.runs.masking import masked

_PACKAGE = Path(__file__).parent.parent
_LONGEST = 20_000  # characters of a message, or of a traceback
_CONTEXTLIB = Path(contextlib.__file__)


class StepResult(msgspec.Struct, kw_only=True):
    """The end of one try of one step.

    Attributes:
        succeeded: it ended well; `emitted` then tells with which outputs.
        emitted: indices of the outputs that were made.
        publishes: those of them that are staged and wait to be made visible.
        detail: what is told about it.
        error: the exception, as it was raised.
        delay: seconds after which to try again; None if this try was the last.
    """

    succeeded: bool
    emitted: list[int] = []
    publishes: list[int] = []
    detail: StepDetail
    error: BaseException | None = None
    delay: float | None = None


def delay_before_retry(error: BaseException, policy: StepRetry | None, retries: int) -> float | None:
    """Seconds to wait before the step is tried again, or None if it has failed for good.

    Args:
        retries: how often it was tried again already.
    """
    if isinstance(error, RetryRequested):
        return float(error.seconds_to_wait or 0.0) if retries < error.max_retries else None
    if isinstance(error, Failure) and error.allow_retries is False:
        return None
    if policy is None or retries >= policy.max_retries or not isinstance(error, Exception):
        return None
    return delay_of_retry(retries + 1, policy.delay, policy.backoff, policy.jitter)


def describe_error(error: BaseException) -> ErrorDetail:
    """The exception as text: the user's frames, without those of this package around them.

    Where there are only frames of this package, the message says it all.
    """
    kind = type(error)
    plain = kind.__module__ == "builtins" or kind.__module__.startswith(f"{_PACKAGE.name}.")
    name = kind.__qualname__ if plain else f"{kind.__module__}.{kind.__qualname__}"
    trace = error.__traceback__
    while trace is not None and _is_plumbing(Path(trace.tb_frame.f_code.co_filename)):
        trace = trace.tb_next
    if trace is None:
        lines = traceback.format_exception_only(kind, error)
    else:
        told = traceback.TracebackException(kind, error, trace)
        while len(told.stack) > 1 and _PACKAGE in Path(told.stack[-1].filename).parents:
            told.stack.pop()  # where we have stopped it
        lines = list(told.format())
    secrets = secret_values()
    return ErrorDetail(
        type=name, message=_readable(_message(error), secrets), traceback=_readable("".join(lines), secrets)
    )


def _readable(text: str, secrets: Iterable[str]) -> str:
    """A text for everybody to read: without secrets, and no longer than people read."""
    left = text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]}\n...\n{text[-_LONGEST // 2 :]}"
    return masked(left.encode(errors="replace"), secrets).decode(errors="replace")


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as raised:  # of the user's own class
        return f"its __str__ raised {type(raised).__qualname__}"


def _is_plumbing(file: Path) -> bool:
    """Whether a frame in front of the user's says nothing to them: it is of this package, or opens its contexts."""
    return _PACKAGE in file.parents or file == _CONTEXTLIB
