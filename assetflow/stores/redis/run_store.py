"""The RunStore on Redis: packs what goes in, unpacks what comes out. The rules are in the scripts."""

from __future__ import annotations

import hashlib
import struct
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any

import msgspec
import redis
from redis.exceptions import ResponseError

from assetflow.errors import ConflictError, LostPlaceError, RunNotFoundError, ServerFullError
from assetflow.keys import Version
from assetflow.runs.claims import VERSION, Advance, Advanced, Announcement, Outcome, Resync, Resynced, version_in
from assetflow.runs.facts import Fact, FactKind
from assetflow.runs.states import RunStatus, StepState
from assetflow.runs.store import Created, NewRun, Proof, RunView, Standing
from assetflow.stores.redis.code_store import code_key
from assetflow.stores.redis.connection import Durability, durability
from assetflow.stores.redis.fact_stream import beginning, entries_of, fact_of
from assetflow.stores.redis.fence import PATIENCE, fence
from assetflow.stores.redis.scripts import Script, answering, generation_of, refused_when_full
from assetflow.stores.redis.wire import Wire

ROOTS_PER_CALL = 1000
REFUSED_SECONDS = 5
NO_LINE = 0xFFFFFFFF
_NEAR = 100  # outputs: as many versions are sent as fast as another question
_STEP = struct.Struct(">IBBBI")


class _CreateReply(msgspec.Struct, frozen=True, array_like=True):
    run_id: str
    announcements: list[Announcement]
    begun: str = ""
    kind: str = ""


_advance_encoder = msgspec.msgpack.Encoder()
_advanced_decoder = msgspec.msgpack.Decoder(Advanced)
_announcements_decoder = msgspec.msgpack.Decoder(list[Announcement])
_resynced_decoder = msgspec.msgpack.Decoder(Resynced)
_status_decoder = msgspec.msgpack.Decoder(tuple[RunStatus, list[Announcement]])
_ended_decoder = msgspec.msgpack.Decoder(tuple[RunStatus, list[Announcement], bool])
_created_decoder = msgspec.msgpack.Decoder(_CreateReply)


