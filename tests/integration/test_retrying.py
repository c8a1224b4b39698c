"""What failed in a run is run again, in a run of its own that reads what the first one has made."""

from __future__ import annotations

from pathlib import Path

import pytest

from assetflow import (
    AssetKey,
    InvalidInvocationError,
    Output,
    RunHandle,
    RunNotFoundError,
    RunStatus,
    StepState,
    asset,
    graph_asset,
    op,
    submit,
)
from assetflow.clock import pause, wait_until
from assetflow.engine.retrying import PARENT_RUN, ROOT_RUN, made_since
from assetflow.local.cluster import LocalCluster
from assetflow.stores.redis.connection import connect
from tests.support.cluster import lines_in
from tests.support.fleet import Fleet, running_fleet


class Bakery:
    """Assets that tell when they are made; the bread fails until there is an oven."""

    def __init__(self, folder: Path) -> None:
        self.ledger = folder / "ledger"
        self.oven = folder / "oven"

    def note(self, name: str) -> None:
        with self.ledger.open("a") as file:
            file.write(f"{name}\n")

    def made(self) -> list[str]:
        """What was made since this was last asked."""
        found = sorted(lines_in(self.ledger))
        self.ledger.unlink(missing_ok=True)
        return found

    def assets(self) -> list:
        bakery = self

        @asset(key_prefix="bakery")
        def flour() -> int:
            bakery.note("flour")
            return int(bakery.oven.read_text()) if bakery.oven.exists() else 1

        @asset(key_prefix="bakery", output_required=False)
        def nuts(flour: int):
            bakery.note("nuts")
            if False:
                yield Output(1)

        @asset(key_prefix="bakery")
        def bread(flour: int) -> int:
            bakery.note("bread")
            if not bakery.oven.exists():
                raise RuntimeError("no oven")
            return flour * 10

        @asset(key_prefix="bakery")
        def sandwich(bread: int) -> int:
            bakery.note("sandwich")
            return bread + 1

        @asset(key_prefix="bakery")
        def nut_bread(bread: int, nuts: int) -> int:
            bakery.note("nut_bread")
            return bread + nuts

        return [flour, nuts, bread, sandwich, nut_bread]


def value_of(cluster: LocalCluster, handle: RunHandle, name: str) -> object:
    import pickle

    found = handle.wait(30).materializations[AssetKey(["bakery", name])]
    return pickle.loads(Path(found.metadata["path"].value).read_bytes())


