"""Values as pickles on a local disk.

::

    <base>/a/b                          what people read: another name of the version that is published
    <base>/a/.versions/b@<version>      every version, by the name of the attempt that made it; its manifest
                                        stands behind the value, in the same file

A version is written under a name no other attempt has, so writing needs no lock. Publishing gives its file a second
name (a hard link, or a symbolic one where the file system has none), under a lock on the file that has the name now,
and only ever moves to a higher token. Assets with the same prefix share that folder: making one for each asset, or a
symbolic link for each, would cost as much as writing its value.
"""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assetflow.config.scalars import StringSource
from assetflow.config.shapes import Field
from assetflow.definitions.io_context import InputContext, OutputContext
from assetflow.definitions.io_manager import VersionedIOManager, io_manager
from assetflow.definitions.metadata import MetadataValue
from assetflow.definitions.metadata_records import metadata_to_json
from assetflow.definitions.resource import InitResourceContext
from assetflow.errors import DamagedRecordError, InvariantViolationError
from assetflow.io.durable_files import (
    lock,
    make_folders,
    name_over,
    name_too,
    read_whole,
    sync_folder,
    write_new,
)
from assetflow.io.manifests import Manifest, behind, has_manifest, manifest_in, split
from assetflow.io.paths import RESERVED, safe_segments
from assetflow.io.pickles import dump, load
from assetflow.keys import AssetKey, Version


