"""What is in the wheel, and in the sdist."""

from __future__ import annotations

import re
import subprocess
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

import assetflow

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    archive = zipfile.ZipFile(wheel)
    (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    return Parser().parsestr(archive.read(name).decode())


def test_the_wheel_holds_every_file_of_the_package(names):
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", "assetflow"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    wanted = {name for name in listed.split("\0") if name and (ROOT / name).is_file()}
    assert len(wanted) > 300
    assert wanted - names == set()


def test_the_wheel_holds_nothing_but_the_package_and_its_papers(names):
    tops = {name.split("/")[0] for name in names}
    assert tops == {"assetflow", f"assetflow-{assetflow.__version__}.dist-info"}
    assert not [name for name in names if re.search(r"__pycache__|\.pyc$|(^|/)tests?/|\.env$|\.sqlite", name)]


def test_the_page_is_inside_when_it_was_built_also_by_way_of_the_sdist(names):
    assert {"assetflow/web/static/index.html", "assetflow/web/static/assets/page.js"} <= names


def test_a_wheel_is_built_without_the_page_too(build_in: Callable[..., Path]):
    found = zipfile.ZipFile(build_in()).namelist()
    assert "assetflow/__init__.py" in found
    assert not [name for name in found if "web/static" in name]


def test_the_sdist_has_what_the_wheel_is_built_from(wheel: Path):
    (sdist,) = wheel.parent.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "assetflow/py.typed"} <= inside
    assert "assetflow/web/static/index.html" in inside


def test_the_papers_say_version_licence_and_pythons(metadata, names):
    assert metadata["Version"] == assetflow.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert f"assetflow-{assetflow.__version__}.dist-info/licenses/LICENSE" in names
    assert metadata["Requires-Python"] == ">=3.11"
    classifiers = metadata.get_all("Classifier") or []
    assert {f"Programming Language :: Python :: 3.{minor}" for minor in (11, 12, 13)} <= set(classifiers)
    assert "Typing :: Typed" in classifiers


def test_the_extra_all_brings_what_every_extra_for_users_brings():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (everything,) = extras["all"]
    brought = set(re.fullmatch(r"assetflow\[(.*)\]", everything)[1].split(","))
    asked = {item for name in brought for item in extras[name]}
    for name in set(extras) - {"all", "dev", "test", "docs", "examples", "deploy"}:
        assert set(extras[name]) <= asked, f"{name} is missing in the extra 'all'"


def test_the_changelog_has_a_place_for_this_version():
    text = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(r"^## \[Unreleased\]|" + rf"^## \[{re.escape(assetflow.__version__)}\]", text, re.MULTILINE)
