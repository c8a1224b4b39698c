"""What a run in this process tells afterwards."""

import pytest

from assetflow import (
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    CheckError,
    Definitions,
    EventType,
    ExpectationResult,
    InMemoryIOManager,
    InvalidDefinitionError,
    InvariantViolationError,
    Output,
    RetryPolicy,
    asset,
    define_asset_job,
    materialize,
    materialize_to_memory,
)


def types(events):
    return [event.event_type_value for event in events]


@asset
def up():
    return 1


@asset
def told(context, up):
    context.log_event(AssetObservation("elsewhere", metadata={"seen": 1}, partition="p"))
    yield AssetMaterialization("by_hand", description="made it", tags={"a": "b"})
    yield ExpectationResult(success=False, label="small", description="too large", metadata={"n": 3})
    yield Output(up + 1, metadata={"rows": 5})


@pytest.fixture(scope="module")
def result():
    return materialize_to_memory([up, told], tags={"k": "v"})


def test_the_order_of_events(result):
    assert types(result.events_for_node("told")) == [
        "STEP_START", "LOADED_INPUT", "STEP_INPUT", "ASSET_OBSERVATION", "ASSET_MATERIALIZATION",
        "STEP_EXPECTATION_RESULT", "STEP_OUTPUT", "ASSET_MATERIALIZATION", "HANDLED_OUTPUT", "STEP_SUCCESS",
    ]  # fmt: skip
    assert types(result.all_events)[0] == "RUN_START"
    assert types(result.all_events)[-1] == "RUN_SUCCESS"


def test_events_of_steps_and_of_the_run(result):
    assert {event.step_key for event in result.all_node_events} == {"up", "told"}
    assert len(result.all_node_events) == len(result.all_events) - 2
    assert result.get_job_success_event().is_job_success
    with pytest.raises(InvariantViolationError, match="has no event RUN_FAILURE"):
        result.get_job_failure_event()


def test_filtering(result):
    assert types(result.filter_events(lambda event: event.is_step_success)) == ["STEP_SUCCESS", "STEP_SUCCESS"]
    assert [event.asset_key for event in result.get_asset_materialization_events()] == [
        AssetKey("up"), AssetKey("by_hand"), AssetKey("told"),
    ]  # fmt: skip
    [seen] = result.get_asset_observation_events()
    assert seen.asset_key == AssetKey("elsewhere")
    assert seen.event_specific_data.partition == "p"


def test_materializations_and_observations_of_a_node(result):
    by_hand, own = result.asset_materializations_for_node("told")
    assert (by_hand.asset_key, by_hand.description, by_hand.tags) == (AssetKey("by_hand"), "made it", {"a": "b"})
    assert own.metadata["rows"].value == 5
    [seen] = result.asset_observations_for_node("told")
    assert seen.metadata["seen"].value == 1
    assert result.asset_observations_for_node("up") == []


def test_an_expectation_changes_nothing(result):
    [found] = result.filter_events(lambda event: event.event_type is EventType.STEP_EXPECTATION_RESULT)
    said = found.event_specific_data
    assert (said.success, said.label, said.description, said.metadata["n"].value) == (False, "small", "too large", 3)
    assert result.success


def test_values(result):
    assert result.output_for_node("told") == 2
    assert result.asset_value("told") == 2
    assert result.asset_value(AssetKey("up")) == 1


@pytest.mark.parametrize("asked", ["output_for_node", "events_for_node", "asset_materializations_for_node"])
def test_a_node_that_is_not_there(result, asked):
    with pytest.raises(CheckError, match="has no op named 'nope'; it has: up, told"):
        getattr(result, asked)("nope")


def test_an_output_and_an_asset_that_are_not_there(result):
    with pytest.raises(InvariantViolationError, match='op "told" has no output "other"; it has: result'):
        result.output_for_node("told", "other")
    with pytest.raises(InvariantViolationError, match="nope was not materialized in this run"):
        result.asset_value("nope")


def test_the_run(result):
    run = result.dagster_run
    assert (run.run_id, run.is_success, run.job_name) == (result.run_id, True, "__ASSET_JOB")
    assert run.tags["k"] == "v"


def test_the_run_of_a_job():
    @asset(config_schema={"n": int})
    def told_by_config(context):
        return context.op_config["n"]

    config = {"ops": {"told_by_config": {"config": {"n": 3}}}}
    defs = Definitions(
        assets=[told_by_config],
        resources={"io_manager": InMemoryIOManager()},
        jobs=[define_asset_job("j", config=config, tags={"t": "u"})],
    )
    run = defs.get_job("j").execute_in_process().dagster_run
    assert (run.job_name, run.run_config, run.tags) == ("j", config, {"t": "u"})


def test_a_run_that_fails():
    @asset(retry_policy=RetryPolicy(max_retries=2))
    def broken():
        raise ValueError("no")

    @asset
    def below(broken): ...

    @asset
    def other(): ...

    result = materialize_to_memory([broken, below, other], raise_on_error=False)
    assert not result.success
    assert types(result.events_for_node("broken")) == [
        "STEP_START", "STEP_UP_FOR_RETRY", "STEP_RESTARTED", "STEP_UP_FOR_RETRY", "STEP_RESTARTED", "STEP_FAILURE",
    ]  # fmt: skip
    assert result.retry_attempts_for_node("broken") == 2
    assert result.events_for_node("broken")[-1].message == "no"
    assert result.events_for_node("below") == []
    assert types(result.events_for_node("other"))[-1] == "STEP_SUCCESS"
    assert result.get_job_failure_event().is_job_failure
    assert result.dagster_run.is_success is False
    with pytest.raises(InvariantViolationError, match="has no event RUN_SUCCESS"):
        result.get_job_success_event()
    with pytest.raises(InvariantViolationError, match='op "broken" has no output "result" in this run: it failed'):
        result.output_for_node("broken")


def test_a_step_that_is_skipped():
    @asset(output_required=False)
    def perhaps():
        if False:
            yield Output(1)

    @asset
    def below(perhaps): ...

    result = materialize_to_memory([perhaps, below])
    assert types(result.events_for_node("perhaps")) == ["STEP_START", "STEP_SUCCESS"]
    assert types(result.events_for_node("below")) == ["STEP_SKIPPED"]
    assert result.get_asset_materialization_events() == []


def test_what_a_check_and_a_failing_io_manager_leave():
    class Broken(InMemoryIOManager):
        def handle_output(self, context, obj):
            raise OSError("the disk is full")

    result = materialize([up, told], resources={"io_manager": Broken()}, raise_on_error=False)
    assert types(result.events_for_node("up")) == ["STEP_START", "STEP_FAILURE"]
    assert result.get_asset_materialization_events() == []


@pytest.mark.parametrize("run", [materialize, materialize_to_memory])
def test_what_is_missing_can_be_given_to_what_was_called(run):
    @asset(required_resource_keys={"api"})
    def needs(): ...

    with pytest.raises(InvalidDefinitionError) as raised:
        run([needs])
    assert raised.value.fix == f"{run.__name__}(..., resources={{'api': ...}})"
