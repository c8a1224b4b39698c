"""Runs on real Celery workers and a real Valkey."""

from __future__ import annotations

import asyncio
import os
import pickle
import re
import signal
import sys
import time
from pathlib import Path

import pytest

from assetflow import (
    AssetIn,
    AssetKey,
    AssetOut,
    ConflictError,
    Definitions,
    InvalidDefinitionError,
    InvalidSubsetError,
    MetadataValue,
    Output,
    RetryPolicy,
    RunFailed,
    RunStatus,
    SourceAsset,
    StepState,
    asset,
    local_cluster,
    multi_asset,
    resource,
    submit,
)
from assetflow.clock import pause, wait_until
from assetflow.io.filesystem import FilesystemIOManager
from assetflow.local.cluster import LocalCluster
from assetflow.native_threads import usable_cores
from assetflow.runs.facts import FactKind
from tests.support.cluster import lines_in, sidecars_of, slots_of, wait_for_lines
from tests.support.key_leaks import leaked_keys

pytestmark = pytest.mark.usefixtures("cluster")


class OrderError(Exception):
    """An exception whose class workers cannot import."""


def stored(cluster: LocalCluster, key: str) -> object:
    return pickle.loads((cluster.connection.settings.storage / key).read_bytes())


def is_stored(cluster: LocalCluster, key: str) -> bool:
    return (cluster.connection.settings.storage / key).exists()


def test_a_diamond_is_materialized_and_stored_at_its_paths(cluster: LocalCluster) -> None:
    @asset(key_prefix="diamond")
    def top() -> int:
        return 1

    @asset(ins={"top": AssetIn(key_prefix="diamond")})
    def left(top: int) -> int:
        return top + 1

    @asset(ins={"top": AssetIn(key_prefix="diamond")})
    def right(top: int) -> int:
        return top * 10

    @asset
    def bottom(left: int, right: int) -> Output[int]:
        return Output(left + right, metadata={"sum": left + right})

    result = submit([bottom, left, right, top]).wait(30)
    assert result.success
    assert stored(cluster, "diamond/top") == 1
    assert stored(cluster, "bottom") == 12
    made = result.materializations[AssetKey("bottom")]
    assert made.metadata["sum"].value == 12
    assert Path(made.metadata["path"].value) == cluster.connection.settings.storage.resolve() / "bottom"


def test_what_is_not_emitted_prunes_what_needs_it(cluster: LocalCluster) -> None:
    @asset(output_required=False)
    def alarm():
        if time.time() < 0:
            yield Output("fire")

    @asset
    def calls(alarm):
        return alarm

    @asset(non_argument_deps={"calls"})
    def bill():
        return 1

    @asset
    def calm():
        return "all quiet"

    result = submit([alarm, calls, bill, calm]).wait(30)
    assert result.success
    assert {name: state.label for name, state in result.steps.items()} == {
        "alarm": "succeeded",
        "calls": "skipped",
        "bill": "skipped",
        "calm": "succeeded",
    }
    assert not is_stored(cluster, "alarm")
    assert is_stored(cluster, "calm")


def test_a_failure_stops_only_what_is_downstream_and_carries_its_own_exception(cluster: LocalCluster) -> None:
    @asset
    def broken():
        raise OrderError("no orders today")

    @asset
    def report(broken):
        return broken

    @asset
    def independent():
        return 7

    handle = submit([broken, report, independent])
    with pytest.raises(RunFailed, match=r"step broken raised .*OrderError: no orders today") as caught:
        handle.wait(30)
    assert type(caught.value.__cause__).__name__ == "OrderError"
    assert "raise OrderError" in "".join(caught.value.__cause__.__notes__)
    result = handle.wait(30, raise_on_error=False)
    assert [result.steps[name] for name in ("broken", "report", "independent")] == [
        StepState.FAILED,
        StepState.UPSTREAM_FAILED,
        StepState.SUCCEEDED,
    ]
    assert stored(cluster, "independent") == 7
    assert not is_stored(cluster, "report")


