"""Values as pickles on a local disk.

::

    <base>/a/b                          what people read: a symbolic link to the version that is published
    <base>/a/.versions/b@<version>      every version, by the name of the attempt that made it; its manifest
                                        stands behind the value, in the same file

A version is written under a name no other attempt has, so writing needs no lock. Publishing takes a lock on the folder
of the versions, and only ever moves to a higher token. Assets with the same prefix share that folder: making one for
each asset would cost as much as writing its value.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
from assetflow.io.durable_files import make_folders, point_over, sync_folder, write_new
from assetflow.io.manifests import Manifest, behind, read_manifest, split
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
        target = place.target(version)
        try:
            os.symlink(target, place.path)
        except FileExistsError:
            with _locked(place.versions):
                published = _published(place)
                if published is not None and published >= version:
                    return
                point_over(target, place.path, version.name)
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
        version = context.version or _published(place)
        if version is None:
            return self._load_foreign(context)
        path = place.version(version)
        try:
            with open(path, "rb") as file:
                content, manifest = split(file.read(), where=path)
        except FileNotFoundError:
            raise FileNotFoundError(
                f"{context.value_title} has no stored value at {path}: {context.absence()}"
            ) from None
        if (manifest.key, manifest.version) != (context.value_path, version.name):
            raise DamagedRecordError(
                f"what is stored as version {version.name} of {context.value_title} is version {manifest.version} of "
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
        version = _published(place)
        return None if version is None else read_manifest(place.version(version))

    def _place(self, value: tuple[str, ...]) -> _Place:
        place = self._places.get(value)
        if place is None:
            *folders, name = safe_segments(value)
            parent = "/".join((self._base, *folders))
            place = _Place(f"{parent}/{name}", f"{parent}/{RESERVED}")
            self._places[value] = place
        return place

    def _load_foreign(self, context: InputContext) -> Any:
        """What somebody else has put where people look; there is no manifest it could be held against."""
        path = self._place(context.value_path).path
        try:
            with open(path, "rb") as file:
                content = file.read()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise FileNotFoundError(
                f"{context.value_title} has no stored value at {path}: {context.absence()}"
            ) from None
        return load(content, where=path)

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
        path: what people read.
        versions: folder of its versions.
    """

    path: str
    versions: str

    @property
    def name(self) -> str:
        """The last segment of its key."""
        return os.path.basename(self.path)

    def target(self, version: Version) -> str:
        """What the path is a link to when this version is published."""
        return f"{RESERVED}/{self.name}@{version.name}"

    def version(self, version: Version) -> str:
        """The file of a version."""
        return f"{self.versions}/{self.name}@{version.name}"


def _published(place: _Place) -> Version | None:
    """The version that the stable path is a link to; None if it is none of ours, or not there."""
    try:
        target = os.readlink(place.path)
    except OSError:
        return None
    owner, _, name = target.rpartition("@")
    if owner != f"{RESERVED}/{place.name}":
        return None
    try:
        return Version.parse(name)
    except ValueError:
        return None


@contextmanager
def _locked(folder: str) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@io_manager(
    config_schema={"base_dir": Field(StringSource, is_required=False)},
    description="Pickles below the folder in its config, or below the storage folder of the settings.",
)
def fs_io_manager(context: InitResourceContext) -> FilesystemIOManager:
    """Store values as pickles; ``base_dir`` in the config says where."""
    return FilesystemIOManager((context.resource_config or {}).get("base_dir"))
