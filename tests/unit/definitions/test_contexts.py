"""What user code is told while it runs, and contexts made by hand."""

from __future__ import annotations

import pytest

from assetflow import (
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    InvalidInvocationError,
    InvalidMetadata,
    InvariantViolationError,
    ResourceDefinition,
    UnknownResourceError,
    asset,
    build_input_context,
    build_op_context,
    build_output_context,
    resource,
)
from assetflow.definitions.context import OpExecutionContext
from assetflow.definitions.visible_resources import Resources
from assetflow.keys import Version
from assetflow.testing.resources import build_init_resource_context, build_resources


@asset(key_prefix="a")
def made(context, up):
    return up


def context_of_a_run(**more):
    resources = Resources({"api": 1, "hidden": 2}, frozenset({"api", "absent"}), "made")
    return OpExecutionContext(
        run_id="r", op_def=made.op, assets_def=made, resources=resources, log=None, run_tags={"k": "v"}, **more
    )


class Told:
    """A resource that tells when it is opened and closed."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def definition(self) -> ResourceDefinition:
        @resource
        def opened():
            self.lines.append("opened")
            yield "db"
            self.lines.append("closed")

        return opened


def test_in_a_run_only_declared_resources_are_visible():
    resources = context_of_a_run().resources
    assert resources.api == 1
    assert list(resources) == ["api"]
    with pytest.raises(UnknownResourceError, match=r"Unknown resource `hidden`\. Specify `hidden` as a required"):
        _ = resources.hidden
    with pytest.raises(UnknownResourceError):
        _ = resources.absent


def test_the_context_knows_keys_and_tags():
    context = context_of_a_run(retry_number=2)
    assert context.asset_key == context.asset_key_for_output() == AssetKey(["a", "made"])
    assert context.asset_key_for_input("up") == AssetKey("up")
    assert context.selected_output_names == {"result"}
    assert context.selected_asset_keys == {AssetKey(["a", "made"])}
    assert (context.has_tag("k"), context.has_tag("x")) == (True, False)
    assert (context.get_tag("k"), context.get_tag("x")) == ("v", None)
    assert context.retry_number == 2
    assert context.op_config is None
    for ask in (context.asset_key_for_output, context.asset_key_for_input):
        with pytest.raises(InvariantViolationError, match='"nothing"'):
            ask("nothing")


def test_output_metadata_is_added_once():
    context = context_of_a_run()
    context.add_output_metadata({"rows": 3})
    assert context.get_output_metadata("result")["rows"].value == 3
    with pytest.raises(InvariantViolationError, match="attempted to log metadata for output 'result' more than once"):
        context.add_output_metadata({"other": 3})


def test_output_metadata_belongs_to_an_output_that_is_there():
    context = context_of_a_run()
    with pytest.raises(InvariantViolationError, match='no output "other"; there are: result'):
        context.add_output_metadata({"rows": 3}, output_name="other")
    with pytest.raises(InvalidMetadata):
        context.add_output_metadata({"rows": object()})


def test_events_are_taken_once():
    context = context_of_a_run()
    context.log_event(AssetMaterialization("a"))
    context.log_event(AssetObservation("b"))
    assert context.take_events() == [AssetMaterialization("a"), AssetObservation("b")]
    assert context.take_events() == []
    with pytest.raises(InvariantViolationError, match="log_event takes"):
        context.log_event("text")  # type: ignore[arg-type]


def test_config_is_given_under_one_of_its_two_names():
    assert build_op_context(config=1).op_config == build_op_context(op_config=1).op_config == 1
    with pytest.raises(InvalidInvocationError, match="config"):
        build_op_context(config=1, op_config=1)


def test_resources_are_values_or_definitions():
    @resource(config_schema={"n": int}, required_resource_keys={"plain"})
    def counted(init):
        return init.resources.plain + init.resource_config["n"]

    context = build_op_context(
        resources={"plain": 1, "counted": counted}, resources_config={"counted": {"config": {"n": 2}}}
    )
    assert context.resources.plain == 1
    assert context.resources.counted == 3


def test_resources_that_yield_are_open_inside_the_block_only():
    told = Told()
    context = build_op_context(resources={"db": told.definition(), "plain": 1})
    for _ in range(2):
        with pytest.raises(InvariantViolationError, match="not open here: db"):
            _ = context.resources.db
        assert told.lines == []
        with context as same:
            assert same is context
            assert context.resources.db == "db"
            assert context.resources.plain == 1
            assert told.lines == ["opened"]
        assert told.lines == ["opened", "closed"]
        told.lines.clear()


def test_the_block_closes_resources_after_an_error():
    told = Told()
    with pytest.raises(ZeroDivisionError):
        with build_op_context(resources={"db": told.definition()}):
            raise ZeroDivisionError
    assert told.lines == ["opened", "closed"]


def test_calling_an_asset_outside_the_block_is_refused():
    with pytest.raises(InvariantViolationError, match="not open here"):
        made(build_op_context(resources={"db": Told().definition()}), 1)


def test_build_resources_opens_for_a_block():
    told = Told()
    with build_resources({"db": told.definition(), "plain": 1}) as resources:
        assert (resources.db, resources.plain) == ("db", 1)
        assert told.lines == ["opened"]
    assert told.lines == ["opened", "closed"]


def test_a_resource_function_is_tested_with_its_own_context():
    context = build_init_resource_context(config={"n": 1}, resources={"other": 2})
    assert (context.resource_config, context.resources.other, context.run_id) == ({"n": 1}, 2, "EPHEMERAL")


def test_a_context_made_by_hand_belongs_to_no_asset():
    with pytest.raises(InvariantViolationError, match="belongs to no asset"):
        _ = build_op_context().asset_key


def test_an_output_context_tells_what_it_was_given():
    version = Version(1, 2)
    context = build_output_context(
        asset_key=["a", "b"], step_key="s", run_id="r", metadata={"m": 1}, dagster_type=int, version=version,
        resources={"lake": 5}, op_def=made.op, config={"c": 1}, resource_config={"d": 1},
    )  # fmt: skip
    assert context.has_asset_key
    assert context.get_asset_identifier() == ["a", "b"]
    assert context.get_identifier() == ["r", "s", "result"]
    assert context.metadata == {"m": 1}
    assert context.dagster_type.typing_type is context.annotation is int
    assert context.version == version
    assert context.resources.lake == 5
    assert context.op_def is made.op
    assert (context.config, context.resource_config) == ({"c": 1}, {"d": 1})
    context.add_output_metadata({"rows": 1})
    context.add_output_metadata({"bytes": 2})
    assert {label: item.value for label, item in context.collected_metadata.items()} == {"rows": 1, "bytes": 2}


def test_a_text_is_one_segment_for_a_context_too():
    assert build_output_context(asset_key="a/b").asset_key.path == ["a/b"]
    assert build_input_context(asset_key="a/b").asset_key.path == ["a/b"]


@pytest.mark.parametrize("name", ["asset_key", "op_def"])
def test_what_an_output_context_was_not_given_is_refused(name):
    context = build_output_context()
    assert not context.has_asset_key
    with pytest.raises(InvariantViolationError, match=f"Attempting to access {name}"):
        getattr(context, name)


def test_an_input_context_tells_what_it_was_given():
    stored = build_output_context(asset_key="up", step_key="s", metadata={"stored": 1})
    context = build_input_context(
        name="arg", asset_key="up", metadata={"m": 1}, upstream_output=stored, dagster_type=int, resources={"lake": 5}
    )
    assert context.name == "arg"
    assert context.get_asset_identifier() == ["up"]
    assert context.get_identifier() == ["EPHEMERAL", "s", "result"]
    assert context.metadata == {"m": 1}
    assert context.upstream_output is stored
    assert context.dagster_type.typing_type is int
    assert context.resources.lake == 5
    context.add_input_metadata({"rows": 1})
    assert context.collected_metadata["rows"].value == 1


def test_a_type_that_is_not_given_says_nothing():
    assert build_input_context().annotation is made.op.outs["result"].annotation
    assert build_output_context().annotation is made.op.outs["result"].annotation


def test_io_managers_are_never_given_closed_resources():
    context = build_output_context(resources={"db": Told().definition()})
    with pytest.raises(InvariantViolationError, match="not open here: db"):
        _ = context.resources.db
