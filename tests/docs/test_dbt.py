"""What the page on SQL says of dbt, with dbt itself, in an environment of its own: it brings much along."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "sql.md"
DBT = ("dbt-core>=1.8,<1.11", "dbt-duckdb>=1.8,<1.11")
PROJECT = {
    "dbt_project.yml": 'name: shop\nversion: "1.0"\nprofile: shop\n',
    "profiles.yml": "shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: \"{{ env_var('SHOP') }}\"}\n",
    "models/orders.sql": "select 1 as id, 10 as amount union all select 2, 5",
    "models/totals.sql": "select sum(amount) as total from {{ ref('orders') }}",
}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_models_of_a_dbt_project_are_assets(tmp_path: Path) -> None:
    commands = tmp_path / "venv" / "bin"
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    subprocess.run([commands / "python", "-m", "pip", "install", "--quiet", str(ROOT), *DBT], check=True)
    project = tmp_path / "shop_dbt"
    for name, text in PROJECT.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text, encoding="utf-8")
    found = re.search(r"<!-- untried -->\n```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None and "dbtRunner" in found[1]
    (tmp_path / "shop.py").write_text(found[1], encoding="utf-8")
    environment = {
        **{name: text for name, text in os.environ.items() if not name.startswith("ASSETFLOW_")},
        "SHOP": str(tmp_path / "shop.duckdb"),
        "DBT_PROFILES_DIR": str(project),
        "ASSETFLOW_HOME": str(tmp_path / "home"),
    }

    def command(*words: str) -> str:
        done = subprocess.run(
            [commands / words[0], *words[1:]],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    command("dbt", "parse", "--project-dir", str(project))
    assert "1 succeeded" in command("assetflow", "materialize", "-f", "shop.py")
    assert "1 succeeded" in command("assetflow", "materialize", "totals", "-f", "shop.py")
    listed = command("assetflow", "assets", "list", "-f", "shop.py")
    assert "orders" in listed and "totals" in listed
    answer = "import duckdb, sys; print(duckdb.connect(sys.argv[1]).sql('select total from totals').fetchall())"
    assert command("python", "-c", answer, environment["SHOP"]).startswith("[(15,)]")
