"""Staying with a run that this command has started."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from assetflow.cli.console import ERR, OUT, print_json
from assetflow.cli.follow import follow
from assetflow.client import await_recorded
from assetflow.handle import RunHandle
from assetflow.local.discovery import read_note
from assetflow.runs.result import RunResult
from assetflow.runs.states import RunStatus
from assetflow.wiring import Connection

_CODES = {RunStatus.SUCCEEDED: 0, RunStatus.CANCELLED: 5}


def exit_code_of(result: RunResult) -> int:
    """The exit code of a command whose run has ended so."""
    return _CODES.get(result.status, 1)


def attend(connection: Connection, handle: RunHandle, *, as_json: bool, no_wait: bool) -> RunResult | int:
    """Follow a run to its end; or return the exit code, if nobody waits for it.

    Args:
        no_wait: print the run's id and return, where the cluster outlives this command.
    """
    _warn_of_queues_nobody_serves(connection, handle)
    outlives = _outlives_us(connection)
    if no_wait and outlives:
        print_json({"run": handle.id}) if as_json else OUT.print(handle.id)
        return 0
    try:
        with _first_interrupt_detaches():
            result = follow(handle, as_json=as_json, interrupt="detaches" if outlives else "ends the run")
    except KeyboardInterrupt:
        if not outlives:
            handle.cancel()
            ERR.print(f"\ninterrupted: run {handle.id} ends with its cluster", style="yellow")
        else:
            ERR.print(f"\ndetached: the run goes on. Follow it: assetflow runs show {handle.id} --follow")
            ERR.print(f"Cancel it: assetflow runs cancel {handle.id}")
        return 130
    # A cluster of our own goes with us, and who looks next looks into the history.
    if connection.settings.history_url is not None and not outlives and not await_recorded(connection):
        ERR.print(
            "the run is not in the history yet: assetflow history status may say why",
            style="yellow",
        )
    return result


def _warn_of_queues_nobody_serves(connection: Connection, handle: RunHandle) -> None:
    for host in connection.registry.quarantined():
        ERR.print(f"workers of {host} have died again and again: it takes no steps for a minute", style="yellow")
    served = {queue for view in connection.registry.workers() for queue in view.info.queues}
    for queue in sorted({step.queue for step in handle.plan.steps} - served):
        ERR.print(
            f"nobody serves queue {queue}: its steps wait for a worker (assetflow worker -q {queue})", style="yellow"
        )


def _outlives_us(connection: Connection) -> bool:
    settings = connection.settings
    if settings.where("redis_url") != "the local cluster":
        return True
    note = read_note(settings.home)
    return note is not None and note.redis_url == connection.url


@contextmanager
def _first_interrupt_detaches() -> Iterator[None]:
    """SIGTERM is treated like Ctrl-C, so that nothing is left behind either way."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
