"""What every tick store does. SQLite and PostgreSQL pass the same suite."""

from __future__ import annotations

import threading

import pytest

from assetflow.clock import wait_until
from assetflow.definitions.checks import AssetCheckEvaluation
from assetflow.definitions.events import AssetMaterialization, AssetObservation
from assetflow.keys import AssetKey
from assetflow.runs.entries import DecisionEntry, PartitionEntry
from assetflow.runs.reported import entries_of, reported
from assetflow.runs.ticks import AskedRun, Missed, Tick, TickEffects, TickStatus, TickStore
from assetflow.stores.sql.history import SqlHistory


@pytest.fixture
def store(history: SqlHistory) -> TickStore:
    return history.ticks_of("default", "farm")


def begun(store: TickStore, at: float = 20.0, holder: str = "d1", name: str = "nightly") -> Tick:
    tick = store.begin(store.know(name, "schedule", 10.0), at, holder=holder, now=at + 1)
    assert tick is not None
    return tick


def test_a_schedule_is_known_from_when_it_is_seen_first(store: TickStore) -> None:
    first = store.know("nightly", "schedule", 10.0)
    assert (first.wanted, first.last_at, first.cursor, first.last_ended) == ("", 10.0, None, None)
    assert store.know("nightly", "schedule", 99.0) == first
    assert store.know("watching", "sensor", 10.0).last_at is None
    assert store.states().keys() == {"nightly", "watching"}


def test_a_fire_time_has_one_tick(store: TickStore) -> None:
    state = store.know("nightly", "schedule", 10.0)
    tick = store.begin(state, 20.0, holder="d1", now=21.0)
    assert tick is not None
    assert (tick.instigator, tick.at, tick.status, tick.started, tick.holder) == (
        "nightly", 20.0, TickStatus.STARTED, 21.0, "d1",
    )  # fmt: skip
    assert store.begin(state, 20.0, holder="d2", now=21.5) is None
    assert store.begin(state, 30.0, holder="d2", now=31.0) is None, "it has seen the schedule as it was before"
    assert store.begin(store.states()["nightly"], 30.0, holder="d2", now=31.0) is not None
    assert [found.at for found in store.ticks("nightly")] == [30.0, 20.0]


