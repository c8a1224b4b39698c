"""The command as users run it: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from assetflow.clock import wait_until
from assetflow.local.discovery import running_cluster
from tests.support.cluster import descendants_of, is_alive

COMMAND = [sys.executable, "-m", "assetflow"]

PIPELINE = '''
from assetflow import Output, asset, define_asset_job


@asset(group_name="raw")
def orders():
    """All orders of the shop."""
    return Output([1, 2, 3], metadata={"rows": 3})


@asset(output_required=False)
def alerts(orders):
    if len(orders) > 100:
        yield Output(orders)


@asset
def mail(alerts):
    return alerts


@asset
def total(orders):
    return sum(orders)


sums = define_asset_job("sums", selection="+total", tags={"for": "the books"})
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pipeline.py").write_text(PIPELINE)
    (tmp_path / "wrong.json").write_text('{"ops": {"totl": {}}}')
    return tmp_path


def environment(**extra: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ASSETFLOW_")}
    return {**kept, "NO_COLOR": "1", **extra}


def run(folder: Path, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=folder, env=environment(**extra), capture_output=True, text=True, timeout=90
    )


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # ignored below a background job
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


@contextmanager
def telling(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], Callable[[], str]]]:
    """The same, with what it has said so far."""
    said = folder / "said.txt"
    with said.open("w") as file:
        process = subprocess.Popen(
            [*COMMAND, *arguments], cwd=folder, env=environment(), stdout=file, stderr=subprocess.STDOUT, text=True,
            start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )  # fmt: skip
    try:
        yield process, said.read_text
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def test_materialize_starts_a_cluster_runs_everything_and_says_so(project: Path) -> None:
    done = run(project, "materialize", "-f", "pipeline.py")
    assert done.returncode == 0, done.stderr
    assert "starting Valkey and 2 worker processes" in done.stderr
    assert "✔ orders" in done.stdout and "rows 3" in done.stdout
    assert "⊘ mail" in done.stdout
    assert "run succeeded" in done.stdout and "3 succeeded, 1 skipped" in done.stdout
    assert "values are in .assetflow/storage" in done.stderr
    assert (project / ".assetflow/storage/total").exists()

    listed = run(project, "runs", "list")
    assert listed.returncode == 0 and "succeeded" in listed.stdout
    run_id = next(word for line in listed.stdout.splitlines() for word in line.split() if len(word) == 26)
    shown = run(project, "runs", "show", run_id)
    assert "✔ total" in shown.stdout
    assets = run(project, "assets", "list", "-f", "pipeline.py")
    assert "All orders of the shop." in assets.stdout and "never" in assets.stdout
    one = json.loads(run(project, "assets", "show", "total", "-f", "pipeline.py", "--json").stdout)
    assert one["needs"] == ["orders"] and one["stored"]["run"] == run_id


def test_a_job_is_run_by_its_name(project: Path) -> None:
    done = run(project, "materialize", "-f", "pipeline.py", "--job", "sums", "--json")
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record["steps"] for record in told if record["event"] == "step_succeeded"] == [["orders"], ["total"]]


def test_json_prints_one_object_a_line_and_nothing_else(project: Path) -> None:
    done = run(project, "materialize", "-f", "pipeline.py", "--json", "+total")
    assert done.returncode == 0 and done.stderr == ""
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record["event"] for record in records] == [
        "run_started", "step_succeeded", "step_succeeded", "run_ended", "result",
    ]  # fmt: skip
    assert records[1]["assets"][0]["metadata"]["rows"] == 3


def test_an_upstream_that_was_never_made_is_named(project: Path) -> None:
    done = run(project, "materialize", "-f", "pipeline.py", "total")
    assert done.returncode == 1
    assert 'asset "orders" has no stored value at' in done.stdout and "materialize it first" in done.stdout


def test_in_a_terminal_the_run_is_shown_live(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "from assetflow import asset\nfrom assetflow.clock import pause\n\n\n@asset\ndef slow():\n    pause(1)\n"
    )
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [*COMMAND, "materialize", "-f", "slow.py"],
        cwd=tmp_path,
        env={**environment(), "TERM": "xterm", "COLUMNS": "100"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # the terminal is gone
            while piece := os.read(ours, 4096):
                shown += piece
        assert process.wait(30) == 0
    os.close(ours)
    text = shown.decode()
    assert "◐ slow" in text and "0/1 steps" in text
    assert "✔ slow" in text and "run succeeded" in text


def test_plan_shows_what_would_be_done_and_does_nothing(project: Path) -> None:
    done = run(project, "plan", "-f", "pipeline.py", "*mail")
    assert done.returncode == 0
    assert "Plan: 3 steps, 1 asset left out" in done.stdout
    assert "only if alerts is made" in done.stdout
    assert not (project / ".assetflow").exists()
    steps = [json.loads(line) for line in run(project, "plan", "-f", "pipeline.py", "--json").stdout.splitlines()]
    assert {step["step"] for step in steps} == {"orders", "alerts", "mail", "total"}


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["plan", "-f", "pipeline.py", "totl"], 2, ["totl", "did you mean total?"]),
        (["plan", "-f", "pipeline.py", "a*+"], 2, ["Invalid selection string"]),
        (["plan", "-f", "pipeline.py", "group:row"], 2, ["means none of 4 assets", "did you mean group:raw?"]),
        (["materialize", "-f", "pipeline.py", "group:zz"], 2, ["the groups are: default, raw"]),
        (["materialize", "-f", "pipeline.py", "tag:zz"], 2, ["the selection tag:zz means none of 4 assets"]),
        (["assets", "list", "-f", "pipeline.py", "group:zz"], 2, ["the groups are: default, raw"]),
        (["materialize", "pipeline.py"], 2, ["-f pipeline.py?"]),
        (["plan", "-f", "nothing.py"], 3, ["there is no file nothing.py"]),
        (["plan", "-f", "."], 3, [". is a folder"]),
        (["plan", "-m", ".app"], 3, ["'.app' is no name of a module"]),
        (["plan", "-m", "no_such_module"], 3, ["there is no module no_such_module"]),
        (["plan"], 2, ["-m package.module"]),
        (["materialize", "-f", "pipeline.py", "--job", "dayly"], 2, ['Could not find job "dayly"', "There are: sums"]),
        (["materialize", "-f", "pipeline.py", "--job", "sums", "mail"], 2, ["job sums does not materialize them"]),
        (
            ["materialize", "-f", "pipeline.py", "--config", "wrong.json"],
            2,
            [
                "Error in config for job",
                'Received unexpected config entry "totl" at path root:ops',
                "did you mean total?",
            ],
        ),
        (["materialize", "-f", "pipeline.py", ""], 2, ["SELECTION is empty: write '*' for everything"]),
        (["plan", "-f", "pipeline.py", "total", " "], 2, ["SELECTION is empty"]),
        (["materialize", "-m", "pipeline.py"], 3, ["is a file, not the name of a module", "fix: give it as one: -f"]),
        (["schedule", "list", "-f", "pipeline.py"], 2, ["takes modules, not files: -m pipeline, in the folder"]),
        (["daemon", "-f", "pipeline.py"], 2, ["takes modules, not files: -m pipeline, in the folder"]),
        (["materialise", "-f", "pipeline.py"], 2, ["No such command 'materialise'. Did you mean 'materialize'?"]),
        (["dev", "-f", "no_such.py"], 3, ["there is no file no_such.py"]),
        (["dev", "-f", "pipeline.py", "-m", "pipeline"], 2, ["give either -m or -f, not both"]),
        (["runs", "show", "nonsense"], 2, ["is not a run id"]),
        (["runs", "list"], 2, ["there are no runs in"]),
    ],
)
def test_a_mistake_gets_one_readable_error(project: Path, arguments: list[str], code: int, says: list[str]) -> None:
    done = run(project, *arguments)
    assert done.returncode == code, done.stderr
    for text in says:
        assert text in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("@asset\ndef a(b): return b\n@asset\ndef b(a): return a\n", ["Circular", "a -> b -> a", "wrong.py:"]),
        ("@asset\ndef orders(): return 1\n@asset\ndef total(ordrs): return 1\n", ["mean orders", "wrong.py:4"]),
        ("import not_installed_anywhere\n", ["not_installed_anywhere", "wrong.py:2"]),
        ("def broken(:\n", ["SyntaxError", "wrong.py:2"]),
        ("x = 1\n", ["defines no assets"]),
        ("import sys\nsys.exit(5)\n", ["it ends the process while it is imported, SystemExit(5)", "wrong.py:3"]),
        ("@asset(name='class')\ndef a(): return 1\n", ["reserved word", "wrong.py:2"]),
    ],
)  # fmt: skip
def test_definitions_that_are_wrong_end_with_code_3(tmp_path: Path, source: str, says: list[str]) -> None:
    (tmp_path / "wrong.py").write_text("from assetflow import asset\n" + source)
    done = run(tmp_path, "materialize", "-f", "wrong.py")
    assert done.returncode == 3, done.stderr
    for text in says:
        assert text in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / ".assetflow").exists(), "nothing was started"


@pytest.mark.parametrize(("file", "source", "module"), [
    ("app/sub/shop.py", "from .other import x\n", "app.sub.shop"),
    ("app/sub/shop.py", "import app.sub.no_such\n", "app.sub.shop"),
    ("app/__init__.py", "from app import other\n", "app"),
])  # fmt: skip
def test_a_file_of_a_package_is_named_as_a_module(tmp_path: Path, file: str, source: str, module: str) -> None:
    for folder in ("app", "app/sub"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").touch()
    (tmp_path / file).write_text(source)
    done = run(tmp_path, "plan", "-f", file)
    assert done.returncode == 3
    assert f"-m {module}, from the folder {tmp_path}" in done.stderr


def test_a_package_without_assets_of_its_own_says_how_to_gather_them(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/__init__.py").touch()
    done = run(tmp_path, "plan", "-m", "app")
    assert done.returncode == 3
    assert 'load_assets_from_package_name("app")' in done.stderr


def test_a_variable_that_is_not_set_is_named_in_the_line_of_its_step(tmp_path: Path) -> None:
    (tmp_path / "pipeline.py").write_text(
        "from assetflow import ConfigurableResource, Definitions, EnvVar, asset\n\n\n"
        "class Api(ConfigurableResource):\n    url: str\n\n\n@asset\ndef a(api: Api): ...\n\n\n"
        "defs = Definitions([a], resources={'api': Api(url=EnvVar('NOT_SET_ANYWHERE'))})\n"
    )
    done = run(tmp_path, "materialize", "-f", "pipeline.py")
    assert done.returncode == 1
    [line] = [line for line in done.stdout.splitlines() if "✖ a" in line]
    assert "InvalidConfigError" in line and "NOT_SET_ANYWHERE" in line
    assert "Traceback" not in done.stdout and "contextlib" not in done.stdout


def test_a_redis_that_does_not_answer_ends_with_code_4(project: Path) -> None:
    done = run(project, "materialize", "-f", "pipeline.py", ASSETFLOW_REDIS_URL="redis://:secret@127.0.0.1:1/0")
    assert done.returncode == 4
    assert "no Redis answers at redis://:***@127.0.0.1:1/0" in done.stderr
    assert "secret" not in done.stderr and "Traceback" not in done.stderr


def test_an_asset_that_raises_ends_with_code_1_and_shows_its_own_traceback(tmp_path: Path) -> None:
    (tmp_path / "failing.py").write_text(
        "from assetflow import asset\n\n\n@asset\ndef bad():\n    raise ValueError('no data')\n\n\n"
        "@asset\ndef unpicklable():\n    return lambda: 1\n\n\n@asset\ndef after(bad):\n    return 1\n"
    )
    done = run(tmp_path, "materialize", "-f", "failing.py")
    assert done.returncode == 1
    assert "ValueError: no data" in done.stdout
    assert 'failing.py", line 6, in bad' in done.stdout
    assert "engine/" not in done.stdout, "none of our own frames"
    assert 'the value of asset "unpicklable", a function, is not picklable' in done.stdout
    assert "not run: an input failed" in done.stdout
    stored = tmp_path / ".assetflow/storage"
    values = [path for path in stored.rglob("*") if path.is_file() and path.suffix != ".zst"]
    assert not values, "nothing half-written, beside the logs of what failed"


def test_a_wrong_setting_is_named_with_its_place(project: Path) -> None:
    (project / "assetflow.toml").write_text('redis_ulr = "redis://x"\n')
    done = run(project, "materialize", "-f", "pipeline.py")
    assert done.returncode == 2
    assert "there is no setting 'redis_ulr'" in done.stderr
    assert "assetflow.toml" in done.stderr and "did you mean redis_url?" in done.stderr


def test_dev_serves_other_commands_and_leaves_nothing_behind(project: Path) -> None:
    home = project / ".assetflow"
    with running(project, "dev", "--workers", "1") as dev:
        assert wait_until(lambda: running_cluster(home) is not None, timeout=30)
        everything = descendants_of(dev.pid)
        done = run(project, "materialize", "-f", "pipeline.py")
        assert done.returncode == 0, done.stderr
        assert "starting Valkey" not in done.stderr
        again = run(project, "dev")
        assert again.returncode == 2 and "running here already" in again.stderr
        for _ in range(3):  # impatient people press it more than once
            dev.send_signal(signal.SIGINT)
        assert dev.wait(30) == 0
    assert running_cluster(home) is None
    assert wait_until(lambda: not any(is_alive(pid) for pid in everything), timeout=15)


def test_dev_does_not_start_where_the_port_it_is_told_is_taken(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run(project, "dev", "-f", "pipeline.py", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2, done.stderr
    assert "nothing can be served at 127.0.0.1" in done.stderr and "fix: choose another --port or --host" in done.stderr
    assert not (project / ".assetflow/valkey").exists(), "nothing was started"


def test_dev_shows_the_page_of_a_file_and_says_that_its_schedules_are_not_evaluated(project: Path) -> None:
    source = project / "pipeline.py"
    schedule = (
        "from assetflow import ScheduleDefinition\nnightly = ScheduleDefinition(job=sums, cron_schedule='@daily')\n"
    )
    source.write_text(f"{source.read_text()}{schedule}")
    with telling(project, "dev", "--workers", "1", "-f", "pipeline.py") as (dev, said):
        assert wait_until(lambda: "in another terminal" in said(), timeout=60), said()
        assert "open:  http://127.0.0.1:" in said()
        assert "assetflow materialize -f pipeline.py" in said()
        assert "of a file are not evaluated: assetflow dev -m pipeline" in said()
        dev.send_signal(signal.SIGINT)
        assert dev.wait(30) == 0
        assert said().rstrip().endswith("stopping"), "nothing was held, so nothing is taken back"


@pytest.mark.parametrize("app", ["workers.app", "assetflow.worker_app"])
def test_a_celery_worker_without_a_server_says_what_to_set_and_nothing_else(tmp_path: Path, app: str) -> None:
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-m", "celery", "-A", app, "worker"],
        cwd=tmp_path, env=environment(PYTHONPATH=root), capture_output=True, text=True, timeout=90,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("error: no Redis is configured") and "fix: set ASSETFLOW_REDIS_URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_named_before_a_server_is_started(project: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *COMMAND, "materialize", "-f", "pipeline.py"],
        cwd=project, env=environment(), capture_output=True, text=True, timeout=90,
    )  # fmt: skip
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    assert "nothing can be written to the home folder: File too large" in done.stderr
    assert "fix: make room there, or set ASSETFLOW_HOME" in done.stderr


def test_what_the_system_refuses_gets_one_readable_error(project: Path) -> None:
    (project / ".assetflow/signing.key").mkdir(parents=True, mode=0o700)
    done = run(project, "materialize", "-f", "pipeline.py")
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    assert "error: Is a directory" in done.stderr and ".assetflow/signing.key" in done.stderr
    assert "fix: " in done.stderr


def test_ctrl_c_ends_the_run_with_the_cluster_that_was_started_for_it(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "from assetflow import asset\nfrom assetflow.clock import pause\n\n\n@asset\ndef slow():\n"
        "    open('started', 'w').close()\n    pause(60)\n"
    )
    with running(tmp_path, "materialize", "-f", "slow.py") as process:
        assert wait_until((tmp_path / "started").exists, timeout=30)
        everything = descendants_of(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    assert wait_until(lambda: not any(is_alive(pid) for pid in everything), timeout=15)
    assert not (tmp_path / ".assetflow/storage/slow").exists()


def test_ctrl_c_while_the_command_is_being_loaded_shows_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n\n\nclass Interrupted:\n    def find_spec(self, name, path, target=None):\n"
        "        if name == 'assetflow.cli.main':\n            os.kill(os.getpid(), signal.SIGINT)\n\n\n"
        "sys.meta_path.insert(0, Interrupted())\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "assetflow", "--help"], cwd=tmp_path, env=environment(PYTHONPATH=str(tmp_path)),
        capture_output=True, text=True, timeout=90,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


def test_a_crash_of_the_command_leaves_no_process(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "from assetflow import asset\nfrom assetflow.clock import pause\n\n\n@asset\ndef slow():\n"
        "    open('started', 'w').close()\n    pause(60)\n"
    )
    with running(tmp_path, "materialize", "-f", "slow.py") as process:
        assert wait_until((tmp_path / "started").exists, timeout=30)
        everything = descendants_of(process.pid)
        process.kill()
        process.wait()
    assert wait_until(lambda: not any(is_alive(pid) for pid in everything), timeout=30)


@pytest.mark.parametrize("fsync", ["always", "everysec", "no"])
def test_workers_of_a_fleet_are_plain_celery_workers(project: Path, fsync: str) -> None:
    """``celery -A workers.app worker`` against a Redis of one's own, the run submitted from elsewhere."""
    from tests.support.servers import running_valkey

    root = Path(__file__).parents[2]
    with running_valkey(fsync) as server:
        settings = {
            "ASSETFLOW_REDIS_URL": server.url,
            "ASSETFLOW_SIGNING_KEY": "k" * 32,
            "ASSETFLOW_HOME": str(project / "home"),
            "C_FORCE_ROOT": "1",
        }
        command = [sys.executable, "-m", "celery", "-A", "workers.app", "worker", "--pool", "solo", "-l", "ERROR"]
        fleet = subprocess.Popen(
            command, cwd=root, env=environment(**settings), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            done = run(project, "materialize", "-f", "pipeline.py", "--json", **settings)
        finally:
            fleet.send_signal(signal.SIGTERM)
            fleet.wait(30)
    assert done.returncode == 0, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["status"] == "SUCCEEDED" and last["steps"]["mail"] == "skipped"
