"""The documentation lists every public name, and builds."""

import re
import subprocess
import sys
from pathlib import Path

import assetflow

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "reference"


def test_the_reference_has_every_public_name_once() -> None:
    listed = [
        name
        for page in sorted(PAGES.glob("*.md"))
        for name in re.findall(r"^::: (\S+)$", page.read_text(), re.MULTILINE)
    ]
    assert sorted(listed) == sorted(f"{home}.{name}" for name, home in assetflow._HOMES.items())


def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "site" / "reference" / "assets" / "index.html").read_text()
    assert "by default the function" in page
    assert "InvalidDefinitionError" in page
