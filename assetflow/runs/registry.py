"""The seam to the place where workers say that they are alive."""

from __future__ import annotations

from typing import Protocol

import msgspec


class WorkerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Who a worker is, so that a neighbour can prove its death and a person can find it.

    Attributes:
        worker: random hex, new at every start.
        host, boot: name of the machine, and which boot of it.
        pid_space: identity of the pid namespace; pids are compared within one only.
        pid, born: of the Celery parent; start time in clock ticks since boot.
        queues: it serves.
        slots: how many steps it runs at once.
        can_kill: whether single steps can be stopped by force.
        modules: it may import.
        software: versions, for people.
        key: id of the key it signs with; workers and clients need the same.
        clock: seconds since the epoch by its machine's clock, when it beat; 0 where nobody has said.
        started: the same of when it started.
    """

    worker: str
    host: str
    boot: str
    pid_space: str
    pid: int
    born: int
    queues: tuple[str, ...]
    slots: int
    can_kill: bool = True
    modules: tuple[str, ...] = ()
    software: str = ""
    key: str = ""
    clock: float = 0.0
    started: float = 0.0


class WorkerView(msgspec.Struct, frozen=True, kw_only=True):
    """A worker as the registry knows it.

    Attributes:
        last_beat: seconds ago.
        busy: slots that run a step.
        ahead: seconds by which its clock is ahead of the store's; None where nobody has said.
        code: fingerprint of each module that it has loaded.
    """

    info: WorkerInfo
    last_beat: float
    busy: int
    ahead: float | None = None
    code: dict[str, str] = {}


class WorkerRegistry(Protocol):
    """Keeps beats. A worker is dead after D seconds of calm without one, never because a key expired."""

    def beat(self, info: WorkerInfo, busy: int) -> bool:
        """I am alive; whether the host is in quarantine, and its workers should take nothing for now."""

    def loaded(self, worker: str, module: str, fingerprint: str) -> None:
        """Note which version of a module a worker has loaded."""

    def leave(self, worker: str, *, died: bool) -> None:
        """Forget a worker: it stopped, or it died and what it held was taken back.

        A host on which workers die again and again is put in quarantine for a while.
        """

    def quarantined(self) -> list[str]:
        """Hosts in quarantine."""

    def workers(self) -> list[WorkerView]:
        """All that have beaten and not left."""

    def overdue(self) -> list[str]:
        """Workers that are dead: no beat for D, while others' beats came without a gap."""

    def drain(self, worker: str) -> None:
        """Ask a worker to take nothing more, and to end when what it has in hand is done."""

    def is_to_drain(self, worker: str) -> bool:
        """Whether somebody has asked for that."""

    def hold_lease(self, name: str, worker: str, seconds: float) -> bool:
        """Take or keep a lease; False if somebody else has it."""

    def drop_lease(self, name: str, worker: str) -> None:
        """Leave a lease to others, if it is held."""


DEAD_AFTER = 10.0
DEATHS_ALLOWED = 5  # of workers of one host within QUARANTINE_SECONDS; one more, and it is put in quarantine
QUARANTINE_SECONDS = 60
DRAIN_ASKED_SECONDS = 600
