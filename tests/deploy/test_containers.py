"""The image and compose.yaml, as the tools of their kind read them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import assetflow

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
OURS = ("migrate", "worker", "daemon", "ui", "metrics", "doctor")


def tool(name: str) -> str:
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    assert found is not None, f"there is no {name} here: pip install -e '.[deploy]'"
    return found


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """compose.yaml as `docker compose` understands it, with the secrets of `secrets.sh`."""
    folder = tmp_path_factory.mktemp("project") / "deploy"
    shutil.copytree(DEPLOY, folder, ignore=shutil.ignore_patterns("*.env"))
    subprocess.run(["sh", str(folder / "secrets.sh")], check=True, capture_output=True)
    command = [tool("docker-compose"), "-f", str(folder / "compose.yaml"), "--profile", "tools", "config"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "something is used that is not set"
    return dict(yaml.safe_load(done.stdout))


def test_the_dockerfile_pleases_its_linter():
    done = subprocess.run([tool("hadolint"), str(DEPLOY / "Dockerfile")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_file_the_image_is_built_from_reaches_the_builder():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in lines if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    wanted = {source.split("/")[0] for line in copied for source in line.split()[:-1]}
    assert wanted and wanted - let_in == set()
    assert "*" in lines, "what is not named stays outside"


def test_the_image_does_not_run_as_root_and_says_whether_it_works():
    stages = re.split(r"^FROM ", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE)
    (runtime,) = [stage for stage in stages if "AS runtime" in stage.splitlines()[0]]
    assert "USER 10001:10001" in runtime
    assert "HEALTHCHECK" in runtime
    assert stages[-1].strip() == "runtime", "without a target it is built without an example"


def test_yaml_is_written_as_it_should_be():
    files = [path for path in DEPLOY.rglob("*.y*ml") if "templates" not in path.parts and "rendered" not in path.parts]
    assert len(files) >= 6
    rules = "{extends: default, rules: {line-length: {max: 180}, document-start: disable}}"
    command = [tool("yamllint"), "-s", "-d", rules, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_services_can_do_only_what_they_need(composed):
    for name, service in composed["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert "privileged" not in service, name
        assert service["pids_limit"] > 0, name
        for volume in service.get("volumes", []):
            assert volume["type"] == "volume", f"{name} sees a folder of the host"
    for name in OURS:
        assert composed["services"][name]["user"] == "10001:10001"


def test_only_the_page_and_the_numbers_are_reached_and_only_from_this_host(composed):
    published = {name: one["ports"] for name, one in composed["services"].items() if one.get("ports")}
    assert set(published) == {"ui", "metrics"}
    for ports in published.values():
        assert [port["host_ip"] for port in ports] == ["127.0.0.1"]
    assert composed["networks"]["backend"]["internal"] is True


def test_a_link_that_lets_in_leads_to_where_the_page_is_published(composed):
    ui = composed["services"]["ui"]
    (port,) = ui["ports"]
    assert ui["environment"]["ASSETFLOW_BASE_URL"] == f"http://{port['host_ip']}:{port['published']}"


def test_steps_reach_what_is_elsewhere_and_servers_reach_nothing(composed):
    for name, service in composed["services"].items():
        expected = {"backend", "front"} if name in OURS else {"backend"}
        assert set(service["networks"]) == expected, name


def test_the_server_of_runs_forgets_nothing_and_wants_a_password():
    lines = (DEPLOY / "valkey.conf").read_text().splitlines()
    assert "appendonly yes" in lines
    assert "maxmemory-policy noeviction" in lines
    compose = (DEPLOY / "compose.yaml").read_text()
    assert "requirepass $${VALKEY_PASSWORD}" in compose


def test_no_secret_stands_in_compose_and_every_example_tells_what_to_change(composed):
    written = (DEPLOY / "compose.yaml").read_text()
    for example in sorted((DEPLOY / "env").glob("*.env.example")):
        assert "change-me" in example.read_text(), example.name
        for line in example.read_text().splitlines():
            name, is_set, value = line.partition("=")
            if is_set and "change-me" in value:
                assert value not in written, name
    ignored = subprocess.run(["git", "check-ignore", "-q", "deploy/env/assetflow.env"], cwd=ROOT, check=False)
    assert ignored.returncode == 0, "a file with passwords could be committed"


def test_secrets_are_random_belong_together_and_are_not_overwritten(tmp_path):
    folder = tmp_path / "deploy"
    shutil.copytree(DEPLOY, folder, ignore=shutil.ignore_patterns("*.env"))
    script = ["sh", str(folder / "secrets.sh")]
    subprocess.run(script, check=True, capture_output=True)
    values = {path.stem: read_env(path) for path in (folder / "env").glob("*.env")}
    assert "change-me" not in str(values)
    password = values["valkey"]["VALKEY_PASSWORD"]
    assert len(password) == 48
    assert f":{password}@valkey:" in values["assetflow"]["ASSETFLOW_REDIS_URL"]
    assert values["postgres"]["POSTGRES_PASSWORD"] in values["assetflow"]["ASSETFLOW_DATABASE_URL"]
    assert values["s3"]["AWS_SECRET_ACCESS_KEY"] == values["assetflow"]["AWS_SECRET_ACCESS_KEY"]
    assert len(values["assetflow"]["ASSETFLOW_SIGNING_KEY"]) == 64
    assert {path.stat().st_mode & 0o777 for path in (folder / "env").glob("*.env")} == {0o600}
    again = subprocess.run(script, capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "there already" in again.stderr
    assert {path.stem: read_env(path) for path in (folder / "env").glob("*.env")} == values


def test_the_settings_of_the_deployment_can_be_read(tmp_path):
    from assetflow.settings import read_settings

    shutil.copy(DEPLOY / "assetflow.toml", tmp_path)
    examples = read_env(DEPLOY / "env" / "assetflow.env.example")
    settings = read_settings(examples, tmp_path)
    assert settings.env == "production"
    assert settings.environments["production"].storage == "s3://assetflow/production"
    assert settings.redis_url == "redis://:change-me-valkey@valkey:6379/0"


def test_a_worker_is_given_the_time_it_takes_to_end(composed):
    from assetflow.settings import Settings

    grace = composed["services"]["worker"]["stop_grace_period"]
    assert int(grace.removesuffix("s")) >= Settings().drain_seconds + Settings().grace_seconds + 10


def test_every_command_of_the_services_is_one_of_assetflow(composed):
    from assetflow.cli.main import cli

    for name in OURS:
        program, command, *_ = composed["services"][name]["command"]
        assert program == "assetflow"
        assert cli.get_command(None, command) is not None, f"{name} runs {command}, which there is not"  # type: ignore[arg-type]


def test_the_chart_is_for_this_version():
    chart = yaml.safe_load((DEPLOY / "helm" / "assetflow" / "Chart.yaml").read_text())
    assert chart["appVersion"] == assetflow.__version__


def read_env(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)
