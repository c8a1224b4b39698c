"""Say how many workers of each kind are wanted, for whatever scales them: KEDA, an autoscaling group, a script.

::

    python -m workers.autoscale                   # {"kind": "default", "wanted": 3, ...}, one line for each kind
    python -m workers.autoscale --port 9465       # the same at /, /<kind>, and for Prometheus at /metrics

`python -m workers.launch --autoscale` does it on one machine by itself.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import click

from assetflow.errors import AssetflowError
from assetflow.settings import Settings
from assetflow.wiring import connect, current_settings
from workers.fleet_view import FleetView
from workers.launch import POOLS
from workers.pools import Pools, read_pools
from workers.wanted import Scale

LOOK_EVERY = 5.0  # seconds

Answer = list[dict[str, Any]]


class Autoscaler:
    """Knows how many workers are wanted.

    Args:
        pools: the kinds of workers.
    """

    def __init__(self, pools: Pools, settings: Settings) -> None:
        self._settings = settings
        self._pools = pools
        self._view: FleetView | None = None
        self._scales = {kind.name: Scale(kind) for kind in pools.kinds}
        self._lock = threading.Lock()

    def look(self) -> Answer:
        """How many are wanted now, and why.

        Raises:
            AssetflowError: the store does not answer.
        """
        with self._lock:
            self._view = self._view or FleetView(connect(self._settings, only_live=True), self._pools.kinds)
            seen = self._view.look()
            found: Answer = []
            for kind in self._pools.kinds:
                load, alive = seen.loads[kind.name], seen.alive[kind.name]
                found.append(
                    {
                        "kind": kind.name,
                        "wanted": self._scales[kind.name].wanted(load, alive, time.monotonic()),
                        "alive": alive,
                        "ready": load.ready,
                        "running": load.running,
                        "waited_seconds": round(load.waited, 3),
                        "step_seconds": round(load.step_seconds, 6),
                    }
                )
            return found


def serve(look: Callable[[], Answer], port: int, address: str = "127.0.0.1") -> ThreadingHTTPServer:
    """A small web server that says it. It is not running yet.

    Args:
        look: says how many are wanted.
        port: 0 for one that is free.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                rows = look()
            except AssetflowError as error:
                self._answer(503, "application/json", json.dumps({"error": error.message}))
                return
            path = self.path.partition("?")[0].strip("/")
            one = next((row for row in rows if row["kind"] == path), None)
            if path == "metrics":
                self._answer(200, "text/plain; version=0.0.4", as_metrics(rows))
            elif path == "":
                self._answer(200, "application/json", json.dumps(rows))
            elif one is not None:
                self._answer(200, "application/json", json.dumps(one))
            else:
                self._answer(404, "application/json", json.dumps({"error": f"there are no workers {path!r}"}))

        def _answer(self, status: int, kind: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing of each request."""

    server = ThreadingHTTPServer((address, port), Handler)
    server.daemon_threads = True
    return server


def as_metrics(rows: Answer) -> str:
    """The numbers as Prometheus reads them."""
    lines = []
    for name, key, text in (
        ("assetflow_wanted_workers", "wanted", "Workers of the kind that there should be."),
        ("assetflow_alive_workers", "alive", "Workers of the kind that are alive."),
    ):
        lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge"]
        for row in rows:
            label = str(row["kind"]).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            lines.append(f'{name}{{kind="{label}"}} {row[key]}')
    return "\n".join((*lines, ""))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--pools", "path", type=click.Path(path_type=Path), default=POOLS, help="File with the kinds of workers.")
@click.option("--port", type=click.IntRange(0, 65535), help="Serve the numbers there until Ctrl-C; 0 for a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
def autoscale(path: Path, port: int | None, host: str) -> None:
    """Say how many workers of each kind are wanted."""
    scaler = Autoscaler(read_pools(path), current_settings())
    if port is None:
        for row in scaler.look():
            print(json.dumps(row))
        return
    server = serve(scaler.look, port, host)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"wanted workers at http://{host}:{server.server_port}/", file=sys.stderr, flush=True)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    while not ended.wait(LOOK_EVERY):
        try:
            scaler.look()  # so that calm is noticed, however seldom somebody asks
        except AssetflowError as error:
            print(f"warning: {error.message}", file=sys.stderr, flush=True)
    server.shutdown()


def main() -> None:
    """Run the command."""
    try:
        autoscale()
    except AssetflowError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
