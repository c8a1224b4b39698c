"""Every order in which two workers, a server and a disk can do what the protocol lets them do.

Two steps: ``a`` makes two outputs, ``b`` needs one of them and makes one; both need the only token of a pool. A worker
claims, stages, settles, publishes, and tells that it has published; it may be slow for ever, and die once. The server
takes claims back from workers that are only slow, cancels, syncs its disk at any time, and may go back to its last sync
once. Whatever was settled and is not published is published by anybody.

The model knows nothing of the code. What it says is that this protocol keeps its promises, and that others do not:
each rule that is left out leads to a broken promise, with the story of how.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

A, B = 0, 1
OUTPUTS = {A: (0, 1), B: (2,)}
NEEDED_BY_B = 0

Claim = tuple[int, int]  # token, nonce
OLD: Claim = (0, 0)  # what an earlier run has left at every path


@dataclass(frozen=True, slots=True)
class Step:
    """A step on the server: W waiting, R ready, C claimed, S succeeded, X cancelled."""

    state: str = "R"
    claim: Claim | None = None  # of the holder, or of what was committed
    read: Claim | None = None  # the version of a that b has read, once b is committed


@dataclass(frozen=True, slots=True)
class Server:
    """What the server knows, and loses when it goes back."""

    steps: tuple[Step, Step] = (Step(), Step("W"))
    token: int = 0
    unpublished: frozenset[int] = frozenset()
    holders: frozenset[int] = frozenset()  # of the pool's token
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker: idle, claimed, staged, checked, settled, published, dead."""

    phase: str = "idle"
    step: int = A
    claim: Claim = (0, 0)
    read: Claim | None = None
    published: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class World:
    """Everything at one moment; the budgets say what may still go wrong."""

    server: Server = Server()
    disk: Server = Server()
    workers: tuple[Worker, Worker] = (Worker(), Worker())
    paths: tuple[Claim, ...] = (OLD, OLD, OLD)
    staged: frozenset[tuple[int, str]] = frozenset()
    clock: int = 0
    nonces: int = 0
    reclaims: int = 1
    rollbacks: int = 1
    cancels: int = 1
    deaths: int = 1


@dataclass(frozen=True, slots=True)
class Protocol:
    """The rules, each of which can be left out.

    Attributes:
        gate: publish only what is on the server's disk.
        resync: tell a server that went back what it has forgotten.
        nonces: versions are named by token and nonce; else by the token alone, counted from what the server knows.
        settle_first: settle, then publish; else publish what is still held, then settle.
        exact_reads: b reads the version that was settled; else whatever the path shows.
    """

    gate: bool = True
    resync: bool = True
    nonces: bool = True
    settle_first: bool = True
    exact_reads: bool = True


def explore(protocol: Protocol, world: World | None = None, until: str = "") -> tuple[int, dict[str, str]]:
    """All that can happen.

    Args:
        until: stop as soon as this promise is broken.

    Returns:
        how many worlds there are, and for each promise that is broken in one of them the story of how.
    """
    first = world or World()
    seen: dict[World, tuple[World, str] | None] = {first: None}
    queue = deque([first])
    broken: dict[str, str] = {}
    while queue and (not until or until not in broken):
        here = queue.popleft()
        for promise in _broken(here):
            broken.setdefault(promise, _story(seen, here))
        for what, there in _moves(protocol, here):
            if there not in seen:
                seen[there] = (here, what)
                queue.append(there)
    return len(seen), broken


def _story(seen: dict[World, tuple[World, str] | None], world: World) -> str:
    words = []
    while (origin := seen[world]) is not None:
        world, what = origin
        words.append(what)
    return " > ".join(reversed(words))


