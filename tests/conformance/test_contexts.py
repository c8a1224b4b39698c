"""What the context of an asset answers, in runs and in direct calls."""

from __future__ import annotations

import pytest

from assetflow import (
    AssetMaterialization,
    InvalidDefinitionError,
    InvalidInvocationError,
    InvalidPropertyError,
    InvariantViolationError,
    asset,
    build_asset_context,
    build_op_context,
    materialize_to_memory,
    op,
)


def in_a_run(ask):
    @asset
    def asked(context):
        return ask(context)

    return materialize_to_memory([asked]).output_for_node("asked")


def test_a_context_knows_its_step_its_run_and_its_asset():
    found = in_a_run(lambda c: (c.step_key, c.job_name, c.dagster_run.run_id == c.run_id, c.has_assets_def))
    assert found == ("asked", "__ASSET_JOB", True, True)


def test_a_context_answers_that_there_is_nothing():
    assert in_a_run(lambda c: (c.get_mapping_key(), c.get_asset_provenance("asked"))) == (None, None)
    assert in_a_run(lambda c: (c.has_partition_key, c.has_partition_key_range)) == (False, False)


@pytest.mark.parametrize(
    "name",
    [
        "partition_key", "partition_keys", "partition_key_range", "partition_time_window", "asset_partition_key_range",
        "asset_partition_key_for_output", "asset_partition_key_for_input", "asset_partition_keys_for_output",
        "asset_partition_keys_for_input", "asset_partition_key_range_for_output",
        "asset_partitions_time_window_for_output", "asset_partitions_def_for_output", "asset_partitions_def_for_input",
    ],
)  # fmt: skip
def test_a_context_of_no_partition_says_so(name):
    with pytest.raises(InvariantViolationError, match=f"Cannot access {name} for a non-partitioned run"):
        in_a_run(lambda c: found("result") if callable(found := getattr(c, name)) else found)


def test_the_instance_of_a_context_adds_partitions_and_does_nothing_else():
    assert in_a_run(lambda c: c.instance.add_dynamic_partitions("customers", ["ann"])) is None
    assert in_a_run(lambda c: hasattr(c.instance, "get_run_by_id")) is False


def test_a_context_says_where_else_to_find_what_it_lacks():
    with pytest.raises(AttributeError, match=r"no attribute 'job_def': its name is context.job_name"):
        in_a_run(lambda c: c.job_def)
    with pytest.raises(AttributeError, match=r"no attribute 'nonsense'$"):
        in_a_run(lambda c: c.nonsense)
    assert in_a_run(lambda c: hasattr(c, "job_def")) is False


RUN_BOUND = ["run", "dagster_run", "step_key", "job_name", "job_def", "op_handle", "op", "pdb", "file_manager"]


@pytest.mark.parametrize("name", RUN_BOUND)
def test_what_belongs_to_a_run_is_refused_in_a_direct_call(name):
    @asset
    def asked(context):
        return getattr(context, name)

    message = f"The `{name}` property is not set on the context"
    with pytest.raises(InvalidPropertyError, match=message):
        asked(build_asset_context())
    with pytest.raises(InvalidPropertyError, match=message):
        getattr(build_op_context(), name)


def test_none_stands_for_an_empty_context():
    @asset
    def named(context, x):
        return (context.run_id, x)

    assert named(None, 1) == named(context=None, x=1) == ("EPHEMERAL", 1)
    with pytest.raises(InvalidInvocationError, match="no context was provided"):
        named(x=1)

    @asset(required_resource_keys={"r"})
    def needy(context):
        return 1

    with pytest.raises(InvalidDefinitionError, match="resource with key 'r'"):
        needy(None)


def test_a_context_that_is_given_twice_is_told_so():
    @asset
    def named(context, x):
        return x

    with pytest.raises(InvalidInvocationError, match="context of op 'named' is given twice"):
        named(build_op_context(), 1, context=build_op_context())


def test_the_context_of_an_op_that_yields_tells_what_it_was_told():
    @op
    def telling(context):
        context.add_output_metadata({"rows": 1})
        context.log_event(AssetMaterialization("elsewhere"))
        return 1

    context = build_op_context()
    telling(context)
    assert context.get_output_metadata("result")["rows"].value == 1
    assert [event.asset_key.path for event in context.get_events()] == [["elsewhere"]]


def test_a_missing_resource_says_where_to_give_it():
    @asset(required_resource_keys={"r"})
    def needy(context):
        return 1

    with pytest.raises(InvalidDefinitionError, match=r"materialize_to_memory\(..., resources=\{'r': ...\}\)"):
        materialize_to_memory([needy])


def test_a_step_may_load_the_value_of_another_asset():
    @asset(key_prefix="raw")
    def numbers():
        return [1, 2]

    @asset(deps=[numbers])
    def total(context):
        return sum(context.load_asset_value(["raw", "numbers"], python_type=list))

    assert materialize_to_memory([numbers, total]).asset_value("total") == 3

    @asset(deps=[numbers])
    def wrong(context):
        return context.load_asset_value("numbers")

    with pytest.raises(KeyError, match="there is no asset numbers"):
        materialize_to_memory([numbers, wrong])
    with pytest.raises(InvariantViolationError, match="loads in runs only"):
        total(build_op_context())
