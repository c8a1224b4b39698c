"""Sensors: what they are made of, what a tick asks for, and what they remember."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assetflow import (
    AssetKey,
    AssetOut,
    AssetSelection,
    CheckError,
    DagsterInstance,
    DagsterRunStatus,
    DefaultSensorStatus,
    Definitions,
    EventLogEntry,
    EventType,
    FreshnessPolicy,
    InvalidDefinitionError,
    InvalidInvocationError,
    InvariantViolationError,
    Output,
    ParameterCheckError,
    RunRequest,
    SensorDefinition,
    SensorResult,
    SkipReason,
    StaticPartitionsDefinition,
    asset,
    asset_sensor,
    build_asset_reconciliation_sensor,
    build_freshness_policy_sensor_context,
    build_multi_asset_sensor_context,
    build_run_status_sensor_context,
    build_sensor_context,
    define_asset_job,
    freshness_policy_sensor,
    materialize,
    multi_asset,
    multi_asset_sensor,
    repository,
    run_failure_sensor,
    run_status_sensor,
    sensor,
)


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as opened:
        yield opened


@asset
def wheat():
    return 1


@asset
def flour(wheat):
    return wheat


@asset(output_required=False)
def sometimes():
    yield from ()


job = define_asset_job("mill", "flour")
other = define_asset_job("harvest", "wheat")


def tick(of, **context):
    return of.evaluate_tick(build_sensor_context(**context))


# --- plain sensors ---------------------------------------------------------------------------------


def test_a_sensor_is_stopped_and_looks_every_thirty_seconds_unless_it_says_otherwise():
    @sensor(job=job)
    def watching(context):
        """Looks."""

    assert (watching.name, watching.description, watching.minimum_interval_seconds) == ("watching", "Looks.", 30)
    assert watching.default_status is DefaultSensorStatus.STOPPED
    assert watching.job_name == "mill"
    assert SensorDefinition(name="x", evaluation_fn=lambda: None, job_name="mill").job_name == "mill"


@pytest.mark.parametrize(
    ("answer", "keys"),
    [
        (RunRequest("a"), ["a"]),
        ([RunRequest("a"), RunRequest("b")], ["a", "b"]),
        (SensorResult([RunRequest("a")], cursor="7"), ["a"]),
    ],
)
def test_what_a_sensor_returns_becomes_requests(answer, keys):
    data = tick(sensor(job=job, name="x")(lambda context: answer))
    assert ([request.run_key for request in data.run_requests], data.skip_message) == (keys, None)


def test_a_sensor_can_yield():
    @sensor(job=job)
    def watching(context):
        yield RunRequest("a")
        yield RunRequest("b")

    assert [request.run_key for request in tick(watching).run_requests] == ["a", "b"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (SkipReason("nothing new"), "nothing new"),
        (SensorResult(skip_reason="nothing new"), "nothing new"),
        (SensorResult(skip_reason=SkipReason("nothing new")), "nothing new"),
        (None, "Sensor function returned an empty result"),
        ([], "Sensor function returned an empty result"),
        (SensorResult(), "Sensor function returned an empty result"),
    ],
)
def test_a_sensor_can_skip(answer, message):
    data = tick(sensor(job=job, name="x")(lambda: answer))
    assert (list(data.run_requests), data.skip_message, data.skip_reason) == ([], message, message)


@pytest.mark.parametrize("answer", [5, "text", {"ops": {}}, [RunRequest("a"), 5]])
def test_other_answers_are_refused(answer):
    with pytest.raises(Exception, match="Error in sensor x: Sensor unexpectedly returned output"):
        tick(sensor(job=job, name="x")(lambda: answer))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([RunRequest("a"), SkipReason("b")], "received both RunRequest and SkipReason"),
        ([SkipReason("a"), SkipReason("b")], "received multiple SkipReasons"),
        ([SensorResult(), RunRequest("a")], "it must be the only object returned"),
    ],
)
def test_answers_that_contradict_each_other_are_refused(answer, message):
    with pytest.raises(CheckError, match=message):
        tick(sensor(job=job, name="x")(lambda: answer))


def test_a_cursor_is_what_the_sensor_has_noted_down():
    @sensor(job=job)
    def counting(context):
        context.update_cursor(str(int(context.cursor or 0) + 1))

    assert tick(counting).cursor == "1"
    assert tick(counting, cursor="7").cursor == "8"
    assert tick(sensor(job=job, name="x")(lambda: None), cursor="7").cursor == "7"
    assert tick(sensor(job=job, name="x")(lambda: SensorResult(cursor="9")), cursor="7").cursor == "9"


def test_a_cursor_is_set_in_one_way():
    @sensor(job=job)
    def both(context):
        context.update_cursor("1")
        return SensorResult(cursor="2")

    with pytest.raises(InvariantViolationError, match=r"SensorResult\.cursor cannot be set"):
        tick(both)
    with pytest.raises(ParameterCheckError, match="a cursor is a str"):
        build_sensor_context().update_cursor(5)


def test_a_sensor_knows_what_it_did_last():
    context = build_sensor_context(last_run_key="k", last_completion_time=5.0)
    assert (context.last_run_key, context.last_completion_time) == ("k", 5.0)


def test_a_sensor_has_one_kind_of_target():
    with pytest.raises(InvalidDefinitionError, match="Attempted to provide more than one of"):
        sensor(job=job, jobs=[other], name="x")(lambda: None)
    with pytest.raises(InvalidDefinitionError, match="Attempted to provide more than one of"):
        sensor(job=job, asset_selection="wheat", name="x")(lambda: None)
    with pytest.raises(InvalidDefinitionError, match="Must provide evaluation_fn"):
        SensorDefinition(name="x", job=job)


def test_a_request_names_one_of_the_jobs():
    both = sensor(jobs=[job, other], name="x")(lambda: RunRequest("a"))
    with pytest.raises(Exception, match="did not specify job_name"):
        tick(both)
    named = sensor(jobs=[job, other], name="x")(lambda: RunRequest("a", job_name="harvest"))
    assert tick(named).run_requests[0].job_name == "harvest"
    with pytest.raises(Exception, match="with job_name nope"):
        tick(sensor(job=job, name="x")(lambda: RunRequest("a", job_name="nope")))
    with pytest.raises(Exception, match="lacking a specified target"):
        tick(sensor(name="x")(lambda: RunRequest("a")))


def test_a_sensor_can_run_assets_without_a_job():
    watching = sensor(asset_selection=AssetSelection.keys("wheat"), name="x")(lambda: RunRequest("a"))
    defs = Definitions([wheat, flour], sensors=[watching])
    assert watching.target_of(tick(watching).run_requests[0]) == "__sensor_x"
    assert defs.get_job("__sensor_x").execute_in_process().success


@pytest.mark.parametrize(
    "arguments",
    [
        {"description": 5},
        {"minimum_interval_seconds": -1},
        {"minimum_interval_seconds": 1.5},
        {"default_status": "RUNNING"},
    ],
)
def test_arguments_of_another_type_are_refused(arguments):
    with pytest.raises(ParameterCheckError):
        sensor(job=job, name="x", **arguments)(lambda: None)


def test_calling_a_sensor_returns_what_its_function_returned():
    assert sensor(job=job, name="x")(lambda: "anything")() == "anything"
    assert sensor(job=job, name="x")(lambda context: context.cursor)(build_sensor_context(cursor="c")) == "c"


def test_calling_a_sensor_in_other_ways_is_refused():
    takes = sensor(job=job, name="x")(lambda context: None)
    with pytest.raises(InvalidInvocationError, match="has context argument, but no context argument was provided"):
        takes()
    with pytest.raises(InvalidInvocationError, match="received multiple arguments"):
        takes(1, 2)
    with pytest.raises(InvalidInvocationError, match="takes no arguments"):
        sensor(job=job, name="x")(lambda: None)(1)
    with pytest.raises(InvalidInvocationError, match="parentheses"):
        sensor(lambda: None)


def test_a_context_has_the_name_of_the_repository():
    @repository
    def repo():
        return [wheat]

    assert build_sensor_context(repository_def=repo).repository_name == "repo"
    with pytest.raises(ParameterCheckError):
        build_sensor_context(repository_name="other", repository_def=repo)
    with pytest.raises(InvariantViolationError):
        build_sensor_context().instance  # noqa: B018


# --- one asset -------------------------------------------------------------------------------------


def test_an_asset_sensor_is_told_of_the_latest_new_materialization(instance):
    told = []

    @asset_sensor(AssetKey("wheat"), job=job)
    def on_wheat(context, asset_event: EventLogEntry):
        told.append(asset_event.run_id)
        return RunRequest(context.cursor)

    first = materialize([wheat], instance=instance)
    second = materialize([wheat], instance=instance)
    data = tick(on_wheat, instance=instance)
    assert first.run_id != second.run_id
    assert told == [second.run_id]
    assert len(data.run_requests) == 1
    again = tick(on_wheat, instance=instance, cursor=data.cursor)
    assert (list(again.run_requests), again.cursor) == ([], data.cursor)
    assert again.skip_message == "No new materialization events found for asset key AssetKey(['wheat'])"


def test_an_asset_sensor_that_returns_nothing_has_seen_the_event_all_the_same(instance):
    @asset_sensor("wheat", job=job)
    def on_wheat(context, asset_event):
        return None

    materialize([wheat], instance=instance)
    data = tick(on_wheat, instance=instance)
    assert data.skip_message == "Sensor function returned an empty result"
    assert int(data.cursor) > 0


def test_an_asset_that_was_skipped_calls_nothing(instance):
    @asset_sensor("sometimes", job=job)
    def on_it(context, asset_event):
        return RunRequest()

    assert materialize([sometimes], instance=instance).success
    assert "No new materialization events found" in tick(on_it, instance=instance).skip_message


def test_an_asset_sensor_is_called_with_an_event(instance):
    on_wheat = asset_sensor("wheat", job=job, name="x")(lambda context, event: event)
    assert on_wheat(build_sensor_context(), "an event") == "an event"
    with pytest.raises(InvalidDefinitionError, match="takes 1 arguments"):
        asset_sensor("wheat", job=job, name="x")(lambda context: None)


# --- several assets --------------------------------------------------------------------------------

BOTH = [AssetKey("wheat"), AssetKey("flour")]


def test_a_multi_asset_sensor_is_told_of_what_it_has_not_dealt_with(instance):
    @multi_asset_sensor(BOTH, job=other)
    def both(context):
        records = context.latest_materialization_records_by_key()
        if all(records.values()):
            context.advance_all_cursors()
            return RunRequest()

    materialize([wheat], instance=instance)
    data = tick(both, instance=instance)
    assert (list(data.run_requests), data.cursor) == ([], None)
    materialize([wheat, flour], instance=instance)
    data = tick(both, instance=instance, cursor=data.cursor)
    assert len(data.run_requests) == 1
    again = tick(both, instance=instance, cursor=data.cursor)
    assert list(again.run_requests) == []


def test_what_was_not_advanced_over_is_told_again(instance, caplog):
    @multi_asset_sensor(BOTH, job=other)
    def forgetful(context):
        found = context.latest_materialization_records_by_key([AssetKey("wheat")])
        return RunRequest() if found[AssetKey("wheat")] else None

    materialize([wheat], instance=instance)
    first = tick(forgetful, instance=instance)
    assert "has not advanced its cursor" in caplog.text
    assert len(tick(forgetful, instance=instance, cursor=first.cursor).run_requests) == 1


def test_a_context_of_several_assets_tells_of_them_one_by_one(instance):
    for _ in range(3):
        materialize([wheat], instance=instance)
    context = build_multi_asset_sensor_context(BOTH, instance=instance)
    records = context.materialization_records_for_key(AssetKey("wheat"))
    assert [record.storage_id for record in records] == sorted(record.storage_id for record in records)
    assert len(records) == 3
    assert len(context.materialization_records_for_key(AssetKey("wheat"), limit=2)) == 2
    context.advance_cursor({AssetKey("wheat"): records[1], AssetKey("flour"): None})
    later = build_multi_asset_sensor_context(BOTH, instance=instance, cursor=context.cursor)
    assert later.materialization_records_for_key(AssetKey("wheat")) == records[2:]
    with pytest.raises(InvalidInvocationError, match="not monitored"):
        context.materialization_records_for_key(AssetKey("bread"))
    seen = build_multi_asset_sensor_context(BOTH, instance=instance, cursor_from_latest_materializations=True)
    assert seen.materialization_records_for_key(AssetKey("wheat")) == []


FARMS = StaticPartitionsDefinition(["hill", "dale", "moor"])


@asset(partitions_def=FARMS)
def milk():
    return 1


@asset(partitions_def=FARMS)
def cheese(milk):
    return milk


def test_partitions_that_were_not_dealt_with_are_kept(instance):
    for farm in ("hill", "dale", "moor", "hill"):
        materialize([milk], instance=instance, partition_key=farm)
    defs = Definitions([milk, cheese])
    context = build_multi_asset_sensor_context([AssetKey("milk")], defs, instance)
    found = context.latest_materialization_records_by_partition(AssetKey("milk"))
    assert list(found) == ["dale", "moor", "hill"]
    context.advance_cursor({AssetKey("milk"): found["moor"]})
    later = build_multi_asset_sensor_context([AssetKey("milk")], defs, instance, context.cursor)
    assert later.get_cursor_partition(AssetKey("milk")) == "moor"
    left = later.latest_materialization_records_by_partition(AssetKey("milk"))
    assert list(left) == ["dale", "hill"]
    assert later.latest_materialization_records_by_partition_and_asset()["dale"].keys() == {AssetKey("milk")}
    later.advance_cursor({AssetKey("milk"): left["dale"]})
    last = build_multi_asset_sensor_context([AssetKey("milk")], defs, instance, later.cursor)
    assert list(last.latest_materialization_records_by_partition(AssetKey("milk"))) == ["hill"]
    assert last.all_partitions_materialized(AssetKey("milk"))
    assert last.get_downstream_partition_keys("dale", AssetKey("milk"), AssetKey("cheese")) == ["dale"]


def test_a_selection_is_looked_up_in_the_definitions(instance):
    defs = Definitions([wheat, flour])
    context = build_multi_asset_sensor_context(AssetSelection.keys("flour").upstream(), defs, instance)
    assert set(context.asset_keys) == set(BOTH)
    assert context.assets_defs_by_key == {AssetKey("wheat"): wheat, AssetKey("flour"): flour}
    with pytest.raises(InvalidInvocationError, match="has to know the definitions"):
        build_multi_asset_sensor_context(AssetSelection.all(), instance=instance)
    with pytest.raises(ParameterCheckError):
        multi_asset_sensor("wheat", job=job)


# --- runs ------------------------------------------------------------------------------------------


@asset
def broken():
    raise ValueError("no grain")


def test_a_run_status_sensor_is_called_for_each_run_after_its_first_look(instance):
    told = []

    @run_status_sensor(DagsterRunStatus.SUCCESS, request_job=job)
    def on_success(context):
        told.append((context.dagster_run.run_id, context.dagster_event.event_type))
        return RunRequest()

    materialize([wheat], instance=instance)
    first = tick(on_success, instance=instance)
    assert (told, list(first.run_requests)) == ([], [])
    runs = [materialize([wheat], instance=instance).run_id for _ in range(2)]
    materialize([broken], instance=instance, raise_on_error=False)
    data = tick(on_success, instance=instance, cursor=first.cursor)
    assert told == [(run_id, EventType.RUN_SUCCESS) for run_id in runs]
    assert len({request.run_key for request in data.run_requests}) == 2
    again = tick(on_success, instance=instance, cursor=data.cursor)
    assert again.skip_message == "No new run with status SUCCESS"


def test_a_run_failure_sensor_is_told_of_the_error(instance):
    told = []

    @run_failure_sensor
    def on_failure(context):
        told.append(context.failure_event.message)
        assert [event.step_key for event in context.get_step_failure_events()] == ["broken"]

    first = tick(on_failure, instance=instance)
    materialize([broken], instance=instance, raise_on_error=False)
    tick(on_failure, instance=instance, cursor=first.cursor)
    assert told == ["step broken: ValueError: no grain"]


def test_a_function_that_raises_for_one_run_goes_on_with_the_next(instance):
    told = []

    @run_status_sensor(DagsterRunStatus.SUCCESS)
    def fragile(context):
        told.append(context.dagster_run.run_id)
        raise RuntimeError("boom")

    first = tick(fragile, instance=instance)
    runs = [materialize([wheat], instance=instance).run_id for _ in range(2)]
    data = tick(fragile, instance=instance, cursor=first.cursor)
    assert told == runs
    assert [
        ("RuntimeError: boom" in error, run_id in error) for error, run_id in zip(data.errors, runs, strict=True)
    ] == [(True, True)] * 2
    tick(fragile, instance=instance, cursor=data.cursor)
    assert told == runs


def test_a_run_status_sensor_looks_at_the_jobs_it_is_given(instance):
    told = []
    defs = Definitions([wheat, flour], jobs=[job, other])

    @run_status_sensor(DagsterRunStatus.SUCCESS, monitored_jobs=[other])
    def on_harvest(context):
        told.append(context.dagster_run.job_name)

    first = tick(on_harvest, instance=instance)
    materialize([wheat], instance=instance)
    defs.get_job("harvest").execute_in_process(instance=instance)
    defs.get_job("mill").execute_in_process(instance=instance)
    tick(on_harvest, instance=instance, cursor=first.cursor)
    assert told == ["harvest"]


def test_started_runs_are_told_of_too(instance):
    told = []
    on_start = run_status_sensor(DagsterRunStatus.STARTED, name="x")(
        lambda context: told.append(context.dagster_run.run_id)
    )
    first = tick(on_start, instance=instance)
    run_id = materialize([wheat], instance=instance).run_id
    tick(on_start, instance=instance, cursor=first.cursor)
    assert told == [run_id]


def test_a_run_status_sensor_is_called_with_a_context_of_a_run(instance):
    run = instance.get_run_by_id(materialize([wheat], instance=instance).run_id)
    event = instance.all_logs(run.run_id, EventType.RUN_SUCCESS)[0]
    context = build_run_status_sensor_context("x", event, instance, run)
    of_run = run_status_sensor(DagsterRunStatus.SUCCESS, name="x")(lambda context: context.dagster_run.run_id)
    assert of_run(context) == run.run_id
    of_failure = run_failure_sensor(name="x")(lambda context: context.failure_event)
    assert of_failure(context) is event
    assert of_failure(context.for_run_failure()) is event
    with pytest.raises(InvalidInvocationError, match="no context argument was provided"):
        of_run()
    with pytest.raises(ParameterCheckError):
        build_run_status_sensor_context("x", event, instance)
    with pytest.raises(ParameterCheckError):
        run_status_sensor("SUCCESS", name="x")(lambda context: None)
    with pytest.raises(InvalidDefinitionError, match="give one of them"):
        run_status_sensor(DagsterRunStatus.SUCCESS, monitored_jobs=[job], job_selection=[job])


# --- freshness -------------------------------------------------------------------------------------

NOON = datetime(2024, 5, 6, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("policy", "age", "late"),
    [
        (FreshnessPolicy(maximum_lag_minutes=30), 20, 0.0),
        (FreshnessPolicy(maximum_lag_minutes=30), 45, 15.0),
        (FreshnessPolicy(maximum_lag_minutes=30, cron_schedule="0 9 * * *"), 45, 0.0),
        (FreshnessPolicy(maximum_lag_minutes=30, cron_schedule="0 9 * * *"), 240, 30.0),
        (
            FreshnessPolicy(maximum_lag_minutes=0, cron_schedule="0 13 * * *", cron_schedule_timezone="Europe/Berlin"),
            120,
            60.0,
        ),
    ],
)
def test_minutes_late_are_counted_from_the_data_to_the_moment_it_had_to_be_fresh(policy, age, late):
    assert policy.minutes_late(NOON - timedelta(minutes=age), NOON) == late
    assert policy.minutes_late(None, NOON) is None


def test_a_freshness_policy_that_cannot_be_is_refused():
    with pytest.raises(InvalidDefinitionError, match="Invalid cron schedule 'nope'"):
        FreshnessPolicy(maximum_lag_minutes=1, cron_schedule="nope")
    with pytest.raises(CheckError, match="cron_schedule_timezone without a cron_schedule"):
        FreshnessPolicy(maximum_lag_minutes=1, cron_schedule_timezone="UTC")
    with pytest.raises(ParameterCheckError):
        FreshnessPolicy(maximum_lag_minutes="1")
    with pytest.raises(CheckError, match="freshness_policy is a FreshnessPolicy"):
        asset(freshness_policy=5, name="x")(lambda: 1)


POLICY = FreshnessPolicy(maximum_lag_minutes=0)


def test_an_asset_says_how_fresh_it_is_to_be():
    @asset(freshness_policy=POLICY)
    def one():
        return 1

    @multi_asset(outs={"two": AssetOut(freshness_policy=POLICY), "three": AssetOut()})
    def several():
        yield Output(1, "two")
        yield Output(1, "three")

    assert one.freshness_policies_by_key == {AssetKey("one"): POLICY}
    assert several.freshness_policies_by_key == {AssetKey("two"): POLICY}
    assert one.get_asset_spec().freshness_policy is POLICY
    assert one.get_asset_spec().replace_attributes(freshness_policy=None).freshness_policy is None


def test_freshness_is_that_of_the_data_at_the_roots(instance):
    @asset(freshness_policy=POLICY)
    def bread(flour):
        return flour

    told = []

    @freshness_policy_sensor(asset_selection=AssetSelection.all())
    def on_late(context):
        told.append((context.asset_key, context.minutes_late, context.previous_minutes_late))

    defs = Definitions([wheat, flour, bread])
    first = tick(on_late, instance=instance, repository_def=defs)
    assert told == [(AssetKey("bread"), None, None)]
    assert "1 assets were looked at" in first.skip_message
    materialize([wheat, flour, bread], instance=instance)
    second = tick(on_late, instance=instance, repository_def=defs, cursor=first.cursor)
    made = instance.get_latest_materialization_event(AssetKey("wheat")).timestamp
    (_, late, before) = told[-1]
    assert before is None
    assert late == pytest.approx((datetime.now(UTC).timestamp() - made) / 60, abs=0.05)
    materialize([wheat, flour, bread], selection=["bread"], instance=instance)  # of the same old flour
    tick(on_late, instance=instance, repository_def=defs, cursor=second.cursor)
    assert told[-1][1] >= late
    assert told[-1][2] == late


def test_a_freshness_sensor_is_called_with_a_context_of_an_asset():
    late = freshness_policy_sensor(asset_selection=AssetSelection.all(), name="x")(lambda context: context.minutes_late)
    assert late(build_freshness_policy_sensor_context("x", "wheat", POLICY, 5.0, 4.0)) == 5.0
    with pytest.raises(InvalidInvocationError, match="has to know the definitions"):
        tick(late)


# --- reconciliation --------------------------------------------------------------------------------


def test_a_reconciliation_sensor_asks_for_what_is_missing_and_what_is_behind(instance):
    defs = Definitions([wheat, flour])
    keeping = build_asset_reconciliation_sensor(AssetSelection.all(), run_tags={"by": "it"})
    assert keeping.name == "asset_reconciliation_sensor"
    data = tick(keeping, instance=instance, repository_def=defs)
    (request,) = data.run_requests
    assert (request.asset_selection, request.tags) == (BOTH, {"by": "it"})
    waiting = tick(keeping, instance=instance, repository_def=defs, cursor=data.cursor)
    assert waiting.skip_message == "What is not up to date has been asked for already"
    materialize([wheat, flour], instance=instance)
    done = tick(keeping, instance=instance, repository_def=defs, cursor=waiting.cursor)
    assert done.skip_message == "Everything is made of the latest of what it needs"
    materialize([wheat], instance=instance)
    behind = tick(keeping, instance=instance, repository_def=defs, cursor=done.cursor)
    assert [request.asset_selection for request in behind.run_requests] == [[AssetKey("flour")]]
    assert behind.run_requests[0].run_key != request.run_key


def test_it_waits_for_what_is_not_selected_and_not_there(instance):
    defs = Definitions([wheat, flour])
    keeping = build_asset_reconciliation_sensor(AssetSelection.keys("flour"))
    assert list(tick(keeping, instance=instance, repository_def=defs).run_requests) == []
    materialize([wheat], instance=instance)
    asked = tick(keeping, instance=instance, repository_def=defs).run_requests
    assert [request.asset_selection for request in asked] == [[AssetKey("flour")]]


def test_reconciliation_looks_at_each_partition_by_itself(instance: DagsterInstance) -> None:
    mills = StaticPartitionsDefinition(["north", "south", "west"])
    data = {"north": 1, "south": 1, "west": 1}

    @asset(partitions_def=mills)
    def wheat(context) -> int:
        return data[context.partition_key]

    @asset(partitions_def=mills)
    def flour(wheat: int) -> int:
        return wheat

    definitions = Definitions([wheat, flour])
    keeps = build_asset_reconciliation_sensor(AssetSelection.keys("flour"))

    def look(cursor: str | None) -> tuple[list[tuple[str, str]], str | None]:
        context = build_sensor_context(instance, cursor, repository_def=Definitions([wheat, flour], sensors=[keeps]))
        found = keeps.evaluate_tick(context)
        asked = [ranges for request in found.run_requests for ranges in (request.asset_partitions or {}).values()]
        return [tuple(one) for ranges in asked for one in ranges], found.cursor

    asked, cursor = look(None)
    assert asked == [], "its wheat is missing"
    materialize([wheat], partitions=["north", "south"], instance=instance)
    asked, cursor = look(cursor)
    assert asked == [("north", "south")]
    assert look(cursor)[0] == [], "it was asked for"
    materialize([wheat, flour], partitions=["north", "south"], selection="flour", instance=instance)
    asked, cursor = look(cursor)
    assert asked == []
    data["south"] = 2
    materialize([wheat], partitions=["south", "west"], instance=instance)
    asked, cursor = look(cursor)
    assert asked == [("south", "west")]
    assert len(cursor or "") < 300
    both = build_asset_reconciliation_sensor(AssetSelection.all(), name="both")
    context = build_sensor_context(instance, repository_def=definitions)
    (request,) = both.evaluate_tick(context).run_requests
    assert request.asset_partitions == {AssetKey("flour"): [("south", "west")]}
