"""The versions of a value that are kept, and what looks after them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from assetflow.definitions.io_manager import VersionedIOManager
from assetflow.io.manifests import Manifest
from assetflow.keys import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptVersion:
    """One version that is stored.

    Attributes:
        path: the segments under which the value is kept.
        size: bytes it takes.
        is_committed: a run has accepted it; else it was staged by an attempt that died, was refused, or goes on.
        is_published: it is what people read.
    """

    path: tuple[str, ...]
    version: Version
    size: int
    is_committed: bool
    is_published: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """Something that a process left behind which died while it stored a value.

    Attributes:
        place: where it is.
        since: seconds since the epoch.
        size: bytes; 0 if it is not known.
        remove: takes it away; may be called twice.
    """

    place: str
    since: float
    size: int
    remove: Callable[[], None]


class KeepsVersions(VersionedIOManager):
    """An IO manager that can tell which versions it has, take one again, and remove some."""

    @property
    @abstractmethod
    def location(self) -> str:
        """Where it keeps everything, as people write it; the same for two that share a place."""

    @abstractmethod
    def current(self, path: tuple[str, ...]) -> Manifest | None:
        """What is known of the published version; None if nothing is published."""

    @abstractmethod
    def manifest(self, path: tuple[str, ...], version: Version) -> Manifest:
        """What is known of a version.

        Raises:
            FileNotFoundError: it is not kept here.
            DamagedRecordError: it is, and cannot be read.
        """

    @abstractmethod
    def kept(self, path: tuple[str, ...] | None = None) -> Iterator[KeptVersion]:
        """The versions of one value, or of all that are kept here; in no order."""

    @abstractmethod
    def remove(self, kept: KeptVersion) -> bool:
        """Remove a version, unless it is what people read by now. Whether it is gone."""

    @abstractmethod
    def copy_version(self, path: tuple[str, ...], version: Version, copy: Version, *, stored_at: float) -> None:
        """Keep the bytes of a version under another one too, which is not published by that.

        Raises:
            FileNotFoundError: the version is not kept here.
            DamagedRecordError: its bytes are not those that were stored.
        """

    def leftovers(self) -> Iterator[Leftover]:
        """What processes left behind that died while they stored a value."""
        yield from ()
