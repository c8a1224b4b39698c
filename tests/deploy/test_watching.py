"""What Prometheus, Grafana and systemd are given, as they read it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest
import yaml

from tests.support.servers import running_valkey

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("assetflow*"))


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("there is no promtool here: apt-get install -y prometheus")
    return subprocess.run([found, *arguments], cwd=DEPLOY / "prometheus", capture_output=True, text=True, check=False)


def test_prometheus_takes_its_configuration_and_the_alerts():
    done = promtool("check", "config", "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_fires_when_it_should():
    done = promtool("test", "rules", "alerts_test.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_keda_asks_is_nothing_while_the_server_is_away_and_0_while_there_is_no_work(tmp_path):
    scaled = [
        one
        for one in yaml.safe_load_all((DEPLOY / "helm" / "rendered" / "production.yaml").read_text())
        if one and one["kind"] == "ScaledObject" and "gpu" in one["metadata"]["name"]
    ]
    query = scaled[0]["spec"]["triggers"][0]["metadata"]["query"]

    def case(up: int, series: list[str], samples: list[dict[str, object]]) -> dict[str, object]:
        inputs = [{"series": "assetflow_up", "values": f"{up}x8"}, *({"series": s, "values": "3x8"} for s in series)]
        asked = [{"expr": query, "eval_time": "1m", "exp_samples": samples}]
        return {"interval": "15s", "input_series": inputs, "promql_expr_test": asked}

    queues = ['assetflow_ready_steps{queue="gpu"}', 'assetflow_running_steps{queue="training"}']
    cases = [
        case(1, [*queues, 'assetflow_ready_steps{queue="default"}'], [{"labels": "{}", "value": 6}]),
        case(1, [], [{"labels": "{}", "value": 0}]),
        case(0, [], []),
    ]
    (tmp_path / "keda_test.yml").write_text(yaml.safe_dump({"tests": cases}))
    done = promtool("test", "rules", str(tmp_path / "keda_test.yml"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_is_tried_and_says_what_to_do():
    (group,) = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]
    tried = (DEPLOY / "prometheus" / "alerts_test.yml").read_text()
    assert len(group["rules"]) > 8
    for rule in group["rules"]:
        assert rule["alert"] in tried
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["labels"]["severity"] in ("info", "warning", "critical")


def expressions() -> list[str]:
    board = json.loads((DEPLOY / "grafana" / "assetflow.json").read_text())
    found = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    found += [str(one["query"]) for one in board["templating"]["list"]]
    (group,) = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]
    found += [rule["expr"] for rule in group["rules"]]
    chart = (DEPLOY / "helm" / "assetflow" / "templates" / "workers.yaml").read_text()
    return [*found, chart.replace("{{ $state }}", "ready"), *re.findall(r"assetflow_\(ready\|running\)_steps", chart)]


def test_every_number_that_is_asked_for_is_one_that_assetflow_tells():
    from assetflow.metrics.exposition import Exporter, sources_of
    from assetflow.wiring import connect, current_settings, for_cluster

    with running_valkey() as server:
        connection = connect(for_cluster(current_settings(), redis_url=server.url))
        exporter = Exporter(lambda: sources_of(connection), 0, "127.0.0.1")
        with urllib.request.urlopen(f"http://127.0.0.1:{exporter.port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        exporter.close()
    told = set(re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE))
    asked = {
        re.sub(r"_(bucket|sum|count)$", "", name)
        for expression in expressions()
        for name in re.findall(r"\bassetflow_[a-z_]+\b(?!\()", expression)
    } - {"assetflow_"}
    assert len(asked) > 15
    assert asked - told == set()


def test_the_first_run_that_fails_is_an_increase():
    from assetflow.metrics.exposition import metrics_text, sources_of
    from assetflow.wiring import connect, current_settings, for_cluster

    with running_valkey() as server:
        connection = connect(for_cluster(current_settings(), redis_url=server.url))
        text, _ = metrics_text(sources_of(connection))
    assert b'assetflow_runs_total{status="failed"} 0.0' in text


def test_the_dashboard_has_no_two_panels_in_one_place():
    board = json.loads((DEPLOY / "grafana" / "assetflow.json").read_text())
    taken: set[tuple[int, int]] = set()
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"]) > 12
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        columns, rows = range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
        cells = {(x, y) for x in columns for y in rows}
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_takes_the_unit(unit, tmp_path):
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("there is no systemd here: apt-get install -y systemd")
    for path in UNITS:  # the program is not installed here; all else is as it is
        (tmp_path / path.name).write_text(path.read_text().replace("/opt/assetflow/bin/assetflow", "/bin/true"))
    done = subprocess.run(
        [analyze, "verify", "--man=no", str(tmp_path / unit.name)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    about = [line for line in done.stderr.splitlines() if "assetflow" in line]
    assert about == []


GUIDES = (DEPLOY / "README.md", DEPLOY.parent / "docs" / "how-to" / "deploy.md")


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_what_is_enabled_as_it_is_said_comes_back_when_the_machine_does(guide, tmp_path):
    systemctl = shutil.which("systemctl")
    if systemctl is None:
        pytest.skip("there is no systemd here: apt-get install -y systemd")
    home = tmp_path / "etc" / "systemd" / "system"
    home.mkdir(parents=True)
    for path in UNITS:
        shutil.copy(path, home)
    said = re.findall(r"systemctl enable --now ((?:assetflow[\w@.-]*\s?)+)", guide.read_text())
    assert said
    for names in said:
        subprocess.run([systemctl, f"--root={tmp_path}", "enable", *names.split()], check=True, capture_output=True)
    assert (home / "multi-user.target.wants" / "assetflow.target").is_symlink(), "nothing starts what wants them"
    wanted = {path.name for path in (home / "assetflow.target.wants").iterdir()}
    assert "assetflow-worker@default.service" in wanted


def test_a_worker_under_systemd_is_given_the_time_it_takes_to_end():
    from assetflow.settings import Settings

    unit = (DEPLOY / "systemd" / "assetflow-worker@.service").read_text()
    seconds = re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert seconds is not None
    assert int(seconds[1]) >= Settings().drain_seconds + Settings().grace_seconds + 10
    assert "KillMode=mixed" in unit, "SIGTERM goes to the worker, not to the steps it lets end"
