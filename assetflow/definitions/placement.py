"""Where a step may run, and within which bounds; kept in the tags of its op."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assetflow.errors import InvalidDefinitionError

QUEUE_TAG = "assetflow/queue"
POOL_TAG = "assetflow/pool"
TIMEOUT_TAG = "assetflow/timeout"
DEFAULT_QUEUE = "default"
LONGEST_TIMEOUT = 365 * 86_400.0
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a step may run.

    Attributes:
        queue: whose workers may take it.
        pool: that bounds how many such steps run at once; empty for none.
        timeout: seconds after which it is stopped; None for never.
    """

    queue: str = DEFAULT_QUEUE
    pool: str = ""
    timeout: float | None = None

    def goes_along_with(self, other: Placement) -> bool:
        """Whether one slot may take a step like this in one go with the other, which it waits for."""
        return self.queue == other.queue and not self.pool and self.timeout is None


def placement_of(tags: Mapping[str, str]) -> Placement:
    """What the tags of an op say; they were checked when it was defined."""
    timeout = tags.get(TIMEOUT_TAG)
    return Placement(
        queue=tags.get(QUEUE_TAG, DEFAULT_QUEUE),
        pool=tags.get(POOL_TAG, ""),
        timeout=None if timeout is None else float(timeout),
    )


def placement_tags(
    tags: Mapping[str, str],
    *,
    queue: str | None = None,
    pool: str | None = None,
    timeout: float | None = None,
    where: str | None = None,
) -> dict[str, str]:
    """The tags of an op, with the arguments that have tags of their own among them.

    Args:
        timeout: seconds.

    Raises:
        InvalidDefinitionError: a name or a number cannot be used, or an argument and a tag say different things.
    """
    found = dict(tags)
    given: tuple[tuple[str, str, Any], ...] = (
        ("queue", QUEUE_TAG, queue),
        ("pool", POOL_TAG, pool),
        ("timeout", TIMEOUT_TAG, timeout),
    )
    for argument, tag, value in given:
        if value is None:
            if tag not in found:
                continue
            value = found[tag]
        elif tag in found and found[tag] != str(value):
            raise InvalidDefinitionError(
                f"{argument}={value!r} and the tag {tag!r} ({found[tag]!r}) say different things",
                where=where,
                fix="give one of them",
            )
        found[tag] = _timeout(value, where) if argument == "timeout" else _name(argument, value, where)
    return found


def _name(argument: str, value: Any, where: str | None) -> str:
    if isinstance(value, str) and value.strip() == value and 0 < len(value) <= _LONGEST_NAME and value.isprintable():
        return value
    raise InvalidDefinitionError(
        f"{argument} is a name of 1 to {_LONGEST_NAME} printable characters, not {value!r}", where=where
    )


def _timeout(value: Any, where: str | None) -> str:
    try:
        seconds = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        seconds = math.nan
    if not 0 < seconds <= LONGEST_TIMEOUT:
        raise InvalidDefinitionError(
            f"timeout is a number of seconds above 0 and up to a year, not {value!r}",
            where=where,
            fix="timeout=300 for five minutes",
        )
    return str(value)
