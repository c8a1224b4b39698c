"""Cron: at which moments a table of minutes, hours and days fires, in a time zone whose clocks change twice a year.

The rules are those of Debian's cron: what is due at a fixed time of day fires once a day, also if that time does not
exist (then at the first moment after the gap) or exists twice (then the first time); what is due every hour or minute
fires every hour or minute that passes.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from assetflow.errors import InvalidDefinitionError

NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_SOME_TIME = datetime(2024, 1, 1, tzinfo=UTC)


def five_fields(expression: str) -> str:
    """The expression with its nickname, if it is one, written out."""
    text = " ".join(expression.split())
    return NICKNAMES.get(text.lower(), text)


def check_cron(expression: object, *, whose: str, where: str | None = None) -> str:
    """The five fields of a cron expression.

    Args:
        whose: names in the error what it was given to, such as ``schedule "nightly"``.

    Raises:
        InvalidDefinitionError: it is none.
    """
    reason = "it is no text"
    if isinstance(expression, str):
        text = five_fields(expression)
        if len(text.split()) != 5:
            reason = f"it has {len(text.split())} fields" if not text.startswith("@") else "no such nickname is known"
        else:
            try:
                CronSim(text, _SOME_TIME)
            except CronSimError as error:
                reason = str(error)
            else:
                return text
    raise InvalidDefinitionError(
        f"Found invalid cron schedule {expression!r} for {whose}: {reason}",
        where=where,
        fix='five fields: minute, hour, day of month, month, day of week, such as "30 6 * * 1-5"; '
        f"or one of {', '.join(NICKNAMES)}",
    )


def zone_of(name: str | None, *, whose: str, where: str | None = None) -> ZoneInfo:
    """The time zone of a name; UTC if none is given.

    Raises:
        InvalidDefinitionError: there is none of that name.
    """
    try:
        return ZoneInfo("UTC" if name is None else name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise InvalidDefinitionError(
            f"Invalid execution timezone {name!r} for {whose}",
            where=where,
            fix='a name of the IANA database, such as "Europe/Berlin" or "America/New_York"',
        ) from None


def fire_times(expressions: Sequence[str], zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """The moments after a given one at which one of the expressions fires, each once, in order, without end.

    Args:
        expressions: of five fields.
        after: aware; the first moment that is given is later.

    Yields:
        aware, in the zone.
    """
    start = after.astimezone(zone)
    last: datetime | None = None
    for found in _merged([CronSim(expression, start) for expression in expressions]):
        moment = found.astimezone(UTC)
        if moment <= after or moment == last:
            continue
        last = moment
        yield moment.astimezone(zone)


def fire_times_before(expressions: Sequence[str], zone: ZoneInfo, until: datetime) -> Iterator[datetime]:
    """The moments up to a given one, and at it, at which one of the expressions fires: the latest first.

    Args:
        expressions: of five fields.
        until: aware.
    """
    # Those that look back see wall time only, so each moment is asked for again the right way round.
    edge = until.astimezone(zone)
    back = [CronSim(expression, edge, reverse=True) for expression in expressions]
    upper = until
    for earlier in _merged(back, reverse=True):
        lower = earlier.astimezone(UTC)
        yield from reversed(list(_between(expressions, zone, lower, upper)))
        upper = min(upper, lower)


def _between(expressions: Sequence[str], zone: ZoneInfo, lower: datetime, upper: datetime) -> Iterator[datetime]:
    """The moments after the lower one, up to the upper one."""
    for moment in fire_times(expressions, zone, lower):
        if moment.astimezone(UTC) > upper.astimezone(UTC):
            return
        yield moment


def _merged(sources: Sequence[Iterator[datetime]], reverse: bool = False) -> Iterator[datetime]:
    return heapq.merge(*sources, key=lambda moment: moment.astimezone(UTC), reverse=reverse)
