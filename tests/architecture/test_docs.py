"""The documentation lists every public name, and builds."""

import os
import re
import subprocess
import sys
from enum import Enum
from pathlib import Path

import pytest
from click import Context

import assetflow
from assetflow.cli.main import cli

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "reference"
# An entry of the reference that is a heading, or a heading and a signature, and no more.
# The names of values of enumerations say enough.
EMPTY = re.compile(
    r'<h[2-6] id="(assetflow\.(?:[^".]+\.)*(?![A-Z_0-9]+")[^".]+)" class="doc doc-heading">(?:(?!</h[2-6]>).)*</h[2-6]>'
    r'(?:(?!<p>|<h[2-6]).)*<div class="doc doc-contents[^"]*">\s*</div>', re.DOTALL,
)  # fmt: skip
WIDTH = 110


def test_the_reference_has_every_public_name_once() -> None:
    listed = [
        name
        for page in sorted(PAGES.glob("*.md"))
        for name in re.findall(r"^::: (\S+)$", page.read_text(), re.MULTILINE)
        if name != "mkdocs-click"  # the command line's page is made by another tool
    ]
    assert sorted(listed) == sorted(f"{home}.{name}" for name, home in assetflow._HOMES.items())


@pytest.mark.timeout(600)  # half a minute, on a machine that does nothing else
def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    # Not --quiet: what is not said is not counted either.
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for found in (tmp_path / "site").rglob("*.html"):
        shown, name = found.read_text(), found.parent.name
        assert "<p>```" not in shown, f"{name}: a block of code is not shown as one"
        assert not re.search(r"<p>[^<]*(?::::|\*\*)", shown), f"{name}: something stands there as it is written"
        assert "Sentinel." not in shown, f"{name}: a default is shown that is none"
        fetched = re.findall(r"<(?:script|img|link|iframe)\b[^>]*? (?:src|href)=\"?((?:https?:)?//[^\"\s>]+)", shown)
        assert not fetched, f"{name} fetches from elsewhere"
        empty = EMPTY.findall(shown)
        assert not empty, f"{name}: nothing is said of {empty}"
    page = (tmp_path / "site" / "reference" / "assets" / "index.html").read_text()
    assert "by default the function" in page
    assert "InvalidDefinitionError" in page
    pages = "".join(page.read_text() for page in (tmp_path / "site" / "reference").rglob("*.html"))
    for name, home in assetflow._HOMES.items():
        found = getattr(assetflow, name)
        for value in found.__members__ if isinstance(found, type) and issubclass(found, Enum) else ():
            assert f'id="{home}.{name}.{value}"' in pages, f"the reference does not list {name}.{value}"
    commands = (tmp_path / "site" / "reference" / "command-line" / "index.html").read_text()
    for name in cli.list_commands(Context(cli)):
        assert f'id="assetflow-{name}"' in commands, f"the page of the command line lacks {name}"


def test_diagrams_have_no_semicolon_which_would_end_a_line_there() -> None:
    for page in (ROOT / "docs").rglob("*.md"):
        for diagram in re.findall(r"^```mermaid\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL):
            assert ";" not in diagram, page.name


def test_code_is_no_wider_than_a_page_has_room_for() -> None:
    for page in (ROOT / "docs").rglob("*.md"):
        for about, block in re.findall(r"^ *```([^\n]*)\n(.*?)^ *```$", page.read_text(), re.MULTILINE | re.DOTALL):
            if "mermaid" not in about and "folded" not in about:
                for line in block.splitlines():
                    assert len(line) <= WIDTH, f"{page.name}: {line}"


def test_every_setting_is_listed() -> None:
    from assetflow.settings import _NAMES

    listed = re.findall(r"`ASSETFLOW_(\w+)`", (PAGES / "settings.md").read_text())
    assert len(_NAMES) > 20
    assert {name.upper() for name in _NAMES} - set(listed) == set()


@pytest.mark.parametrize("page", ["guarantees.md", "security.md"])
def test_every_promise_names_tests_that_are_there(page: str) -> None:
    named = re.findall(r"`((?:tests/|test_)[^`]+)`", (ROOT / "docs" / "explanation" / page).read_text())
    assert len(named) > 30
    functions = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
    }
    for name in named:
        if name.startswith("tests/"):
            assert (ROOT / name).exists(), name
        else:
            assert any(re.fullmatch(name.replace("*", r"\w*"), function) for function in functions), name
