"""Metadata: labelled values that describe an asset or one materialization of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import PurePath
from typing import Any, NamedTuple

import msgspec

from assetflow.definitions.tables import Table, TableRecord, TableSchema, schema_of
from assetflow.errors import InvalidMetadata, ParameterCheckError
from assetflow.keys import AssetKey


class PythonArtifact(NamedTuple):
    """A function or a class, by its name."""

    module: str
    name: str


@dataclass(frozen=True, slots=True)
class MetadataValue:
    """A value with the way in which it is meant to be shown.

    Besides ``value`` it has the attribute that its kind is known by: ``text``, ``url``, ``path``, ``data`` (JSON),
    ``md_str``, ``asset_key``, ``run_id``, ``records`` and ``schema`` (tables), ``module`` and ``name`` (functions).

    Attributes:
        kind: ``text``, ``int``, ``url``, ...
        value: plain data; an AssetKey, a Table, a TableSchema or a PythonArtifact where the kind is one of these.
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
        return MetadataValue("python_artifact", PythonArtifact(module, name))

    @staticmethod
    def table(records: Sequence[TableRecord], schema: TableSchema | None = None) -> MetadataValue:
        """Rows of a table; the columns are those of the rows if no schema is given."""
        rows = [_of(TableRecord, record) for record in records]
        return MetadataValue("table", Table(rows, _of(TableSchema, schema) if schema is not None else schema_of(rows)))

    @staticmethod
    def table_schema(schema: TableSchema) -> MetadataValue:
        """The columns of a table."""
        return MetadataValue("table_schema", _of(TableSchema, schema))

    @staticmethod
    def null() -> MetadataValue:
        """Nothing."""
        return MetadataValue("null", None)

    @property
    def data(self) -> Any:
        """Of JSON, the data."""
        return self._under("data")

    @property
    def md_str(self) -> str:
        """Of Markdown, the text."""
        return self._under("md_str")  # type: ignore[no-any-return]

    @property
    def asset_key(self) -> AssetKey:
        """Of a reference to an asset, its key."""
        return self._under("asset_key")  # type: ignore[no-any-return]

    @property
    def run_id(self) -> str:
        """Of a reference to a run, its id."""
        return self._under("run_id")  # type: ignore[no-any-return]

    @property
    def records(self) -> Sequence[TableRecord]:
        """Of a table, its rows."""
        return self._under("table").records  # type: ignore[no-any-return]

    @property
    def schema(self) -> TableSchema:
        """Of a table, or of the columns of one."""
        return self.value if self.kind == "table_schema" else self._under("table").schema  # type: ignore[no-any-return]

    @property
    def module(self) -> str:
        """Of a function or a class, the module."""
        return self._under("python_artifact").module  # type: ignore[no-any-return]

    @property
    def name(self) -> str:
        """Of a function or a class, its name in the module."""
        return self._under("python_artifact").name  # type: ignore[no-any-return]

    def _under(self, name: str) -> Any:
        if self.kind not in _KINDS.get(name, (name,)):
            raise AttributeError(f"metadata of the kind {self.kind!r} has no attribute {name!r}; it has `value`")
        return self.value


_int, _float, _bool = int, float, bool


class _MakerAndValue:
    """Of the class, the function that makes a value; of a value that it made, the value."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._make: Any = getattr(MetadataValue, name)

    def __get__(self, item: MetadataValue | None, _owner: Any = None) -> Any:
        return self._make if item is None else item._under(self._name)


for _name in ("text", "url", "path"):  # the reference has one name for both
    setattr(MetadataValue, _name, _MakerAndValue(_name))

_KINDS = {
    "path": ("path", "notebook"),
    "data": ("json",),
    "md_str": ("md",),
    "asset_key": ("asset",),
    "run_id": ("run",),
}

RawMetadata = Mapping[str, Any]


def normalize_metadata(metadata: RawMetadata | None) -> dict[str, MetadataValue]:
    """Metadata with every value of a known kind.

    Accepts str, int, float, bool, None, JSON-able lists and dicts, AssetKey and MetadataValue.

    Raises:
        InvalidMetadata: a value is none of these (an object, a tuple, a numpy number, ...).
        ParameterCheckError: it is no mapping, or a label is not a str.
    """
    if metadata is not None and type(metadata) is not dict and not isinstance(metadata, Mapping):
        raise ParameterCheckError(f"metadata is a dict, not {type(metadata).__name__}: {metadata!r:.200}")
    found: dict[str, MetadataValue] = {}
    if not metadata:
        return found
    for label, value in metadata.items():
        if not isinstance(label, str):
            raise ParameterCheckError(f"metadata labels are str, not {type(label).__name__}: {label!r}")
        found[label] = _normal(label, value)
    return found


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
            raise _invalid(
                label, value, str(error), "dicts, lists, texts, finite numbers, truth values and None"
            ) from None
    raise _invalid(label, value, f"{kind.__module__}.{kind.__qualname__} is not a kind of metadata", _instead(value))


_PLAIN: dict[type, str] = {str: "text", int: "int", float: "float", bool: "bool", type(None): "null"}


def _jsonable(data: Any) -> Any:
    try:
        return msgspec.json.decode(msgspec.json.encode(_only_json(data)))
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise ParameterCheckError(f"not JSON: {error}") from None


def _only_json(data: Any) -> Any:
    """The same with texts as keys, as JSON writes them."""
    if isinstance(data, float) and not isfinite(data):
        raise TypeError(f"it holds {data!r}, a number that JSON does not have")
    if data is None or isinstance(data, str | int | float | bool):
        return data
    if type(data) is list:
        return [_only_json(item) for item in data]
    if type(data) is dict:
        return {_key(key): _only_json(item) for key, item in data.items()}
    raise TypeError(f"it holds {data!r:.80}, of the type {type(data).__name__}")


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    if key is None or isinstance(key, int | float):
        return json.dumps(key)
    raise TypeError(f"it holds the key {key!r:.80}, of the type {type(key).__name__}")


def _instead(value: Any) -> str:
    if isinstance(value, tuple | set | frozenset):
        return "list(x)"
    if isinstance(value, PurePath):
        return "MetadataValue.path(x)"
    if hasattr(value, "isoformat"):
        return "x.isoformat()"
    if hasattr(value, "tolist"):
        return "x.tolist()"
    return "int(x), float(x), str(x), or one of MetadataValue"


def _invalid(label: str, value: Any, why: str, instead: str) -> InvalidMetadata:
    return InvalidMetadata(
        f'metadata "{label}" has the value {str(value)[:80]!r}, which cannot be recorded: {why}',
        fix=f"give {instead}",
    )


def _of(kind: Any, value: Any) -> Any:
    if not isinstance(value, kind):
        raise ParameterCheckError(f"expected {getattr(kind, '__name__', 'a number')}, got {value!r}")
    return value
