"""Tables, functions and runs in metadata."""

import pytest

from assetflow import (
    CheckError,
    InMemoryIOManager,
    MetadataValue,
    Output,
    TableColumn,
    TableColumnConstraints,
    TableConstraints,
    TableRecord,
    TableSchema,
    asset,
    materialize,
)

SCHEMA = TableSchema(
    columns=[
        TableColumn("id", "int", description="number", constraints=TableColumnConstraints(nullable=False, unique=True)),
        TableColumn("name", constraints=TableColumnConstraints(other=["starts with a letter"])),
    ],
    constraints=TableConstraints(other=["at most 10 rows"]),
)


def recorded(value):
    @asset
    def made():
        return Output(1, metadata={"it": value})

    done = materialize([made], resources={"io_manager": InMemoryIOManager()})
    return done.outputs_for_node("made")[0].metadata["it"]


def test_a_schema_is_recorded_whole():
    found = recorded(MetadataValue.table_schema(SCHEMA))
    assert found.kind == "table_schema"
    assert found.value == SCHEMA
    assert [column.name for column in found.value.columns] == ["id", "name"]


def test_a_table_with_and_without_a_schema():
    records = [TableRecord({"id": 1, "name": "a"}), TableRecord({"id": 2, "name": None})]
    assert recorded(MetadataValue.table(records, schema=SCHEMA)).records == records
    found = recorded(MetadataValue.table([TableRecord({"n": 1, "x": 0.5, "ok": True, "s": "t"})])).schema
    assert [(column.name, column.type) for column in found.columns] == [
        ("n", "int"),
        ("x", "float"),
        ("ok", "bool"),
        ("s", "string"),
    ]
    assert TableSchema.from_name_type_dict({"n": "int"}) == TableSchema([TableColumn("n", "int")])


@pytest.mark.parametrize(
    "make",
    [
        lambda: MetadataValue.table([]),
        lambda: MetadataValue.table([{"id": 1}]),
        lambda: MetadataValue.table([TableRecord({"a": 1}), TableRecord({"b": 1})]),
        lambda: MetadataValue.table([TableRecord({"a": 1})], schema={"a": "int"}),
        lambda: MetadataValue.table_schema([TableColumn("a")]),
        lambda: TableRecord({"a": [1]}),
        lambda: TableRecord({1: "a"}),
        lambda: TableSchema(["a"]),
    ],
)
def test_tables_that_cannot_be(make):
    with pytest.raises(CheckError):
        make()


def test_a_function_is_recorded_by_its_name():
    found = recorded(MetadataValue.python_artifact(TableSchema))
    assert (found.module, found.name) == ("assetflow.definitions.tables", "TableSchema")
