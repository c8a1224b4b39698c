"""``assetflow automation``, ``partitions``, ``backfill --failed`` and ``plan --stale``, as people type them."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from assetflow import AssetKey, DagsterInstance, build_sensor_context, materialize
from assetflow.cli.main import main
from assetflow.runs.entries import DecisionEntry
from assetflow.runs.ticks import TickEffects
from assetflow.wiring import current_settings, open_history

SHOP = """
from assetflow import *

days = DailyPartitionsDefinition("2026-05-01", end_date="2026-05-11")
bad = {"2026-05-07", "2026-05-08"}

@asset(partitions_def=days)
def orders(context):
    if context.partition_key in bad:
        raise ValueError("the till was closed")
    return 1

@asset(partitions_def=days, automation_condition=AutomationCondition.eager().replace(
    "in_latest_time_window", AutomationCondition.in_latest_time_window(None)))
def receipts(orders):
    return orders

@sensor()
def new_tills():
    return SensorResult(
        skip_reason="tills were found",
        dynamic_partitions_requests=[AddDynamicPartitionsRequest("tills", ["first", "second"])],
        asset_events=[AssetMaterialization("weather")],
    )

@asset(automation_condition=AutomationCondition.on_cron("0 6 * * 1", "Europe/Berlin"))
def letter(receipts):
    return len(receipts)
"""


@dataclass(frozen=True)
class Typed:
    returncode: int
    stdout: str
    stderr: str


class Shop:
    """A folder with a shop, in which commands are typed; they run in this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        (folder / "auto_shop.py").write_text(SHOP)

    @property
    def module(self) -> Any:
        return import_module("auto_shop")

    def type(self, *words: str) -> Typed:
        self._capsys.readouterr()
        before, sys.argv = sys.argv, ["assetflow", *words, "-m", "auto_shop"]
        try:
            with pytest.raises(SystemExit) as ended:
                main()
        finally:
            sys.argv = before
        code = ended.value.code
        return Typed(code if isinstance(code, int) else 0, *self._capsys.readouterr())

    def told(self, *words: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.type(*words, "--json").stdout.splitlines()]

    def make(self, selection: str, **more: Any) -> None:
        assets = [self.module.orders, self.module.receipts, self.module.letter]
        with DagsterInstance.get() as instance:
            materialize(assets, selection=selection, instance=instance, raise_on_error=False, **more)

    def look(self) -> None:
        """One evaluation, kept as a daemon keeps it."""
        definitions = import_module("assetflow.definitions.loading").definitions_from_module(self.module)
        sensor = definitions.get_sensor_def("default_automation_condition_sensor")
        history = open_history(current_settings(), create=True)
        assert history is not None
        store = history.ticks_of("default", "auto_shop")
        state = store.know(sensor.name, "sensor", 1.0)
        tick = store.begin(state, (state.last_at or 1.0) + 1, holder="test", now=2.0)
        assert tick is not None
        with DagsterInstance.get() as instance:
            data = sensor.evaluate_tick(build_sensor_context(instance, state.cursor, repository_def=definitions))
        kept = [
            DecisionEntry(one.asset_key.to_string(), tick.id, sensor.name, 2.0, one.requested, one.tree)
            for one in data.decisions
        ]
        store.note(tick, [], cursor=data.cursor, reason=None, effects=TickEffects(decisions=kept))
        store.settle(tick, import_module("assetflow.runs.ticks").TickStatus.SKIPPED, at=3.0, cursor=data.cursor)
        history.close()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shop:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "auto_shop", raising=False)
    return Shop(tmp_path, capsys)


def test_what_is_made_by_itself_is_listed_started_and_stopped(shop: Shop) -> None:
    listed = shop.type("automation", "list")
    assert listed.returncode == 0, listed.stderr
    assert "on_cron(0 6 * * 1, Europe/Berlin)" in listed.stdout and "nothing yet" in listed.stdout
    assert "orders" not in listed.stdout
    name = "default_automation_condition_sensor"
    assert f"sensor {name} is running" in shop.type("automation", "start").stdout
    assert [(one["asset"], one["running"]) for one in shop.told("automation", "list")] == [
        ("receipts", True), ("letter", True),
    ]  # fmt: skip
    assert f"sensor {name} is stopped" in shop.type("automation", "stop", name).stdout
    unknown = shop.type("automation", "start", "defalt_automation_condition_sensor")
    assert (unknown.returncode, f"did you mean {name}?" in unknown.stderr) == (2, True)


