"""Where on a disk one value is kept, and which of its versions people read."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from dataclasses import dataclass

from assetflow.errors import DamagedRecordError
from assetflow.io.durable_files import lock, name_over, name_too
from assetflow.io.manifests import Manifest, manifest_in
from assetflow.io.paths import RESERVED
from assetflow.keys import Version

BESIDE = ".json"  # of the file with the manifest, where the format does not bear one behind it
_COMMITTED = stat.S_ISVTX  # means nothing for files, and needs no file of its own


@dataclass(frozen=True, slots=True)
class Place:
    """Where one value is kept.

    Attributes:
        value: the segments it is kept under.
        path: what people read.
        versions: folder of its versions.
    """

    value: tuple[str, ...]
    path: str
    versions: str

    @staticmethod
    def below(base: str, segments: tuple[str, ...]) -> Place:
        """The place for checked segments."""
        *folders, name = segments
        parent = "/".join((base, *folders))
        return Place(segments, f"{parent}/{name}", f"{parent}/{RESERVED}")

    @property
    def name(self) -> str:
        """The last segment."""
        return self.value[-1]

    def version(self, version: Version) -> str:
        """The file of a version."""
        return self.file_of(version.name)

    def file_of(self, version: str) -> str:
        """The file of a version of this name."""
        return f"{self.versions}/{self.value[-1]}@{version}"

    def published(self) -> Version | None:
        """The version people read; None if it is none of ours, or not there."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY)
        except OSError:
            return None
        try:
            return self.published_in(descriptor)
        finally:
            os.close(descriptor)

    def published_in(self, descriptor: int) -> Version | None:
        """Which version of this value an open file is; None if it is none of ours."""
        try:
            manifest = manifest_in(descriptor, where=self.path)
        except (DamagedRecordError, OSError):
            return self.shown_by_its_file(os.fstat(descriptor).st_ino)
        if manifest.key != self.value:
            return None
        try:
            return Version.parse(manifest.version)
        except ValueError:
            return None

    def shown_by_its_file(self, inode: int | None = None) -> Version | None:
        """The version that has the same file as the path people read.

        Args:
            inode: of that file, if it is known.
        """
        try:
            inode = os.stat(self.path).st_ino if inode is None else inode
            with os.scandir(self.versions) as entries:
                for entry in entries:
                    if entry.inode() == inode and (found := parse_name(entry.name)) and found[0] == self.name:
                        return found[1]
        except OSError:
            pass
        return None

    def manifest_beside(self, version: Version) -> Manifest | None:
        """The manifest that stands beside a version; None if none does."""
        where = self.version(version) + BESIDE
        try:
            with open(where, "rb") as file:
                return Manifest.from_json(file.read(), where=where)
        except (FileNotFoundError, NotADirectoryError):
            return None


def parse_name(name: str) -> tuple[str, Version] | None:
    """The last segment and the version that the name of a version's file tells; None if it is no such name."""
    segment, at, version = name.removesuffix(BESIDE).rpartition("@")
    if not at or not segment:
        return None
    try:
        return segment, Version.parse(version)
    except ValueError:
        return None


def scratch_of(name: str) -> tuple[str, Version] | None:
    """The last segment and the version of a file that was being published under this name; None for other files."""
    if not (name.startswith(".") and name.endswith(".tmp")):
        return None
    segment, _, version = name[1:-4].rpartition(".")
    return parse_name(f"{segment}@{version}")


def mark_committed(file: str) -> None:
    """Note on a version that a run has accepted it."""
    try:
        mode = os.stat(file).st_mode
        if not mode & _COMMITTED:
            os.chmod(file, mode | _COMMITTED)
    except OSError as error:
        if error.errno == errno.ENOENT:
            raise
        # The file system keeps no such bits; the version is published all the same.


def is_marked(mode: int) -> bool:
    """Whether a run has accepted the version whose file has this mode."""
    return bool(mode & _COMMITTED)


def published_by_now(place: Place, version: Version, file: str) -> bool:
    """Publish it, or find a later one published; False if somebody else has come between: look again.

    Args:
        file: of the version.
    """
    current = lock(place.path)
    if current is not None:
        try:
            published = place.published_in(current)
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


def _replace_dangling(place: Place, version: Version) -> None:
    """Where people's path is a link to nothing there is no file to lock: the folder stands in for it."""
    folder = lock(place.versions)
    if folder is not None:
        try:
            if os.path.islink(place.path) and not os.path.exists(place.path):
                name_over(place.version(version), place.path, version.name)
        finally:
            os.close(folder)


def unlink(path: str) -> None:
    """Remove a file, if it is there."""
    with suppress(FileNotFoundError):
        os.unlink(path)
