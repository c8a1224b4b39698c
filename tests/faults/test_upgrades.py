"""Workers with older code, and plans of a newer version: they are left alone, and the run says why."""

from __future__ import annotations

import secrets
from pathlib import Path

import msgspec
import pytest

from assetflow import RunHandle, asset, submit
from assetflow.clock import pause, wait_until
from assetflow.code.reference import CodeRef
from assetflow.engine.launch import launch
from assetflow.engine.request import RunRequest
from assetflow.planning.plan import SCHEMA, Plan
from assetflow.runs.facts import FactKind
from assetflow.runs.states import RunStatus
from assetflow.submission import make_request, project_of
from tests.support.fleet import Fleet, Worker, running_fleet, seconds_until
from tests.support.ledger import Ledger, assert_kept, assert_nothing_left, report

ROOT = Path(__file__).parents[2]
REFUSED_FOR = 5.0  # seconds
CODE = """
from pathlib import Path
from assetflow import asset
from tests.support.ledger import Ledger

ledger = Ledger(Path({ledger!r}))

@asset
def bread():
    ledger.enter("bread")
    return {value}

@asset
def toast(bread):
    ledger.enter("toast")
    return bread + 1
"""


def refusals(fleet: Fleet, handle: RunHandle) -> list[str]:
    facts = fleet.connection().store.facts(handle.id)
    return [fact.detail["error"]["message"] for fact in facts if fact.kind is FactKind.RUN_REFUSED]


def wake_ups(worker: Worker) -> int:
    return worker.words.count("received")


@pytest.mark.slow
def test_f29_a_worker_with_older_code_leaves_the_run_alone_until_it_has_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = f"wares_{secrets.token_hex(4)}"
    ledger = Ledger(tmp_path / "ledger")
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, value in ((old, 1), (new, 2)):
        folder.mkdir()
        (folder / f"{module}.py").write_text(CODE.format(ledger=str(ledger.path), value=value))
    monkeypatch.syspath_prepend(new)
    with running_fleet(tmp_path, modules=[module]) as (fleet, _server):
        late = fleet.start(environment={"PYTHONPATH": f"{old}:{ROOT}"})
        # It has imported its version before.
        handle = submit(module)
        assert wait_until(lambda: bool(refusals(fleet, handle)), timeout=10)
        [why] = refusals(fleet, handle)
        assert f"of {module}; this worker has version" in why
        before = wake_ups(late)
        pause(2 * REFUSED_FOR)
        assert wake_ups(late) - before <= 3, "it is woken over and over"
        assert handle.status is RunStatus.RUNNING
        assert ledger.count == 0
        right = fleet.start(environment={"PYTHONPATH": f"{new}:{ROOT}"})
        recovery = seconds_until(lambda: handle.status.is_terminal, timeout=REFUSED_FOR + 3 + 10)
        assert_kept(fleet, handle, ledger, losses=0)
        assert {int(line.split()[1]) for line in ledger.lines} <= set(right.slots)
        assert b"K\x03" in (fleet.storage / "toast").read_bytes()
        right.stop()
        # The new code arrives under the feet of the worker that has the old one in its memory.
        (old / f"{module}.py").write_text((new / f"{module}.py").read_text())
        slots = late.slots
        again = submit(module)
        replaced = seconds_until(lambda: again.status.is_terminal, timeout=30)
        assert again.wait(1).success
        assert late.slots != slots
        assert ledger.count == 4
        assert_nothing_left(fleet)
        report("F29", bound=REFUSED_FOR + 3, recovery=round(recovery, 2), replaced=round(replaced, 2))


def newer(request: RunRequest, plan: object) -> bytes:
    """The request as a later version might write it."""
    document = msgspec.to_builtins(request)
    return msgspec.msgpack.encode({**document, "plan": plan, "unheard_of": [1, 2]})


@pytest.mark.parametrize("shape", ["the same but for the number", "another one"])
def test_f30_a_plan_of_a_newer_version_is_left_alone_and_the_run_says_so(tmp_path: Path, shape: str) -> None:
    @asset
    def one():
        return 1

    with running_fleet(tmp_path) as (fleet, server):
        worker = fleet.start()
        connection = fleet.connection()
        request = make_request(project_of(one), CodeRef(label="test"), None, environment="default")
        created = launch(connection.store, connection.signer, request)
        plan = msgspec.to_builtins(request.plan)
        assert plan["schema"] == 1, "a plan tells its format"
        changed = {**plan, "schema": SCHEMA + 1} if "same" in shape else {"graph": {"one": []}, "schema": SCHEMA + 1}
        sealed = connection.signer.seal("run", newer(request, changed))
        from assetflow.stores.redis.connection import connect

        client = connect(server.url)
        client.set(f"af:{created.run_id}:plan", sealed)
        travelling = [msgspec.structs.replace(one, plan=sealed) for one in created.announcements]
        connection.announce(created.run_id, travelling)
        handle = RunHandle(created.run_id, connection.store, connection.signer, connection.announce)
        assert wait_until(lambda: bool(refusals(fleet, handle)), timeout=10)
        [why] = refusals(fleet, handle)
        assert f"has format {SCHEMA + 1}; this version reads up to {SCHEMA}" in why
        assert handle.status is RunStatus.RUNNING
        ledger = Ledger(tmp_path / "ledger")
        assert_kept(fleet, submit(ledger.chain(3)), ledger, losses=0)
        assert worker.words.count("is refused: the plan") == 1
        assert handle.cancel() is RunStatus.CANCELLED


def test_f30_a_plan_that_says_nothing_of_its_format_is_of_the_first() -> None:
    assert Plan.from_json(b'{"steps": []}').schema == 1
