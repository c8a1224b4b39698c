"""A run store, a recorder and a history in one process, and runs that do nothing but tell."""

from __future__ import annotations

from collections.abc import Mapping

import redis

from assetflow.code.reference import CodeRef
from assetflow.code.signing import Signer
from assetflow.code.store import MemoryCodeStore
from assetflow.engine.launch import launch
from assetflow.engine.recorder import Recorder
from assetflow.engine.request import RunRequest
from assetflow.engine.session import RunSession
from assetflow.engine.slot import Slot
from assetflow.execution.outcome import StepResult
from assetflow.execution.settled import Settled
from assetflow.keys import Version
from assetflow.planning.plan import Plan, Step, StepInput, StepOutput
from assetflow.run_ids import new_run_id
from assetflow.runs.claims import Claim
from assetflow.runs.facts import OutputDetail, StepDetail
from assetflow.stores.redis.outbox import RedisOutbox
from assetflow.stores.redis.run_store import RedisRunStore
from assetflow.stores.sql.history import SqlHistory

SIGNER = Signer(b"k" * 32)


class Telling:
    """Runs steps that do nothing, and tell that they have made their assets."""

    def run(self, step: Step, claim: Claim, versions: Mapping[int, Version], settled: Settled) -> StepResult:
        emitted = [output.index for output in step.outputs]
        made = [OutputDetail(output=one.index, key=one.key, version=claim.version.name, size=7) for one in step.outputs]
        return StepResult(succeeded=True, emitted=emitted, detail=StepDetail(started=1.0, seconds=0.5, outputs=made))

    def publish(self, output: int, version: Version) -> None:
        pass

    def discard(self, output: int, version: Version) -> None:
        pass

    def close(self) -> None:
        pass


def row_of(count: int) -> Plan:
    """Steps that need each other in a row, each of which makes an asset."""
    steps = []
    for index in range(count):
        above = (StepInput(name="above", key=(f"s{index - 1}",), output=index - 1),) if index else ()
        outputs = (StepOutput(index=index, key=(f"s{index}",), code_version="7"),)
        steps.append(Step(index=index, key=f"s{index}", inputs=above, outputs=outputs, rank=count - index))
    return Plan(steps=tuple(steps))


class Bench:
    """One run store, and recorders of it.

    Args:
        client: of an empty server.
    """

    def __init__(self, client: redis.Redis) -> None:
        self.client = client
        self.codes = MemoryCodeStore()
        self.store = RedisRunStore(client)
        client.hset("af:q", "default", 1)

    def recorder(self, history: SqlHistory | None, keep_seconds: int | None = 60) -> Recorder:
        outbox = RedisOutbox(self.client, keep_seconds=keep_seconds)
        return Recorder(outbox, lambda _create: history.log if history else None, self.codes, SIGNER)

    def launch(self, plan: Plan, *, code: CodeRef | None = None, run_id: str | None = None) -> str:
        """Create a run; its id."""
        request = RunRequest(run_id=run_id or new_run_id(), code=code or CodeRef(label="test"), plan=plan)
        return launch(self.store, SIGNER, request).run_id

    def work(self, run_id: str, seconds: float = 1e9) -> None:
        """Work on a run, by default until nothing is ready."""

        def open_session(slot: str, run_id: str, _sealed: bytes) -> RunSession:
            request = RunRequest.opened(SIGNER, self.store.envelope(run_id), run_id)
            return RunSession(slot, self.store, request, Telling(), lambda *_: None)

        slot = Slot("w:1", self.store, open_session, slice_seconds=seconds)
        slot.work(run_id)
        slot.close()


def record_all(recorder: Recorder) -> None:
    """Turns until there is nothing more."""
    if recorder.is_mine():
        while recorder.turn():
            pass
