"""When a step that raised is tried again."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from assetflow.definitions.metadata import MetadataValue, RawMetadata, normalize_metadata
from assetflow.errors import InvalidDefinitionError, ParameterCheckError

LONGEST_DELAY = 30 * 86_400  # seconds


class Backoff(StrEnum):
    """How the delay grows from retry to retry."""

    LINEAR = "linear"  # delay, 2 x delay, 3 x delay
    EXPONENTIAL = "exponential"  # delay, 3 x delay, 7 x delay


class Jitter(StrEnum):
    """How the delay is scattered."""

    FULL = "full"  # anything between nothing and the delay
    PLUS_MINUS = "plus_minus"  # the delay, more or less by up to the base delay


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, and how soon, a step is tried again.

    Args:
        max_retries: further tries after the first.
        delay: seconds before the first retry.
        backoff: how the delay grows.
        jitter: how the delay is scattered.

    Raises:
        InvalidDefinitionError: backoff or jitter without a delay.
        ParameterCheckError: an argument is of another kind, or out of range.
    """

    max_retries: int = 1
    delay: float | None = None
    backoff: Backoff | None = None
    jitter: Jitter | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.max_retries, int) or isinstance(self.max_retries, bool) or self.max_retries < 0:
            raise ParameterCheckError(f"max_retries is a number of retries, not {self.max_retries!r}")
        if self.delay is not None and (
            isinstance(self.delay, bool)
            or not isinstance(self.delay, int | float)
            or not 0 <= self.delay <= LONGEST_DELAY
        ):
            raise ParameterCheckError(f"delay is a number of seconds up to {LONGEST_DELAY}, not {self.delay!r}")
        for name, kind in (("backoff", Backoff), ("jitter", Jitter)):
            if not isinstance(getattr(self, name), kind | None):
                raise ParameterCheckError(f"{name} is a {kind.__name__}, not {getattr(self, name)!r}")
        if self.delay is None:
            for name in ("backoff", "jitter"):
                if getattr(self, name) is not None:
                    raise InvalidDefinitionError(
                        f"RetryPolicy: {name} needs a delay", fix="add delay=<seconds before the first retry>"
                    )

    def calculate_delay(self, attempt_num: int) -> float:
        """Seconds before a retry, scattered if there is jitter.

        Args:
            attempt_num: 1 for the first retry.
        """
        return delay_of_retry(attempt_num, self.delay or 0.0, self.backoff, self.jitter)


def delay_of_retry(number: int, delay: float, backoff: str | None, jitter: str | None) -> float:
    """Seconds before a retry.

    Args:
        number: 1 for the first one.
        delay: before that, without jitter.
        backoff: a `Backoff`, or its value.
        jitter: a `Jitter`, or its value.
    """
    grown = delay
    if backoff == Backoff.LINEAR:
        grown = delay * number
    elif backoff == Backoff.EXPONENTIAL:
        grown = delay * (2**number - 1)
    if jitter == Jitter.FULL:
        grown = random.uniform(0.0, grown)
    elif jitter == Jitter.PLUS_MINUS:
        grown += random.uniform(-delay, delay)
    return max(grown, 0.0)


class RetryRequested(Exception):
    """Raise it to have the step tried again.

    Args:
        max_retries: fail once it was tried again so often.
        seconds_to_wait: before the next try.
    """

    def __init__(self, max_retries: int = 1, seconds_to_wait: float | None = None) -> None:
        super().__init__(max_retries, seconds_to_wait)
        self.max_retries = max_retries
        self.seconds_to_wait = seconds_to_wait

    def __str__(self) -> str:
        """What was asked for."""
        times = "1 retry is" if self.max_retries == 1 else f"{self.max_retries} retries are"
        wait = f", {self.seconds_to_wait:g} s after each try" if self.seconds_to_wait else ""
        return f"the step asked to be tried again{wait}; {times} allowed"


class Failure(Exception):
    """Raise it to fail a step with a description and metadata.

    Args:
        description: what went wrong.
        metadata: shown with the failure.
        allow_retries: False fails the step at once, whatever its retry policy.
    """

    def __init__(
        self,
        description: str | None = None,
        metadata: RawMetadata | None = None,
        allow_retries: bool | None = None,
    ) -> None:
        super().__init__(description)
        self.description = description
        self.metadata: dict[str, MetadataValue] = normalize_metadata(metadata)
        self.allow_retries = allow_retries

    def __str__(self) -> str:
        """The description."""
        return self.description or "Failure"

    def __reduce__(self) -> tuple[Any, ...]:
        return (Failure, (self.description, self.metadata, self.allow_retries))
