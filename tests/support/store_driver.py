"""Driving a RunStore by hand: plans in a line of text, one slot that keeps its batch number."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from assetflow.runs.claims import Advance, Advanced, Claim, Outcome
from assetflow.runs.store import NewRun, RunStore, StepRow

_ids = itertools.count(1)


def new_run(
    waits: Sequence[int],
    *,
    lines: Mapping[int, int] | None = None,
    ranks: Sequence[int] | None = None,
    run_key: str | None = None,
    fingerprint: str = "request",
    queues: Sequence[int] | None = None,
    pools: Sequence[int] | None = None,
    priority: int = 0,
    limits: tuple[str, ...] = (),
) -> NewRun:
    """A run of steps that wait for so many others; step i has output i."""
    lines = lines or {}
    return NewRun(
        run_id=f"RUN{next(_ids):06d}",
        envelope=b"plan",
        fingerprint=fingerprint,
        run_key=run_key,
        queues=("default", "gpu"),
        pools=("door", "lift"),
        priority=priority,
        limits=limits,
        steps=tuple(
            StepRow(
                rank=ranks[index] if ranks else 1,
                queue=queues[index] if queues else 0,
                waits=count,
                line=lines.get(index, -1),
                pool=pools[index] if pools else -1,
                alone=bool(pools) and pools[index] >= 0,
            )
            for index, count in enumerate(waits)
        ),
        outputs=len(waits),
    )


class Slot:
    """A slot that talks to a store and keeps what it claimed."""

    def __init__(self, store: RunStore, run_id: str, name: str = "worker:1", queue: str = "default") -> None:
        self.store, self.run_id, self.name, self.queue = store, run_id, name, queue
        self.batch = 0
        self.server = ""
        self.held: dict[int, Claim] = {}
        self.last: Advance | None = None

    def advance(
        self,
        *outcomes: Outcome,
        want: int = 0,
        published: Sequence[int] = (),
        hint: int = -1,
        announcement: str = "",
    ) -> Advanced:
        self.batch += 1
        self.last = Advance(
            self.name, self.batch, outcomes, tuple(published), self.queue, want, hint, announcement, self.batch * 1000
        )
        reply = self.store.advance(self.run_id, self.last, server=self.server)
        for outcome in outcomes:
            self.held.pop(outcome.step, None)
        self.held.update({claim.step: claim for claim in reply.claims})
        return reply

    def again(self) -> Advanced:
        """The same call once more, as after a lost reply."""
        assert self.last is not None
        return self.store.advance(self.run_id, self.last, server=self.server)

    def claim(self, want: int = 8, **more: object) -> list[int]:
        return [claim.step for claim in self.advance(want=want, **more).claims]  # type: ignore[arg-type]

    def done(
        self, step: int, unlocks: Sequence[int] = (), closes: Sequence[int] = (), publish: bool = False
    ) -> Outcome:
        emitted = (step,) if not closes or unlocks else ()
        return self._outcome(step, "S", emitted, unlocks, closes, emitted if publish else ())

    def failed(self, step: int, closes: Sequence[int] = ()) -> Outcome:
        return self._outcome(step, "F", closes=closes)

    def unstarted(self, step: int) -> Outcome:
        return self._outcome(step, "R")

    def to_retry(self, step: int, delay_ms: int = 0) -> Outcome:
        return self._outcome(step, "D", delay_ms=delay_ms)

    def _outcome(
        self,
        step: int,
        verdict: str,
        emitted: Sequence[int] = (),
        unlocks: Sequence[int] = (),
        closes: Sequence[int] = (),
        publishes: Sequence[int] = (),
        delay_ms: int = 0,
    ) -> Outcome:
        return Outcome(
            step,
            self.held[step].nonce,
            verdict,
            tuple(emitted),
            tuple(unlocks),
            tuple(closes),
            tuple(publishes),
            "{}",
            delay_ms,
        )


def states(store: RunStore, run_id: str) -> str:
    return "".join(state.value for state in store.view(run_id).states)


def start(store: RunStore, *args: object, **kwargs: object) -> Slot:
    run = new_run(*args, **kwargs)  # type: ignore[arg-type]
    store.create(run)
    return Slot(store, run.run_id)
