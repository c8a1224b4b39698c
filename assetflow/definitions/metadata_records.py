"""Metadata as it is kept in facts and manifests, and read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

from assetflow.definitions.metadata import MetadataValue, PythonArtifact
from assetflow.definitions.tables import Table, TableSchema
from assetflow.keys import AssetKey


def metadata_to_json(metadata: Mapping[str, MetadataValue]) -> dict[str, Any]:
    """As it is kept in facts and manifests: label to ``{"type": kind, "value": value}``."""
    return {label: {"type": item.kind, "value": _plain(item.value)} for label, item in metadata.items()}


def metadata_from_json(raw: Mapping[str, Any]) -> dict[str, MetadataValue]:
    """Read back what `metadata_to_json` gave."""
    return {label: MetadataValue(item["type"], _read(item["type"], item["value"])) for label, item in raw.items()}


def _plain(value: Any) -> Any:
    if type(value) is float:
        return value if isfinite(value) else str(value)  # JSON has no word for these
    if type(value) is AssetKey:
        return value.path
    if isinstance(value, Table | TableSchema):
        return value.as_data()
    return value._asdict() if isinstance(value, PythonArtifact) else value


def _read(kind: str, value: Any) -> Any:
    reading = _READING.get(kind)
    return value if reading is None else reading(value)


_READING: Mapping[str, Callable[[Any], Any]] = {
    "float": float,
    "asset": AssetKey,
    "table": Table.of_data,
    "table_schema": TableSchema.of_data,
    "python_artifact": lambda value: PythonArtifact(**value),
}
