"""Where in a bucket one value is kept.

::

    <prefix>/a/b                              what people read: a copy of the version that is published
    <prefix>/a/.assetflow/b@<version>         every version; its manifest is the object's metadata
    <prefix>/a/.assetflow/b@<version>.json    the whole manifest, where it is too long for that
    <prefix>/a/.assetflow/b!<inverted>        for each version that a run has accepted, an empty object; the later the
                                              version, the earlier its name, so that the first in a list is the latest
"""

from __future__ import annotations

from dataclasses import dataclass

from assetflow.errors import InvariantViolationError
from assetflow.io.paths import RESERVED_IN_S3
from assetflow.keys import Version

LONGEST_KEY = 1024  # bytes
BESIDE = ".json"
_LARGEST_TOKEN = 2**64 - 1
_LARGEST_NONCE = 2**32 - 1
_LONGEST_ENDING = 40  # bytes of a version and what stands beside it


@dataclass(frozen=True, slots=True)
class Place:
    """Where one value is kept.

    Attributes:
        value: the segments it is kept under.
        key: of what people read.
        folder: prefix of the keys of its versions.
    """

    value: tuple[str, ...]
    key: str
    folder: str

    @staticmethod
    def below(prefix: str, segments: tuple[str, ...]) -> Place:
        """The place for checked segments.

        Args:
            prefix: with the slash at its end, or empty.

        Raises:
            InvariantViolationError: the key would be too long for S3.
        """
        parent = prefix + "".join(f"{part}/" for part in segments[:-1])
        place = Place(segments, parent + segments[-1], f"{parent}{RESERVED_IN_S3}/")
        longest = len((place.folder + segments[-1]).encode()) + _LONGEST_ENDING
        if longest > LONGEST_KEY:
            raise InvariantViolationError(
                f"asset {'/'.join(segments)[:60]!r}... would be stored under a key of {longest} bytes; S3 takes "
                f"{LONGEST_KEY}",
                fix="give the asset a shorter key, or the IO manager a shorter prefix",
            )
        return place

    def version(self, version: Version) -> str:
        """The key of a version."""
        return f"{self.folder}{self.value[-1]}@{version.name}"

    @property
    def accepted(self) -> str:
        """What the keys of all notes begin with that a version was accepted."""
        return f"{self.folder}{self.value[-1]}!"

    def note(self, version: Version) -> str:
        """The key of the note that a version was accepted."""
        return f"{self.accepted}{_inverted(version).name}"


def parse_key(key: str) -> tuple[str, str, Version] | None:
    """What a key in a folder of versions tells: the last segment, ``@`` or ``!``, the version. None for other keys."""
    name = key.rpartition("/")[2].removesuffix(BESIDE)
    if len(name) < 27 or name[-26] not in "@!":
        return None
    try:
        version = Version.parse(name[-25:])
    except ValueError:
        return None
    return name[:-26], name[-26], version if name[-26] == "@" else _inverted(version)


def _inverted(version: Version) -> Version:
    return Version(_LARGEST_TOKEN - version.token, _LARGEST_NONCE - version.nonce)
