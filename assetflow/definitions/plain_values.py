"""What an IO manager of versions may offer besides: to store and load plain values without a context for each.

Most values have no config, and nobody has said anything else of how they are stored. For those, where and which version
is all that there is to say, and making a context to say it takes longer than loading the value.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, NamedTuple

from assetflow.definitions.io_manager import VersionedIOManager


class _Odd:
    """The type of `ODD`."""


ODD = _Odd()  # in place of a value that has to be loaded with a context, which also tells what is wrong with it

_OF_CONTEXTS = ("handle_output", "load_input", "stage")


class StagedValue(NamedTuple):
    """What there is to tell of a value that was staged.

    Attributes:
        size: bytes.
        data_version: equal for equal data.
        metadata: label to ``{"type": ..., "value": ...}``.
    """

    size: int
    data_version: str
    metadata: dict[str, Any]


class TakesPlainValues(VersionedIOManager):
    """An IO manager that takes plain values in this way, too."""

    @abstractmethod
    def stage_plain(self, obj: Any, path: tuple[str, ...], version: str, run_id: str, title: str) -> StagedValue:
        """As `stage` with a context that says no more than this.

        Args:
            path: segments of the asset's key, and of the partition if it is one.
            version: its name.
            title: what to call the value in an error.
        """

    @abstractmethod
    def read_plain(self, path: tuple[str, ...], version: str) -> Any:
        """The value of a version, as `load_input` gives it; `ODD` if only that can load it, or say why it cannot."""


def plain_values_of(manager: object) -> TakesPlainValues | None:
    """The manager, if it takes plain values; None also of one derived from such that stores or loads in its own way."""
    if not isinstance(manager, TakesPlainValues):
        return None
    kinds = type(manager).__mro__
    derived = kinds[: next(at for at, kind in enumerate(kinds) if "stage_plain" in vars(kind))]
    own = (vars(manager), *map(vars, derived))  # a single object can have a way of its own, too
    return None if any(name in found for found in own for name in _OF_CONTEXTS) else manager
