"""The base of IO managers that store each value in a file of its own."""

from __future__ import annotations

import os
import secrets
from abc import abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import Any

from assetflow.definitions.io_context import InputContext, OutputContext
from assetflow.definitions.io_manager import IOManager
from assetflow.definitions.metadata import MetadataValue
from assetflow.io.paths import safe_segments


class UPathIOManager(IOManager):
    """Say how a value is written to a path and read from it; where that is, is known here.

    A local file appears in one move: readers see the old value or the new one, and nothing half written. The path is
    ``<base>/<key segments>`` and the extension; of what is no asset, ``<base>/<run id>/<step>/<output>``.

    Args:
        base_path: a folder, or a path of the library universal_pathlib; by default ``.assetflow/storage``.

    Attributes:
        extension: of the files, such as ``.parquet``.
    """

    extension: str | None = None
    takes_one_partition = True

    def __init__(self, base_path: Any = None) -> None:
        if extension_is_wrong(self.extension):
            raise ValueError(f"extension begins with a dot and ends with a letter or digit, unlike {self.extension!r}")
        self._base_path = Path(".assetflow") / "storage" if base_path is None else base_path

    @abstractmethod
    def dump_to_path(self, context: OutputContext, obj: Any, path: Any) -> None:
        """Write a value to a path."""

    @abstractmethod
    def load_from_path(self, context: InputContext, path: Any) -> Any:
        """Read a value from a path."""

    def get_metadata(self, context: OutputContext, obj: Any) -> dict[str, Any]:  # noqa: ARG002
        """What to record of a value besides its path."""
        return {}

    def get_path(self, context: InputContext | OutputContext) -> Any:
        """Where a value is."""
        base = self._base_path if not isinstance(self._base_path, str) else Path(self._base_path)
        place = base.joinpath(*safe_segments(context.value_path))
        return place.with_name(place.name + self.extension) if self.extension else place

    def make_directory(self, path: Any) -> None:
        """Make a folder, if it is not there."""
        path.mkdir(parents=True, exist_ok=True)

    def path_exists(self, path: Any) -> bool:
        """Whether there is something at a path."""
        return bool(path.exists())

    def unlink(self, path: Any) -> None:
        """Remove what is at a path."""
        path.unlink()

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Write a value, and record its path."""
        path = self.get_path(context)
        self.make_directory(path.parent)
        if isinstance(path, Path) and type(path).__module__.startswith("pathlib"):
            scratch = path.with_name(f".{secrets.token_hex(6)}{path.name}")
            try:
                self.dump_to_path(context, obj, scratch)
                os.replace(scratch, path)
            except BaseException:
                with suppress(OSError):
                    os.unlink(scratch)
                raise
        else:
            self.dump_to_path(context, obj, path)
        context.add_output_metadata({"path": MetadataValue.path(path), **self.get_metadata(context, obj)})

    def load_input(self, context: InputContext) -> Any:
        """Read a value; FileNotFoundError if it is not there."""
        path = self.get_path(context)
        if not self.path_exists(path):
            raise FileNotFoundError(f"{context.value_title} has no stored value at {path}: {context.absence()}")
        return self.load_from_path(context, path)


def extension_is_wrong(extension: str | None) -> bool:
    """Whether something cannot be an extension."""
    return bool(extension) and (not str(extension).startswith(".") or not str(extension)[-1].isalnum())
