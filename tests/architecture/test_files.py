"""What may stand in the repository."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "models", "types"}
LONGEST_MODULE = 400
# Written in pieces, so that this file is not its own first finding.
HOSTS = ["py" + "pi.org", "python" + "hosted.org", "registry.npm" + "js.org", "deb.deb" + "ian.org"]
MACHINE_PATHS = re.compile(r"(?<![\w./-])/(?:work|home|root|Users)/[A-Za-z]")
LOCK_FILES = {"uv.lock", "poetry.lock", "pylock.toml"}


def committed() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return [ROOT / name for name in sorted(set(listed.split("\0"))) if name and (ROOT / name).is_file()]


FILES = committed()
SOURCES = [path for path in FILES if path.suffix == ".py" and path.is_relative_to(ROOT / "assetflow")]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", errors="replace")


def test_there_are_files_to_look_at():
    assert len(SOURCES) > 50


def test_no_file_or_folder_has_a_name_that_says_nothing():
    guilty = [name(p) for p in SOURCES if {p.stem, *p.relative_to(ROOT).parts[:-1]} & BANNED_NAMES]
    assert guilty == []


def test_no_file_names_a_registry_or_a_path_of_some_machine():
    guilty = []
    for path in FILES:
        content = text(path)
        guilty += [f"{name(path)}: {host}" for host in HOSTS if host in content]
        guilty += [f"{name(path)}: {found}" for found in MACHINE_PATHS.findall(content)]
    assert guilty == []


def test_no_lock_file_records_where_packages_came_from():
    assert [name(path) for path in FILES if path.name in LOCK_FILES] == []


def test_no_module_is_so_long_that_two_nouns_share_it():
    lengths = {name(path): text(path).count("\n") for path in SOURCES}
    assert {path: count for path, count in lengths.items() if count > LONGEST_MODULE} == {}


def test_every_module_says_what_it_is():
    assert [name(path) for path in SOURCES if not text(path).startswith('"""')] == []


def test_constraints_are_exact_versions_of_everything_that_is_asked_for():
    lines = [line for line in text(ROOT / "constraints.txt").splitlines() if line and not line.startswith("#")]
    for line in lines:
        assert re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9.+!]+", line), line
    pinned = {normal(line.partition("==")[0]) for line in lines}
    project = tomllib.loads(text(ROOT / "pyproject.toml"))["project"]
    asked = list(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        asked += extra
    missing = {normal(re.split(r"[\[<>=!~; ]", item)[0]) for item in asked} - pinned - {"assetflow"}
    assert missing == set()


def normal(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


@pytest.mark.parametrize("folder", ["assetflow", "tests", "examples", "benchmarks"])
def test_nothing_sleeps_or_mocks(folder):
    allowed = {"assetflow/clock.py", "assetflow/definitions/resource.py"}  # its mock_resource is for users' tests
    pattern = re.compile(
        r"\btime\.sleep\(|from time import .*\bsleep\b|unittest\.mock|\bmonkeypatch\.setattr|MagicMock"
    )
    guilty = [
        f"{name(path)}: {found}"
        for path in FILES
        if path.suffix == ".py" and path.is_relative_to(ROOT / folder) and name(path) not in allowed
        and path != Path(__file__).resolve()
        for found in pattern.findall(text(path))
    ]  # fmt: skip
    assert guilty == []
