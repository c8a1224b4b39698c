"""Automation conditions: when assets are asked for, by what was made since they were looked at last."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from assetflow import (
    AssetCheckResult,
    AssetKey,
    AssetMaterialization,
    AssetOut,
    AssetsDefinition,
    AssetSpec,
    AutomationCondition,
    AutomationConditionSensorDefinition,
    DagsterInstance,
    DailyPartitionsDefinition,
    DataVersion,
    Definitions,
    DynamicPartitionsDefinition,
    EvaluateAutomationConditionsResult,
    FreshnessPolicy,
    HourlyPartitionsDefinition,
    InvalidDefinitionError,
    MultiPartitionsDefinition,
    Output,
    ParameterCheckError,
    PartitionKeyRange,
    StaticPartitionsDefinition,
    asset,
    asset_check,
    build_sensor_context,
    evaluate_automation_conditions,
    load_assets_from_modules,
    materialize,
    multi_asset,
    observable_source_asset,
    observe,
)
from tests.samples import bakery

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as opened:
        yield opened


class Looking:
    """Evaluates again and again, and makes what is asked for if it is told to."""

    def __init__(self, assets: Sequence[Any], instance: DagsterInstance) -> None:
        self.assets = list(assets)
        self.instance = instance
        self.cursor: str | None = None
        self.now = NOON
        self.last: EvaluateAutomationConditionsResult | None = None

    def look(self, later: timedelta = timedelta(minutes=1), at: datetime | None = None) -> dict[str, set[str | None]]:
        self.now = at or self.now + later
        self.last = evaluate_automation_conditions(
            Definitions(self.assets), self.instance, evaluation_time=self.now, cursor=self.cursor
        )
        self.cursor = self.last.cursor
        return {key.to_user_string(): set(found) for key, found in self.last.requested.items()}

    def make(self, selection: str, **arguments: Any) -> None:
        assets = [one for one in self.assets if not hasattr(one, "check_fn")]
        materialize(assets, selection=selection, instance=self.instance, raise_on_error=False, **arguments)


def pair(condition: AutomationCondition, **more: Any) -> list[AssetsDefinition]:
    @asset
    def wheat() -> int:
        return 1

    @asset(automation_condition=condition, **more)
    def flour(wheat: int) -> int:
        return wheat

    return [wheat, flour]


def test_an_eager_asset_is_asked_for_when_something_it_needs_was_made(instance: DagsterInstance) -> None:
    at = Looking(pair(AutomationCondition.eager()), instance)
    assert at.look() == {}, "what is missing at first is left as it is"
    at.make("wheat")
    assert at.look() == {"flour": {None}}
    assert at.look() == {}, "it was asked for"
    at.make("flour")
    assert at.look() == {}, "it was made"
    at.make("wheat")
    assert at.look() == {"flour": {None}}


def test_what_was_made_together_with_what_it_needs_is_not_asked_for(instance: DagsterInstance) -> None:
    at = Looking(pair(AutomationCondition.eager()), instance)
    at.look()
    at.make("*")
    assert at.look() == {}


def test_what_it_needs_was_made_after_it_had_begun_is_asked_for(instance: DagsterInstance) -> None:
    at = Looking(pair(AutomationCondition.eager()), instance)
    at.make("*")
    at.look()
    at.make("flour")
    at.make("wheat")
    assert at.look() == {"flour": {None}}, "it was made of the wheat before, although both are new"
    at.make("wheat")
    at.make("flour")
    assert at.look() == {}


def test_a_chain_of_eager_assets_is_asked_for_together(instance: DagsterInstance) -> None:
    @asset
    def wheat() -> int:
        return 1

    @asset(automation_condition=AutomationCondition.eager())
    def flour(wheat: int) -> int:
        return wheat

    @asset(automation_condition=AutomationCondition.eager())
    def bread(flour: int) -> int:
        return flour

    at = Looking([wheat, flour, bread], instance)
    at.look()
    at.make("wheat")
    assert at.look() == {"flour": {None}, "bread": {None}}
    at.make("flour,bread")
    assert at.look() == {}


def test_an_eager_asset_waits_for_what_is_missing(instance: DagsterInstance) -> None:
    @asset
    def wheat() -> int:
        return 1

    @asset
    def water() -> int:
        return 1

    @asset(automation_condition=AutomationCondition.eager())
    def dough(wheat: int, water: int) -> int:
        return wheat + water

    at = Looking([wheat, water, dough], instance)
    at.look()
    at.make("wheat")
    assert at.look() == {}
    at.make("water")
    assert at.look() == {"dough": {None}}


def test_what_is_missing_in_a_new_partition_is_asked_for(instance: DagsterInstance) -> None:
    mills = DynamicPartitionsDefinition(name="mills")

    @asset(partitions_def=mills, automation_condition=AutomationCondition.on_missing())
    def flour() -> int:
        return 1

    instance.add_dynamic_partitions("mills", ["north"])
    at = Looking([flour], instance)
    assert at.look() == {}
    instance.add_dynamic_partitions("mills", ["south", "west"])
    assert at.look() == {"flour": {"south", "west"}}
    assert at.look() == {}


def test_of_windows_of_time_the_latest_is_looked_at(instance: DagsterInstance) -> None:
    days = DailyPartitionsDefinition("2026-05-01")

    @asset(partitions_def=days)
    def wheat() -> int:
        return 1

    @asset(partitions_def=days, automation_condition=AutomationCondition.eager())
    def flour(wheat: int) -> int:
        return wheat

    at = Looking([wheat, flour], instance)
    at.look()
    at.make("wheat", partitions=[PartitionKeyRange("2026-05-01", "2026-05-03")])
    assert at.look() == {"flour": {"2026-05-03"}}
    assert at.look(at=NOON + timedelta(days=1)) == {}, "its wheat is missing"
    at.make("wheat", partition_key="2026-05-02")
    assert at.look() == {}


def test_a_lookback_has_more_of_them_looked_at(instance: DagsterInstance) -> None:
    days = DailyPartitionsDefinition("2026-05-01")
    week = AutomationCondition.in_latest_time_window(timedelta(days=2)) & AutomationCondition.missing()

    @asset(partitions_def=days, automation_condition=week)
    def flour() -> int:
        return 1

    at = Looking([flour], instance)
    assert at.look() == {"flour": {"2026-05-02", "2026-05-03"}}


def test_in_several_dimensions_the_latest_window_of_each_other_key_is_looked_at(instance: DagsterInstance) -> None:
    both = MultiPartitionsDefinition(
        {"day": DailyPartitionsDefinition("2026-05-01"), "mill": StaticPartitionsDefinition(["north", "south"])}
    )

    @asset(
        partitions_def=both,
        automation_condition=AutomationCondition.in_latest_time_window() & AutomationCondition.missing(),
    )
    def flour() -> int:
        return 1

    assert Looking([flour], instance).look() == {"flour": {"2026-05-03|north", "2026-05-03|south"}}


def test_a_day_is_asked_for_when_one_of_its_hours_was_made(instance: DagsterInstance) -> None:
    @asset(partitions_def=HourlyPartitionsDefinition("2026-05-03-00:00"))
    def wheat() -> int:
        return 1

    @asset(
        partitions_def=DailyPartitionsDefinition("2026-05-03"),
        automation_condition=AutomationCondition.any_deps_updated(),
    )
    def flour(wheat: Any) -> int:
        return 1

    at = Looking([wheat, flour], instance)
    at.look()
    at.make("wheat", partition_key="2026-05-03-07:00")
    assert at.look() == {"flour": {"2026-05-03"}}
    at.make("wheat", partition_key="2026-05-04-07:00")
    assert at.look() == {}, "that day is not over"


def test_on_cron_waits_for_all_that_it_needs_since_the_fire_time(instance: DagsterInstance) -> None:
    @asset
    def wheat() -> int:
        return 1

    @asset
    def water() -> int:
        return 1

    @asset(automation_condition=AutomationCondition.on_cron("0 13 * * *", "Europe/Berlin"))
    def dough(wheat: int, water: int) -> int:
        return wheat + water

    at = Looking([wheat, water, dough], instance)
    at.make("wheat,water")
    now = datetime.now(UTC)
    fires = now.replace(hour=11 if now.astimezone(ZoneInfo("Europe/Berlin")).dst() else 12, minute=0, second=0)
    fires += timedelta(days=1)
    at.look(at=now)
    assert at.look(at=fires - timedelta(minutes=1)) == {}
    at.make("wheat")
    assert at.look(at=fires) == {}, "the wheat was made before the fire time"
    at.make("wheat")
    assert at.look() == {}
    at.make("water")
    assert at.look() == {"dough": {None}}
    at.make("wheat,water")
    assert at.look() == {}, "once for each fire time"


def test_a_condition_is_asked_anew_when_it_was_changed(instance: DagsterInstance) -> None:
    at = Looking(pair(AutomationCondition.initial_evaluation()), instance)
    assert at.look() == {"flour": {None}}
    assert at.look() == {}
    at.assets = pair(AutomationCondition.initial_evaluation() & ~AutomationCondition.in_progress())
    assert at.look() == {"flour": {None}}


def test_failed_tries_and_their_mending_are_seen(instance: DagsterInstance) -> None:
    fails = [True]

    @asset(automation_condition=AutomationCondition.execution_failed())
    def flour() -> int:
        if fails[0]:
            raise ValueError("the mill stands still")
        return 1

    at = Looking([flour], instance)
    assert at.look() == {}
    at.make("flour")
    assert at.look() == {"flour": {None}}
    assert at.look() == {"flour": {None}}, "it still holds"
    fails[0] = False
    at.make("flour")
    assert at.look() == {}


def test_new_code_and_new_data_are_seen(instance: DagsterInstance) -> None:
    def made(code: str, data: str) -> list[AssetsDefinition]:
        changed = AutomationCondition.any_deps_match(AutomationCondition.data_version_changed())

        @asset(code_version=code)
        def wheat() -> Output[int]:
            return Output(1, data_version=DataVersion(data))

        @asset(automation_condition=changed | AutomationCondition.code_version_changed(), code_version=code)
        def flour(wheat: int) -> int:
            return wheat

        return [wheat, flour]

    at = Looking(made("1", "a"), instance)
    at.make("*")
    assert at.look() == {}
    at.make("wheat")
    assert at.look() == {}, "it is the same data"
    at.assets = made("1", "b")
    at.make("wheat")
    assert at.look() == {"flour": {None}}
    at.assets = made("2", "b")
    assert at.look() == {"flour": {None}}
    assert at.look() == {}


def test_a_source_that_was_seen_to_hold_other_data_counts_as_updated(instance: DagsterInstance) -> None:
    version = ["1"]

    @observable_source_asset
    def field() -> DataVersion:
        return DataVersion(version[0])

    @asset(deps=[field], automation_condition=AutomationCondition.eager())
    def wheat() -> int:
        return 1

    at = Looking([field, wheat], instance)
    observe([field], instance=instance)
    at.look()
    observe([field], instance=instance)
    assert at.look() == {}
    version[0] = "2"
    observe([field], instance=instance)
    assert at.look() == {"wheat": {None}}


def test_checks_can_be_asked_about(instance: DagsterInstance) -> None:
    good = [False]
    passed = AutomationCondition.all_deps_match(
        AutomationCondition.all_checks_match(AutomationCondition.check_passed())
    )

    @asset
    def wheat() -> int:
        return 1

    @asset_check(asset=wheat)
    def is_dry() -> AssetCheckResult:
        return AssetCheckResult(passed=good[0])

    @asset(automation_condition=AutomationCondition.any_deps_updated() & passed)
    def flour(wheat: int) -> int:
        return wheat

    @asset(
        automation_condition=AutomationCondition.any_deps_match(
            AutomationCondition.any_checks_match(AutomationCondition.check_failed())
        )
    )
    def alarm(wheat: int) -> int:
        return wheat

    at = Looking([wheat, is_dry, flour, alarm], instance)
    at.look()
    at.make("wheat")
    assert at.look() == {"alarm": {None}}
    good[0] = True
    at.make("wheat")
    assert at.look() == {"flour": {None}}


def test_a_check_is_only_asked_about_where_checks_are(instance: DagsterInstance) -> None:
    at = Looking(pair(AutomationCondition.check_passed()), instance)
    with pytest.raises(InvalidDefinitionError, match=r"check_passed cannot be looked at of flour"):
        at.look()


def test_dependencies_are_allowed_and_ignored(instance: DagsterInstance) -> None:
    @asset
    def wheat() -> int:
        return 1

    @asset
    def water() -> int:
        return 1

    eager = AutomationCondition.eager()

    @asset(automation_condition=eager.ignore("water"))
    def dough(wheat: int, water: int) -> int:
        return 1

    @asset(automation_condition=eager.allow(["water"]))
    def soup(wheat: int, water: int) -> int:
        return 1

    at = Looking([wheat, water, dough, soup], instance)
    at.make("wheat,water")
    at.look()
    at.make("water")
    assert at.look() == {"soup": {None}}
    at.make("wheat")
    assert at.look() == {"dough": {None}}


def test_freshness_can_be_asked_about(instance: DagsterInstance) -> None:
    at = Looking(
        pair(AutomationCondition.freshness_failed(), freshness_policy=FreshnessPolicy(maximum_lag_minutes=60)), instance
    )
    at.make("*")
    made = datetime.now(UTC)
    assert at.look(at=made) == {}
    assert at.look(at=made + timedelta(minutes=61)) == {"flour": {None}}


def test_what_is_made_of_an_asset_can_lend_it_its_conditions(instance: DagsterInstance) -> None:
    @asset(automation_condition=AutomationCondition.any_downstream_conditions())
    def wheat() -> int:
        return 1

    @asset(automation_condition=AutomationCondition.cron_tick_passed("0 * * * *"))
    def flour(wheat: int) -> int:
        return wheat

    at = Looking([wheat, flour], instance)
    assert at.look() == {}
    assert at.look(timedelta(hours=1)) == {"wheat": {None}, "flour": {None}}


def test_another_asset_can_be_asked_about(instance: DagsterInstance) -> None:
    @asset
    def weather() -> int:
        return 1

    condition = AutomationCondition.asset_matches("weather", AutomationCondition.newly_updated())
    at = Looking([weather, *pair(condition)], instance)
    at.look()
    at.make("weather")
    assert at.look() == {"flour": {None}}
    at.assets = pair(AutomationCondition.asset_matches("wheatt", AutomationCondition.missing()))
    with pytest.raises(InvalidDefinitionError, match=r"looks at wheatt, which is not defined") as raised:
        at.look()
    assert "did you mean wheat?" in str(raised.value)


def test_a_run_with_certain_tags_can_be_asked_about(instance: DagsterInstance) -> None:
    condition = AutomationCondition.any_deps_match(AutomationCondition.executed_with_tags({"who": "farmer"}))
    at = Looking(pair(condition), instance)
    at.look()
    at.make("wheat", tags={"who": "fox"})
    assert at.look() == {}
    at.make("wheat", tags={"who": "farmer"})
    assert at.look() == {"flour": {None}}


def test_assets_of_one_function_are_asked_for_together(instance: DagsterInstance) -> None:
    @asset
    def wheat() -> int:
        return 1

    @multi_asset(outs={"bran": AssetOut(automation_condition=AutomationCondition.eager()), "flour": AssetOut()})
    def mill(wheat: int) -> tuple[int, int]:
        return 1, 2

    at = Looking([wheat, mill], instance)
    at.look()
    at.make("wheat")
    assert at.look() == {"bran": {None}, "flour": {None}}


def test_conditions_are_told_and_changed_by_their_names() -> None:
    eager = AutomationCondition.eager()
    assert str(eager) == "eager"
    assert "any_deps_missing" not in str(eager.without(~AutomationCondition.any_deps_missing()).with_label(None))
    changed = eager.replace("newly_missing", AutomationCondition.code_version_changed())
    assert "code_version_changed" in changed.signature()
    assert "newly true" not in changed.signature()
    assert eager == AutomationCondition.eager()
    assert eager != changed
    limited = AutomationCondition.any_deps_match(AutomationCondition.missing()).ignore("a, b/c").allow("group:raw")
    assert str(limited) == "any dependency (only group:raw, not a b/c)[missing]"
    with pytest.raises(InvalidDefinitionError, match="has no condition missing to leave out"):
        eager.without("missing")


def test_what_is_no_condition_is_refused_where_it_stands() -> None:
    with pytest.raises(InvalidDefinitionError, match=r"Found invalid cron schedule 'noon' for an AutomationCondition"):
        AutomationCondition.on_cron("noon")
    with pytest.raises(InvalidDefinitionError, match=r"Invalid execution timezone 'Berlin'"):
        AutomationCondition.on_cron("0 12 * * *", "Berlin")
    with pytest.raises(ParameterCheckError, match=r"all of takes an AutomationCondition, not True"):
        AutomationCondition.eager() & True  # type: ignore[operator]
    with pytest.raises(ParameterCheckError, match="lookback_delta is a timedelta"):
        AutomationCondition.in_latest_time_window(2)  # type: ignore[arg-type]
    with pytest.raises(Exception, match=r"automation_condition is an AutomationCondition, such as"):
        asset(name="x", automation_condition="eager")(lambda: 1)  # type: ignore[call-overload]


def test_a_condition_can_be_said_of_specs_and_of_all_that_is_loaded() -> None:
    eager = AutomationCondition.eager()
    assert AssetSpec("a", automation_condition=eager).replace_attributes(description="x").automation_condition == eager
    loaded = load_assets_from_modules([bakery], automation_condition=eager)
    assets = [one for one in loaded if isinstance(one, AssetsDefinition)]
    assert assets
    assert all(one.automation_conditions_by_key[key] == eager for one in assets for key in one.keys)


def test_the_sensor_asks_for_one_run_of_everything(instance: DagsterInstance) -> None:
    days = StaticPartitionsDefinition(["a", "b", "c"])

    @asset(partitions_def=days)
    def wheat() -> int:
        return 1

    @asset(partitions_def=days, automation_condition=AutomationCondition.eager())
    def flour(wheat: int) -> int:
        return wheat

    @asset(automation_condition=AutomationCondition.eager())
    def bread(flour: dict[str, int]) -> int:
        return len(flour)

    definitions = Definitions([wheat, flour, bread])
    (sensor,) = definitions.sensors
    assert sensor.name == "default_automation_condition_sensor"
    first = sensor.evaluate_tick(build_sensor_context(instance, repository_def=definitions))
    assert first.skip_message == "The conditions of 2 assets were looked at for the first time, and ask for nothing"
    materialize([wheat], partitions=["a", "b"], instance=instance)
    second = sensor.evaluate_tick(build_sensor_context(instance, first.cursor, repository_def=definitions))
    (request,) = second.run_requests
    assert request.asset_selection == [AssetKey("flour")]
    assert request.asset_partitions == {AssetKey("flour"): [("a", "b")]}
    materialize([wheat], partitions=["c"], instance=instance)
    materialize([wheat, flour], selection="flour", partitions=["a", "b"], instance=instance)
    third = sensor.evaluate_tick(build_sensor_context(instance, second.cursor, repository_def=definitions))
    (request,) = third.run_requests
    assert request.asset_selection == [AssetKey("flour"), AssetKey("bread")]
    assert request.asset_partitions == {AssetKey("flour"): [("c", "c")]}
    told = {decision.asset_key: decision.requested for decision in third.decisions}
    assert told == {AssetKey("flour"): 1, AssetKey("bread"): 1}
    fourth = sensor.evaluate_tick(build_sensor_context(instance, third.cursor, repository_def=definitions))
    assert not fourth.run_requests


def test_a_sensor_of_its_own_looks_at_what_it_is_given(instance: DagsterInstance) -> None:
    @asset(automation_condition=AutomationCondition.initial_evaluation())
    def wheat() -> int:
        return 1

    @asset
    def flour(wheat: int) -> int:
        return wheat

    own = AutomationConditionSensorDefinition(
        "own", "flour", default_condition=AutomationCondition.initial_evaluation(), run_tags={"by": "own"}
    )
    definitions = Definitions([wheat, flour], sensors=[own])
    assert [one.name for one in definitions.sensors] == ["own", "default_automation_condition_sensor"]
    asked = {
        one.name: one.evaluate_tick(build_sensor_context(instance, repository_def=definitions)).run_requests
        for one in definitions.sensors
    }
    assert [(request.asset_selection, request.tags) for request in asked["own"]] == [
        ([AssetKey("flour")], {"by": "own"})
    ]
    assert [one.asset_selection for one in asked["default_automation_condition_sensor"]] == [[AssetKey("wheat")]]
    everything = Definitions([wheat], sensors=[AutomationConditionSensorDefinition("everything")])
    assert [one.name for one in everything.sensors] == ["everything"]
    assert len(Definitions.merge(Definitions([wheat]), Definitions([flour])).sensors) == 1


def test_a_decision_tells_what_held(instance: DagsterInstance) -> None:
    at = Looking(pair(AutomationCondition.eager()), instance)
    at.look()
    at.make("wheat")
    at.look()
    assert at.last is not None
    tree = at.last.decisions[AssetKey("flour")]
    assert (tree.label, tree.held, tree.held_count, tree.candidate_count) == ("eager", [("", "")], 1, 1)
    (since,) = [part for part in tree.parts if part.name == "since"]
    (updated,) = [part for part in since.parts[0].parts if part.label == "any_deps_updated"]
    assert [(part.of, part.held_count) for part in updated.parts] == [("wheat", 1)]


def test_what_others_tell_of_an_asset_counts_as_an_update(instance: DagsterInstance) -> None:
    @asset(deps=[AssetSpec("rye")], automation_condition=AutomationCondition.eager())
    def schnapps() -> int:
        return 1

    at = Looking([AssetSpec("rye"), schnapps], instance)
    at.look()
    instance.report_runless_asset_event(AssetMaterialization("rye", metadata={"sacks": 3}, partition=None))
    made = instance.get_latest_materialization_event("rye")
    assert made is not None
    assert made.asset_materialization is not None
    assert at.look() == {"schnapps": {None}}
    assert at.look() == {}
    with pytest.raises(ParameterCheckError, match="takes an AssetMaterialization"):
        instance.report_runless_asset_event("rye")  # type: ignore[arg-type]


def test_a_hundred_thousand_partitions_are_looked_at_in_a_second(instance: DagsterInstance) -> None:
    keys = StaticPartitionsDefinition([f"k{number:06}" for number in range(100_000)])

    @asset(partitions_def=keys)
    def wheat() -> int:
        return 1

    @asset(partitions_def=keys, automation_condition=AutomationCondition.eager())
    def flour(wheat: int) -> int:
        return wheat

    at = Looking([wheat, flour], instance)
    assert at.look() == {}
    at.make("wheat", partitions=["k000007", "k000008"])
    begun = time.process_time()
    assert at.look() == {"flour": {"k000007", "k000008"}}
    assert time.process_time() - begun < 2.0
    assert at.cursor is not None
    assert len(at.cursor) < 2_000
