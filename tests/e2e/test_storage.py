"""The samples of the page on storage, and the commands that look after versions."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas

from assetflow import materialize
from assetflow.local.discovery import sole_use
from tests.support.s3 import SeaweedFS

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "docs/how-to/storage.md").read_text(), re.DOTALL)

PIPELINE = """
from assetflow import asset


@asset
def sales(context):
    return context.run_id


@asset
def total(sales):
    return len(sales)
"""


def run(folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ASSETFLOW_")}
    done = subprocess.run(
        [sys.executable, "-m", "assetflow", *arguments],
        cwd=folder, env={**kept, "NO_COLOR": "1"}, capture_output=True, text=True, timeout=90, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done


def sample(word: str) -> dict[str, Any]:
    [text] = [one for one in SAMPLES if word in one]
    found: dict[str, Any] = {}
    exec(compile(text, word, "exec"), found)
    return found


def test_the_samples_store_what_the_page_says(tmp_path: Path) -> None:
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        by_type, columns = sample('format="auto"'), sample('"columns"')
        manager = by_type["defs"].resources
        assert materialize([by_type["prices"], by_type["rates"]], resources=manager).success
        assert pandas.read_parquet("data/prices")["id"].tolist() == [1, 2]
        assert json.loads(Path("data/rates").read_text()) == {"EUR": 1.0, "USD": 1.1}
        result = materialize([by_type["prices"], columns["turnover"]], resources=manager)
        assert result.output_for_node("turnover") == 12.5
    finally:
        os.chdir(before)


def test_the_sample_for_s3_stores_in_a_bucket(s3: SeaweedFS, bucket: str) -> None:
    [text] = [one for one in SAMPLES if "S3IOManager" in one]
    found: dict[str, Any] = {}
    place = ", ".join(f"{name}={value!r}" for name, value in s3.options.items())
    exec(text.replace('S3IOManager("my-bucket", "prod")', f'S3IOManager("{bucket}", "prod", {place})'), found)
    assert materialize([found["sales"]], resources=found["defs"].resources).success
    assert "prod/sales" in s3.keys(bucket)
    assert found["defs"].load_asset_value("sales") == [1, 2, 3]


def test_versions_are_listed_rolled_back_loaded_and_collected(tmp_path: Path) -> None:
    (tmp_path / "pipeline.py").write_text(PIPELINE)
    where = ("-f", "pipeline.py")
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", "import assetflow, pipeline as p; assetflow.materialize([p.sales, p.total])"],
            cwd=tmp_path, env={**os.environ, "PYTHONPATH": f"{ROOT}:{tmp_path}"}, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def history() -> list[dict[str, Any]]:
        return [
            json.loads(line)
            for line in run(tmp_path, "assets", "history", "sales", *where, "--json").stdout.split("\n")
            if line
        ]

    third, second, first = history()
    assert third["published"] and not second["published"]
    assert "there is nobody to ask" in run(tmp_path, "assets", "rollback", "sales", *where, code=2).stderr
    shown = run(tmp_path, "assets", "rollback", "sales", "@-2", *where, "--yes").stdout
    assert f"shows version {first['version']} again" in shown
    assert history()[0]["restored_from"] == first["version"] and history()[0]["checksum"] == first["checksum"]
    assert (
        "no version begins with" in run(tmp_path, "assets", "rollback", "sales", "zz", *where, "--yes", code=2).stderr
    )

    code = "import pipeline as p; from assetflow import Definitions; d = Definitions(assets=[p.sales, p.total]);"
    code += f"print(d.load_asset_value('sales'), d.load_asset_value('sales', version='{third['version']}'))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": f"{ROOT}:{tmp_path}"},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.split() == [first["run"], third["run"]], done.stderr

    assert "nothing to remove" in run(tmp_path, "gc", "--keep", "1", *where).stdout, "all are of today"
    storage = tmp_path / ".assetflow/storage/.versions"
    old = storage / "sales@0005000000000000-00000001"  # of 2014
    old.write_bytes(next(storage.glob("sales@*")).read_bytes())
    seen = run(tmp_path, "gc", *where).stdout
    assert "sales@0005000000000000-00000001" in seen and "--yes removes them" in seen and old.exists()
    assert "removed 1 item" in run(tmp_path, "gc", *where, "--yes").stdout and not old.exists()
    assert len(history()) == 4


def test_each_partition_has_a_history_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "shops.py").write_text(
        "from assetflow import Definitions, StaticPartitionsDefinition, asset\n\n\n"
        "@asset(partitions_def=StaticPartitionsDefinition(['north', 'a/b']))\n"
        "def sales(context):\n    return context.run_id\n\n\n"
        "@asset\ndef whole():\n    return 1\n\n\ndefs = Definitions(assets=[sales, whole])\n"
    )
    where = ("-f", "shops.py")
    code = "import shops\nfrom assetflow import DagsterInstance, materialize\n"
    code += "for key in ('north', 'a/b', 'north'):\n"
    code += "    materialize([shops.sales], partition_key=key, instance=DagsterInstance.get())\n"
    python(tmp_path, code)

    def history(partition: str) -> list[dict[str, Any]]:
        shown = run(tmp_path, "assets", "history", "sales", "--partition", partition, *where, "--json").stdout
        return [json.loads(line) for line in shown.splitlines()]

    (other,) = history("a/b")
    _, early = history("north")
    shown = run(tmp_path, "assets", "rollback", "sales", *where, "--partition", "north", "--yes").stdout
    assert f"sales[north] shows version {early['version']} again" in shown
    assert [one["restored_from"] for one in history("north")] == [early["version"], None, None]
    assert history("a/b") == [other], "the other partition is what it was"
    loaded = "import shops; print(*(shops.defs.load_asset_value('sales', partition_key=k) for k in ('north', 'a/b')))"
    assert python(tmp_path, loaded).split() == [early["run"], other["run"]]
    listed = run(tmp_path, "assets", "materializations", "sales", "--json").stdout.splitlines()
    told = [(one["partition"], one["data_version"]) for one in map(json.loads, listed)]
    assert told[0] == told[3] and told[0][0] == "north" and told[0] != told[1]

    folder = tmp_path / ".assetflow/storage/sales/.versions"
    old = folder / "north@0005000000000000-00000001"  # of 2014
    old.write_bytes(next(folder.glob("north@*")).read_bytes())
    assert "sales/north@0005000000000000-00000001" in run(tmp_path, "gc", *where).stdout
    assert "removed 1 item" in run(tmp_path, "gc", *where, "--yes").stdout and not old.exists()
    assert len(history("north")) == 3 and history("a/b") == [other]

    for words, says in (
        (["sales"], "name one: --partition KEY"),
        (["whole", "--partition", "north"], "leave out --partition"),
    ):
        assert says in run(tmp_path, "assets", "history", *words, *where, code=2).stderr


def python(folder: Path, code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env={**os.environ, "PYTHONPATH": f"{ROOT}:{folder}"},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nothing_is_collected_beside_a_command_whose_runs_cannot_be_seen(tmp_path: Path) -> None:
    with sole_use(tmp_path / ".assetflow" / "valkey"):
        refused = run(tmp_path, "gc", "--yes", code=2).stderr
    assert "another command has a cluster in this folder" in refused and "try again when it has ended" in refused
    assert "nothing to remove" in run(tmp_path, "gc", "--yes").stdout