def _broken(world: World) -> Iterator[str]:
    server = world.server
    if sum(step.state == "C" for step in server.steps) > 1:
        yield "two steps hold the only token"
    names = [name for _, name in world.staged]
    if len(names) != len(set(names)):
        yield "two attempts share the name of a version"
    at_rest = all(worker.phase in ("idle", "dead") for worker in world.workers)
    over = all(step.state in "SX" for step in server.steps) and not server.unpublished
    if not (at_rest and over):
        return
    for number, step in enumerate(server.steps):
        for output in OUTPUTS[number]:
            if step.state == "S" and world.paths[output] != step.claim:
                yield "a path shows another version than the committed one"
            if step.state == "X" and world.paths[output] != OLD:
                yield "a cancelled step has touched what people read"
    a, b = server.steps
    if b.state == "S" and b.read != a.claim:
        yield "a step was made of another version than the committed one"


def _moves(protocol: Protocol, world: World) -> Iterator[tuple[str, World]]:
    server = world.server
    if server != world.disk:
        yield "sync", replace(world, disk=server)
        if world.rollbacks:
            yield "GO BACK", replace(world, server=world.disk, rollbacks=world.rollbacks - 1)
    if world.cancels and not server.cancelled and any(step.state in "WRC" for step in server.steps):
        steps = tuple(step if step.state == "S" else Step("X") for step in server.steps)
        gone = replace(server, steps=steps, cancelled=True, holders=frozenset())
        yield "cancel", replace(world, server=gone, cancels=world.cancels - 1)
    if world.reclaims:
        for number, step in enumerate(server.steps):
            if step.state == "C":
                yield (
                    f"reclaim {'ab'[number]}",
                    replace(world, server=_returned(server, number), reclaims=world.reclaims - 1),
                )
    if protocol.settle_first and server.unpublished and not (protocol.gate and server != world.disk):
        output = min(server.unpublished)
        step = server.steps[B if output == 2 else A]
        if step.claim is not None:
            told = replace(server, unpublished=server.unpublished - {output})
            yield "chore", replace(_shown(world, output, step.claim), server=told)
    for number, worker in enumerate(world.workers):
        if world.deaths and worker.phase in ("claimed", "staged", "checked", "settled", "published"):
            dead = _with(world, number, Worker("dead"))
            yield f"w{number} dies", replace(dead, deaths=world.deaths - 1, reclaims=max(world.reclaims, 1))
        for what, there in _worker_moves(protocol, world, number, worker):
            yield f"w{number} {what}", there


def _worker_moves(protocol: Protocol, world: World, number: int, worker: Worker) -> Iterator[tuple[str, World]]:
    server = world.server
    if worker.phase == "idle":
        yield from _claims(protocol, world, number)
        return
    step = server.steps[worker.step]
    holds = step.state == "C" and step.claim == worker.claim
    done = Worker()
    if worker.phase == "claimed":
        name = f"{'ab'[worker.step]}@{worker.claim}" if protocol.nonces else f"{'ab'[worker.step]}@{worker.claim[0]}"
        staged = replace(world, staged=world.staged | {(worker.claim[1], name)})
        yield "stages", _with(staged, number, replace(worker, phase="staged"))
    elif worker.phase == "staged" and protocol.settle_first:
        if holds:
            yield "settles", _with(_committed(world, worker), number, replace(worker, phase="settled"))
        elif protocol.resync and _may_regain(server, worker):
            yield "regains and settles", _with(_committed(world, worker), number, replace(worker, phase="settled"))
        else:
            yield "is refused", _with(world, number, done)
    elif worker.phase == "staged":
        if holds:
            yield "checks", _with(world, number, replace(worker, phase="checked"))
        else:
            yield "is refused", _with(world, number, done)
    elif worker.phase == "checked":  # only where publishing comes first, as what follows
        yield "publishes", _with(_all_shown(world, worker), number, replace(worker, phase="published"))
    elif worker.phase == "published":
        if holds:
            yield "settles", _with(_committed(world, worker, published=True), number, done)
        else:
            yield "is refused", _with(world, number, done)
    elif worker.phase == "settled":
        yield from _publishing(protocol, world, number, worker)