def test_sys_exit_in_an_asset_fails_its_step_and_not_the_worker() -> None:
    @asset
    def leaves():
        sys.exit(3)

    result = submit(leaves).wait(30, raise_on_error=False)
    assert result.errors["leaves"].type == "SystemExit"


@pytest.mark.parametrize("kind", [KeyboardInterrupt, GeneratorExit, asyncio.CancelledError])
def test_nothing_that_an_asset_raises_gets_past_its_step(kind: type[BaseException]) -> None:
    @asset
    def raises():
        raise kind

    result = submit(raises).wait(30, raise_on_error=False)
    assert result.status is RunStatus.FAILED
    assert kind.__name__ in result.errors["raises"].type


def test_a_step_is_tried_again_as_its_policy_says(tmp_path: Path) -> None:
    log = tmp_path / "tries"

    @asset(retry_policy=RetryPolicy(max_retries=2, delay=0.1))
    def flaky(context):
        with log.open("a") as file:
            file.write(f"{context.retry_number}\n")
        if context.retry_number < 2:
            raise ConnectionError("not yet")
        return 1

    handle = submit(flaky)
    assert handle.wait(30).success
    assert lines_in(log) == ["0", "1", "2"]
    assert [event.kind for event in handle.events()].count(FactKind.STEP_RETRY) == 2


def test_retries_end_with_the_last_exception(tmp_path: Path) -> None:
    log = tmp_path / "tries"

    @asset(retry_policy=RetryPolicy(max_retries=1))
    def hopeless():
        with log.open("a") as file:
            file.write("x\n")
        raise ValueError("never")

    result = submit(hopeless).wait(30, raise_on_error=False)
    assert result.status is RunStatus.FAILED
    assert len(lines_in(log)) == 2


def test_an_unselected_upstream_and_a_source_are_read_from_storage(cluster: LocalCluster) -> None:
    @asset
    def base():
        return 5

    @asset
    def doubled(base, outside):
        return base * 2 + outside

    outside = SourceAsset("outside")
    manager = FilesystemIOManager(cluster.connection.settings.storage)
    (cluster.connection.settings.storage).mkdir(exist_ok=True)
    manager.path_of(AssetKey("outside")).write_bytes(pickle.dumps(100))
    assert submit([base, doubled, outside], "base").wait(30).success
    result = submit([base, doubled, outside], "doubled").wait(30)
    assert list(result.steps) == ["doubled"]
    assert stored(cluster, "doubled") == 110


def test_resources_are_made_on_the_worker_and_closed(tmp_path: Path) -> None:
    log = tmp_path / "log"

    @resource
    def connection():
        with log.open("a") as file:
            file.write("opened\n")
        yield "connection"
        with log.open("a") as file:
            file.write("closed\n")

    @asset(required_resource_keys={"connection"})
    def reads(context):
        return context.resources.connection

    assert submit(Definitions(assets=[reads], resources={"connection": connection})).wait(30).success
    assert wait_for_lines(log, 2) == ["opened", "closed"]


