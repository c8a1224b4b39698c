"""Assets that others make."""

from __future__ import annotations

import cloudpickle
import pytest

from assetflow import AssetKey, InvalidDefinitionError, ParameterCheckError, ResourceDefinition, SourceAsset


def test_a_source_has_defaults():
    source = SourceAsset("a/b")
    assert source.key.path == ["a/b"]
    assert source.io_manager_key == "io_manager"
    assert source.group_name == "default"
    assert source.metadata == {}
    assert source.resource_defs == {}


def test_a_source_keeps_what_it_is_given():
    source = SourceAsset(
        ["a", "b"], metadata={"rows": 3}, io_manager_key="lake", description="d", group_name="g",
        resource_defs={"plain": 1},
    )  # fmt: skip
    assert source.key == AssetKey(["a", "b"])
    assert source.metadata["rows"].value == 3
    assert source.raw_metadata == {"rows": 3}
    assert (source.io_manager_key, source.description, source.group_name) == ("lake", "d", "g")
    assert isinstance(source.resource_defs["plain"], ResourceDefinition)


def test_metadata_that_cannot_be_recorded_is_allowed_in_a_definition():
    thing = object()
    source = SourceAsset("a", metadata={"thing": thing, "rows": 3})
    assert source.metadata["thing"].value == str(thing)
    assert source.metadata["rows"].value == 3
    assert source.raw_metadata["thing"] is thing


def test_an_io_manager_definition_is_kept_under_a_key_of_its_own():
    definition = ResourceDefinition.none_resource()
    own = SourceAsset(["a", "b"], io_manager_def=definition)  # type: ignore[arg-type]
    assert own.io_manager_key == "a__b__io_manager"
    assert own.resource_defs == {"a__b__io_manager": definition}
    named = SourceAsset("a", io_manager_key="lake", io_manager_def=definition)  # type: ignore[arg-type]
    assert named.resource_defs == {"lake": definition}


def test_two_io_managers_under_one_key_are_refused():
    with pytest.raises(InvalidDefinitionError, match="different definitions for the key 'lake'"):
        SourceAsset(
            "a",
            io_manager_key="lake",
            io_manager_def=ResourceDefinition.none_resource(),  # type: ignore[arg-type]
            resource_defs={"lake": ResourceDefinition.none_resource()},
        )


def test_a_copy_has_another_group():
    source = SourceAsset("a")
    copy = source.with_attributes(group_name="g")
    assert (copy.group_name, source.group_name, copy.key) == ("g", "default", source.key)
    with pytest.raises(InvalidDefinitionError, match="A group name has already been provided to source asset a"):
        copy.with_attributes(group_name="g")


def test_a_source_knows_where_it_is_written():
    assert SourceAsset("a").location.file.endswith("test_source_asset.py")


def test_wrong_arguments_are_refused():
    with pytest.raises(InvalidDefinitionError, match="not a valid group name"):
        SourceAsset("a", group_name="two words")
    with pytest.raises(ParameterCheckError):
        SourceAsset(3)  # type: ignore[arg-type]


def test_a_source_travels():
    copy = cloudpickle.loads(cloudpickle.dumps(SourceAsset("a", metadata={"rows": 3}, group_name="g")))
    assert (copy.key, copy.metadata["rows"].value, copy.group_name) == (AssetKey("a"), 3, "g")
