"""Where values are kept, and the disks of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from assetflow.definitions.bundle import Definitions
from assetflow.environments import Environments
from assetflow.errors import AssetflowError
from assetflow.findings import Finding, fine, problem
from assetflow.io.examination import AREA, room_at, try_place
from assetflow.io.stores import normal_place
from assetflow.settings import Settings


def look_at_storage(settings: Settings, definitions: Definitions, only: str | None) -> Iterator[Finding]:
    """Try the storage of each environment.

    Args:
        definitions: with environments of their own; empty ones if there are none.
        only: the environment that is meant; None means all.
    """
    try:
        environments = Environments(settings, definitions)
        names = (only,) if only is not None else environments.names
        for name in names:
            found = environments.get(name)
            if not environments.uses_storage(name):
                yield fine(AREA, f"{name}: an IO manager of the definitions keeps its values; it was not tried")
                continue
            place = normal_place(environments.storage_of(found))
            yield from try_place(place, name, fsync=found.syncs or settings.fsync)
    except AssetflowError as error:
        yield problem(AREA, error.message, error.fix or "correct assetflow.toml")


def look_at_disks(settings: Settings) -> Iterator[Finding]:
    """How much room the home folder has, and that of the values if it is elsewhere."""
    yield room_at(settings.home, "home")
    seen = {_device(settings.home)}
    for name, environment in settings.environments.items():
        if environment.storage and not environment.storage.startswith("s3:"):
            folder = Path(environment.storage).expanduser()
            if (device := _device(folder)) not in seen:
                seen.add(device)
                yield room_at(folder, name)


def _device(folder: Path) -> int:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return folder.stat().st_dev
    except OSError:
        return -1
