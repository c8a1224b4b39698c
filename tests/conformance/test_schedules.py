"""Schedules: what they are made of, and what a tick asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from assetflow import (
    CatchUpPolicy,
    CheckError,
    DagsterInstance,
    DailyPartitionsDefinition,
    DefaultScheduleStatus,
    Definitions,
    HourlyPartitionsDefinition,
    InvalidDefinitionError,
    InvalidInvocationError,
    InvariantViolationError,
    MonthlyPartitionsDefinition,
    MultiPartitionsDefinition,
    ParameterCheckError,
    PartitionedConfig,
    RunConfig,
    RunRequest,
    ScheduleDefinition,
    SkipReason,
    StaticPartitionsDefinition,
    WeeklyPartitionsDefinition,
    asset,
    build_schedule_context,
    build_schedule_from_partitioned_job,
    daily_partitioned_config,
    define_asset_job,
    dynamic_partitioned_config,
    hourly_partitioned_config,
    monthly_partitioned_config,
    repository,
    schedule,
    sensor,
    static_partitioned_config,
    weekly_partitioned_config,
)
from assetflow.errors import UnknownPartitionError


@asset
def wheat():
    return 1


job = define_asset_job("harvest", "wheat")
NOON = datetime(2024, 5, 6, 12, tzinfo=UTC)


def tick(of, at=NOON):
    return of.evaluate_tick(build_schedule_context(scheduled_execution_time=at))


def only(of, at=NOON):
    data = tick(of, at)
    assert data.skip_message is None
    (request,) = data.run_requests
    return request


def test_a_schedule_has_the_name_of_its_job_unless_it_has_one():
    assert ScheduleDefinition(cron_schedule="@daily", job=job).name == "harvest_schedule"
    assert ScheduleDefinition(cron_schedule="@daily", job_name="other").name == "other_schedule"
    assert ScheduleDefinition("mine", cron_schedule="@daily", job=job).name == "mine"


def test_a_schedule_is_stopped_until_somebody_starts_it():
    assert ScheduleDefinition(cron_schedule="@daily", job=job).default_status is DefaultScheduleStatus.STOPPED


@pytest.mark.parametrize(
    "cron", ["", "* * * *", "* * * * * *", "61 * * * *", "@never", None, 5, [], ["@daily", "nonsense"], "0 0 31 2 1-"]
)
def test_what_is_no_cron_expression_is_refused(cron):
    with pytest.raises(InvalidDefinitionError, match="Found invalid cron schedule"):
        ScheduleDefinition(cron_schedule=cron, job=job)


def test_an_unknown_time_zone_is_refused():
    with pytest.raises(InvalidDefinitionError, match="Invalid execution timezone"):
        ScheduleDefinition(cron_schedule="@daily", job=job, execution_timezone="Europe/Atlantis")


@pytest.mark.parametrize("arguments", [{}, {"job": job, "job_name": "harvest"}, {"job": "harvest"}, {"job_name": 5}])
def test_a_schedule_has_one_job(arguments):
    with pytest.raises(CheckError):
        ScheduleDefinition(cron_schedule="@daily", **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"execution_fn": lambda context: None, "run_config": {"ops": {}}}, "both execution_fn and individual"),
        ({"run_config_fn": lambda context: {}, "run_config": {"ops": {}}}, "both run_config_fn and run_config"),
        ({"tags_fn": lambda context: {}, "tags": {"a": "b"}}, "both tags_fn and tags"),
    ],
)
def test_arguments_that_exclude_each_other_are_refused(arguments, message):
    with pytest.raises(InvalidDefinitionError, match=f"Attempted to provide {message}"):
        ScheduleDefinition(cron_schedule="@daily", job=job, **arguments)


@pytest.mark.parametrize(
    "arguments",
    [{"description": 5}, {"environment_vars": {"a": 1}}, {"default_status": "RUNNING"}, {"catch_up": 1}],
)
def test_arguments_of_another_type_are_refused(arguments):
    with pytest.raises(ParameterCheckError):
        ScheduleDefinition(cron_schedule="@daily", job=job, **arguments)


def test_a_plain_schedule_asks_for_one_run_with_its_config_and_tags():
    plain = ScheduleDefinition(cron_schedule="@daily", job=job, run_config={"ops": {"x": {}}}, tags={"a": "b"})
    assert only(plain) == RunRequest(run_config={"ops": {"x": {}}}, tags={"a": "b"})


def test_config_and_tags_can_come_from_the_fire_time():
    told = ScheduleDefinition(
        cron_schedule="@daily",
        job=job,
        run_config_fn=lambda context: {"resources": {"day": context.scheduled_execution_time.day}},
        tags_fn=lambda context: {"year": context.scheduled_execution_time.strftime("%Y")},
    )
    assert only(told) == RunRequest(run_config={"resources": {"day": 6}}, tags={"year": "2024"})


def test_a_run_config_object_is_as_good_as_a_dict():
    @schedule("@daily", job=job)
    def nightly():
        return RunConfig(resources={"x": {"config": 1}})

    assert only(nightly).run_config == RunConfig(resources={"x": {"config": 1}}).to_config_dict()


@pytest.mark.parametrize("way", ["definition", "decorator"])
def test_should_execute_skips_a_tick_and_says_so(way):
    def never(context):
        return False

    if way == "definition":
        made = ScheduleDefinition("x", cron_schedule="@daily", job=job, should_execute=never)
    else:
        made = schedule("@daily", job=job, name="x", should_execute=never)(dict)
    data = tick(made)
    assert (list(data.run_requests), data.skip_message) == ([], "should_execute function for x returned false.")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"ops": {}}, [RunRequest(run_config={"ops": {}}, tags={"from": "tags"})]),
        (RunRequest(run_key="k"), [RunRequest(run_key="k")]),
        ([RunRequest(run_key="k")], [RunRequest(run_key="k")]),
        ([RunRequest("k"), RunRequest("l")], [RunRequest("k"), RunRequest("l")]),
    ],
)
def test_what_a_schedule_returns_becomes_requests(answer, expected):
    @schedule("@daily", job=job, tags={"from": "tags"})
    def nightly(context):
        return answer

    assert list(tick(nightly).run_requests) == expected


def test_a_schedule_can_yield():
    @schedule("@daily", job=job)
    def nightly(context):
        yield RunRequest("a")
        yield RunRequest("b")

    assert [request.run_key for request in tick(nightly).run_requests] == ["a", "b"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (SkipReason("no data"), "no data"),
        (SkipReason(), None),
        (None, "Schedule function returned an empty result"),
        ([], "Schedule function returned an empty result"),
    ],
)
def test_a_schedule_can_skip(answer, message):
    made = schedule("@daily", job=job, name="x")(lambda: answer)
    data = tick(made)
    assert (list(data.run_requests), data.skip_message) == ([], message)


def test_several_requests_need_a_run_key_each():
    made = schedule("@daily", job=job, name="x")(lambda: [RunRequest("a"), RunRequest()])
    with pytest.raises(
        CheckError, match="Schedules that return multiple RunRequests must specify a run_key in each RunRequest"
    ):
        tick(made)


@pytest.mark.parametrize("answer", [5, "text", [RunRequest("a"), 5], [RunRequest("a"), SkipReason("b")]])
def test_other_answers_are_refused(answer):
    made = schedule("@daily", job=job, name="x")(lambda: answer)
    with pytest.raises(CheckError):
        tick(made)


def test_calling_a_schedule_returns_what_its_function_returned():
    @schedule("@daily", job=job)
    def with_context(context):
        return {"at": context.scheduled_execution_time.hour}

    @schedule("@daily", job=job)
    def without():
        return "anything"

    assert with_context(build_schedule_context(scheduled_execution_time=NOON)) == {"at": 12}
    assert with_context(context=build_schedule_context(scheduled_execution_time=NOON)) == {"at": 12}
    assert without() == "anything"


def test_calling_a_schedule_in_other_ways_is_refused():
    takes = schedule("@daily", job=job, name="x")(lambda context: {})
    bare = schedule("@daily", job=job, name="x")(dict)
    with pytest.raises(InvalidInvocationError, match="has context argument, but no context argument was provided"):
        takes()
    with pytest.raises(InvalidInvocationError, match="received multiple arguments"):
        takes(1, 2)
    with pytest.raises(InvalidInvocationError, match="expected argument 'context'"):
        takes(other=1)
    with pytest.raises(InvalidInvocationError, match="takes no arguments, but arguments were provided"):
        bare(1)
    with pytest.raises(
        InvalidInvocationError, match="only supported for schedules created via the schedule decorators"
    ):
        ScheduleDefinition(cron_schedule="@daily", job=job)(build_schedule_context())


def test_a_context_has_a_history_only_if_it_is_given_one():
    with pytest.raises(InvariantViolationError, match="no instance reference was provided"):
        build_schedule_context().instance  # noqa: B018
    with DagsterInstance.ephemeral() as instance:
        assert build_schedule_context(instance).instance is instance
    assert abs(build_schedule_context().scheduled_execution_time - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_schedule_fires_in_its_zone_when_one_of_its_expressions_does():
    both = ScheduleDefinition(cron_schedule=["30 2 * * *", "@monthly"], job=job, execution_timezone="Europe/Berlin")
    berlin = ZoneInfo("Europe/Berlin")
    times = both.fire_times(datetime(2024, 3, 29, 12, tzinfo=UTC))
    assert [next(times) for _ in range(4)] == [
        datetime(2024, 3, 30, 2, 30, tzinfo=berlin),
        datetime(2024, 3, 31, 3, 0, tzinfo=berlin),  # half past two is left out that night
        datetime(2024, 4, 1, 0, 0, tzinfo=berlin),
        datetime(2024, 4, 1, 2, 30, tzinfo=berlin),
    ]


def test_what_becomes_of_missed_ticks_is_said_in_words():
    policies = (CatchUpPolicy.none(), CatchUpPolicy.latest(), CatchUpPolicy.last(5), CatchUpPolicy.all())
    assert [policy.missed_ticks for policy in policies] == [0, 1, 5, None]
    assert ScheduleDefinition(cron_schedule="@daily", job=job).catch_up == CatchUpPolicy.latest()
    with pytest.raises(ParameterCheckError):
        CatchUpPolicy.last(-1)


# --- in definitions --------------------------------------------------------------------------------


def test_definitions_know_their_schedules_and_the_jobs_of_these():
    nightly = ScheduleDefinition(cron_schedule="@daily", job=job)
    defs = Definitions([wheat], schedules=[nightly])
    assert defs.schedules == (nightly,)
    assert defs.get_schedule_def("harvest_schedule") is nightly
    assert defs.get_job("harvest").selection == "wheat"
    with pytest.raises(InvariantViolationError, match='Could not find schedule "nope"'):
        defs.get_schedule_def("nope")


def test_a_schedule_of_a_job_that_is_not_there_is_refused():
    defs = Definitions([wheat], schedules=[ScheduleDefinition(cron_schedule="@daily", job_name="nope")])
    with pytest.raises(InvalidDefinitionError, match='targets job "nope"'):
        defs.check()


def test_two_things_of_one_name_are_refused():
    one = ScheduleDefinition("x", cron_schedule="@daily", job=job)
    other = ScheduleDefinition("x", cron_schedule="@hourly", job=job)
    watching = sensor(job=job, name="x")(lambda: None)
    for schedules, sensors in (([one, other], []), ([one], [watching])):
        with pytest.raises(InvalidDefinitionError, match="Duplicate definition found for x"):
            Definitions([wheat], schedules=schedules, sensors=sensors)
    assert len(Definitions([wheat], schedules=[one, one]).schedules) == 1
    clash = ScheduleDefinition(cron_schedule="@daily", job=define_asset_job("harvest", "other"))
    with pytest.raises(InvalidDefinitionError, match="Duplicate job name: harvest"):
        Definitions([wheat], jobs=[job], schedules=[clash])


def test_a_repository_holds_schedules_and_sensors_in_lists_within_lists():
    nightly = ScheduleDefinition(cron_schedule="@daily", job=job)
    watching = sensor(job=job, name="watching")(lambda: None)

    @repository
    def repo():
        return [wheat, [job, [nightly]], [[watching]]]

    assert (repo.schedule_defs, repo.sensor_defs) == ((nightly,), (watching,))
    assert repo.has_job("harvest")


def test_merged_definitions_have_the_schedules_of_all():
    nightly = ScheduleDefinition(cron_schedule="@daily", job=job)
    watching = sensor(job=job, name="watching")(lambda: None)
    merged = Definitions.merge(Definitions([wheat], schedules=[nightly]), Definitions(sensors=[watching], jobs=[job]))
    assert (merged.schedules, merged.sensors) == ((nightly,), (watching,))


# --- partitions ------------------------------------------------------------------------------------

DAYS = DailyPartitionsDefinition("2024-05-01")


def parted(partitions_def, name="parted"):
    return define_asset_job(name, partitions_def=partitions_def)


@pytest.mark.parametrize(
    ("partitions_def", "offsets", "cron", "zone"),
    [
        (DAYS, {}, "0 0 * * *", "UTC"),
        (
            DailyPartitionsDefinition("2024-05-01", hour_offset=4, timezone="Europe/Berlin"),
            {},
            "0 4 * * *",
            "Europe/Berlin",
        ),
        (DAYS, {"hour_of_day": 6, "minute_of_hour": 30}, "30 6 * * *", "UTC"),
        (HourlyPartitionsDefinition("2024-05-01-00:00"), {"minute_of_hour": 5}, "5 * * * *", "UTC"),
        (WeeklyPartitionsDefinition("2024-05-01"), {"day_of_week": 2}, "0 0 * * 2", "UTC"),
        (MonthlyPartitionsDefinition("2024-05-01"), {"day_of_month": 3, "hour_of_day": 1}, "0 1 3 * *", "UTC"),
    ],
)
def test_a_schedule_of_a_partitioned_job_fires_when_a_window_has_ended(partitions_def, offsets, cron, zone):
    made = build_schedule_from_partitioned_job(parted(partitions_def), **offsets)
    assert (made.name, made.cron_schedule, str(made.zone)) == ("parted_schedule", cron, zone)


def test_it_asks_for_the_latest_partition_that_is_complete():
    made = build_schedule_from_partitioned_job(parted(DAYS), tags={"own": "tag"})
    request = only(made, datetime(2024, 5, 6, tzinfo=UTC))
    assert (request.partition_key, request.run_key) == ("2024-05-05", "2024-05-05")
    assert request.tags == {"assetflow/partition": "2024-05-05", "own": "tag"}
    assert "no partitions" in tick(made, datetime(2024, 5, 1, tzinfo=UTC)).skip_message


def test_it_asks_for_each_key_of_another_dimension():
    both = MultiPartitionsDefinition({"day": DAYS, "farm": StaticPartitionsDefinition(["hill", "dale"])})
    made = build_schedule_from_partitioned_job(parted(both))
    requests = tick(made, datetime(2024, 5, 6, tzinfo=UTC)).run_requests
    assert [request.partition_key for request in requests] == ["2024-05-05|hill", "2024-05-05|dale"]


def test_it_asks_for_all_partitions_that_are_no_time():
    farms = parted(StaticPartitionsDefinition(["hill", "dale"]))
    made = build_schedule_from_partitioned_job(farms, cron_schedule="@weekly")
    assert [request.partition_key for request in tick(made).run_requests] == ["hill", "dale"]
    with pytest.raises(CheckError, match="no windows of time"):
        build_schedule_from_partitioned_job(farms)


@pytest.mark.parametrize(
    ("partitions_def", "offsets"),
    [
        (HourlyPartitionsDefinition("2024-05-01-00:00"), {"hour_of_day": 1}),
        (DAYS, {"day_of_week": 1}),
        (WeeklyPartitionsDefinition("2024-05-01"), {"day_of_month": 1}),
    ],
)
def test_an_offset_that_does_not_go_with_the_windows_is_refused(partitions_def, offsets):
    with pytest.raises(InvalidDefinitionError, match="Cannot set"):
        build_schedule_from_partitioned_job(parted(partitions_def), **offsets)


def test_a_job_without_partitions_has_no_such_schedule():
    with pytest.raises(CheckError, match="has no partitions"):
        build_schedule_from_partitioned_job(job)


@asset(partitions_def=DAYS)
def daily():
    return 1


@asset(partitions_def=StaticPartitionsDefinition(["hill", "dale"]))
def by_farm():
    return 1


def test_a_job_asks_for_a_partition():
    request = parted(DAYS).run_request_for_partition("2024-05-02", run_key="k", tags={"a": "b"})
    assert (request.partition_key, request.job_name, request.run_key) == ("2024-05-02", "parted", "k")
    assert request.tags == {"assetflow/partition": "2024-05-02", "a": "b"}
    defs = Definitions([daily], jobs=[define_asset_job("days", "daily")])
    assert defs.get_job("days").partitions_def == DAYS
    assert defs.get_job("days").run_request_for_partition("2024-05-02").partition_key == "2024-05-02"
    with pytest.raises(UnknownPartitionError, match="Could not find a partition with key `1999-01-02`"):
        parted(DAYS).run_request_for_partition("1999-01-02")
    with pytest.raises(CheckError, match="non-partitioned job"):
        job.run_request_for_partition("2024-05-02")


@pytest.mark.parametrize(
    ("assets", "made"),
    [
        ([daily, by_farm], define_asset_job("mixed")),
        ([daily], define_asset_job("mixed", partitions_def=HourlyPartitionsDefinition("2024-05-01-00:00"))),
    ],
)
def test_a_job_of_assets_that_are_divided_in_different_ways_is_refused(assets, made):
    with pytest.raises(
        InvalidDefinitionError,
        match="When an assets job contains multiple partitions assets, they must have the same partitions definitions",
    ):
        Definitions(assets, jobs=[made]).check()


def test_there_is_a_job_for_each_way_in_which_assets_are_divided():
    @repository
    def repo():
        return [wheat, daily, by_farm]

    assert repo.get_implicit_asset_job_names() == ["__ASSET_JOB_0", "__ASSET_JOB_1"]
    found = {repo.get_job(name).partitions_def: repo.get_job(name) for name in repo.get_implicit_asset_job_names()}
    assert found.keys() == {DAYS, by_farm.partitions_def}
    assert set(found[DAYS].selection) == {wheat, daily}
    assert repo.has_job("__ASSET_JOB_1") and not repo.has_job("__ASSET_JOB_2")


def test_a_repository_without_partitions_has_one_job_of_its_own():
    @repository
    def repo():
        return [wheat]

    assert repo.get_implicit_asset_job_names() == ["__ASSET_JOB"]


def test_partitioned_config_is_made_of_the_window():
    @daily_partitioned_config("2024-05-01", timezone="Europe/Berlin")
    def config(start, end):
        return {"resources": {"from": {"config": start.isoformat()}, "to": {"config": end.isoformat()}}}

    assert isinstance(config, PartitionedConfig)
    found = config.get_run_config_for_partition_key("2024-05-02")
    assert found["resources"]["from"]["config"] == "2024-05-02T00:00:00+02:00"
    assert config(NOON, NOON)["resources"]["to"]["config"] == "2024-05-06T12:00:00+00:00"
    assert config.get_partition_keys(datetime(2024, 5, 3, tzinfo=UTC)) == ["2024-05-01", "2024-05-02"]
    assert define_asset_job("j", config=config).partitions_def == config.partitions_def
    with pytest.raises(InvalidDefinitionError, match="other partitions than its config"):
        define_asset_job("j", config=config, partitions_def=DAYS)
    with pytest.raises(UnknownPartitionError):
        config.get_run_config_for_partition_key("1999-01-02")


@pytest.mark.parametrize(
    ("make", "keys"),
    [
        (hourly_partitioned_config("2024-05-01-00:00"), ["2024-05-01-00:00", "2024-05-01-01:00"]),
        (weekly_partitioned_config("2024-05-01"), ["2024-05-05", "2024-05-12"]),
        (monthly_partitioned_config("2024-05-01"), ["2024-05-01", "2024-06-01"]),
    ],
)
def test_there_is_such_config_for_each_usual_window(make, keys):
    found = make(lambda start, end: {})
    assert found.get_partition_keys(datetime(2024, 8, 1, tzinfo=UTC))[:2] == keys


def test_there_is_such_config_for_keys_that_are_listed():
    fixed = static_partitioned_config(["a", "b"])(lambda key: {"resources": {key: {}}})
    assert fixed.get_run_config_for_partition_key("b") == {"resources": {"b": {}}}
    listed = dynamic_partitioned_config(lambda now: ["x"])(lambda key: {"resources": {key: {}}})
    assert listed.get_run_config_for_partition_key("x") == {"resources": {"x": {}}}


def test_a_run_of_a_partition_has_the_config_of_that_partition(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    @asset(partitions_def=DAYS, config_schema={"day": str})
    def reads(context):
        return context.op_config["day"]

    @daily_partitioned_config("2024-05-01")
    def config(start, end):
        return {"ops": {"reads": {"config": {"day": f"{start:%A}"}}}}

    defs = Definitions([reads], jobs=[define_asset_job("j", config=config)])
    result = defs.get_job("j").execute_in_process(partition_key="2024-05-02")
    assert result.output_for_node("reads") == "Thursday"


@pytest.mark.parametrize(
    "arguments",
    [
        {"run_key": 5},
        {"run_config": 5},
        {"job_name": 5},
        {"asset_selection": "a"},
        {"stale_assets_only": 1},
        {"partition_key": 1},
    ],
)
def test_a_run_request_of_other_types_is_refused(arguments):
    with pytest.raises(ParameterCheckError):
        RunRequest(**arguments)


def test_a_run_request_shows_what_it_asks_for():
    assert repr(RunRequest("k", tags={"a": 1})) == "RunRequest(run_key='k', tags={'a': '1'})"
