"""Runs of one asset overlap, attempts end half-way, branches are not taken: what is seen is whole and of one run."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from assetflow import AssetIn, AssetOut, AssetsDefinition, Output, RetryPolicy, StepState, asset, multi_asset, submit
from assetflow.clock import pause, wait_until
from assetflow.fail_points import SLOT_POINTS
from assetflow.keys import Version
from tests.support.fleet import Fleet, running_fleet
from tests.support.ledger import Ledger, assert_kept, assert_nothing_left, report


def test_f19_overlapping_runs_read_their_own_values_and_the_later_claim_stays(tmp_path: Path) -> None:
    seed = random.randrange(10**6)

    @asset
    def made(context):
        pause(random.Random(f"{seed}{context.run_id}").uniform(0, 0.1))
        return context.run_id

    @asset
    def used(context, made):
        pause(random.Random(f"{context.run_id}{seed}").uniform(0, 0.1))
        if made != context.run_id:
            raise AssertionError(f"run {context.run_id} has read the value of run {made}, seed {seed}")
        return made

    with running_fleet(tmp_path) as (fleet, _server):
        fleet.start("-c", "2")
        fleet.start("-c", "1")
        handles = []
        for _ in range(6):
            pair = [submit([made, used]), submit([made, used])]
            for handle in pair:
                assert handle.wait(30).success
            handles += pair
            committed = [
                (Version.parse(str(item.version)), item.key[-1])
                for handle in pair
                for event in handle.events()
                for item in event.detail.outputs or ()
            ]
            for name in ("made", "used"):
                highest = max(version for version, key in committed if key == name)
                file = fleet.storage / ".versions" / f"{name}@{highest.name}"
                assert file.samefile(fleet.storage / name), f"seed {seed}"
        assert_nothing_left(fleet)
        report("F19", pairs=len(handles) // 2, seed=seed)


def three_outputs(attempts: Path, fails_after: int, *, dies: bool) -> list[AssetsDefinition]:
    """An asset with three outputs whose first attempt ends behind some of them, and what needs the first of them."""

    @multi_asset(
        outs={name: AssetOut() for name in ("one", "two", "three")}, retry_policy=RetryPolicy(max_retries=1, delay=1.0)
    )
    def three():
        with attempts.open("a") as file:
            file.write("x\n")
        first = len(attempts.read_text().split()) == 1
        for number, name in enumerate(("one", "two", "three")):
            if first and number == fails_after:
                break
            yield Output(f"{name} of attempt {1 if first else 2}", output_name=name)
        if first:
            if dies:
                os._exit(1)
            raise RuntimeError("half-way")

    @asset
    def after_one(one):
        return one

    return [three, after_one]


def shown(fleet: Fleet) -> set[str]:
    return {path.name for path in fleet.storage.iterdir() if path.is_file()} if fleet.storage.exists() else set()


@pytest.mark.parametrize("dies", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["raises", "dies"])
def test_f38_an_attempt_that_ends_behind_some_of_its_outputs_shows_none_of_them(tmp_path: Path, dies: bool) -> None:
    with running_fleet(tmp_path) as (fleet, _server):
        fleet.start()
        for fails_after in (1, 2, 3):
            attempts = tmp_path / f"attempts{fails_after}"
            before = {name: (fleet.storage / name).read_bytes() for name in shown(fleet)}
            handle = submit(three_outputs(attempts, fails_after, dies=dies))
            ended = "step_lost" if dies else "step_retry"
            told = lambda handle=handle, ended=ended: any(  # noqa: E731
                fact.kind.value == ended for fact in fleet.connection().store.facts(handle.id)
            )
            assert wait_until(told, timeout=20)
            if not dies:  # the second attempt begins a second later
                assert {name: (fleet.storage / name).read_bytes() for name in shown(fleet)} == before
                leftover = list((fleet.storage / ".versions").glob("*@*")) if before else []
                assert len(leftover) == 4 * (fails_after - 1)
            assert handle.wait(30).success
            assert len(attempts.read_text().split()) == 2
            successes = [event for event in handle.events() if event.kind.value == "step_succeeded"]
            assert [len(event.detail.outputs) for event in successes] == [3, 1]
            versions = {item.version for item in successes[0].detail.outputs}
            assert len(versions) == 1
            for name in ("one", "two", "three", "after_one"):
                assert b"of attempt 2" in (fleet.storage / name).read_bytes()
        assert_nothing_left(fleet)


class Branches:
    """A random graph in which some steps do not emit, always the same ones."""

    def __init__(self, seed: int, ledger: Ledger, count: int = 24) -> None:
        dice = random.Random(seed)
        self.needs: dict[str, list[str]] = {}
        for number in range(count):
            above = list(self.needs)
            self.needs[f"step_{number}"] = sorted(dice.sample(above, min(len(above), dice.choice([0, 1, 1, 2]))))
        self.silent = {name for name in self.needs if dice.random() < 0.25}
        self.assets = [self._step(name, ledger) for name in self.needs]

    def _step(self, name: str, ledger: Ledger) -> AssetsDefinition:
        silent = name in self.silent

        @asset(name=name, output_required=False, ins={need: AssetIn(need) for need in self.needs[name]})
        def branch(**inputs):
            ledger.enter(name)
            if not silent:
                yield Output(len(inputs))

        return branch

    @property
    def skipped(self) -> set[str]:
        """What must not run: something it needs, directly or not, was not emitted."""
        found: set[str] = set()
        for name, needs in self.needs.items():
            if any(need in self.silent or need in found for need in needs):
                found.add(name)
        return found


@pytest.mark.parametrize(
    "point",
    [point if point == "settle.after" else pytest.param(point, marks=pytest.mark.slow) for point in SLOT_POINTS],
)
def test_f39_what_is_skipped_follows_from_what_was_emitted_whoever_dies(tmp_path: Path, point: str) -> None:
    seed = random.randrange(10**6)
    with running_fleet(tmp_path) as (fleet, _server):
        ledger = Ledger(tmp_path / "ledger")
        branches = Branches(seed, ledger)
        worker = fleet.start(environment={"ASSETFLOW_FAIL": f"{point}:sigkill"})
        slot = worker.slots[0]
        handle = submit(branches.assets)
        result = assert_kept(fleet, handle, ledger, losses=32)
        assert slot not in worker.slots, "the slot was not killed"
        skipped = {name for name, state in result.steps.items() if state is StepState.SKIPPED}
        assert skipped == branches.skipped, f"seed {seed}"
        assert ledger.executions.keys() == branches.needs.keys() - skipped
        assert_nothing_left(fleet)
        report("F39", point=point, seed=seed, repeated=ledger.repeated)