class RedisRunStore:
    """Live runs on one Redis or Valkey primary.

    Args:
        client: a connected client with ``decode_responses`` off. Shared by threads.
        keep_seconds: how long the keys of an ended run stay.
    """

    def __init__(self, client: redis.Redis, *, keep_seconds: int = 86_400) -> None:
        self._client = client
        self._keep = keep_seconds
        self._wire = Wire(client)
        self._create = Script(client, "create", ask=self._wire.ask)
        self._advance = Script(client, "advance", ask=self._wire.ask)
        self._reclaim = Script(client, "reclaim")
        self._resync = Script(client, "resync")
        self._boot_failed = Script(client, "boot_failed")
        self._cancel = Script(client, "cancel")
        self._pause = Script(client, "pause")
        self._resume = Script(client, "resume")
        self._tick = Script(client, "tick")
        self._holds = Script(client, "holds")
        self._durability = durability(client)

    @property
    def durable_at_once(self) -> bool:
        """See RunStore. Without an append-only file nothing is durable, and there is nothing to wait for."""
        return self._durability is not Durability.EVERY_SECOND

    def create(self, run: NewRun) -> Created:
        """See RunStore.create."""
        ready = _ready(run)
        roots = [[run.steps[index].queue, -run.steps[index].rank, index] for index in ready]
        chunks = [roots[at : at + ROOTS_PER_CALL] for at in range(0, len(roots), ROOTS_PER_CALL)] or [[]]
        run_key = f"af:rk:{hashlib.sha256(run.run_key.encode()).hexdigest()}" if run.run_key is not None else ""
        blobs: list[bytes] = [run.envelope, *_packed(run), _out(run.standing)]
        for number, chunk in enumerate(chunks):
            first, last = number == 0, number == len(chunks) - 1
            head = msgspec.msgpack.encode(
                (
                    run.fingerprint,
                    run.run_key or "",
                    run.queues,
                    len(run.steps),
                    run.about,
                    self._keep,
                    code_key(run.code) if run.code else "",
                    first,
                    last,
                    run.pools,
                    any(row.pool >= 0 or row.alone for row in run.steps),
                    run.priority,
                    run.limits,
                    _standing(run.standing),
                    () if run.letter is None else msgspec.structs.astuple(run.letter),
                )
            )
            args = [head, msgspec.msgpack.encode(chunk), run_key, *(blobs if first else [])]
            try:
                with refused_when_full(self._client):
                    raw = self._create([_prefix(run.run_id)], args)
            except ResponseError as error:
                raise _translated(error, run.run_id) from None
            told = _created_decoder.decode(raw)
            if not told.run_id:
                return Created(run_id=run.run_id, needs_code=True)
            if told.run_id != run.run_id:
                break
        begun = beginning(told.begun, told.kind) if told.begun else None
        return Created(run_id=told.run_id, announcements=told.announcements, begun=begun)

    def advance(self, run_id: str, request: Advance, *, server: str = "") -> Advanced:
        """See RunStore.advance."""
        script = self._advance.only_on(server) if server else self._advance
        try:
            raw, *settled = script([_prefix(run_id)], [_advance_encoder.encode(request)])
        except ResponseError as error:
            raise _translated(error, run_id) from None
        reply = _advanced_decoder.decode(raw)
        return msgspec.structs.replace(reply, settled=settled[0]) if settled else reply

    def versions(self, run_id: str, outputs: Sequence[int]) -> list[Version | None]:
        """See RunStore.versions."""
        if not outputs:
            return []
        key = _prefix(run_id) + "out"
        pieces = _pieces(outputs)
        with answering(), self._client.pipeline(transaction=False) as pipe:
            for piece in pieces:
                pipe.getrange(key, piece[0] * VERSION.size, (piece[-1] + 1) * VERSION.size - 1)
            answers = pipe.execute()
        found = {
            output: version_in(raw, output - piece[0])
            for piece, raw in zip(pieces, answers, strict=True)
            for output in piece
        }
        return [found[output] for output in outputs]

    def envelope(self, run_id: str) -> bytes:
        """See RunStore.envelope."""
        with answering():
            raw = self._client.get(_prefix(run_id) + "plan")
        if raw is None:
            raise _not_found(run_id)
        return bytes(raw)

    def reclaim(
        self,
        run_id: str,
        slots: str,
        proof: Proof,
        culprit: int = -1,
        outcome: Outcome | None = None,
        told: str = "",
    ) -> list[Announcement]:
        """See RunStore.reclaim."""
        judged = b"" if outcome is None else msgspec.msgpack.encode(outcome)
        return _announcements_decoder.decode(
            self._reclaim([_prefix(run_id)], [slots, proof.value, culprit, judged, told])
        )

    def resync(self, run_id: str, request: Resync) -> Resynced:
        """See RunStore.resync."""
        return _resynced_decoder.decode(self._ask(self._resync, run_id, msgspec.msgpack.encode(request)))

    def boot_failed(self, run_id: str, detail: str) -> int:
        """See RunStore.boot_failed."""
        return int(self._ask(self._boot_failed, run_id, detail))

    def abort(self, run_id: str, detail: str) -> tuple[RunStatus, list[Announcement]]:
        """See RunStore.abort."""
        return self._end(run_id, RunStatus.FAILED, FactKind.RUN_ABORTED, detail)

    def cancel(self, run_id: str) -> tuple[RunStatus, list[Announcement]]:
        """See RunStore.cancel."""
        return self._end(run_id, RunStatus.CANCELLED, FactKind.RUN_CANCELLING, "{}")

    def pause(self, run_id: str) -> tuple[RunStatus, list[Announcement]]:
        """See RunStore.pause."""
        return _status_decoder.decode(self._ask(self._pause, run_id))

    def resume(self, run_id: str) -> tuple[RunStatus, list[Announcement]]:
        """See RunStore.resume."""
        return _status_decoder.decode(self._ask(self._resume, run_id))

    def tick(self, run_id: str, idle: Collection[str] = ()) -> list[Announcement]:
        """See RunStore.tick."""
        return _announcements_decoder.decode(self._tick([_prefix(run_id)], [msgspec.msgpack.encode(list(idle))]))

    def note(self, run_id: str, kind: FactKind, steps: Sequence[int], detail: str, token: int = 0) -> None:
        """See RunStore.note."""
        fields = {"k": kind.value, "s": ",".join(map(str, steps)), "t": token, "d": detail}
        with suppress(ServerFullError), answering():  # nothing depends on it
            self._client.xadd(_prefix(run_id) + "facts", fields, nomkstream=True)

    def refuse(self, run_id: str, detail: str) -> None:
        """See RunStore.refuse."""
        if detail:
            self.note(run_id, FactKind.RUN_REFUSED, (), detail)
        with suppress(ServerFullError), answering():
            self._client.set(_prefix(run_id) + "refused", b"1", ex=REFUSED_SECONDS)

    def holds(self, run_id: str, slot: str, step: int, nonce: int) -> bool:
        """See RunStore.holds."""
        return bool(self._holds([_prefix(run_id)], [slot, step, nonce]))

    def holders(self, run_id: str) -> set[str]:
        """See RunStore.holders."""
        with answering():
            slots = self._client.hkeys(_prefix(run_id) + "slots")
        return {slot.decode().partition(":")[0] for slot in slots}

    def view(self, run_id: str, *, steps: bool = True) -> RunView:
        """See RunStore.view."""
        prefix = _prefix(run_id)
        with answering(), self._client.pipeline(transaction=False) as pipe:
            pipe.hmget(prefix + "meta", "status", "created", "started", "ended", "left", "about")
            if steps:
                pipe.get(prefix + "st")
            answers = pipe.execute()
        status, created, started, ended, left, about = answers[0]
        if status is None:
            raise _not_found(run_id)
        rows: bytes = (answers[1] or b"") if steps else b""
        return RunView(
            run_id=run_id,
            status=RunStatus(status.decode()),
            created=int(created) / 1000,
            started=int(started) / 1000 if started else None,
            ended=int(ended) / 1000 if ended else None,
            left=int(left),
            states=tuple(StepState(chr(byte)) for byte in rows[0::4]),
            retries=tuple(rows[1::4]),
            about=about.decode(),
        )

    def facts(self, run_id: str, after: str = "0", limit: int = 1000, block: float | None = None) -> list[Fact]:
        """See RunStore.facts."""
        wait = () if block is None else ("BLOCK", max(1, int(block * 1000)))
        with answering():
            answer = self._wire.ask("XREAD", "COUNT", limit, *wait, "STREAMS", _prefix(run_id) + "facts", after)
        return [fact_of(identity, fields) for identity, fields in entries_of(answer)]

    def ready_for(self, queues: Collection[str]) -> bool:
        """See RunStore.ready_for."""
        runs = self.live_runs()
        with answering(), self._client.pipeline(transaction=False) as pipe:
            for run_id in runs:
                pipe.hget(_prefix(run_id) + "meta", "status")
                for queue in queues:
                    pipe.zcard(f"{_prefix(run_id)}ready:{queue}")
            answers = pipe.execute()
        width = 1 + len(queues)
        rows = (answers[at : at + width] for at in range(0, len(answers), width))
        return any(status == b"RUNNING" and any(counts) for status, *counts in rows)

    def live_runs(self) -> list[str]:
        """See RunStore.live_runs."""
        with answering():
            return [raw.decode() for raw in self._client.zrange("af:runs", 0, -1)]

    def recent_runs(self, limit: int = 50) -> list[str]:
        """See RunStore.recent_runs."""
        with answering(), self._client.pipeline(transaction=False) as pipe:
            pipe.zrange("af:runs", 0, limit - 1, desc=True)
            pipe.zrange("af:recent", 0, limit - 1, desc=True)
            live, ended = pipe.execute()
        return sorted({raw.decode() for raw in (*live, *ended)}, reverse=True)[:limit]

    def generation(self) -> str:
        """See RunStore.generation."""
        with answering():
            return generation_of(self._client)

    def await_durable(self) -> str:
        """See RunStore.await_durable."""
        if self._durability is not Durability.EVERY_SECOND:
            return self.generation()
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = fence(self._client)
            if answer.safe or time.monotonic() > deadline:
                return answer.generation

    def _end(self, run_id: str, final: RunStatus, kind: FactKind, detail: str) -> tuple[RunStatus, list[Announcement]]:
        """Call until all steps are out; the run is over for everybody with the first call."""
        announcements: list[Announcement] = []
        more = True
        while more:
            status, found, more = _ended_decoder.decode(
                self._ask(self._cancel, run_id, final.value, kind.value, detail)
            )
            announcements += found
        return status, announcements

    def _ask(self, script: Script, run_id: str, *args: Any) -> Any:
        try:
            return script([_prefix(run_id)], list(args))
        except ResponseError as error:
            raise _translated(error, run_id) from None


