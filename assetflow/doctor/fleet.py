"""The workers: who is there, for which queues, with which versions, keys and clocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assetflow.code.fingerprint import fingerprint_of
from assetflow.definitions.bundle import Definitions
from assetflow.definitions.placement import DEFAULT_QUEUE, placement_of
from assetflow.errors import AssetflowError
from assetflow.findings import Finding, fine, problem, warning
from assetflow.runs.registry import DEAD_AFTER, WorkerView
from assetflow.settings import Settings
from assetflow.submission import Project
from assetflow.wiring import connect, outbox_of, signer_for

AREA = "workers"
_AHEAD = 30.0  # seconds that a worker's clock may be off: it only shows in the times of steps
_BEHIND = 10_000  # runs that wait to be recorded


def look_at_fleet(settings: Settings, project: Project | None) -> Iterator[Finding]:
    """Everything about workers that the server knows.

    Args:
        project: the definitions whose queues, pools and code matter; None if nobody has named any.

    Raises:
        AssetflowError: the server does not answer.
    """
    connection = connect(settings, only_live=True)
    views = connection.registry.workers()
    hosts = connection.registry.quarantined()
    limits = {use.name for use in connection.limits.pools() if use.limit is not None}
    unrecorded = len(outbox_of(connection).waiting(_BEHIND))
    yield from _who_is_there(views)
    for host in hosts:
        yield problem(
            AREA,
            f"workers on {host} have died again and again: it takes no steps for a minute",
            f"read the log of a worker on {host}: it says which step, signal or missing library ended it",
        )
    yield from _versions(views)
    yield from _keys(views, settings)
    yield from _clocks(views)
    if project is not None:
        yield from _queues(views, project.definitions)
        yield from _code(views, project)
        yield from _pools(limits, project.definitions)
    if unrecorded >= _BEHIND:
        yield warning(
            "history",
            f"{unrecorded:,} runs and more wait to be recorded",
            "look at `assetflow history status`, and at the logs of workers: the database may be slow or away",
        )


def queues_of(definitions: Definitions) -> dict[str, int]:
    """The queues that steps of definitions go to, and how many functions use each."""
    found: dict[str, int] = {}
    for asset in definitions.assets:
        for op in asset.ops:
            queue = placement_of(op.tags).queue
            found[queue] = found.get(queue, 0) + 1
    return found


def _who_is_there(views: Sequence[WorkerView]) -> Iterator[Finding]:
    if not views:
        return
    slots = sum(view.info.slots for view in views)
    queues = sorted({queue for view in views for queue in view.info.queues})
    hosts = len({view.info.host for view in views})
    yield fine(
        AREA,
        f"{_count(len(views), 'worker')} on {_count(hosts, 'machine')}, {_count(slots, 'slot')}, "
        f"{'queue' if len(queues) == 1 else 'queues'} {', '.join(queues)}",
    )
    for view in views:
        if view.last_beat > DEAD_AFTER:
            yield warning(
                AREA,
                f"worker {view.info.worker[:8]} on {view.info.host} was last heard of {view.last_beat:.0f} s ago",
                "if it is gone for good, another worker takes back what it held; start one",
            )


def _versions(views: Sequence[WorkerView]) -> Iterator[Finding]:
    by_version: dict[str, set[str]] = {}
    for view in views:
        by_version.setdefault(view.info.software or "unknown", set()).add(view.info.host)
    from assetflow.distributed.identity import software

    here = software()
    if len(by_version) > 1 or (by_version and here not in by_version):
        told = "; ".join(f"{name} on {', '.join(sorted(hosts))}" for name, hosts in sorted(by_version.items()))
        yield warning(
            AREA, f"versions differ: here {here}; workers {told}", "bring all to one version, workers before clients"
        )


def _keys(views: Sequence[WorkerView], settings: Settings) -> Iterator[Finding]:
    try:
        own = signer_for(settings).key_id
    except (AssetflowError, OSError):
        return  # said of the key already
    others = sorted({view.info.key for view in views if view.info.key} - {own})
    if others:
        yield problem(
            AREA,
            f"workers sign with key {', '.join(others)}, and this process with {own}: they refuse its runs",
            "set the same ASSETFLOW_SIGNING_KEY for all clients and workers",
        )


def _clocks(views: Sequence[WorkerView]) -> Iterator[Finding]:
    for view in views:
        if view.ahead is not None and abs(view.ahead) > _AHEAD:
            yield warning(
                "clock",
                f"the clock of {view.info.host} is {abs(view.ahead):,.0f} s "
                f"{'ahead of' if view.ahead > 0 else 'behind'} the server's: times of its steps are shown wrongly",
                "let it follow a time server (chrony, systemd-timesyncd)",
            )


def _queues(views: Sequence[WorkerView], definitions: Definitions) -> Iterator[Finding]:
    served = {queue for view in views for queue in view.info.queues}
    for queue, count in sorted(queues_of(definitions).items()):
        if queue not in served:
            option = "" if queue == DEFAULT_QUEUE else f" -q {queue}"
            yield problem(
                AREA,
                f'queue "{queue}" is used by {_count(count, "function")}, and nobody serves it',
                f"assetflow worker{option}",
            )


def _code(views: Sequence[WorkerView], project: Project) -> Iterator[Finding]:
    if not project.module or not views:
        return
    importers = [view for view in views if project.module in view.info.modules]
    if not importers:
        yield warning(
            AREA,
            f"no worker may import {project.module}: its code is sent along with each run",
            f"start workers with -m {project.module}, or set ASSETFLOW_MODULES",
        )
        return
    here = fingerprint_of(project.definitions)
    others = {view.code[project.module] for view in importers if project.module in view.code} - {here}
    if others:
        hosts = sorted({view.info.host for view in importers if view.code.get(project.module) in others})
        yield problem(
            AREA,
            f"{project.module} is version {here} here and {', '.join(sorted(others))} on {', '.join(hosts)}: "
            "workers there refuse runs that are planned here",
            "deploy the same code to all, and start the workers again; or send it along: --ship-code",
        )


def _pools(limits: set[str], definitions: Definitions) -> Iterator[Finding]:
    used = {placement_of(op.tags).pool for asset in definitions.assets for op in asset.ops} - {""}
    for pool in sorted(used - limits):
        yield warning(AREA, f'pool "{pool}" has no limit, so it bounds nothing', f"assetflow pools set {pool} 4")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun if number == 1 else noun + 's'}"
