"""Values as pickles on a local disk.

::

    <base>/a/b                                  what people read: the latest published version
    <base>/a/.versions/b/<version>              every version, by the name of the attempt that made it
    <base>/a/.versions/b/<version>.json         its manifest
    <base>/a/.versions/b/current                symbolic link to the version that is published

A version is written under a name no other attempt has, so writing needs no lock. Publishing takes a lock
on the asset's version folder, and only ever moves to a higher token.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assetflow.definitions.context import InputContext, OutputContext
from assetflow.definitions.io_manager import VersionedIOManager, io_manager
from assetflow.definitions.metadata import metadata_to_json, normalize_metadata
from assetflow.definitions.resource import InitResourceContext
from assetflow.errors import DamagedRecordError, InvariantViolationError
from assetflow.io.durable_files import link_whole, sync_folder, write_whole
from assetflow.io.manifests import Manifest
from assetflow.io.paths import RESERVED, place_of
from assetflow.io.pickles import dump, load
from assetflow.keys import AssetKey, Version

_CURRENT = "current"


class FilesystemIOManager(VersionedIOManager):
    """Stores each value as a pickle at ``<base>/<key segments>``.

    Args:
        base_dir: made when first written to.
        fsync: whether a stored value survives a power cut the moment its step has succeeded.
    """

    def __init__(self, base_dir: str | Path, *, fsync: bool = False) -> None:
        self.base_dir = Path(base_dir)
        self.fsync = fsync

    def stage(self, context: OutputContext, obj: Any) -> None:
        """Write the value and its manifest under the attempt's own name."""
        key, version = context.asset_key, context.version
        assert version is not None, "staging needs a version"
        content = dump(obj, what=f'asset "{key.to_user_string()}"')
        folder = self._folder_for_writing(key)
        metadata = normalize_metadata({**context.collected_metadata, "path": str(self.path_of(key))})
        manifest = Manifest(
            key=key.parts,
            version=version.name,
            run_id=context.run_id,
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            stored_at=time.time(),
            type=f"{type(obj).__module__}.{type(obj).__qualname__}",
            metadata=metadata_to_json(metadata),
        )
        write_whole(folder / version.name, content, fsync=self.fsync)
        write_whole(folder / f"{version.name}.json", manifest.to_json(), fsync=self.fsync)
        context.add_output_metadata({"path": str(self.path_of(key))})

    def publish(self, *, asset_key: AssetKey, version: Version, run_id: str) -> None:  # noqa: ARG002
        """Make this version the one people read, unless a later one is there already."""
        folder = self._versions(asset_key)
        with _locked(folder):
            published = self._published(folder)
            if published is not None and published >= version:
                return
            link_whole(folder / version.name, self.path_of(asset_key))
            scratch = folder / f".{_CURRENT}.{version.name}"
            scratch.unlink(missing_ok=True)
            os.symlink(version.name, scratch)
            os.replace(scratch, folder / _CURRENT)
            if self.fsync:
                sync_folder(folder)
                sync_folder(self.path_of(asset_key).parent)

    def discard(self, *, asset_key: AssetKey, version: Version) -> None:
        """Remove what an attempt staged whose outcome does not count."""
        folder = self._versions(asset_key)
        (folder / f"{version.name}.json").unlink(missing_ok=True)
        (folder / version.name).unlink(missing_ok=True)

    def load_input(self, context: InputContext) -> Any:
        """The value: the exact version where the context names one, else the published one.

        Raises:
            FileNotFoundError: the asset was never materialized here.
            DamagedRecordError: the bytes are not those that were stored.
        """
        key, version = context.asset_key, context.version
        if version is None:
            return self._load_published(key)
        path = self._versions(key) / version.name
        manifest = self._manifest(path.with_name(f"{path.name}.json"))
        content = path.read_bytes()
        if len(content) != manifest.size or hashlib.sha256(content).hexdigest() != manifest.sha256:
            raise DamagedRecordError(
                f"the stored value of {key.to_user_string()} is not what was written: "
                f"{len(content)} bytes instead of {manifest.size}, or other content",
                where=str(path),
                fix="materialize the asset again",
            )
        return load(content, where=str(path))

    def path_of(self, key: AssetKey) -> Path:
        """Where people find the value."""
        return place_of(self.base_dir, key)

    def current(self, key: AssetKey) -> Manifest | None:
        """What is published; None if nothing is."""
        folder = self._versions(key)
        version = self._published(folder)
        return None if version is None else self._manifest(folder / f"{version.name}.json")

    def _load_published(self, key: AssetKey) -> Any:
        path = self.path_of(key)
        try:
            content = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise FileNotFoundError(
                f"asset {key.to_user_string()!r} has no stored value at {path}: materialize it first"
            ) from None
        return load(content, where=str(path))

    def _versions(self, key: AssetKey) -> Path:
        place = place_of(self.base_dir, key)
        return place.parent / RESERVED / place.name

    def _folder_for_writing(self, key: AssetKey) -> Path:
        folder = self._versions(key)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            clash = self.path_of(key).is_dir()
        except (NotADirectoryError, FileExistsError):
            clash = True
        if clash:
            raise InvariantViolationError(
                f"asset {key.to_user_string()!r} cannot be stored at {self.path_of(key)}: another asset's key is "
                "the beginning of its key, or the other way round, and a path is either a file or a folder",
                fix="rename one of the two, or give one a key_prefix of its own",
            )
        return folder

    def _published(self, folder: Path) -> Version | None:
        try:
            return Version.parse(os.readlink(folder / _CURRENT))
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            raise DamagedRecordError(
                "the mark of the published version is damaged",
                where=str(folder / _CURRENT),
                fix="remove it and materialize the asset again",
            ) from None

    def _manifest(self, path: Path) -> Manifest:
        try:
            return Manifest.from_json(path.read_bytes(), where=str(path))
        except FileNotFoundError:
            raise DamagedRecordError(
                "the manifest of a stored version is missing", where=str(path), fix="materialize the asset again"
            ) from None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@io_manager(
    config_schema={"base_dir": str},
    description="Pickles below the folder in its config, or below the storage folder of the settings.",
)
def fs_io_manager(context: InitResourceContext) -> FilesystemIOManager:
    """Store values as pickles; ``base_dir`` in the config says where."""
    base = (context.resource_config or {}).get("base_dir")
    return FilesystemIOManager(base or Path(".assetflow") / "storage")