def _prefix(run_id: str) -> str:
    return f"af:{run_id}:"


def _pieces(outputs: Sequence[int]) -> list[list[int]]:
    """The outputs in order, those that lie near together asked for at once, with what is between them."""
    pieces: list[list[int]] = []
    for output in sorted(set(outputs)):
        if pieces and output - pieces[-1][-1] <= _NEAR:
            pieces[-1].append(output)
        else:
            pieces.append([output])
    return pieces


def _packed(run: NewRun) -> tuple[bytes, bytes, bytes]:
    waits = [row.waits for row in run.steps]
    states = b"".join(b"R\0\0\0" if count == 0 else b"W\0\0\0" for count in waits)
    if run.standing is not None:
        waits = list(run.standing.waits)
        known = zip(run.standing.states, run.standing.retries, strict=True)
        states = b"".join(bytes((ord(state.value), min(retries, 255), 0, 0)) for state, retries in known)
    pending = struct.pack(f">{len(waits)}I", *waits)
    fixed = b"".join(
        _STEP.pack(row.rank, row.queue, row.pool + 1, row.alone, row.line if row.line >= 0 else NO_LINE)
        for row in run.steps
    )
    return states, pending, fixed


def _ready(run: NewRun) -> list[int]:
    if run.standing is None:
        return [index for index, row in enumerate(run.steps) if row.waits == 0]
    return [index for index, state in enumerate(run.standing.states) if state is StepState.READY]


