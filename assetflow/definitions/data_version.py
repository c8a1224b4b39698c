"""What tells equal data from other data."""

from __future__ import annotations

from assetflow.errors import ParameterCheckError

DATA_VERSION_TAG = "assetflow/data_version"


class DataVersion:
    """A label of data, given by hand: equal labels mean equal data.

    Args:
        value: any text.
    """

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        if not isinstance(value, str):
            raise ParameterCheckError(f"a data version is text, not {type(value).__name__}: {value!r}")
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DataVersion) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        return f"DataVersion({self.value!r})"


LogicalVersion = DataVersion
"""The name it had in the first releases of the API."""
