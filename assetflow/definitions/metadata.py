"""Metadata: labelled values that describe an asset or one materialization of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from assetflow.definitions.tables import TableRecord, TableSchema, schema_of
from assetflow.errors import InvalidMetadata, ParameterCheckError
from assetflow.keys import AssetKey


@dataclass(frozen=True, slots=True)
class MetadataValue:
    """A value with the way in which it is meant to be shown.

    Attributes:
        kind: ``text``, ``int``, ``url``, ...
        value: plain data; an AssetKey where the kind is ``asset``.
    """

    kind: str
    value: Any

    @staticmethod
    def text(text: str) -> MetadataValue:
        """Plain text."""
        return MetadataValue("text", _of(str, text))

    @staticmethod
    def md(data: str) -> MetadataValue:
        """Markdown."""
        return MetadataValue("md", _of(str, data))

    @staticmethod
    def url(url: str) -> MetadataValue:
        """A link."""
        return MetadataValue("url", _of(str, url))

    @staticmethod
    def path(path: Any) -> MetadataValue:
        """A place in a file system."""
        return MetadataValue("path", str(path))

    @staticmethod
    def notebook(path: Any) -> MetadataValue:
        """A notebook's path."""
        return MetadataValue("notebook", str(path))

    @staticmethod
    def json(data: Any) -> MetadataValue:
        """Any JSON data."""
        return MetadataValue("json", _jsonable(data))

    @staticmethod
    def int(value: int) -> MetadataValue:
        """A whole number, plotted over time."""
        if isinstance(value, bool):
            raise ParameterCheckError("MetadataValue.int takes an int, not a bool")
        return MetadataValue("int", _of(_int, value))

    @staticmethod
    def float(value: float) -> MetadataValue:
        """A number, plotted over time."""
        return MetadataValue("float", _float(_of((_int, _float), value)))

    @staticmethod
    def bool(value: bool) -> MetadataValue:
        """True or false."""
        return MetadataValue("bool", _of(_bool, value))

    @staticmethod
    def asset(asset_key: AssetKey) -> MetadataValue:
        """A reference to an asset."""
        return MetadataValue("asset", _of(AssetKey, asset_key))

    @staticmethod
    def run(run_id: str) -> MetadataValue:
        """A reference to a run."""
        return MetadataValue("run", _of(str, run_id))

    @staticmethod
    def dagster_run(run_id: str) -> MetadataValue:
        """The same, under the reference's name."""
        return MetadataValue.run(run_id)

    @staticmethod
    def python_artifact(python_artifact: Any) -> MetadataValue:
        """A function or a class, by its name."""
        module, name = getattr(python_artifact, "__module__", None), getattr(python_artifact, "__qualname__", None)
        if not isinstance(module, str) or not isinstance(name, str):
            raise ParameterCheckError(f"expected a function or a class, got {python_artifact!r}")
        return MetadataValue("python_artifact", {"module": module, "name": name})

    @staticmethod
    def table(records: Sequence[TableRecord], schema: TableSchema | None = None) -> MetadataValue:
        """Rows of a table; the columns are those of the rows if no schema is given."""
        rows = [dict(_of(TableRecord, record).data) for record in records]
        columns = _of(TableSchema, schema) if schema is not None else schema_of(records)
        return MetadataValue("table", {"records": rows, "schema": columns.as_data()})

    @staticmethod
    def table_schema(schema: TableSchema) -> MetadataValue:
        """The columns of a table."""
        return MetadataValue("table_schema", _of(TableSchema, schema).as_data())

    @staticmethod
    def null() -> MetadataValue:
        """Nothing."""
        return MetadataValue("null", None)


_int, _float, _bool = int, float, bool

RawMetadata = Mapping[str, Any]


def normalize_metadata(metadata: RawMetadata | None) -> dict[str, MetadataValue]:
    """Metadata with every value of a known kind.

    Accepts str, int, float, bool, None, JSON-able lists and dicts, AssetKey and MetadataValue.

    Raises:
        InvalidMetadata: a value is none of these (an object, a tuple, a numpy number, ...).
        ParameterCheckError: a label is not a str.
    """
    if metadata is not None and not isinstance(metadata, Mapping):
        raise ParameterCheckError(f"metadata is a dict, not {type(metadata).__name__}: {metadata!r:.200}")
    found = {}
    for label, value in (metadata or {}).items():
        if not isinstance(label, str):
            raise ParameterCheckError(f"metadata labels are str, not {type(label).__name__}: {label!r}")
        found[label] = _normal(label, value)
    return found


def metadata_to_json(metadata: Mapping[str, MetadataValue]) -> dict[str, Any]:
    """As it is kept in facts and manifests: label to ``{"type": kind, "value": value}``."""
    return {
        label: {"type": item.kind, "value": item.value.path if item.kind == "asset" else item.value}
        for label, item in metadata.items()
    }


def metadata_from_json(raw: Mapping[str, Any]) -> dict[str, MetadataValue]:
    """Read back what `metadata_to_json` gave."""
    return {
        label: MetadataValue(item["type"], AssetKey(item["value"]) if item["type"] == "asset" else item["value"])
        for label, item in raw.items()
    }


def _normal(label: str, value: Any) -> MetadataValue:
    kind = type(value)
    if kind is MetadataValue:
        return value  # type: ignore[no-any-return]
    if kind in _PLAIN:
        return MetadataValue(_PLAIN[kind], value)
    if kind is AssetKey:
        return MetadataValue("asset", value)
    if kind in (dict, list):
        try:
            return MetadataValue("json", _jsonable(value))
        except ParameterCheckError as error:
            raise _invalid(label, value, str(error)) from None
    raise _invalid(label, value, f"{kind.__module__}.{kind.__qualname__} is not a kind of metadata")


_PLAIN: dict[type, str] = {str: "text", int: "int", float: "float", bool: "bool", type(None): "null"}


def _jsonable(data: Any) -> Any:
    try:
        return msgspec.json.decode(msgspec.json.encode(_only_json(data)))
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise ParameterCheckError(f"not JSON: {error}") from None


def _only_json(data: Any) -> Any:
    if data is None or isinstance(data, str | int | float | bool):
        return data
    if type(data) is list:
        return [_only_json(item) for item in data]
    if type(data) is dict and all(isinstance(key, str) for key in data):
        return {key: _only_json(item) for key, item in data.items()}
    raise TypeError(f"it holds a {type(data).__name__}")


def _invalid(label: str, value: Any, why: str) -> InvalidMetadata:
    return InvalidMetadata(
        f'metadata "{label}" has the value {str(value)[:80]!r}, which cannot be recorded: {why}',
        fix="convert it: int(x), float(x), str(x), x.tolist(), or wrap it in a MetadataValue",
    )


def _of(kind: Any, value: Any) -> Any:
    if not isinstance(value, kind):
        raise ParameterCheckError(f"expected {getattr(kind, '__name__', 'a number')}, got {value!r}")
    return value