def test_of_daemons_that_begin_a_tick_at_once_one_does(history: SqlHistory, store: TickStore) -> None:
    state = store.know("nightly", "schedule", 10.0)
    found: list[Tick | None] = []
    ready = threading.Barrier(4)

    def begin(holder: str) -> None:
        ready.wait()
        found.append(history.ticks_of("default", "farm").begin(state, 20.0, holder=holder, now=21.0))

    threads = [threading.Thread(target=begin, args=(f"d{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(tick is not None for tick in found) == 1
    assert len(store.ticks()) == 1


def test_fire_times_that_are_not_made_up_for_are_recorded_as_skipped(store: TickStore) -> None:
    state = store.know("nightly", "schedule", 10.0)
    store.begin(state, 40.0, holder="d1", now=41.0, missed=[Missed(20.0, "late"), Missed(30.0, "late")])
    assert [(tick.at, tick.status, tick.reason) for tick in store.ticks()] == [
        (40.0, "started", None), (30.0, "skipped", "late"), (20.0, "skipped", "late"),
    ]  # fmt: skip
    assert store.pass_over(store.states()["nightly"], [Missed(50.0, "none are made up for")], now=51.0)
    assert not store.pass_over(state, [Missed(60.0, "none are made up for")], now=61.0)
    assert store.states()["nightly"].last_at == 50.0


def test_one_that_was_stopped_meanwhile_begins_nothing(store: TickStore) -> None:
    state = store.know("nightly", "schedule", 10.0)
    store.want("nightly", "schedule", "stopped")
    assert store.begin(state, 20.0, holder="d1", now=21.0) is None
    store.want("nightly", "schedule", "running", since=100.0)
    assert store.states()["nightly"].last_at == 100.0
    assert store.begin(store.states()["nightly"], 120.0, holder="d1", now=121.0) is not None


def test_what_a_tick_asks_for_is_kept_before_anything_is_done(store: TickStore) -> None:
    tick = begun(store)
    asked = [
        AskedRun(
            run_key="k", job_name="mill", run_config={"ops": {"x": {"config": 1}}}, tags={"a": "b"},
            asset_selection=[["a", "b"]], stale_only=True, partition_key="p",
        )
    ]  # fmt: skip
    assert store.note(tick, asked, cursor="c", reason=None)
    (found,) = store.open()
    assert (found.asked, found.cursor_after) == (asked, "c")
    assert not store.note(tick, [], cursor=None, reason=None), "it was asked once, and this is what counts"


def test_what_a_tick_brings_about_takes_effect_once_and_with_it(history: SqlHistory, store: TickStore) -> None:
    tick = begun(store, name="watching")
    event = reported(AssetMaterialization("rye", description="from elsewhere", metadata={"sacks": 3}))
    told = entries_of([event, event], teller=f"tick-{tick.id}", environment="", at=30.0)
    seen = entries_of([reported(AssetObservation("rye"))], teller=f"tick-{tick.id}", environment="", at=30.0)
    check = entries_of(
        [reported(AssetCheckEvaluation(asset_key=AssetKey("rye"), check_name="is_dry", passed=False))],
        teller=f"tick-{tick.id}",
        environment="",
        at=30.0,
    )
    effects = TickEffects(
        partitions=[PartitionEntry("mills", "north", 1.0), PartitionEntry("mills", "south", 2.0)],
        materializations=told.materializations,
        observations=seen.observations,
        checks=check.checks,
        decisions=[DecisionEntry('["flour"]', tick.id, "watching", 30.0, 1, "{}")],
    )
    assert store.note(tick, [], cursor="c", reason=None, effects=effects)
    assert not store.note(tick, [], cursor="c", reason=None, effects=effects)
    assert history.partitions.get_dynamic_partitions("mills") == ["north", "south"]
    (state,) = history.catalog.states([AssetKey("rye")])
    assert (state.environment, state.times, state.at) == ("default", 2, 30.0)
    assert len(history.catalog.observations(AssetKey("rye"))) == 1
    assert [one.entry.passed for one in history.catalog.checks(AssetKey("rye"), "is_dry")] == [False]
    assert store.decisions() == store.decisions('["flour"]') == list(effects.decisions)
    later = begun(store, at=40.0, name="others")
    store.note(
        later, [], cursor=None, reason=None, effects=TickEffects(partitions=[PartitionEntry("mills", "north", None)])
    )
    assert history.partitions.get_dynamic_partitions("mills") == ["south"]


def test_the_newest_decision_of_each_asset_is_kept_for_ever(history: SqlHistory, store: TickStore) -> None:
    for number, at in enumerate((20.0, 40.0, 60.0)):
        tick = begun(store, at=at, name=f"s{number}")
        entries = [DecisionEntry(asset, tick.id, "s", at, number, "{}") for asset in ('["a"]', '["b"]')]
        store.note(tick, [], cursor=None, reason=None, effects=TickEffects(decisions=entries))
    assert [(entry.asset, entry.at) for entry in store.decisions()] == [('["a"]', 60.0), ('["b"]', 60.0)]
    assert [entry.at for entry in store.decisions('["a"]', limit=9)] == [60.0, 40.0, 20.0]
    history.forget_ticks(ended_before=1e12, now=1e12)
    assert [entry.at for entry in store.decisions('["a"]', limit=9)] == [60.0]


def test_a_tick_that_was_left_is_taken_over_once(store: TickStore) -> None:
    tick = begun(store)
    assert store.take_over(tick, "d2")
    assert not store.take_over(tick, "d3")
    assert not store.note(tick, [], cursor=None, reason=None), "whoever has lost it changes nothing"
    assert not store.settle(tick, TickStatus.SUCCEEDED, at=22.0)
    (mine,) = store.open()
    assert mine.holder == "d2"
    assert store.settle(mine, TickStatus.SUCCEEDED, at=22.0)
    assert store.open() == []


def test_the_end_of_a_tick_notes_down_how_far_its_instigator_has_come(store: TickStore) -> None:
    tick = begun(store)
    assert store.settle(
        tick, TickStatus.SUCCEEDED, at=23.5, run_ids=["R1", "R2"], cursor="7", last_run_key="k", reason="why"
    )
    assert not store.settle(tick, TickStatus.FAILED, at=24.0)
    state = store.states()["nightly"]
    assert (state.cursor, state.last_run_key, state.last_ended) == ("7", "k", 23.5)
    (done,) = store.ticks()
    assert (done.status, done.run_ids, done.cursor_after, done.seconds, done.reason) == (
        "succeeded", ["R1", "R2"], "7", 2.5, "why",
    )  # fmt: skip
    second = begun(store, 30.0)
    assert second.cursor_before == "7"
    store.settle(second, TickStatus.FAILED, at=31.0, error="x" * 50_000 + "\0the end", cursor="7")
    error = store.ticks()[0].error
    assert error is not None
    assert len(error) == 20_000
    assert error.endswith("\N{REPLACEMENT CHARACTER}the end")
    assert store.states()["nightly"].last_run_key == "k"


def test_a_run_key_has_one_run_for_ever(store: TickStore) -> None:
    first = begun(store)
    assert store.reserve(first, "k", "R1") == ("R1", False, True)
    assert store.reserve(first, "k", "R2") == ("R1", False, True)
    store.launched(first, "k", 25.0)
    store.settle(first, TickStatus.SUCCEEDED, at=26.0)
    second = begun(store, 30.0)
    assert store.reserve(second, "k", "R3") == ("R1", True, False)
    assert store.reserve(begun(store, 20.0, name="other"), "k", "R4").run_id == "R4", "run keys are each one's own"


def test_ticks_are_listed_by_name_and_status(store: TickStore) -> None:
    for at in (20.0, 30.0, 40.0):
        store.settle(begun(store, at), TickStatus.SKIPPED if at == 30.0 else TickStatus.SUCCEEDED, at=at)
    store.settle(begun(store, 20.0, name="other"), TickStatus.FAILED, at=25.0)
    assert [tick.at for tick in store.ticks("nightly", limit=2)] == [40.0, 30.0]
    assert [tick.at for tick in store.ticks("nightly", before=store.ticks("nightly")[0].id)] == [30.0, 20.0]
    assert [tick.instigator for tick in store.ticks(statuses=["failed", "skipped"])] == ["other", "nightly"]


def test_environments_and_code_locations_are_apart(history: SqlHistory, store: TickStore) -> None:
    begun(store)
    for other in (history.ticks_of("staging", "farm"), history.ticks_of("default", "town")):
        assert (other.states(), other.open(), other.ticks()) == ({}, [], [])
        begun(other)


def test_a_cursor_can_be_set_by_hand(store: TickStore) -> None:
    store.set_cursor("watching", "sensor", "7")
    assert store.states()["watching"].cursor == "7"
    store.set_cursor("watching", "sensor", None)
    assert store.states()["watching"].cursor is None


def test_old_ticks_are_cleared_away_and_run_keys_of_users_stay(history: SqlHistory, store: TickStore) -> None:
    day = 86_400.0
    for at in (1 * day, 50 * day):
        tick = begun(store, at)
        store.reserve(tick, f"tick:{tick.id}", f"R{at}")
        store.reserve(tick, f"own {at}", f"S{at}")
        store.settle(tick, TickStatus.SUCCEEDED, at=at)
    sensor = store.begin(store.know("watching", "sensor", 0.0), 90 * day, holder="d1", now=90 * day)
    assert sensor is not None
    store.settle(sensor, TickStatus.SKIPPED, at=90 * day)
    left = begun(store, 60 * day)
    assert history.forget_ticks(10 * day, 91 * day, dry_run=True) == 1
    assert history.forget_ticks(10 * day, 99 * day) == 2, "what a sensor did not ask for is not kept for long"
    assert [tick.at for tick in store.ticks()] == [60 * day, 50 * day]
    assert store.reserve(left, f"own {1 * day}", "other").run_id == f"S{1 * day}"
    assert store.open() == [left]


def test_a_lease_has_one_holder_until_it_ends(history: SqlHistory) -> None:
    leases = history.leases
    assert leases.holder("daemon") is None
    assert leases.hold("daemon", "d1", 0.4)
    assert not leases.hold("daemon", "d2", 0.4)
    assert leases.hold("daemon", "d1", 0.4)
    assert leases.holder("daemon") == "d1"
    assert leases.hold("other", "d2", 0.4)
    assert wait_until(lambda: leases.hold("daemon", "d2", 30.0), timeout=5)
    assert not leases.hold("daemon", "d1", 0.4)
    leases.drop("daemon", "d1")
    assert leases.holder("daemon") == "d2"
    leases.drop("daemon", "d2")
    assert leases.hold("daemon", "d1", 30.0)


def test_a_lease_that_was_given_before_the_clock_was_put_back_holds_up_nobody(history: SqlHistory) -> None:
    assert history.leases.hold("daemon", "d1", 7200.0)
    assert history.leases.holder("daemon") is None
    assert history.leases.hold("daemon", "d2", 10.0)
