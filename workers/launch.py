"""Start the workers of this machine, and keep them running.

::

    python -m workers.launch                      # the fewest of each kind in workers/pools.toml
    python -m workers.launch --autoscale          # as many as the work that is ready asks for
    python -m workers.launch large --pools my.toml -- --loglevel INFO
"""

from __future__ import annotations

import platform
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import click

from assetflow.clock import wait_until
from assetflow.errors import AssetflowError, ServiceUnreachableError
from assetflow.log import logger, write_json
from assetflow.settings import Settings
from assetflow.wiring import connect, current_settings
from workers.fleet_view import FleetView
from workers.pools import Pools, read_pools
from workers.processes import Processes
from workers.wanted import Scale

LOOK_EVERY = 1.0  # seconds
POOLS = Path(__file__).with_name("pools.toml")
_SPARE = 10.0  # seconds beyond the drain that workers have to end


class Launcher:
    """The workers of one machine, of all its kinds.

    Args:
        options: of Celery's, for each worker.
        scales: whether there are as many as are wanted; else the fewest of each kind.
    """

    def __init__(self, pools: Pools, settings: Settings, options: Sequence[str] = (), *, scales: bool = False) -> None:
        self._pools = pools
        self._settings = settings
        self._scales = {kind.name: Scale(kind) for kind in pools.kinds} if scales else {}
        self._view: FleetView | None = None
        self._away = False
        self.stopping = threading.Event()
        self.processes = {kind.name: Processes(kind, options) for kind in pools.kinds}

    def run(self) -> None:
        """Keep them running until somebody asks to stop; then let them finish their steps, and end."""
        try:
            while not self.stopping.is_set():
                self.look()
                self.stopping.wait(LOOK_EVERY)
        finally:
            self.end()

    def look(self) -> None:
        """Start what is missing, let go of what is too much."""
        for processes in self.processes.values():
            processes.tend()
        try:
            self._view = self._view or self._first_view()
            seen = self._view.look() if self._scales else None
        except ServiceUnreachableError as error:
            # What runs goes on; how much is to be done cannot be told now.
            if not self._away:
                logger.warning("as many workers as before: %s", error.message)
            self._away, seen = True, None
        else:
            self._away = False
        for name, processes in self.processes.items():
            wanted = max(processes.kind.min, processes.count if self._scales else 0)
            if seen is not None:
                wanted = self._scales[name].wanted(seen.loads[name], processes.count, time.monotonic())
            if wanted != processes.count:
                logger.info("%s: %d workers, %d wanted", name, processes.count, wanted)
            processes.scale_to(wanted, seen.idle.get(platform.node(), ()) if seen is not None else ())

    def end(self) -> None:
        """Tell all to end, and wait until they have."""
        for processes in self.processes.values():
            processes.stop()
        patience = self._settings.drain_seconds + self._settings.grace_seconds + _SPARE
        wait_until(lambda: not any(self._tended(one) for one in self.processes.values()), timeout=patience)
        for processes in self.processes.values():
            processes.kill()

    @staticmethod
    def _tended(processes: Processes) -> int:
        processes.tend()
        return processes.leaving

    def _first_view(self) -> FleetView:
        view = FleetView(connect(self._settings, only_live=True), self._pools.kinds)
        view.set_limits(dict(self._pools.limits))
        return view


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1)
@click.option("--pools", "path", type=click.Path(path_type=Path), default=POOLS, help="File with the kinds of workers.")
@click.option("--autoscale", is_flag=True, help="Keep as many as the work that is ready asks for.")
def launch(names: tuple[str, ...], path: Path, autoscale: bool) -> None:
    """Start the workers of this machine, and keep them running. NAMES are kinds; without any it is all of them.

    What follows -- is handed to Celery.
    """
    settings = current_settings()
    if settings.log_format == "json":
        write_json()
    kinds, options = _split(names)
    launcher = Launcher(read_pools(path).only(kinds), settings, options, scales=autoscale)
    connect(settings, only_live=True)  # what is wrong with the server is said here, not in the log of each worker
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: launcher.stopping.set())
    launcher.run()


def _split(words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of kinds, and options of Celery's."""
    at = next((index for index, word in enumerate(words) if word.startswith("-")), len(words))
    return words[:at], words[at:]


def main() -> None:
    """Run the command."""
    try:
        launch()
    except AssetflowError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
