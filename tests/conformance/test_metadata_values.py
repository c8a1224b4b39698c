"""What metadata values are known by, and what is said of odd ones."""

from __future__ import annotations

import datetime
import math
from pathlib import Path

import pytest

from assetflow import (
    AssetKey,
    AssetMaterialization,
    AssetOut,
    CheckError,
    InvalidMetadata,
    InvariantViolationError,
    MetadataValue,
    Output,
    TableColumn,
    TableRecord,
    TableSchema,
    asset,
    build_op_context,
    materialize_to_memory,
    multi_asset,
)

SCHEMA = TableSchema([TableColumn("n", "int")])
ROWS = [TableRecord({"n": 1})]


def recorded(value):
    """The value as it comes back from a run."""

    @asset
    def made():
        return Output(1, metadata={"it": value})

    [event] = materialize_to_memory([made]).asset_materializations_for_node("made")
    return event.metadata["it"]


@pytest.mark.parametrize(
    ("value", "attributes"),
    [
        (MetadataValue.text("x"), {"text": "x", "value": "x"}),
        (MetadataValue.url("u"), {"url": "u", "value": "u"}),
        (MetadataValue.path("/p"), {"path": "/p", "value": "/p"}),
        (MetadataValue.notebook("/n"), {"path": "/n", "value": "/n"}),
        (MetadataValue.json({"a": [1]}), {"data": {"a": [1]}, "value": {"a": [1]}}),
        (MetadataValue.md("*x*"), {"md_str": "*x*", "value": "*x*"}),
        (MetadataValue.asset(AssetKey(["a", "b"])), {"asset_key": AssetKey(["a", "b"]), "value": AssetKey(["a", "b"])}),
        (MetadataValue.dagster_run("r"), {"run_id": "r", "value": "r"}),
        (MetadataValue.table(ROWS, SCHEMA), {"records": ROWS, "schema": SCHEMA}),
        (MetadataValue.table_schema(SCHEMA), {"schema": SCHEMA, "value": SCHEMA}),
        (MetadataValue.python_artifact(Path), {"module": "pathlib", "name": "Path"}),
        (MetadataValue.null(), {"value": None}),
    ],
)
def test_a_value_has_the_attributes_of_its_kind_before_and_after_a_run(value, attributes):
    for one in (value, recorded(value)):
        assert {name: getattr(one, name) for name in attributes} == attributes


def test_a_value_has_no_attributes_of_other_kinds():
    with pytest.raises(AttributeError, match="of the kind 'text' has no attribute 'url'"):
        _ = MetadataValue.text("x").url
    assert not hasattr(MetadataValue.int(1), "text")


def test_numbers_that_json_does_not_know_are_recorded():
    assert math.isnan(recorded(math.nan).value)
    assert recorded(-math.inf).value == -math.inf


def test_keys_of_json_are_texts_as_json_writes_them():
    assert recorded({7: 2, None: 3}).value == {"7": 2, "null": 3}


@pytest.mark.parametrize(
    ("value", "why", "instead"),
    [
        ({"a": math.nan}, "it holds nan, a number that JSON does not have", "finite numbers"),
        ({"a": {1, 2}}, "of the type set", "lists"),
        ({(1,): 2}, r"it holds the key \(1,\), of the type tuple", "texts"),
        ((1, 2), "builtins.tuple is not a kind of metadata", r"list\(x\)"),
        (datetime.date(2020, 1, 1), "datetime.date is not", r"x.isoformat\(\)"),
        (Path("a"), "Path is not", r"MetadataValue.path\(x\)"),
    ],
)
def test_odd_values_are_refused_with_what_to_give_instead(value, why, instead):
    with pytest.raises(InvalidMetadata, match=rf"{why}[^\n]*\n  fix: give .*{instead}"):
        Output(1, metadata={"it": value})


@pytest.mark.parametrize(
    "make",
    [
        lambda: Output(1, metadata=[1]),
        lambda: AssetMaterialization("a", tags={"a": 1}),
        lambda: AssetMaterialization("a", partition=3),
        lambda: AssetMaterialization("a", description=3),
        lambda: TableColumn("x", 3),
        lambda: TableColumn(3),
        lambda: TableColumn("x", constraints="unique"),
    ],
)
def test_arguments_of_another_type_are_refused(make):
    with pytest.raises(CheckError):
        make()


def test_metadata_comes_before_its_output_is_yielded():
    @asset
    def late(context):
        yield Output(1)
        context.add_output_metadata({"a": 1})

    message = "metadata for output 'result' which has already been yielded"
    with pytest.raises(InvariantViolationError, match=message):
        materialize_to_memory([late])
    with pytest.raises(InvariantViolationError, match=message):
        list(late(build_op_context()))


def test_metadata_of_another_output_may_still_come():
    @multi_asset(outs={"a": AssetOut(), "b": AssetOut()})
    def both(context):
        yield Output(1, "a")
        context.add_output_metadata({"n": 1}, output_name="b")
        yield Output(2, "b")

    events = materialize_to_memory([both]).asset_materializations_for_node("both")
    assert [{label: item.value for label, item in event.metadata.items()} for event in events] == [{}, {"n": 1}]
