"""Partitions on real workers: one run for many of them, their history, and those that are added as it goes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assetflow import (
    AssetKey,
    DagsterInstance,
    EventRecordsFilter,
    FilesystemIOManager,
    PartitionKeyRange,
    local_cluster,
    materialize,
    submit,
)
from assetflow.clock import wait_until
from assetflow.definitions.bundle import Definitions
from assetflow.errors import UnknownPartitionError
from assetflow.runs.states import RunStatus
from assetflow.runs.story import EventType
from tests.samples import partitioned as shop

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("partitions")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with local_cluster(workers=2):
            yield folder


def definitions(home: Path) -> Definitions:
    assets = [shop.orders, shop.paid, shop.total, shop.week, shop.summary, shop.sales, shop.at_once, shop.signups,
              shop.letter]  # fmt: skip
    return Definitions(assets=assets, resources={"io_manager": FilesystemIOManager(home / "values")})


def test_a_backfill_on_workers_makes_what_a_run_in_process_makes(home: Path) -> None:
    found = definitions(home)
    asked = PartitionKeyRange("2026-11-01", "2026-11-14")
    handle = submit(found, "orders paid total week summary sales at_once", partitions=asked)
    assert handle.wait(timeout=60).status is RunStatus.SUCCEEDED
    assert found.load_asset_value("total", partition_key="2026-11-14") == 10 * sum(range(1, 15))
    assert found.load_asset_value("summary") == {"2026-11-01": 280, "2026-11-08": 770}
    assert found.load_asset_value("sales", partition_key="2026-11-03|north") == "north 2026-11-03 30"
    assert found.load_asset_value("at_once", partition_key="2026-11-03") == 31
    with DagsterInstance.get() as instance:
        assert wait_until(lambda: len(counts(instance, "at_once")) == 14, timeout=10)
        assert counts(instance, "total") == {f"2026-11-{day:02}": 1 for day in range(1, 15)}
        assert len(counts(instance, "sales")) == 28
        (made,) = [one for one in instance.get_event_records(events("week")) if one.partition_key == "2026-11-08"]
        assert made.partition_key == "2026-11-08"


def test_partitions_that_a_step_adds_are_there_for_the_next_run(home: Path) -> None:
    found = definitions(home)
    with pytest.raises(UnknownPartitionError, match="`ann`"):
        submit(found, "letter", partition_key="ann")
    submit(found, "signups").wait(timeout=30)
    with DagsterInstance.get() as instance:
        assert wait_until(lambda: instance.has_dynamic_partition("customers", "bob"), timeout=10)
    submit(found, "letter", partitions="all").wait(timeout=30)
    assert found.load_asset_value("letter", partition_key="ann") == "dear ann"


def test_what_is_missing_is_made_and_nothing_else(home: Path) -> None:
    project = home / "pipeline.py"
    project.write_text(
        "from assetflow import DailyPartitionsDefinition, asset\n"
        "days = DailyPartitionsDefinition('2026-11-01', end_date='2026-11-06')\n"
        "@asset(partitions_def=days)\n"
        "def rain(context):\n"
        "    return context.partition_key\n"
    )

    def command(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(Path(sys.executable).parent / "assetflow"), *words, "-f", str(project)],
            capture_output=True,
            text=True,
            cwd=home,
        )

    assert command("backfill", "--partitions", "2026-11-02..2026-11-03").returncode == 0
    standing = json.loads(command("partitions", "--json").stdout)
    assert (standing["materialized"], standing["partitions"]) == (2, 5)
    assert standing["missing"] == [["2026-11-01", "2026-11-01"], ["2026-11-04", "2026-11-05"]]
    rest = command("backfill", "--partitions", "all", "--missing")
    assert rest.returncode == 0 and "3 succeeded" in rest.stdout
    assert "nothing is missing" in command("backfill", "--partitions", "all", "--missing").stdout
    shown = command("plan", "--partitions", "2026-11-01..2026-11-05").stdout
    assert "5 partitions, from 2026-11-01 to 2026-11-05" in " ".join(shown.split())
    wrong = command("backfill", "--partitions", "2026-11-01..2026-12-01")
    assert wrong.returncode == 2 and "Could not find a partition with key `2026-12-01`" in wrong.stderr
    unsaid = command("materialize")
    assert unsaid.returncode == 2 and "--partition KEY" in unsaid.stderr


def test_partitions_are_compared_and_taken_over_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "assetflow.toml").write_text("[environments.staging]\n[environments.production]\n")
    days = ["2026-11-02", "2026-11-03"]
    materialize([shop.orders, shop.paid], env="staging", partitions=days)
    materialize([shop.orders], env="production", yes=True, partitions=["2026-11-02", "2026-11-05"])

    def command(*words: str) -> subprocess.CompletedProcess[str]:
        program = [str(Path(sys.executable).parent / "assetflow"), *words, "-m", "tests.samples.partitioned"]
        return subprocess.run(program, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})

    assert command("diff", "staging", "production", "orders").returncode == 1
    assert command("promote", "orders paid", "--from", "staging", "--to", "production", "--yes").returncode == 0
    assert "= paid  the same bytes in 2 partitions" in command("diff", "staging", "production", "paid").stdout
    with DagsterInstance.get(env="production") as instance:
        assert counts(instance, "paid") == dict.fromkeys(days, 1)
    nothing = command("backfill", "letter", "--partitions", "all")
    assert nothing.returncode == 2 and "there is no partition to make" in nothing.stderr


def counts(instance: DagsterInstance, key: str) -> dict[str, int]:
    return next(iter(instance.get_materialization_count_by_partition([key]).values()))


def events(key: str) -> EventRecordsFilter:
    return EventRecordsFilter(EventType.ASSET_MATERIALIZATION, asset_key=AssetKey(key))
