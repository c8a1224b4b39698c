"""Workers that come and go with the work, as `python -m workers.launch` has them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assetflow.client import submit
from assetflow.clock import wait_until
from assetflow.definitions.asset import asset
from assetflow.lifeline import die_with_parent
from tests.support.cluster import kill, lines_in
from tests.support.fleet import Fleet, free_port, running_fleet
from workers.autoscale import Autoscaler, serve
from workers.pools import read_pools

ROOT = Path(__file__).parents[2]


def pools(folder: Path, **numbers: object) -> Path:
    file = folder / "pools.toml"
    lines = [f"{name} = {json.dumps(value)}" for name, value in numbers.items()]
    file.write_text("\n".join(["[workers.default]", *lines, "[limits]", "api = 4", ""]))
    return file


def environment(fleet: Fleet) -> dict[str, str]:
    settings = fleet.connection().settings
    return {
        **os.environ,
        "ASSETFLOW_REDIS_URL": fleet.url,
        "ASSETFLOW_HOME": str(settings.home),
        "ASSETFLOW_SIGNING_KEY": settings.signing_key or "",
        "PYTHONPATH": str(ROOT),
        "C_FORCE_ROOT": "1",
    }


@contextmanager
def launched(fleet: Fleet, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """The launcher as a process of its own."""
    command = [sys.executable, "-m", "workers.launch", *options]
    with (fleet.folder / "launch.log").open("ab") as log:
        process = subprocess.Popen(
            command, env=environment(fleet), cwd=fleet.folder, stdout=log, stderr=log, preexec_fn=die_with_parent
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def steps(ledger: str, count: int, seconds: float) -> list[object]:
    def one(name: str) -> object:
        @asset(name=name)
        def made():
            import os
            import threading

            descriptor = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(descriptor, f"{name}\n".encode())
            os.close(descriptor)
            threading.Event().wait(seconds)

        return made

    return [one(f"step_{number}") for number in range(count)]


@pytest.mark.parametrize(
    ("most", "count"), [(3, 60), pytest.param(8, 400, marks=[pytest.mark.slow, pytest.mark.timeout(400)])]
)
def test_workers_that_come_and_go_under_load_lose_and_repeat_nothing(tmp_path: Path, most: int, count: int) -> None:
    ledger = tmp_path / "ledger"
    with running_fleet(tmp_path) as (fleet, _server):
        file = pools(tmp_path, min=1, max=most, clear_seconds=1, calm_seconds=2)
        with launched(fleet, "--pools", str(file), "--autoscale"):
            assert wait_until(lambda: len(fleet.known_workers()) == 1, timeout=60)
            assert [use.limit for use in fleet.connection().limits.pools()] == [4], "the limits of the file hold"
            run = submit(steps(str(ledger), count, 0.3))
            assert wait_until(lambda: len(fleet.known_workers()) == most, timeout=120), "it grows under load"
            run.wait(timeout=200)
            assert wait_until(lambda: len(fleet.known_workers()) == 1, timeout=90), "and shrinks when it is calm"
            again = submit(steps(str(ledger), 5, 0.0))
            again.wait(timeout=60)
        assert wait_until(lambda: fleet.known_workers() == [], timeout=30), "nobody is left behind"
    done = lines_in(ledger)
    assert len(done) == count + 5 and len(set(done)) == count, "each step of each run was run once"


def test_a_worker_that_dies_is_started_again_and_the_healthcheck_tells(tmp_path: Path) -> None:
    def health(of: dict[str, str] | None = None) -> tuple[int, str]:
        command = [sys.executable, "-m", "workers.healthcheck"]
        done = subprocess.run(command, env=of or place, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout.strip()

    with running_fleet(tmp_path) as (fleet, _server):
        place = environment(fleet)
        away = {**place, "ASSETFLOW_REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
        code, said = health(away)
        assert code == 0 and said.startswith("nobody can tell"), "a worker started again would not help"
        assert health() == (1, "no worker of this machine has told the store that it is alive")
        with launched(fleet, "--pools", str(pools(tmp_path, min=1, max=1))):
            assert wait_until(lambda: len(fleet.known_workers()) == 1, timeout=60)
            assert health() == (0, "well")
            (first,) = fleet.known_workers()
            kill(first.info.pid)  # type: ignore[attr-defined]
            assert wait_until(
                lambda: {view.info.pid for view in fleet.known_workers()} - {first.info.pid}, timeout=60
            ), "another takes its place"


def test_whoever_scales_is_told_how_many_are_wanted(tmp_path: Path) -> None:
    with running_fleet(tmp_path) as (fleet, _server):
        kinds = read_pools(pools(tmp_path, min=0, max=8, clear_seconds=1, calm_seconds=0))
        server = serve(Autoscaler(kinds, fleet.connection().settings).look, 0)
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def ask(path: str) -> str:
            with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/{path}", timeout=10) as answer:
                return str(answer.read().decode())

        assert json.loads(ask("default"))["wanted"] == 0
        submit(steps(str(tmp_path / "ledger"), 5, 0.0))
        told = json.loads(ask(""))[0]
        assert (told["kind"], told["wanted"], told["alive"], told["ready"]) == ("default", 5, 0, 5)
        assert 'assetflow_wanted_workers{kind="default"} 5' in ask("metrics")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            ask("no-such-kind")
        server.shutdown()
        server.server_close()
