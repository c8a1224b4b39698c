"""Values on a local disk.

::

    <base>/a/b                               what people read: another name of the version that is published
    <base>/a/.versions/b@<version>           every version, by the name of the attempt that made it; the manifest of a
                                             pickle stands behind it, in the same file
    <base>/a/.versions/b@<version>.json      the manifest of what other tools read, written before the version itself

A version is written under a name no other attempt has, so writing needs no lock. Publishing gives its file a second
name (a hard link, or a symbolic one where the file system has none), under a lock on the file that has the name now,
and only ever moves to a higher token. Assets with the same prefix share that folder: making one for each asset, or a
symbolic link for each, would cost as much as writing its value. A bit in the mode of a version's file says that a run
has accepted it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from assetflow.config.scalars import StringSource
from assetflow.config.shapes import Field
from assetflow.definitions.io_context import InputContext, OutputContext
from assetflow.definitions.io_manager import io_manager
from assetflow.definitions.metadata import MetadataValue
from assetflow.definitions.metadata_records import metadata_to_json
from assetflow.definitions.plain_values import ODD, StagedValue, TakesPlainValues
from assetflow.definitions.resource import InitResourceContext
from assetflow.errors import DamagedRecordError, UnserializableValueError
from assetflow.io import pickles
from assetflow.io.checksums import checksum_of
from assetflow.io.codecs import Encoded, checked_format, codec_of_foreign, data_label_of, decode, encode, type_name
from assetflow.io.durable_files import lock, read_file, read_small, sync_folder, write_new
from assetflow.io.kept_versions import KeepsVersions, KeptVersion, Leftover
from assetflow.io.manifests import (
    Manifest,
    behind,
    check_content,
    copied,
    has_manifest,
    read_manifest,
    sound_pickle,
    split,
)
from assetflow.io.paths import RESERVED, safe_segments
from assetflow.io.places import (
    BESIDE,
    Place,
    is_marked,
    mark_committed,
    parse_name,
    published_by_now,
    scratch_of,
    unlink,
)
from assetflow.io.rooms import Rooms
from assetflow.keys import AssetKey, Version


class FilesystemIOManager(KeepsVersions, TakesPlainValues):
    """Stores each value at ``<base>/<key segments>``.

    Args:
        base_dir: made when first written to; by default ``.assetflow/storage``.
        fsync: whether a stored value survives a power cut the moment its step has succeeded.
        format: ``pickle``, ``parquet``, ``json``, ``text`` or ``bytes``; ``auto`` goes by the type of each value.

    Raises:
        InvalidDefinitionError: there is no such format.
    """

    def __init__(self, base_dir: str | Path | None = None, *, fsync: bool = False, format: str = "pickle") -> None:  # noqa: A002
        self.base_dir = Path(".assetflow") / "storage" if base_dir is None else Path(base_dir)
        self.fsync = fsync
        self.format = checked_format(format, who=type(self).__name__)
        self._base = str(self.base_dir)
        self._places: dict[tuple[str, ...], Place] = {}
        self._rooms = Rooms(fsync=fsync)

    def stage(self, context: OutputContext, obj: Any) -> None:
        """Write the value, and its manifest, under the attempt's own name."""
        value, version = context.value_path, context.version
        assert version is not None, "staging needs a version"
        context.collected_metadata["path"] = MetadataValue.path(self._place(value).path)
        metadata = metadata_to_json(context.collected_metadata)
        manifest = self._stage(
            obj, value, version.name, context.run_id, context.value_title, context.data_version, metadata
        )
        context.size, context.digest = manifest.size, manifest.data_version

    def stage_plain(self, obj: Any, path: tuple[str, ...], version: str, run_id: str, title: str) -> StagedValue:
        """See TakesPlainValues.stage_plain."""
        metadata = {"path": {"type": "path", "value": self._place(path).path}}
        manifest = self._stage(obj, path, version, run_id, title, None, metadata)
        return StagedValue(manifest.size, manifest.data_version, metadata)

    def _stage(
        self,
        obj: Any,
        path: tuple[str, ...],
        version: str,
        run_id: str,
        what: str,
        said: str | None,
        metadata: dict[str, Any],
    ) -> Manifest:
        found = encode(obj, self.format, what=what)
        place = self._place(path)
        manifest = Manifest(
            key=path,
            version=version,
            run_id=run_id,
            size=sum(map(len, found.parts)),
            checksum=checksum_of(found.parts),
            stored_at=time.time(),
            type=type_name(obj),
            codec=found.codec,
            buffers=found.buffers,
            data_label=data_label_of(found, said, version),
            metadata=metadata,
        )
        file = place.file_of(version)
        self._rooms.make(place, what)
        try:
            self._write(file, found, manifest, what)
        except FileNotFoundError:  # somebody has removed the folder since it was made
            self._rooms.forget(place)
            self._rooms.make(place, what)
            self._write(file, found, manifest, what)
        return manifest

    def publish(self, *, path: tuple[str, ...], version: Version, run_id: str) -> None:  # noqa: ARG002
        """Make this version the one people read, unless a later one is there already."""
        place = self._place(path)
        file = place.version(version)
        mark_committed(file)
        while not published_by_now(place, version, file):
            pass
        if self.fsync:
            sync_folder(os.path.dirname(place.path))

    def discard(self, *, path: tuple[str, ...], version: Version) -> None:
        """Remove what an attempt staged whose outcome does not count."""
        file = self._place(path).version(version)
        unlink(file)
        unlink(file + BESIDE)

    def load_input(self, context: InputContext) -> Any:
        """The value: the exact version where the context names one, else the published one.

        Raises:
            FileNotFoundError: the asset was never materialized here, or without a value.
            DamagedRecordError: the bytes are not those that were stored.
            InvariantViolationError: its metadata asks for columns that are not there.
        """
        value, what = context.value_path, context.value_title
        place, version = self._place(value), context.version
        name = None if version is None else version.name
        path = place.path if name is None else place.file_of(name)
        try:
            raw, inode = read_file(path)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise FileNotFoundError(f"{what} has no stored value at {path}: {context.absence()}") from None
        content, manifest = self._told(place, version, raw, inode, path)
        if manifest is None:  # somebody else has put it there; there is nothing it could be held against
            foreign = codec_of_foreign(raw, self.format, where=path, what=what)
            manifest = Manifest(
                key=place.value, version="", run_id="", size=len(raw), checksum="", stored_at=0.0, codec=foreign
            )
        else:
            wanted = name or manifest.version
            if (manifest.key, manifest.version) != (value, wanted):
                raise DamagedRecordError(
                    f"what is stored as version {wanted} of {what} is version {manifest.version} of "
                    f"{'/'.join(manifest.key)}",
                    where=path,
                    fix="materialize the asset again",
                )
            context.loaded_version, context.loaded_data_version = manifest.version, manifest.data_version
            check_content(content, manifest, what=what, where=path)
        return decode(
            content, manifest, where=path, what=what, annotation=context.annotation, metadata=context.metadata
        )

    def read_plain(self, path: tuple[str, ...], version: str) -> Any:
        """See TakesPlainValues.read_plain."""
        file = self._place(path).file_of(version)
        try:
            raw = read_small(file)
        except OSError:
            return ODD
        content = None if raw is None else sound_pickle(raw, path, version)
        return ODD if content is None else pickles.load(content, where=file)

    def path_of(self, key: AssetKey) -> Path:
        """Where people find the value."""
        return Path(self._place(key.parts).path)

    @property
    def location(self) -> str:
        """The folder."""
        return os.path.abspath(self._base)

    def current(self, path: tuple[str, ...] | AssetKey) -> Manifest | None:
        """What is published; None if nothing is, or somebody else's file."""
        segments = path.parts if isinstance(path, AssetKey) else path
        version = self._place(segments).published()
        try:
            return None if version is None else self.manifest(segments, version)
        except (DamagedRecordError, OSError):
            return None

    def manifest(self, path: tuple[str, ...], version: Version) -> Manifest:
        """See KeepsVersions.manifest."""
        place = self._place(path)
        file = place.version(version)
        if not os.path.exists(file):
            raise FileNotFoundError(f"version {version.name} of {'/'.join(path)} is not kept in {self.location}")
        return place.manifest_beside(version) or read_manifest(file)

    def kept(self, path: tuple[str, ...] | None = None) -> Iterator[KeptVersion]:
        """See KeepsVersions.kept."""
        if path is not None:
            place = self._place(path)
            yield from (one for one in self._kept_in(place.versions) if one.path == place.value)
            return
        for folder, names, _files in os.walk(self._base):
            if RESERVED in names:
                names.remove(RESERVED)
                yield from self._kept_in(f"{folder}/{RESERVED}")

    def remove(self, kept: KeptVersion) -> bool:
        """See KeepsVersions.remove."""
        place = self._place(kept.path)
        held = lock(place.path)
        try:
            if kept.version in (place.published(), place.shown_by_its_file()):
                return False
            self.discard(path=kept.path, version=kept.version)
        finally:
            if held is not None:
                os.close(held)
        return True

    def copy_version(self, path: tuple[str, ...], version: Version, copy: Version, *, stored_at: float) -> None:
        """See KeepsVersions.copy_version."""
        content, manifest = self.content(path, version)
        self.keep(copied(manifest, version, copy, stored_at), content)

    def content(self, path: tuple[str, ...], version: Version) -> tuple[bytes | bytearray | memoryview, Manifest]:
        """See KeepsVersions.content."""
        place = self._place(path)
        file = place.version(version)
        try:
            raw, inode = read_file(file)
        except FileNotFoundError:
            raise FileNotFoundError(
                f"version {version.name} of {'/'.join(path)} is not kept in {self.location}"
            ) from None
        content, manifest = self._told(place, version, raw, inode, file)
        assert manifest is not None, "a version has a manifest"
        check_content(content, manifest, what="/".join(path), where=file)
        return content, manifest

    def keep(self, manifest: Manifest, content: bytes | bytearray | memoryview) -> None:
        """See KeepsVersions.keep."""
        place, title = self._place(manifest.key), "/".join(manifest.key)
        found = Encoded(manifest.codec, (content,), manifest.buffers)
        self._rooms.make(place, title)
        self._write(place.file_of(manifest.version), found, manifest, title)

    def leftovers(self) -> Iterator[Leftover]:
        """Second names that were never moved to where they belong, and manifests whose version was never written."""
        for folder, names, files in os.walk(self._base):
            if RESERVED in names:
                names.remove(RESERVED)
                there = set(os.listdir(f"{folder}/{RESERVED}"))
                lonely = (name for name in there if name.endswith(BESIDE) and name.removesuffix(BESIDE) not in there)
                for name in lonely:
                    yield from _leftover(f"{folder}/{RESERVED}/{name}")
            for name in files:
                if scratch_of(name) is not None:
                    yield from _leftover(f"{folder}/{name}")

    def _told(
        self, place: Place, version: Version | None, raw: bytes | memoryview, inode: int, path: str
    ) -> tuple[bytes | bytearray | memoryview, Manifest | None]:
        """The bytes of a value, and what is known of them; None of what somebody else has put where people read."""
        if has_manifest(raw):
            return split(raw, where=path)
        if version is None:
            shown = place.shown_by_its_file(inode)
            return raw, None if shown is None else place.manifest_beside(shown)
        beside = place.manifest_beside(version)
        return (raw, beside) if beside is not None else split(raw, where=path)

    def _write(self, file: str, found: Encoded, manifest: Manifest, what: str) -> None:
        if found.codec == "pickle":
            write_new(file, *found.parts, behind(manifest), fsync=self.fsync)
        else:
            if has_manifest(bytes(found.parts[-1][-64:])):
                raise UnserializableValueError(
                    f"the value of {what} ends like the file of a stored pickle, and could not be told from one",
                    fix='store it with format="pickle"',
                )
            write_new(file + BESIDE, manifest.to_json(), fsync=self.fsync)
            try:
                write_new(file, *found.parts, fsync=self.fsync)
            except BaseException:
                unlink(file + BESIDE)
                raise
        if self.fsync:
            sync_folder(os.path.dirname(file))

    def _kept_in(self, folder: str) -> Iterator[KeptVersion]:
        """The versions in one folder."""
        parent = os.path.relpath(os.path.dirname(folder), self._base)
        above = () if parent == "." else tuple(parent.split("/"))
        shown: dict[str, Version | None] = {}
        try:
            entries = list(os.scandir(folder))
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in entries:
            found = None if entry.name.endswith(BESIDE) else parse_name(entry.name)
            if found is None:
                continue
            name, version = found
            place = Place.below(self._base, (*above, name))
            if name not in shown:
                shown[name] = place.published()
            with suppress(FileNotFoundError):
                state = entry.stat()
                published = shown[name] == version
                yield KeptVersion(
                    path=place.value,
                    version=version,
                    size=state.st_size,
                    is_committed=published or is_marked(state.st_mode),
                    is_published=published,
                )

    def _place(self, value: tuple[str, ...]) -> Place:
        place = self._places.get(value)
        if place is None:
            place = self._places[value] = Place.below(self._base, safe_segments(value))
        return place


def _leftover(path: str) -> Iterator[Leftover]:
    with suppress(FileNotFoundError):
        state = os.lstat(path)
        yield Leftover(place=path, since=state.st_mtime, size=state.st_size, remove=lambda: unlink(path))


@io_manager(
    config_schema={
        "base_dir": Field(StringSource, is_required=False),
        "format": Field(StringSource, is_required=False, default_value="pickle"),
    },
    description="Values below the folder in its config, or below the storage folder of the settings.",
)
def fs_io_manager(context: InitResourceContext) -> FilesystemIOManager:
    """Store values on a local disk; ``base_dir`` in the config says where, ``format`` how: as pickles by default."""
    config = context.resource_config or {}
    return FilesystemIOManager(config.get("base_dir"), format=config.get("format", "pickle"))
