"""The folders in which the versions of values are kept: made when first needed, and never where another value is."""

from __future__ import annotations

import os
from contextlib import suppress

from assetflow.errors import InvariantViolationError
from assetflow.io.durable_files import make_folders
from assetflow.io.paths import RESERVED, folded
from assetflow.io.places import Place, parse_name


class Rooms:
    """Makes the folders, and remembers which are there.

    Args:
        fsync: wait until they are on the disk.
    """

    def __init__(self, *, fsync: bool) -> None:
        self._fsync = fsync
        self._folds: dict[str, bool] = {}  # by folder that is there, whether its disk folds case
        self._told_apart: set[tuple[str, ...]] = set()

    def forget(self, place: Place) -> None:
        """Somebody has removed the folder."""
        self._folds.pop(place.versions, None)

    def make(self, place: Place, what: str) -> None:
        """Have the folder for the versions of a value.

        Args:
            what: names the value in errors.

        Raises:
            InvariantViolationError: there is another value where this one or its folder would be.
        """
        clash = os.access(f"{place.path}/.", os.F_OK)  # is it a folder? Faster than `isdir` where there is nothing yet
        if not clash and place.versions not in self._folds:
            with suppress(NotADirectoryError, FileExistsError):
                make_folders(place.versions, fsync=self._fsync)
            clash = not os.path.isdir(place.versions)
            if not clash:
                self._folds[place.versions] = os.path.exists(f"{os.path.dirname(place.versions)}/{RESERVED.upper()}")
        if clash:
            raise InvariantViolationError(
                f"{what} cannot be stored at {place.path}: another asset's key is "
                "the beginning of its key, or the other way round, and a path is either a file or a folder",
                fix="rename one of the two, or give one a key_prefix of its own",
            )
        if self._folds[place.versions] and place.value not in self._told_apart:
            self._tell_apart(place, what)

    def _tell_apart(self, place: Place, what: str) -> None:
        """Refuse to store one asset over another, on a disk that takes upper and lower case for the same."""
        with suppress(FileNotFoundError, NotADirectoryError):
            for entry in os.listdir(place.versions):
                other = parse_name(entry)
                if other and other[0] != place.name and folded(other[:1]) == folded((place.name,)):
                    raise InvariantViolationError(
                        f"{what} cannot be stored at {place.path}: {other[0]!r} is stored there, and this disk takes "
                        "upper and lower case for the same",
                        fix="rename one of the two, or give one a key_prefix of its own",
                    )
        self._told_apart.add(place.value)