def test_a_decision_is_explained_as_a_tree(shop: Shop) -> None:
    now = shop.type("automation", "explain", "receipts")
    assert "receipts would not be asked for" in now.stdout
    assert "nothing was decided yet" in now.stderr
    shop.look()
    shop.make("orders", partitions=["2026-05-10"])
    shop.look()
    asked = shop.type("automation", "explain", "receipts", "--history", "5")
    assert "▶ 1 partition of receipts was asked for" in asked.stdout
    assert "✔ any_deps_updated  1 of 10: 2026-05-10" in asked.stdout
    assert "✔ not any_deps_missing" in asked.stdout and "✘ until handled" in asked.stdout
    assert "tick 1  not to ask for it" in asked.stdout
    one = shop.type("automation", "explain", "receipts", "--partition", "2026-05-03").stdout
    assert "✘ in_latest_time_window" in one and "· not any_deps_missing" in one
    (record,) = shop.told("automation", "explain", "receipts", "--partition", "2026-05-10")
    assert (record["requested"], record["tree"]["holds"], record["tree"]["label"]) == (1, True, "eager")
    assert [one["requested"] for one in shop.told("automation", "list")] == [1, 0]
    later = shop.type("automation", "explain", "receipts", "--now").stdout
    assert "would not be asked for" in later and "✔ newly_requested" in later


def test_a_sensor_that_is_tried_out_says_what_it_would_bring_about(shop: Shop) -> None:
    tried = shop.type("sensor", "run", "new_tills", "--dry-run")
    assert tried.returncode == 0, tried.stderr
    assert "would add partitions of tills: first, second" in tried.stdout
    assert "would record a materialization of weather" in tried.stdout
    with DagsterInstance.get() as instance:
        assert instance.get_dynamic_partitions("tills") == []
    shop.look()
    shop.make("orders", partitions=["2026-05-10"])
    asked = shop.type("sensor", "run", "default_automation_condition_sensor", "--dry-run")
    assert "assets receipts (2026-05-10)" in asked.stdout


def test_what_cannot_be_explained_says_so(shop: Shop) -> None:
    for words, expected in [
        (("orders",), "orders has no automation condition"),
        (("reciepts",), "did you mean receipts?"),
        (("letter", "--partition", "2026-05-01"), "letter has no partitions"),
        (("receipts", "--partition", "2026-06-01"), "there are 10: 2026-05-01 to 2026-05-10"),
    ]:
        done = shop.type("automation", "explain", *words)
        assert (done.returncode, expected in done.stderr) == (2, True), done.stderr


def test_partitions_are_shown_by_how_they_stand(shop: Shop) -> None:
    shop.make("orders,receipts", partitions=["2026-05-01", "2026-05-02", "2026-05-07", "2026-05-08"])
    shown = shop.type("partitions")
    assert "2 of 10" in shown.stdout
    assert "failed 2026-05-07..2026-05-08; missing 2026-05-03..2026-05-06, 2026-05-09..2026-05-10" in " ".join(
        shown.stdout.split()
    )
    assert "assetflow backfill -m auto_shop --partitions all --failed" in shown.stdout
    failed = shop.type("partitions", "receipts", "--state", "failed").stdout
    assert "missing 2026" not in failed and "failed 2026-05-07..2026-05-08" in failed
    (record,) = shop.told("partitions", "receipts", "--state", "materialized")
    assert record["ranges"] == {"materialized": [["2026-05-01", "2026-05-02"]]}
    assert (record["materialized"], record["failed"], record["partitions"]) == (2, 2, 10)
    none = shop.type("partitions", "letter")
    assert none.returncode == 2 and "letter has no partitions" in none.stderr and "auto_shop.py" in none.stderr


def test_what_was_made_since_has_not_failed(shop: Shop) -> None:
    assert "none of" in shop.type("backfill", "orders", "--partitions", "all", "--failed").stdout
    shop.make("orders", partitions=["2026-05-07"])
    shop.module.bad.clear()
    shop.make("orders", partitions=["2026-05-07"])
    done = shop.type("backfill", "orders", "--partitions", "all", "--failed")
    assert done.returncode == 0 and "none of these partitions of" in done.stdout, done.stderr
    asked = shop.type("backfill", "orders")
    assert asked.returncode == 2 and "say which partitions: --partitions A..B" in asked.stderr
    wrong = shop.type("backfill", "orders", "--partitions", "2026-05-31")
    assert "at:  orders (" in wrong.stderr and "auto_shop.py:7" in wrong.stderr
    turned = shop.type("backfill", "orders", "--partitions", "2026-05-03..2026-05-01")
    assert "write 2026-05-01..2026-05-03" in turned.stderr


def test_a_plan_of_what_is_stale_has_the_stale_partitions(shop: Shop) -> None:
    shop.module.bad.clear()
    shop.make("orders,receipts", partitions=["2026-05-01", "2026-05-02"])
    shop.make("orders", partitions=["2026-05-02"])
    shown = shop.type("plan", "--stale", "--partitions", "2026-05-01..2026-05-03", "orders,receipts").stdout
    assert "Plan: 2 steps" in shown and "1 partition: 2026-05-03" in " ".join(shown.split())
    assert "left as they are: 2 partitions of orders" in shown
    steps = shop.told("plan", "--stale")
    assert [one["partitions"] for one in steps if one["assets"] == ["orders"]] == [
        [f"2026-05-{day:02}"] for day in range(3, 11)
    ]
    assert {one["reason"] for one in steps if one["assets"] == ["receipts"]} == {"never materialized"}
    with DagsterInstance.get() as instance:
        assert instance.standings.of(AssetKey("orders"), ["2026-05-01"]).partitions == 1
