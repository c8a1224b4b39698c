"""Which versions of a value there were, and going back to one."""

from __future__ import annotations

import time
from dataclasses import dataclass

from assetflow.errors import InvariantViolationError
from assetflow.io.kept_versions import KeepsVersions
from assetflow.io.manifests import Manifest
from assetflow.keys import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class PastVersion:
    """One version that a run has accepted, or that was taken again.

    Attributes:
        is_published: it is what people read.
    """

    version: Version
    manifest: Manifest
    is_published: bool


def history_of(manager: KeepsVersions, path: tuple[str, ...]) -> list[PastVersion]:
    """The versions of a value that runs have accepted and that are still kept, the latest first."""
    kept = sorted((one for one in manager.kept(path) if one.is_committed), key=lambda one: one.version, reverse=True)
    return [
        PastVersion(version=one.version, manifest=manager.manifest(path, one.version), is_published=one.is_published)
        for one in kept
    ]


def find_version(manager: KeepsVersions, path: tuple[str, ...], wanted: str) -> Version:
    """The version somebody means.

    Args:
        wanted: its name or the beginning of it; or ``@-1`` for the one before what is published, ``@-2`` for the one
            before that.

    Raises:
        InvariantViolationError: none is meant, or several are.
    """
    title = "/".join(path)
    kept = sorted((one for one in manager.kept(path) if one.is_committed), key=lambda one: one.version)
    names = [one.version.name for one in kept]
    if not kept:
        raise InvariantViolationError(
            f"no version of {title} is kept in {manager.location}", fix="materialize it first"
        )
    listed = f"its versions are: {', '.join(names[-10:])}" + (f" (and {len(names) - 10} older)" if names[10:] else "")
    if wanted.startswith("@"):
        now = next((number for number, one in enumerate(kept) if one.is_published), len(kept))
        steps = wanted[1:]
        if not (steps == "0" or (steps[:1] == "-" and steps[1:].isdigit())):
            raise InvariantViolationError(
                f"{wanted!r} is no version: write @-1 for the one before what is published", fix=listed
            )
        position = now + int(steps)
        if not 0 <= position < len(kept):
            raise InvariantViolationError(f"{title} has only {now} versions before what is published", fix=listed)
        return kept[position].version
    found = [one.version for one in kept if one.version.name.startswith(wanted)] if wanted else []
    if len(found) != 1:
        reason = f"{len(found)} versions begin" if found else "no version begins"
        raise InvariantViolationError(f"{reason} with {wanted!r} in the history of {title}", fix=listed)
    return found[0]


def roll_back(manager: KeepsVersions, path: tuple[str, ...], version: Version) -> Version:
    """Show the bytes of an earlier version again, as a version of their own that is later than all others.

    What was published stays in the history. A run that publishes afterwards is later still.

    Returns:
        the new version.

    Raises:
        FileNotFoundError: the version is not kept.
        DamagedRecordError: its bytes are not those that were stored.
    """
    latest = max((one.version.token for one in manager.kept(path)), default=0)
    now = time.time()
    copy = Version(max(int(now * 1e6), latest + 1), 0)
    run_id = manager.manifest(path, version).run_id
    manager.copy_version(path, version, copy, stored_at=now)
    manager.publish(path=path, version=copy, run_id=run_id)
    return copy