def test_only_what_failed_and_what_needed_it_is_run_again_with_what_the_first_run_had_made(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    bakery = Bakery(tmp_path)
    assets = bakery.assets()
    first = submit(assets, tags={"team": "bread"})
    states = first.wait(30, raise_on_error=False).steps
    assert states["bakery__nut_bread"] is StepState.UPSTREAM_FAILED and states["bakery__nuts"] is StepState.SUCCEEDED
    assert bakery.made() == ["bread", "flour", "nuts"]
    bakery.oven.write_text("7")
    submit(assets, "bakery/flour").wait(30)
    assert bakery.made() == ["flour"]
    second = first.retry()
    assert value_of(cluster, second, "sandwich") == 11, "of the flour of the first run, not of the newer one"
    assert bakery.made() == ["bread", "sandwich"], "what lacks nuts stays skipped"
    assert second.status is RunStatus.SUCCEEDED and second.id != first.id
    assert [step.key for step in second.plan.steps] == ["bakery__bread", "bakery__sandwich"]
    about = cluster.connection.store.view(second.id).about
    assert f'"{PARENT_RUN}":"{first.id}"' in about and f'"{ROOT_RUN}":"{first.id}"' in about and '"team"' in about
    third = second.retry(everything=True)
    third.wait(30)
    assert bakery.made() == ["bread", "sandwich"]
    about = cluster.connection.store.view(third.id).about
    assert f'"{PARENT_RUN}":"{second.id}"' in about and f'"{ROOT_RUN}":"{first.id}"' in about


def test_what_was_materialized_since_is_told(tmp_path: Path) -> None:
    bakery = Bakery(tmp_path)
    with running_fleet(tmp_path) as (fleet, _):
        fleet.start()
        first = submit(bakery.assets())
        first.wait(30, raise_on_error=False)
        newer = submit(bakery.assets(), "bakery/flour")
        newer.wait(30)
        wait_until_recorded(fleet, newer.id)
        connection = fleet.connection()
        planned = connection.retrying.prepare(first.id)
        history = connection.history()
        assert history is not None
        assert made_since(history.catalog, planned) == {AssetKey(["bakery", "flour"]): newer.id}


def test_one_step_can_be_picked_and_needs_what_it_needs(cluster: LocalCluster, tmp_path: Path) -> None:
    bakery = Bakery(tmp_path)
    first = submit(bakery.assets())
    first.wait(30, raise_on_error=False)
    bakery.made()
    with pytest.raises(InvalidInvocationError, match=r"step bakery__sandwich needs bakery__bread"):
        first.retry(steps=["bakery/sandwich"])
    first.retry(steps=["bakery__flour"]).wait(30)
    assert bakery.made() == ["flour"]


def test_values_inside_a_graph_are_made_again(cluster: LocalCluster, tmp_path: Path) -> None:
    bakery = Bakery(tmp_path)

    @op
    def ground() -> int:
        bakery.note("ground")
        return 2

    @op
    def baked(flour: int) -> int:
        bakery.note("baked")
        if not bakery.oven.exists():
            raise RuntimeError("no oven")
        return flour * 10

    @graph_asset
    def roll():
        return baked(ground())

    first = submit([roll])
    first.wait(30, raise_on_error=False)
    assert bakery.made() == ["baked", "ground"]
    bakery.oven.write_text("1")
    first.retry().wait(30)
    assert bakery.made() == ["baked", "ground"]


def test_runs_that_succeeded_or_go_on_are_refused(cluster: LocalCluster, tmp_path: Path) -> None:
    flag = tmp_path / "go"

    @asset
    def waiting() -> None:
        wait_until(flag.exists, timeout=30)

    handle = submit([waiting])
    with pytest.raises(InvalidInvocationError, match=r"is not over: it is (running|new)"):
        handle.retry()
    flag.touch()
    handle.wait(30)
    with pytest.raises(InvalidInvocationError, match=r"has succeeded: there is no step that failed"):
        handle.retry()


def test_a_cancelled_run_goes_on_in_another(cluster: LocalCluster, tmp_path: Path) -> None:
    bakery = Bakery(tmp_path)

    @asset
    def first_one() -> int:
        bakery.note("first_one")
        return 1

    @asset
    def slow(first_one) -> int:
        bakery.note("slow")
        pause(0 if bakery.oven.exists() else 60)
        return first_one

    handle = submit([first_one, slow])
    assert wait_until(lambda: "slow" in lines_in(bakery.ledger), timeout=20)
    handle.cancel()
    handle.wait(30, raise_on_error=False)
    bakery.made()
    bakery.oven.write_text("1")
    assert handle.retry().wait(30).success
    assert bakery.made() == ["slow"]


def test_a_run_that_redis_has_forgotten_is_retried_from_the_history(tmp_path: Path) -> None:
    bakery = Bakery(tmp_path)
    with running_fleet(tmp_path) as (fleet, server):
        fleet.start()
        first = submit(bakery.assets())
        first.wait(30, raise_on_error=False)
        wait_until_recorded(fleet, first.id)
        bakery.made()
        client = connect(server.url)
        for key in [*client.scan_iter(f"af:{first.id}:*"), *client.scan_iter("af:code:*")]:
            client.delete(key)
        bakery.oven.write_text("1")
        second = first.retry()
        assert second.wait(30).success
        assert bakery.made() == ["bread", "sandwich"]


def test_a_run_whose_code_is_gone_cannot_be_retried_without_being_told_where_it_is(tmp_path: Path) -> None:
    bakery = Bakery(tmp_path)
    with running_fleet(tmp_path, database="none") as (fleet, server):
        fleet.start()
        first = submit(bakery.assets())
        first.wait(30, raise_on_error=False)
        client = connect(server.url)
        for key in client.scan_iter("af:code:*"):
            client.delete(key)
        with pytest.raises(RunNotFoundError, match=r"neither on the server nor in the history(.|\n)*-f FILE"):
            first.retry()


def wait_until_recorded(fleet: Fleet, run_id: str) -> None:
    def recorded() -> bool:
        history = fleet.connection().history()
        run = None if history is None else history.log.run(run_id)
        return run is not None and run.ended is not None

    assert wait_until(recorded, timeout=30)
