"""How partitions stand: made, failed, skipped, being made or missing. Both databases answer alike, and at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from assetflow import AssetKey, DagsterInstance, Output, StaticPartitionsDefinition, asset, materialize
from assetflow.code.reference import CodeRef
from assetflow.code.signing import Signer
from assetflow.engine.recording import run_entry
from assetflow.engine.standings import PartitionState, standings
from assetflow.runs.entries import AttemptEntry, Entries, MaterializationEntry, RunChange, UnmadeEntry
from assetflow.runs.outbox import RunHead
from assetflow.stores.sql.history import SqlHistory
from assetflow.submission import make_request, project_of, wanted_partitions

MADE, FAILED, SKIPPED = PartitionState.MATERIALIZED, PartitionState.FAILED, PartitionState.SKIPPED
RUNNING, MISSING = PartitionState.RUNNING, PartitionState.MISSING


@pytest.fixture
def instance(history: SqlHistory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DagsterInstance:
    monkeypatch.chdir(tmp_path)
    return DagsterInstance(history, Signer(b"a key for these tests"))


def told(instance: DagsterInstance, key: str, keys: list[str]) -> list[tuple[str, str, str]]:
    return [(one.first, one.last, one.state.value) for one in instance.standings.of(AssetKey(key), keys).stretches]


def test_what_failed_was_skipped_or_is_missing_is_told_apart_until_it_is_made(instance: DagsterInstance) -> None:
    keys = list("abcdefg")
    bad, absent = {"c", "d"}, {"e"}

    @asset(partitions_def=StaticPartitionsDefinition(keys), output_required=False)
    def wheat(context: Any) -> Iterator[Output[int]]:
        if context.partition_key in bad:
            raise ValueError("it has rained")
        if context.partition_key not in absent:
            yield Output(1)

    @asset(partitions_def=StaticPartitionsDefinition(keys))
    def flour(wheat: int) -> int:
        return wheat

    both = [wheat, flour]
    materialize(both, partitions=list("abcdef"), instance=instance, raise_on_error=False)
    expected = [("a", "b", "materialized"), ("c", "d", "failed"), ("e", "e", "skipped")]
    assert told(instance, "wheat", keys) == [*expected, ("f", "f", "materialized"), ("g", "g", "missing")]
    assert told(instance, "flour", keys) == [*expected, ("f", "f", "materialized"), ("g", "g", "missing")]
    assert instance.standings.of(AssetKey("flour"), keys).counts == {
        MADE: 3, FAILED: 2, SKIPPED: 1, RUNNING: 0, MISSING: 1,
    }  # fmt: skip
    bad.clear()
    materialize(both, partitions=["c"], instance=instance)
    assert told(instance, "flour", keys)[:2] == [("a", "c", "materialized"), ("d", "d", "failed")]
    bad.add("a")
    materialize(both, partitions=["a"], instance=instance, raise_on_error=False)
    assert told(instance, "flour", keys)[0] == ("a", "a", "failed"), "its last try has, though it was made before"
    instance.wipe_assets(["flour"])
    assert told(instance, "flour", keys) == [("a", "g", "missing")]


def test_what_a_run_that_is_not_over_is_to_make_is_running(instance: DagsterInstance) -> None:
    keys = ["a", "b", "c", "d"]

    @asset(partitions_def=StaticPartitionsDefinition(keys))
    def wheat() -> int:
        return 1

    materialize([wheat], partitions=["a"], instance=instance)
    project = project_of([wheat])
    partitions = wanted_partitions(None, ["a", "b", "c"])
    request = make_request(project, CodeRef(), None, environment="default", partitions=partitions)
    head = RunHead(run_id=request.run_id, born=1, envelope=request.sealed(instance._signer), code="")
    over = AttemptEntry(request.run_id, 1, 5, "wheat[b]", "failed", 0, "", None, 9.0, 0.1, "ValueError")
    lost = over._replace(step=2, outcome="lost")
    log = instance._history.log
    assert log.record(
        Entries(
            runs=[run_entry(head, request)],
            attempts=[over, lost],
            unmade=[UnmadeEntry("default", '["wheat"]', "b", "failed", request.run_id, 1, 9.0)],
        )
    )
    assert told(instance, "wheat", keys) == [
        ("a", "a", "running"), ("b", "b", "failed"), ("c", "c", "running"), ("d", "d", "missing"),
    ]  # fmt: skip
    (run, *_) = {one.run_id for one in instance.standings.under_way([AssetKey("wheat")])[AssetKey("wheat")].values()}
    assert run == request.run_id
    assert log.record(Entries(changes=[RunChange(request.run_id, "FAILED", None, 10.0, None, 0)]))
    assert told(instance, "wheat", keys) == [
        ("a", "a", "materialized"), ("b", "b", "failed"), ("c", "d", "missing"),
    ]  # fmt: skip


def test_standings_are_joined_to_stretches_in_the_order_of_the_definition() -> None:
    found = standings(["b", "a", "d", "c"], {"a", "b"}, {"a": RUNNING, "c": RUNNING})
    assert [(one.first, one.last, one.size, one.state) for one in found.stretches] == [
        ("b", "b", 1, MADE), ("a", "a", 1, RUNNING), ("d", "d", 1, MISSING), ("c", "c", 1, RUNNING),
    ]  # fmt: skip
    assert found.ranges(MADE, MISSING) == [("b", "b"), ("d", "d")]
    assert standings([], (), {}).stretches == ()


@pytest.mark.parametrize("history_url", ["sqlite", pytest.param("postgres", marks=pytest.mark.slow)], indirect=True)
def test_a_hundred_thousand_partitions_are_told_in_the_time_that_it_takes_to_read_them(
    instance: DagsterInstance,
) -> None:
    history = instance._history
    keys = [f"2015-{number:06}" for number in range(100_000)]
    entry = MaterializationEntry(
        '["wheat"]',
        "default",
        "",
        "run",
        0,
        "wheat",
        1,
        0,
        0,
        1.0,
        0.1,
        1,
        None,
        None,
        "d",
        "c",
        None,
        "{}",
        "{}",
        "[]",
    )
    made = [entry._replace(partition=key, seq=number) for number, key in enumerate(keys) if number % 1000]
    unmade = [UnmadeEntry("default", '["wheat"]', key, "failed", "run", 0, 2.0) for key in keys[500::2000]]
    assert history.log.record(Entries(materializations=made, unmade=unmade))
    standing = instance.standings
    # In one process it is its own work that counts; others may share the processor.
    clock = time.process_time if history.database.is_sqlite else time.perf_counter
    best = plain = 60.0
    for _ in range(20):
        begun = clock()
        found = standing.of(AssetKey("wheat"), keys)
        told = clock()
        with history.database.reading() as connection:
            read = set(connection.execute(text("SELECT partition FROM assets WHERE asset = '[\"wheat\"]'")).scalars())
        plain, best = min(plain, clock() - told), min(best, told - begun)
    assert len(read) == len(made)
    assert found.counts == {MADE: 99_850, FAILED: 50, SKIPPED: 0, RUNNING: 0, MISSING: 100}
    assert len(found.stretches) == 300
    assert best < 1.5 * plain, f"told in {best * 1000:.0f} ms, read in {plain * 1000:.0f}"
