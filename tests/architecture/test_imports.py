"""What importing costs, and in which direction it goes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "boto3",
    "botocore",
    "celery",
    "kombu",
    "networkx",
    "numpy",
    "pandas",
    "redis",
    "sqlalchemy",
    "alembic",
    "psycopg",
    "click",
    "rich",
)
LIGHT_ROOMS = (
    "assetflow.definitions.bundle",
    "assetflow.planning.planner",
    "assetflow.lineage.syntax",
    "assetflow.runs.store",
)


def in_new_process(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT).stdout


@pytest.mark.parametrize("module", ["assetflow", *LIGHT_ROOMS])
def test_importing_it_loads_nothing_heavy(module):
    answer = in_new_process(f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))")
    loaded = {name.partition(".")[0] for name in json.loads(answer)}
    assert loaded.isdisjoint(HEAVY)


def test_defining_an_asset_loads_nothing_heavy():
    code = (
        "import json, sys\n"
        "from assetflow import AssetIn, Definitions, Output, SourceAsset, asset\n"
        "@asset\n"
        "def numbers(): return [1]\n"
        "Definitions(assets=[numbers])\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    loaded = {name.partition(".")[0] for name in json.loads(in_new_process(code))}
    assert loaded.isdisjoint(HEAVY)


def test_importing_takes_no_noticeable_time():
    """Some 0.1 s; as a multiple of what the standard library needs, so that a busy machine does not matter."""
    code = "import time; began = time.process_time()\nimport {what}\nprint(time.process_time() - began)"

    def best(what):
        return min(float(in_new_process(code.format(what=what))) for _ in range(5))

    ours = best("assetflow; assetflow.asset, assetflow.Definitions")
    assert ours <= 4 * best("asyncio, decimal, email.message, http.client, logging.config")


def test_imports_go_down_the_storeys_only():
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_in_the_package_imports_from_its_front_door():
    guilty = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in sorted((ROOT / "assetflow").rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip().startswith(("from assetflow import", "import assetflow")) and "import assetflow." not in line
    ]
    assert guilty == []
