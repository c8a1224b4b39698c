"""Metadata, and what carries it: outputs and events."""

from __future__ import annotations

import math
import pickle

import cloudpickle
import msgspec
import pytest

from assetflow import (
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    CheckError,
    InvalidMetadata,
    MetadataValue,
    Output,
    ParameterCheckError,
)
from assetflow.definitions.metadata import normalize_metadata
from assetflow.definitions.metadata_records import metadata_from_json, metadata_to_json


@pytest.mark.parametrize(
    ("raw", "kind", "value"),
    [
        ("text", "text", "text"),
        (3, "int", 3),
        (2.5, "float", 2.5),
        (True, "bool", True),
        (None, "null", None),
        ([1, {"a": None}], "json", [1, {"a": None}]),
        ({"a": [1.5]}, "json", {"a": [1.5]}),
        (AssetKey(["a", "b"]), "asset", AssetKey(["a", "b"])),
        (MetadataValue.url("http://x"), "url", "http://x"),
        (MetadataValue.md("# x"), "md", "# x"),
        (MetadataValue.path("/x"), "path", "/x"),
        (MetadataValue.notebook("/x"), "notebook", "/x"),
        (MetadataValue.json([1]), "json", [1]),
        (MetadataValue.text("x"), "text", "x"),
        (MetadataValue.int(1), "int", 1),
        (MetadataValue.float(1), "float", 1.0),
        (MetadataValue.bool(False), "bool", False),
        (MetadataValue.null(), "null", None),
        (MetadataValue.run("r"), "run", "r"),
        (MetadataValue.asset(AssetKey("a")), "asset", AssetKey("a")),
    ],
)
def test_raw_values_find_their_kind_and_survive_json(raw, kind, value):
    normal = normalize_metadata({"label": raw})
    assert normal == {"label": MetadataValue(kind, value)}
    over_the_wire = msgspec.json.decode(msgspec.json.encode(metadata_to_json(normal)))
    plain = value.path if isinstance(value, AssetKey) else value
    assert over_the_wire == {"label": {"type": kind, "value": plain}}
    assert metadata_from_json(over_the_wire) == normal


class Number(int):
    """Stands for the numbers of numpy, which look like plain ones."""


def circle():
    data: dict = {}
    data["self"] = data
    return data


@pytest.mark.parametrize(
    "value", [object(), (1, 2), {1, 2}, b"x", Number(3), {"a": object()}, [(1,)], {(1,): "a"}, circle(), lambda: 1]
)
def test_other_values_are_refused_when_the_output_is_made(value):
    with pytest.raises(InvalidMetadata, match='metadata "label" has the value'):
        Output(1, metadata={"label": value})


def test_a_refusal_is_short_and_says_what_to_do():
    with pytest.raises(InvalidMetadata) as caught:
        normalize_metadata({"label": tuple(range(10_000))})
    assert len(str(caught.value)) < 400
    assert caught.value.fix is not None


def test_labels_are_texts():
    with pytest.raises(CheckError, match="labels are str"):
        Output(1, metadata={3: "x"})  # type: ignore[dict-item]


def test_a_number_that_is_none_is_allowed():
    assert math.isnan(Output(1, metadata={"loss": math.nan}).metadata["loss"].value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: MetadataValue.int(True),
        lambda: MetadataValue.int("1"),
        lambda: MetadataValue.float("1"),
        lambda: MetadataValue.text(1),
        lambda: MetadataValue.bool(1),
        lambda: MetadataValue.url(None),
        lambda: MetadataValue.json(object()),
        lambda: MetadataValue.asset("a"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(make):
    with pytest.raises(ParameterCheckError):
        make()


def test_an_output_has_a_value_a_name_and_metadata():
    output = Output([1], metadata={"rows": 1})
    assert (output.value, output.output_name) == ([1], "result")
    assert output.metadata["rows"].value == 1
    assert output == Output([1], "result", {"rows": 1})
    assert output != Output([2], metadata={"rows": 1})
    assert pickle.loads(pickle.dumps(output)) == output
    with pytest.raises(ParameterCheckError, match="output_name"):
        Output(1, output_name=3)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [AssetMaterialization, AssetObservation])
def test_an_event_names_its_asset(kind):
    event = kind(["a", "b"], description="d", metadata={"rows": 1}, tags={"k": "v"})
    assert event.asset_key == AssetKey(["a", "b"])
    assert kind("a/b").asset_key.path == ["a/b"]
    assert event.metadata["rows"].value == 1
    assert cloudpickle.loads(cloudpickle.dumps(event)) == event
    with pytest.raises(InvalidMetadata):
        kind("a", metadata={"x": object()})


def test_a_materialization_is_no_observation():
    assert AssetMaterialization("a") != AssetObservation("a")