class FilesystemIOManager(VersionedIOManager):
    """Stores each value as a pickle at ``<base>/<key segments>``.

    Args:
        base_dir: made when first written to; by default ``.assetflow/storage``.
        fsync: whether a stored value survives a power cut the moment its step has succeeded.
    """

    def __init__(self, base_dir: str | Path | None = None, *, fsync: bool = False) -> None:
        self.base_dir = Path(".assetflow") / "storage" if base_dir is None else Path(base_dir)
        self.fsync = fsync
        self._base = str(self.base_dir)
        self._places: dict[tuple[str, ...], _Place] = {}
        self._rooms: set[str] = set()

    def stage(self, context: OutputContext, obj: Any) -> None:
        """Write the value, and its manifest behind it, under the attempt's own name."""
        value, version = context.value_path, context.version
        assert version is not None, "staging needs a version"
        content = dump(obj, what=context.value_title)
        place = self._place(value)
        context.add_output_metadata({"path": MetadataValue.path(place.path)})
        manifest = Manifest(
            key=value,
            version=version.name,
            run_id=context.run_id,
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            stored_at=time.time(),
            type=f"{type(obj).__module__}.{type(obj).__qualname__}",
            metadata=metadata_to_json(context.collected_metadata),
        )
        context.size = len(content)
        path = place.version(version)
        self._make_room(context.value_title, place)
        try:
            write_new(path, content, behind(manifest), fsync=self.fsync)
        except FileNotFoundError:  # somebody has removed the folder since it was made
            self._rooms.discard(place.versions)
            self._make_room(context.value_title, place)
            write_new(path, content, behind(manifest), fsync=self.fsync)
        if self.fsync:
            sync_folder(place.versions)

    def publish(self, *, path: tuple[str, ...], version: Version, run_id: str) -> None:  # noqa: ARG002
        """Make this version the one people read, unless a later one is there already."""
        place = self._place(path)
        while not _published_by_now(place, version):
            pass
        if self.fsync:
            sync_folder(os.path.dirname(place.path))

    def discard(self, *, path: tuple[str, ...], version: Version) -> None:
        """Remove what an attempt staged whose outcome does not count."""
        with suppress(FileNotFoundError):
            os.unlink(self._place(path).version(version))

    def load_input(self, context: InputContext) -> Any:
        """The value: the exact version where the context names one, else the published one.

        Raises:
            FileNotFoundError: the asset was never materialized here, or without a value.
            DamagedRecordError: the bytes are not those that were stored.
        """
        place = self._place(context.value_path)
        path = place.path if context.version is None else place.version(context.version)
        try:
            raw = read_whole(path)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise FileNotFoundError(
                f"{context.value_title} has no stored value at {path}: {context.absence()}"
            ) from None
        if context.version is None and not has_manifest(raw):
            return load(raw, where=path)  # somebody else has put it there; there is nothing it could be held against
        content, manifest = split(raw, where=path)
        context.loaded_version = manifest.version
        wanted = manifest.version if context.version is None else context.version.name
        if (manifest.key, manifest.version) != (context.value_path, wanted):
            raise DamagedRecordError(
                f"what is stored as version {wanted} of {context.value_title} is version {manifest.version} of "
                f"{'/'.join(manifest.key)}",
                where=path,
                fix="materialize the asset again",
            )
        if len(content) != manifest.size or hashlib.sha256(content).hexdigest() != manifest.sha256:
            raise DamagedRecordError(
                f"the stored value of {context.value_title} is not what was written: "
                f"{len(content)} bytes instead of {manifest.size}, or other content",
                where=path,
                fix="materialize the asset again",
            )
        return load(content, where=path)

    def path_of(self, key: AssetKey) -> Path:
        """Where people find the value."""
        return Path(self._place(key.parts).path)

    def current(self, key: AssetKey) -> Manifest | None:
        """What is published; None if nothing is."""
        place = self._place(key.parts)
        try:
            descriptor = os.open(place.path, os.O_RDONLY)
        except OSError:
            return None
        try:
            return _manifest(place, descriptor)
        finally:
            os.close(descriptor)

    def _place(self, value: tuple[str, ...]) -> _Place:
        place = self._places.get(value)
        if place is None:
            *folders, name = safe_segments(value)
            parent = "/".join((self._base, *folders))
            place = _Place(value, f"{parent}/{name}", f"{parent}/{RESERVED}")
            self._places[value] = place
        return place

    def _make_room(self, name: str, place: _Place) -> None:
        clash = os.path.isdir(place.path)
        if not clash and place.versions not in self._rooms:
            with suppress(NotADirectoryError, FileExistsError):
                make_folders(place.versions, fsync=self.fsync)
            clash = not os.path.isdir(place.versions)
            if not clash:
                self._rooms.add(place.versions)
        if clash:
            raise InvariantViolationError(
                f"{name} cannot be stored at {place.path}: another asset's key is "
                "the beginning of its key, or the other way round, and a path is either a file or a folder",
                fix="rename one of the two, or give one a key_prefix of its own",
            )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one asset is kept.

    Attributes:
        value: the segments it is kept under.
        path: what people read.
        versions: folder of its versions.
    """

    value: tuple[str, ...]
    path: str
    versions: str

    def version(self, version: Version) -> str:
        """The file of a version."""
        return f"{self.versions}/{os.path.basename(self.path)}@{version.name}"


def _published_by_now(place: _Place, version: Version) -> bool:
    """Publish it, or find a later one published; False if somebody else has come between: look again."""
    file = place.version(version)
    current = lock(place.path)
    if current is not None:
        try:
            published = _version_of(_manifest(place, current))
            if published is None or published < version:
                name_over(file, place.path, version.name)
        finally:
            os.close(current)
        return True
    try:
        name_too(file, place.path)
    except FileExistsError:
        _replace_dangling(place, version)
        return False
    return True


def _replace_dangling(place: _Place, version: Version) -> None:
    """Where people's path is a link to nothing there is no file to lock: the folder stands in for it."""
    folder = lock(place.versions)
    if folder is not None:
        try:
            if os.path.islink(place.path) and not os.path.exists(place.path):
                name_over(place.version(version), place.path, version.name)
        finally:
            os.close(folder)


def _manifest(place: _Place, descriptor: int) -> Manifest | None:
    """What is published; None if it is none of ours."""
    try:
        manifest = manifest_in(descriptor, where=place.path)
    except (DamagedRecordError, OSError):
        return None
    return manifest if manifest.key == place.value else None


def _version_of(manifest: Manifest | None) -> Version | None:
    try:
        return None if manifest is None else Version.parse(manifest.version)
    except ValueError:
        return None


@io_manager(
    config_schema={"base_dir": Field(StringSource, is_required=False)},
    description="Pickles below the folder in its config, or below the storage folder of the settings.",
)
def fs_io_manager(context: InitResourceContext) -> FilesystemIOManager:
    """Store values as pickles; ``base_dir`` in the config says where."""
    return FilesystemIOManager((context.resource_config or {}).get("base_dir"))
