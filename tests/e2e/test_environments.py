"""The page on environments, followed on the command line: staging on a disk, production in S3."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.s3 import SeaweedFS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/how-to/environments.md").read_text()
[SAMPLE] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


class Project:
    """A folder, and the command line in it."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ASSETFLOW_", "AWS_"))}
        self.variables = {**kept, **variables, "NO_COLOR": "1", "COLUMNS": "120", "PYTHONPATH": str(ROOT)}

    def run(self, *words: str, code: int = 0, **variables: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "assetflow", *words],
            cwd=self.folder, env={**self.variables, **variables}, capture_output=True, text=True, timeout=120,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def cloud(s3: SeaweedFS) -> dict[str, str]:
    """How boto3 finds the server by itself."""
    return {
        "AWS_ENDPOINT_URL": s3.url,
        "AWS_ACCESS_KEY_ID": str(s3.options["aws_access_key_id"]),
        "AWS_SECRET_ACCESS_KEY": str(s3.options["aws_secret_access_key"]),
        "AWS_REGION": "us-east-1",
    }


def test_the_page_can_be_followed(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SAMPLE)
    project = Project(tmp_path, {})
    shop = ("-f", "shop.py")
    assert "is protected" in project.run("materialize", *shop, "--env", "production", code=2)
    project.run("materialize", *shop, "--env", "production", "--yes")
    planned = project.run("plan", "total", *shop, "--env", "staging")
    [shown] = re.findall(r"\$ assetflow plan total .*?\n(.*?)```", PAGE, re.DOTALL)
    assert _untimed(planned) == _untimed(shown)
    (tmp_path / "shop.py").write_text(SAMPLE.replace("sum(sales)", "sum(sales) + 10"))
    project.run("materialize", "total", *shop, ASSETFLOW_ENV="staging")
    told = project.run("diff", "production", "staging", *shop, code=1)
    [shown] = re.findall(r"(≠ total .*?)\n1 asset", PAGE)
    assert shown in told and "1 asset of 2 differ" in told
    project.run("promote", "total", *shop, "--from", "staging", "--to", "production", "--yes")
    assert "no difference" in project.run("diff", "production", "staging", *shop)
    assert "● total is fresh" in project.run("assets", "why", "total", *shop, "--env", "production")
    project.run("assets", "rollback", "total", *shop, "--env", "production", "--yes")
    told = project.run("assets", "why", "total", *shop, "--env", "production")
    assert "the code of total has changed since" in told
    assert f"materialize --stale '*total' {' '.join(shop)} --env production" in told
    assert shown in project.run("diff", "production", "staging", *shop, code=1)


def _untimed(text: str) -> list[str]:
    """The words, whatever the times are that are told."""
    return re.sub(r"\d+ ms", "some ms", text).split()


def test_flights_in_staging_on_a_disk_and_in_production_in_s3(
    tmp_path: Path, s3: SeaweedFS, bucket: str, cloud: dict[str, str]
) -> None:
    (tmp_path / "assetflow.toml").write_text(
        f'[environments.staging]\nreads_from = "production"\n[environments.production]\nstorage = "s3://{bucket}/flights"\n'
    )
    project = Project(tmp_path, cloud)
    flights, leaf = ("-m", "examples.flights"), "delays/by_month"
    told = project.run("backfill", f"*{leaf}", *flights, "--partitions", "all", "--env", "production", "--yes")
    assert f"values are in s3://{bucket}/flights" in told
    assert {f"flights/{leaf}", "flights/departures/2013-12"} <= set(s3.keys(bucket))
    planned = project.run("plan", leaf, *flights, "--env", "staging")
    assert "departures (production)" in planned

    def etags() -> dict[str, str]:
        return {key: s3.client().head_object(Bucket=bucket, Key=key)["ETag"] for key in s3.keys(bucket)}

    before = etags()
    project.run("materialize", leaf, *flights, "--env", "staging")
    assert etags() == before, "production is not touched"
    assert (tmp_path / ".assetflow" / "environments" / "staging" / leaf).is_file()
    project.run("promote", leaf, *flights, "--from", "staging", "--to", "production", "--yes")
    assert "no difference" in project.run("diff", "production", "staging", leaf, *flights)


def test_partitions_are_compared_and_published_each_with_a_version_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "assetflow.toml").write_text("[environments.staging]\n[environments.production]\n")
    code = (
        "from assetflow import StaticPartitionsDefinition, asset\n\n\n"
        "@asset(partitions_def=StaticPartitionsDefinition(['north', 'south', 'a/b']))\n"
        "def sales(context):\n    return len(context.partition_key)\n"
    )
    (tmp_path / "shop.py").write_text(code)
    project, shop = Project(tmp_path, {}), ("-f", "shop.py")
    ways = (*shop, "--from", "staging", "--to", "production", "--yes")
    project.run("backfill", *shop, "--partitions", "north", "--partitions", "a/b", "--env", "staging")
    told = project.run("promote", *ways)
    assert "2 partitions" in told and "✔ sales: 2 partitions published" in told
    assert "= sales  the same bytes in 2 partitions" in project.run("diff", "production", "staging", *shop)
    assert "nothing to publish" in project.run("promote", *ways)
    (tmp_path / "shop.py").write_text(code.replace("len(", "7 * len("))
    project.run("backfill", *shop, "--partitions", "north..south", "--env", "staging")
    told = project.run("diff", "production", "staging", *shop, code=1)
    assert "≠ sales  2 of 3 partitions differ" in told
    assert "changed: north" in told and "only in staging: south" in told
    told = project.run("promote", *ways)
    for words in ("1 the same bytes are there", "1 replaces what is there", "1 new", "✔ sales: 2 partitions published"):
        assert words in told
    where = (*shop, "--env", "production")
    history = project.run("assets", "history", "sales", "--partition", "north", *where)
    assert history.count("promoted from staging") == 2
    assert project.run("assets", "history", "sales", "--partition", "a/b", *where).count("promoted from staging") == 1


def test_what_no_environment_separates_is_told_and_an_unusable_home_too(tmp_path: Path) -> None:
    (tmp_path / "assetflow.toml").write_text("[environments.staging]\n")
    (tmp_path / "shop.py").write_text(
        "from assetflow import FilesystemIOManager, asset\n\n\n"
        "@asset(resource_defs={'io_manager': FilesystemIOManager('own')})\ndef sales():\n    return 1\n"
    )
    project = Project(tmp_path, {})
    told = project.run("materialize", "-f", "shop.py", "--env", "staging")
    assert "sales: kept in the same place in every environment, by an IO manager of its own" in told
    (tmp_path / "file").touch()
    told = project.run("materialize", "-f", "shop.py", code=2, ASSETFLOW_HOME=str(tmp_path / "file" / "home"))
    assert "nothing can be written to the home folder" in told and "Traceback" not in told
