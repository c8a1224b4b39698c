"""Very large runs, and a server without memory."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import redis

from assetflow import ServerFullError, asset, submit
from assetflow.clock import wait_until
from assetflow.code.reference import CodeRef
from assetflow.code.signing import Signer
from assetflow.engine.launch import launch
from assetflow.engine.request import RunRequest
from assetflow.engine.session import RunSession
from assetflow.engine.slot import Slot
from assetflow.execution.outcome import StepResult
from assetflow.execution.settled import Settled
from assetflow.keys import Version
from assetflow.planning.plan import Plan, Step, StepInput, StepOutput
from assetflow.run_ids import new_run_id
from assetflow.runs.claims import Claim
from assetflow.runs.facts import StepDetail
from assetflow.runs.states import RunStatus
from assetflow.stores.redis.connection import connect
from assetflow.stores.redis.run_store import RedisRunStore
from tests.support.fleet import running_fleet
from tests.support.ledger import Ledger, assert_kept, report
from tests.support.servers import running_valkey

SLOWEST = 0.025  # seconds a script may take
BYTES_A_STEP = 400  # of everything but the facts, which are copied away


class Nothing:
    """Runs steps that do nothing, so that only the store is at work."""

    def run(self, step: Step, claim: Claim, versions: Mapping[int, Version], settled: Settled) -> StepResult:
        emitted = [output.index for output in step.outputs]
        return StepResult(succeeded=True, emitted=emitted, publishes=emitted, detail=StepDetail())

    def publish(self, output: int, version: Version) -> None:
        pass

    def discard(self, output: int, version: Version) -> None:
        pass

    def close(self) -> None:
        pass


def step(index: int, needs: list[int], rank: int, line: int | None = None) -> Step:
    inputs = tuple(StepInput(name=f"n{need}", key=(f"s{need}",), output=need) for need in needs)
    outputs = (StepOutput(index=index, key=(f"s{index}",)),)
    return Step(index=index, key=f"s{index}", inputs=inputs, outputs=outputs, rank=rank, line=line)


def fan(count: int) -> Plan:
    """One step that all others need, and one that needs all others."""
    middle = [step(index, [0], 2) for index in range(1, count - 1)]
    return Plan(steps=(step(0, [], 3), *middle, step(count - 1, list(range(1, count - 1)), 1)))


def tower(count: int, levels: int) -> Plan:
    """Lines of steps, each on top of one below."""
    width = count // levels
    steps = []
    for index in range(width * levels):
        level = index // width
        line = index + width if level < levels - 1 else None
        steps.append(step(index, [index - width] if level else [], levels - level, line))
    return Plan(steps=tuple(steps))


def slowest(client: redis.Redis) -> list[float]:
    """Seconds of the scripts that took longest, the longest first."""
    entries = client.slowlog_get(10_000)
    return sorted((item["duration"] / 1e6 for item in entries if item["command"].startswith(b"EVAL")), reverse=True)


def bytes_of(client: redis.Redis, run_id: str) -> dict[str, int]:
    """Memory of each key of a run."""
    return {
        key.decode().split(":", 2)[2]: client.memory_usage(key, samples=0)
        for key in client.scan_iter(f"af:{run_id}:*", count=1000)
    }


def carried(plan: Plan) -> dict[str, Any]:
    """Launch it on a server of its own, carry it to its end, and launch and cancel it again; what it cost."""
    with running_valkey() as server:
        client = connect(server.url)
        client.config_set("slowlog-log-slower-than", 1000)
        client.config_set("slowlog-max-len", 10_000)
        client.hset("af:q", "default", 1)
        store, signer = RedisRunStore(client), Signer(b"k" * 32)

        def open_session(slot: str, run_id: str, _sealed: bytes) -> RunSession:
            request = RunRequest.opened(signer, store.envelope(run_id), run_id)
            return RunSession(slot, store, request, Nothing(), lambda *_: None)

        def request() -> RunRequest:
            return RunRequest(run_id=new_run_id(), code=CodeRef(label="test"), plan=plan)

        def costs() -> float:
            """Seconds of the slowest script but for one in a thousand, during which the machine did something else."""
            found = slowest(client)
            calls = client.info("commandstats").get("cmdstat_evalsha", {"calls": 0})["calls"]
            client.slowlog_reset()
            client.config_resetstat()
            return [*found, 0.0, 0.0][min(calls // 1000, len(found))]

        first = request()
        launch(store, signer, first)
        created = costs()
        slot = Slot("w:1", store, open_session, slice_seconds=1e9)
        began = time.monotonic()
        most: dict[str, int] = {}
        while not store.view(first.run_id, steps=False).status.is_terminal:
            for key, size in bytes_of(client, first.run_id).items():
                most[key] = max(most.get(key, 0), size)
            store.tick(first.run_id)
            slot.work(first.run_id)
        seconds = time.monotonic() - began
        for key, size in bytes_of(client, first.run_id).items():
            most[key] = max(most.get(key, 0), size)
        assert store.view(first.run_id).status is RunStatus.SUCCEEDED
        moved = costs()
        second = request()
        launch(store, signer, second)
        costs()
        store.cancel(second.run_id)
        cancelled = costs()
        slot.close()
        facts = most.pop("facts")
        count = len(plan.steps)
        return {
            "steps": count,
            "created": created,
            "moved": moved,
            "cancelled": cancelled,
            "bytes_a_step": round(sum(most.values()) / count),
            "facts_a_step": round(facts / count),
            "steps_a_second": round(count / seconds),
        }


@pytest.mark.parametrize("plan", [fan(3_000), tower(3_000, 1_000)], ids=["fan", "tower"])
def test_f31_scripts_stay_short_and_a_step_takes_little_memory(plan: Plan) -> None:
    cost = carried(plan)
    assert max(cost["created"], cost["moved"], cost["cancelled"]) <= 2 * SLOWEST, cost  # a busy machine
    assert cost["bytes_a_step"] <= BYTES_A_STEP, cost
    report("F31", bound=SLOWEST, **cost)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("shape", ["fan", "tower"])
def test_f31_a_hundred_thousand_steps_are_carried_with_short_scripts_and_little_memory(shape: str) -> None:
    cost = carried(fan(100_000) if shape == "fan" else tower(100_000, 1_000))
    report("F31", shape=shape, bound=SLOWEST, **cost)
    assert max(cost["created"], cost["moved"], cost["cancelled"]) <= 2 * SLOWEST, cost  # a busy machine
    assert cost["bytes_a_step"] <= BYTES_A_STEP, cost


def test_f32_a_full_server_carries_what_runs_and_refuses_what_is_new(tmp_path: Path) -> None:
    @asset
    def one():
        return 1

    with running_fleet(tmp_path) as (fleet, server):
        fleet.start("-c", "2")
        client = connect(server.url)
        ledger = Ledger(tmp_path / "ledger")
        handle = submit([*ledger.layers(10, 8, 0.02), *ledger.wide(150, 0.02)])
        ledger.wait_for(10)
        client.config_set("maxmemory", client.info("memory")["used_memory"] - 1_000_000)
        assert not handle.status.is_terminal, "the run is over before the server is full"
        with pytest.raises(ServerFullError, match=r"no memory left .*: \d+ bytes are used, and maxmemory"):
            submit(one)
        begun = ledger.count
        assert_kept(fleet, handle, ledger, losses=0)
        assert ledger.count > begun + 50, "nothing was begun while the server was full"
        with pytest.raises(ServerFullError):
            submit(one)
        client.config_set("maxmemory", 0)
        began = time.monotonic()
        assert submit(one).wait(20).success
        assert wait_until(lambda: bool(fleet.known_workers()), timeout=5)
        report("F32", done_while_full=ledger.count - begun, recovery=round(time.monotonic() - began, 2), bound=20)
