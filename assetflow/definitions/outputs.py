"""What an asset makes."""

from __future__ import annotations

from typing import Generic, TypeVar

from assetflow.definitions.metadata import RawMetadata, normalize_metadata
from assetflow.errors import ParameterCheckError

T = TypeVar("T")


class Output(Generic[T]):
    """A value, with what there is to say about it.

    Args:
        value: what is stored and handed on.
        output_name: which output it is; an asset's only one is ``result``.
        metadata: recorded with the materialization.

    Raises:
        InvalidMetadata: metadata of a kind that cannot be recorded.
    """

    __slots__ = ("metadata", "output_name", "value")

    def __init__(self, value: T, output_name: str = "result", metadata: RawMetadata | None = None) -> None:
        if not isinstance(output_name, str):
            raise ParameterCheckError(f"output_name is a str, not {output_name!r}")
        self.value = value
        self.output_name = output_name
        self.metadata = normalize_metadata(metadata) if metadata else {}

    def __repr__(self) -> str:
        return f"Output({self.value!r}, output_name={self.output_name!r}, metadata={self.metadata!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Output) and (self.value, self.output_name, self.metadata) == (
            other.value,
            other.output_name,
            other.metadata,
        )

    __hash__ = None  # type: ignore[assignment]