def test_steps_run_at_the_same_time_on_two_workers(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def sleeper(name: str):
        @asset(name=name)
        def sleeps():
            with log.open("a") as file:
                file.write(f"{os.getpid()}\n")
            # Waits for the other one: alone, it would never end.
            assert wait_until(lambda: len(set(lines_in(log))) == 2, timeout=20)

        return sleeps

    assert submit([sleeper("first"), sleeper("second")]).wait(30).success


def test_steps_share_the_cores_and_leave_alone_what_the_user_has_set(tmp_path: Path, monkeypatch) -> None:
    @asset
    def threads():
        return [
            os.environ[name]
            for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "GOMP_SPINCOUNT")
        ]

    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "GOMP_SPINCOUNT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    with local_cluster(workers=2, directory=tmp_path):
        assert submit([threads]).wait(30).success
    share = str(max(1, usable_cores() // 2))
    assert pickle.loads((tmp_path / "storage" / "threads").read_bytes()) == [share, "7", share, "1000"]


def test_a_sidecar_is_in_the_session_of_its_slots_and_not_in_their_group(cluster: LocalCluster) -> None:
    (worker,) = cluster.worker_pids
    assert wait_until(lambda: bool(sidecars_of(worker)), timeout=10)
    (sidecar,) = sidecars_of(worker)
    assert {os.getsid(slot) for slot in slots_of(worker)} == {os.getsid(sidecar)}, "its low priority counts there only"
    assert os.getpgid(sidecar) == sidecar, "Ctrl-C is not for it"
    (ignored,) = re.findall(r"SigIgn:\s*(\w+)", Path(f"/proc/{sidecar}/status").read_text())
    assert int(ignored, 16) >> (signal.SIGTTOU - 1) & 1, "a terminal does not stop it because it writes"


def test_a_function_with_several_assets_is_one_step_and_may_leave_some_out(cluster: LocalCluster) -> None:
    @multi_asset(
        outs={
            "train": AssetOut(key_prefix="split"),
            "test": AssetOut(key_prefix="split"),
            "odd": AssetOut(key_prefix="split", is_required=False),
        }
    )
    def split():
        yield Output([1, 2, 3], "train", metadata={"rows": 3})
        yield Output([4], "test")

    @asset(key_prefix="split")
    def fitted(train, test):
        return sum(train) / sum(test)

    @asset(key_prefix="split")
    def warning(odd):
        return odd

    result = submit([split, fitted, warning]).wait(30)
    assert result.steps == {
        "split": StepState.SUCCEEDED,
        "split__fitted": StepState.SUCCEEDED,
        "split__warning": StepState.SKIPPED,
    }
    assert stored(cluster, "split/fitted") == 1.5
    assert not is_stored(cluster, "split/odd")
    assert result.materializations[AssetKey(["split", "train"])].metadata["rows"] == MetadataValue.int(3)


def test_a_function_is_called_twice_where_others_stand_between_its_assets(cluster: LocalCluster) -> None:
    @multi_asset(
        outs={"dawn": AssetOut(is_required=False), "dusk": AssetOut(is_required=False)},
        non_argument_deps={"noon"},
        internal_asset_deps={"dawn": set(), "dusk": {AssetKey("noon"), AssetKey("dawn")}},
        can_subset=True,
    )
    def edges(context):
        for name in context.selected_output_names:
            yield Output(name, name)

    @asset
    def noon(dawn):
        return f"after {dawn}"

    assert submit([edges, noon]).wait(30).steps.keys() == {"edges", "noon", "dusk"}
    assert [stored(cluster, name) for name in ("dawn", "noon", "dusk")] == ["dawn", "after dawn", "dusk"]


def test_a_wide_and_a_long_plan_end_well(cluster: LocalCluster) -> None:
    @asset
    def seed():
        return 1

    def leaf(number: int):
        @asset(name=f"leaf_{number}")
        def made(seed):
            return seed + number

        return made

    leaves = [leaf(number) for number in range(300)]

    @asset(ins={f"leaf_{number}": AssetIn() for number in range(300)})
    def total(**leaves):
        return sum(leaves.values())

    def link(number: int):
        @asset(name=f"link_{number}", ins={"before": AssetIn("total" if number == 0 else f"link_{number - 1}")})
        def made(before):
            return before + 1

        return made

    links = [link(number) for number in range(100)]
    result = submit([seed, *leaves, total, *links]).wait(60)
    assert set(result.steps.values()) == {StepState.SUCCEEDED}
    assert stored(cluster, "link_99") == sum(range(300)) + 300 + 100


def test_a_run_key_leads_to_the_same_run() -> None:
    @asset
    def nightly():
        return 1

    @asset
    def other():
        return 1

    first = submit(nightly, run_key="2026-01-01")
    assert submit(nightly, run_key="2026-01-01").id == first.id
    assert submit(nightly, run_key="2026-01-01", tags={"assetflow/user": "another"}).id == first.id, "whoever asks"
    with pytest.raises(ConflictError):
        submit(other, run_key="2026-01-01")
    assert first.wait(30).success


def test_events_can_be_read_again_from_any_point() -> None:
    @asset
    def one():
        return 1

    @asset
    def two(one):
        return 2

    handle = submit([one, two])
    events = list(handle.events(timeout=30))
    assert [event.kind for event in events] == [
        FactKind.RUN_STARTED,
        FactKind.STEP_SUCCEEDED,
        FactKind.STEP_SUCCEEDED,
        FactKind.RUN_ENDED,
    ]
    assert [event.steps for event in events[1:3]] == [("one",), ("two",)]
    assert [event.id for event in handle.events(after=events[1].id)] == [event.id for event in events[2:]]
    assert handle.progress().done == handle.progress().total == 2


def test_a_cancelled_step_is_stopped_and_stores_nothing(cluster: LocalCluster, tmp_path: Path) -> None:
    log = tmp_path / "log"

    @asset
    def endless():
        with log.open("a") as file:
            file.write("started\n")
        try:
            while True:
                pause(0.05)
        finally:
            with log.open("a") as file:
                file.write("cleaned up\n")

    @asset
    def after_it(endless):
        return 1

    handle = submit([endless, after_it])
    wait_for_lines(log, 1)
    handle.cancel()
    result = handle.wait(20, raise_on_error=False)
    assert result.status is RunStatus.CANCELLED
    assert set(result.steps.values()) == {StepState.CANCELLED}
    assert wait_for_lines(log, 2) == ["started", "cleaned up"]
    assert not is_stored(cluster, "endless")
    assert list((cluster.connection.settings.storage / ".versions").glob("endless@*")) == []

    @asset
    def next_one():
        return 1

    assert submit(next_one).wait(30).success, "the worker goes on"


def test_a_queue_nobody_serves_keeps_its_steps_until_somebody_does() -> None:
    @asset(op_tags={"assetflow/queue": "gpu"})
    def trained():
        return 1

    handle = submit(trained)
    pause(0.5)
    assert handle.status is RunStatus.RUNNING
    assert handle.progress().states == {StepState.READY: 1}
    assert handle.cancel() is RunStatus.CANCELLED


def test_an_unpicklable_value_fails_its_step_and_leaves_nothing(cluster: LocalCluster) -> None:
    @asset
    def opened():
        return {"rows": [1, 2], "file": open(os.devnull)}

    result = submit(opened).wait(30, raise_on_error=False)
    message = result.errors["opened"].message
    assert 'asset "opened"' in message and "value['file']" in message and "fix:" in message
    assert not is_stored(cluster, "opened")
    assert list((cluster.connection.settings.storage / ".versions").glob("opened@*")) == []


def test_values_of_classes_that_workers_cannot_import_are_stored_and_loaded() -> None:
    class Basket:
        def __init__(self, items: list[str]) -> None:
            self.items = items

    @asset
    def basket():
        return Basket(["apple"])

    @asset
    def count(basket):
        return len(basket.items)

    assert submit([basket, count]).wait(30).success


def test_mistakes_are_said_before_anything_is_sent() -> None:
    @asset
    def uses(misspelt):
        return misspelt

    with pytest.raises(InvalidDefinitionError, match="is not produced by any"):
        submit(uses)

    @asset
    def fine():
        return 1

    with pytest.raises(InvalidSubsetError, match="were selected, but no AssetsDefinition"):
        submit(fine, "fin")


def test_nothing_is_left_in_redis_without_owner_or_ttl(cluster: LocalCluster) -> None:
    from assetflow.stores.redis.connection import connect

    client = connect(cluster.redis_url)
    connection = cluster.connection
    assert wait_until(lambda: not connection.store.live_runs(), timeout=20)
    owned = {f"af:w:{view.info.worker}" for view in connection.registry.workers()}
    assert wait_until(lambda: set(leaked_keys(client)) <= owned, timeout=15), leaked_keys(client)
