"""Tables in metadata: what their columns are, and some of their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from assetflow.errors import CheckError

_SCALARS = (str, int, float, bool, type(None))


@dataclass(frozen=True, slots=True)
class TableColumnConstraints:
    """What holds for every value of a column.

    Attributes:
        nullable: values may be missing.
        unique: no value comes twice.
        other: anything else, in words.
    """

    nullable: bool = True
    unique: bool = False
    other: Sequence[str] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "other", list(self.other))


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column.

    Attributes:
        type: in words, such as ``string`` or ``int64``.
    """

    name: str
    type: str = "string"
    description: str | None = None
    constraints: TableColumnConstraints = field(default_factory=TableColumnConstraints)

    def __post_init__(self) -> None:
        for what, value in (("name", self.name), ("type", self.type), ("description", self.description)):
            if not isinstance(value, str) and not (value is None and what == "description"):
                raise CheckError(f"the {what} of a TableColumn is a text, not {value!r}")
        if not isinstance(self.constraints, TableColumnConstraints):
            raise CheckError(f"the constraints of a TableColumn are TableColumnConstraints, not {self.constraints!r}")


@dataclass(frozen=True, slots=True)
class TableConstraints:
    """What holds for the table as a whole, in words."""

    other: Sequence[str] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "other", list(self.other))


@dataclass(frozen=True, slots=True)
class TableSchema:
    """The columns of a table, and what holds for it."""

    columns: Sequence[TableColumn]
    constraints: TableConstraints = field(default_factory=TableConstraints)

    def __post_init__(self) -> None:
        for column in self.columns:
            if not isinstance(column, TableColumn):
                raise CheckError(f"columns is a list of TableColumn, not {column!r}")
        object.__setattr__(self, "columns", list(self.columns))

    @staticmethod
    def from_name_type_dict(types: Mapping[str, str]) -> TableSchema:
        """Columns of these names and types."""
        return TableSchema([TableColumn(name, kind) for name, kind in types.items()])

    def as_data(self) -> dict[str, Any]:
        """The same as plain data."""
        return asdict(self)

    @staticmethod
    def of_data(data: Mapping[str, Any]) -> TableSchema:
        """Read back what `as_data` gave."""
        columns = [
            TableColumn(**{**column, "constraints": TableColumnConstraints(**column["constraints"])})
            for column in data["columns"]
        ]
        return TableSchema(columns, TableConstraints(**data["constraints"]))


@dataclass(frozen=True, slots=True)
class TableRecord:
    """A row: text, numbers, truth values and None by column."""

    data: Mapping[str, str | int | float | bool | None]

    def __post_init__(self) -> None:
        for name, value in self.data.items():
            if not isinstance(name, str) or type(value) not in _SCALARS:
                raise CheckError(f"a TableRecord has text, numbers, truth values and None, not {value!r} in {name!r}")


class Table(NamedTuple):
    """Rows, and the columns they have."""

    records: Sequence[TableRecord]
    schema: TableSchema

    def as_data(self) -> dict[str, Any]:
        """The same as plain data."""
        return {"records": [dict(record.data) for record in self.records], "schema": self.schema.as_data()}

    @staticmethod
    def of_data(data: Mapping[str, Any]) -> Table:
        """Read back what `as_data` gave."""
        return Table([TableRecord(record) for record in data["records"]], TableSchema.of_data(data["schema"]))


def schema_of(records: Sequence[TableRecord]) -> TableSchema:
    """The columns that these rows have.

    Raises:
        CheckError: there is no row, or they have different columns.
    """
    if not records:
        raise CheckError("a table without records needs a schema")
    names = list(records[0].data)
    if any(list(record.data) != names for record in records):
        raise CheckError("the records of a table have different columns")
    kinds = {bool: "bool", int: "int", float: "float"}
    return TableSchema([TableColumn(name, kinds.get(type(records[0].data[name]), "string")) for name in names])