def _publishing(protocol: Protocol, world: World, number: int, worker: Worker) -> Iterator[tuple[str, World]]:
    server = world.server
    step = server.steps[worker.step]
    counts = step.state == "S" and step.claim == worker.claim
    if not counts:
        if protocol.resync and _may_regain(server, worker):
            again = replace(worker, published=frozenset())
            yield "tells it again", _with(_committed(world, worker), number, again)
        elif not (protocol.resync and server.steps[worker.step].state == "W" and not server.cancelled):
            yield "gives up", _with(world, number, Worker())
        else:
            yield "is early, and gives up", _with(world, number, Worker())
        return
    missing = sorted(set(OUTPUTS[worker.step]) - worker.published)
    if missing:
        if not (protocol.gate and server != world.disk):
            shown = _shown(world, missing[0], worker.claim)
            yield "publishes", _with(shown, number, replace(worker, published=worker.published | {missing[0]}))
    else:
        told = replace(server, unpublished=server.unpublished - worker.published)
        yield "tells", _with(replace(world, server=told), number, Worker())


def _claims(protocol: Protocol, world: World, number: int) -> Iterator[tuple[str, World]]:
    server = world.server
    if world.nonces >= 4 or server.holders or server.cancelled:
        return
    for index, step in enumerate(server.steps):
        if step.state != "R":
            continue
        clock = max(server.token, world.clock) + 1 if protocol.nonces else server.token + 1
        claim = (clock, world.nonces + 1)
        read = None
        if index == B:
            read = server.steps[A].claim if protocol.exact_reads else world.paths[NEEDED_BY_B]
            if read is None:
                continue
        steps = _set(server.steps, index, Step("C", claim))
        taken = replace(server, steps=steps, token=clock, holders=frozenset({index}))
        there = replace(world, server=taken, clock=max(world.clock, clock), nonces=world.nonces + 1)
        yield f"claims {'ab'[index]}", _with(there, number, Worker("claimed", index, claim, read))


def _may_regain(server: Server, worker: Worker) -> bool:
    """The server has forgotten the claim or the outcome, and nobody else has the step."""
    step = server.steps[worker.step]
    if server.cancelled or (worker.step == B and server.steps[A].claim != worker.read):
        return False
    return step.state == "R" or (step.state == "C" and step.claim == worker.claim)


def _committed(world: World, worker: Worker, *, published: bool = False) -> World:
    server = world.server
    steps = _set(server.steps, worker.step, Step("S", worker.claim, worker.read))
    if worker.step == A and steps[B].state == "W":
        steps = _set(steps, B, Step("R"))
    waiting = frozenset() if published else frozenset(OUTPUTS[worker.step])
    settled = replace(
        server,
        steps=steps,
        token=max(server.token, worker.claim[0]),
        unpublished=server.unpublished | waiting,
        holders=server.holders - {worker.step},
    )
    return replace(world, server=settled)


def _returned(server: Server, number: int) -> Server:
    return replace(server, steps=_set(server.steps, number, Step("R")), holders=server.holders - {number})


def _shown(world: World, output: int, claim: Claim) -> World:
    """The path shows this version, unless it shows a later one."""
    if world.paths[output] >= claim:
        return world
    paths = tuple(claim if index == output else old for index, old in enumerate(world.paths))
    return replace(world, paths=paths)


def _all_shown(world: World, worker: Worker) -> World:
    paths = tuple(worker.claim if index in OUTPUTS[worker.step] else old for index, old in enumerate(world.paths))
    return replace(world, paths=paths)


def _with(world: World, number: int, worker: Worker) -> World:
    workers = (worker, world.workers[1]) if number == 0 else (world.workers[0], worker)
    return replace(world, workers=workers)


def _set(steps: tuple[Step, Step], index: int, step: Step) -> tuple[Step, Step]:
    return (step, steps[1]) if index == 0 else (steps[0], step)
