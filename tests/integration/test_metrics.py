"""What Prometheus reads: numbers of the runs themselves, whichever process has done what."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from prometheus_client.parser import text_string_to_metric_families

from assetflow.client import submit
from assetflow.clock import wait_until
from assetflow.definitions.asset import asset
from assetflow.metrics.exposition import Exporter, metrics_text, sources_of
from assetflow.wiring import connect
from tests.support.fleet import Fleet, running_fleet

Numbers = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with running_fleet(tmp_path_factory.mktemp("fleet")) as (running, _server):
        yield running


def numbers(fleet: Fleet) -> Numbers:
    text, kind = metrics_text(sources_of(fleet.connection()))
    assert kind.startswith("text/plain")
    return parsed(text.decode())


def parsed(text: str) -> Numbers:
    found: Numbers = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation, family.name
        for sample in family.samples:
            found[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return found


def of(found: Numbers, name: str, **labels: str) -> float:
    return found.get((f"assetflow_{name}", tuple(sorted(labels.items()))), 0.0)


def tiny(gate: Path) -> list[object]:
    file = str(gate)

    @asset
    def first():
        import os

        from assetflow.clock import wait_until

        assert wait_until(lambda: os.path.exists(file), timeout=60)
        return 1

    @asset(op_tags={"assetflow/queue": "other"})
    def second():
        return 2

    @asset
    def third(first):
        return first + 1

    return [first, second, third]


def test_the_numbers_follow_a_run_from_its_submission_to_its_record(fleet: Fleet, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    run = submit(tiny(gate))
    waiting = numbers(fleet)
    assert of(waiting, "ready_steps", queue="default") == 1 and of(waiting, "ready_steps", queue="other") == 1
    assert of(waiting, "running_steps", queue="default") == 0 and of(waiting, "live_runs", status="running") == 1
    assert wait_until(lambda: of(numbers(fleet), "oldest_ready_step_seconds", queue="other") > 0.3, timeout=10)
    fleet.start("--queues", "default", "-c", "1")
    assert wait_until(lambda: of(numbers(fleet), "running_steps", queue="default") == 1, timeout=20)
    going = numbers(fleet)
    assert of(going, "ready_steps", queue="default") == 0, "what needs a step that runs is not ready"
    assert of(going, "workers", queue="default") == 1 and of(going, "slots", queue="default") == 1
    assert of(going, "oldest_ready_step_seconds", queue="default") == 0
    assert of(going, "oldest_ready_step_seconds", queue="other") > 0.3, "nobody serves it yet, and it goes on waiting"
    longer = of(going, "oldest_ready_step_seconds", queue="other") + 0.4
    assert wait_until(lambda: of(numbers(fleet), "oldest_ready_step_seconds", queue="other") > longer, timeout=10)
    gate.touch()
    fleet.start("--queues", "other", "-c", "1")
    run.wait(timeout=30)
    assert wait_until(lambda: of(numbers(fleet), "runs_total", status="succeeded") == 1, timeout=15)
    assert wait_until(lambda: of(numbers(fleet), "unrecorded_runs") == 0, timeout=15)
    after = numbers(fleet)
    assert of(after, "steps_total", queue="default", outcome="succeeded") == 2
    assert of(after, "steps_total", queue="other", outcome="succeeded") == 1
    assert of(after, "step_duration_seconds_count", asset="first") == 1
    assert of(after, "step_duration_seconds_bucket", asset="first", le="+Inf") == 1
    assert of(after, "step_duration_seconds_bucket", asset="first", le="0.01") == 0, "it has waited for the gate"
    assert of(after, "step_duration_seconds_sum", asset="first") > 0.3
    assert of(after, "settle_latency_seconds_count") == 3
    assert of(after, "unrecorded_runs") == 0 and of(after, "recorder_lag_seconds") == 0
    assert of(after, "ready_steps", queue="other") == 0, "a queue that is served is told of, also when it is empty"
    assert of(after, "live_runs", status="running") == 0


def test_a_step_whose_process_dies_is_counted_as_taken_back(fleet: Fleet, tmp_path: Path) -> None:
    marker = str(tmp_path / "died")

    @asset
    def once_deadly():
        import os

        if not os.path.exists(marker):
            open(marker, "w").close()
            os._exit(1)
        return 1

    before = of(numbers(fleet), "reclaims_total", queue="default")
    submit([once_deadly]).wait(timeout=30)
    assert wait_until(lambda: of(numbers(fleet), "reclaims_total", queue="default") == before + 1, timeout=15)


def test_pools_and_hosts_in_quarantine_are_told_of(fleet: Fleet) -> None:
    connection = fleet.connection()
    connection.limits.set_pool_limit("api", 3)
    client = redis.Redis.from_url(fleet.url)
    client.set("af:quarantine:sick-host", "1", ex=60)
    found = numbers(fleet)
    assert of(found, "pool_limit", pool="api") == 3 and of(found, "pool_used", pool="api") == 0
    assert of(found, "host_quarantined", host="sick-host") == 1
    connection.limits.set_pool_limit("api", None)
    client.delete("af:quarantine:sick-host")


def test_more_names_than_a_server_of_metrics_should_have_share_one(fleet: Fleet) -> None:
    from assetflow.engine.tallying import MOST_NAMES, OTHERS, Tallying
    from assetflow.planning.plan import Plan, Step, StepOutput
    from assetflow.runs.entries import AttemptEntry, Entries

    steps = tuple(
        Step(index=n, key=f"many_{n}", outputs=(StepOutput(index=n, key=(f"many_{n}",)),), inputs=(), queue="q", rank=1)
        for n in range(MOST_NAMES + 50)
    )
    entries = Entries()
    for step in steps:
        entries.attempts.append(AttemptEntry("r", step.index, 1, step.key, "succeeded", 0, "s", 1.0, 2.0, 0.5, None))
    gauges = fleet.connection().gauges
    Tallying(gauges).add(entries, {"r": Plan(steps=steps)})
    found = numbers(fleet)
    names = {dict(labels).get("asset") for (name, labels) in found if name == "assetflow_step_duration_seconds_count"}
    assert len(names) == MOST_NAMES + 1 and OTHERS in names


def test_the_exporter_serves_them_and_says_when_it_cannot(fleet: Fleet) -> None:
    settings = fleet.connection().settings
    is_away = False

    def sources():
        from assetflow.errors import ServiceUnreachableError

        if is_away:
            raise ServiceUnreachableError("it is away")
        return sources_of(connect(settings, only_live=True))

    exporter = Exporter(sources, 0)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{exporter.port}/metrics", timeout=5) as answer:
            found = parsed(answer.read().decode())
        assert of(found, "up") == 1 and of(found, "workers", queue="default") == 1
    finally:
        exporter.close()
    is_away = True
    exporter = Exporter(sources, 0)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{exporter.port}/metrics", timeout=5) as answer:
            found = parsed(answer.read().decode())
        assert found == {("assetflow_up", ()): 0.0}
    finally:
        exporter.close()


def test_the_command_prints_them(fleet: Fleet, tmp_path: Path) -> None:
    import os

    environment = {**os.environ, "ASSETFLOW_REDIS_URL": fleet.url, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "assetflow", "metrics"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert of(parsed(done.stdout), "workers", queue="default") == 1
