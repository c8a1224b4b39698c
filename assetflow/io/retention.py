"""What may be removed of what is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from assetflow.io.kept_versions import KeepsVersions, KeptVersion, Leftover

KEEP = 10
STAGED_FOR = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How much is kept.

    Attributes:
        keep: so many committed versions of each value, the published one among them; at least 1.
        keep_seconds: and all that are younger.
        staged_seconds: what an attempt has staged and nobody accepted is kept so long.
    """

    keep: int = KEEP
    keep_seconds: float = 24 * 3600.0
    staged_seconds: float = STAGED_FOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbage:
    """Something that may be removed.

    Attributes:
        why: in a few words.
        since: when it was made, seconds since the epoch.
    """

    what: KeptVersion | Leftover
    why: str
    since: float
    size: int


def garbage(
    manager: KeepsVersions, retention: Retention, *, now: float, oldest_live_run: float | None
) -> Iterator[Garbage]:
    """What may be removed. It is never what is published, nor anything made since the oldest run began that goes on.

    Args:
        oldest_live_run: when that run was made, seconds since the epoch; None if no run goes on.
    """
    bound = now - 60.0 if oldest_live_run is None else min(now - 60.0, oldest_live_run)
    by_value: dict[tuple[str, ...], list[KeptVersion]] = defaultdict(list)
    for one in manager.kept():
        by_value[one.path].append(one)
    for _, versions in sorted(by_value.items()):
        committed = sorted((one for one in versions if one.is_committed), key=lambda one: one.version, reverse=True)
        published = sum(one.is_published for one in committed)
        others = [one for one in committed if not one.is_published]
        for one in others[max(retention.keep - published, 0) :]:
            if made_at(one) < min(bound, now - retention.keep_seconds):
                yield Garbage(what=one, why=f"older than the last {retention.keep}", since=made_at(one), size=one.size)
        for one in versions:
            if (
                not one.is_committed
                and not one.is_published
                and made_at(one) < min(bound, now - retention.staged_seconds)
            ):
                yield Garbage(what=one, why="staged, and never accepted", since=made_at(one), size=one.size)
    for left in manager.leftovers():
        if left.since < min(bound, now - retention.staged_seconds):
            yield Garbage(what=left, why="left half-way", since=left.since, size=left.size)


def made_at(one: KeptVersion) -> float:
    """When the step was claimed that made a version, seconds since the epoch by the clock of the run store."""
    return one.version.token / 1e6


def remove(manager: KeepsVersions, item: Garbage) -> bool:
    """Remove it, unless it is what people read by now. Whether it is gone."""
    if isinstance(item.what, KeptVersion):
        return manager.remove(item.what)
    item.what.remove()
    return True