def _standing(standing: Standing | None) -> tuple[Any, ...]:
    """What the script has to know of a run that is brought back; nothing for a new one."""
    if standing is None:
        return ()
    chores = [(output, *_numbers_of(standing.versions[output])) for output in standing.unpublished]
    return standing.left, standing.failed, standing.token, chores


def _out(standing: Standing | None) -> bytes:
    """The versions of what is committed already."""
    versions = {} if standing is None else standing.versions
    packed = bytearray(12 * (max(versions, default=-1) + 1))
    for output, version in versions.items():
        VERSION.pack_into(packed, output * 12, version.token, version.nonce)
    return bytes(packed)


def _numbers_of(version: Version) -> tuple[int, int]:
    return version.token, version.nonce


def _not_found(run_id: str) -> RunNotFoundError:
    return RunNotFoundError(f"there is no run {run_id}", fix="`assetflow runs list` shows the runs that are known")


def _translated(error: Exception, run_id: str) -> Exception:
    word, _, rest = str(error).partition(" ")
    if word == "NORUN":
        return _not_found(run_id)
    if word == "LOSTPLACE":
        return LostPlaceError(f"run {run_id} expects another batch of this slot")
    if word == "CONFLICT":
        conflict = ConflictError(
            f"the same run key (or run id) was used for run {rest} with another request",
            fix="use a new run_key for a new request",
        )
        conflict.run_id = rest
        return conflict
    return error
