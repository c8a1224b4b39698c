"""Builds what is handed out from a copy of what is under version control."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def build_in(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Builds a wheel, and gives its path; `page` are files of the built page, by name."""

    def build(*, page: dict[str, str] | None = None, by_sdist: bool = False) -> Path:
        source = tmp_path_factory.mktemp("source")
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *_BUILT_FROM],
            cwd=ROOT, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                (source / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, source / name)
        for name, text in (page or {}).items():
            path = source / "assetflow" / "web" / "static" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        target = tmp_path_factory.mktemp("dist")
        command = [sys.executable, "-m", "build", "--outdir", str(target), *([] if by_sdist else ["--wheel"]), "."]
        done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        (wheel,) = target.glob("*.whl")
        return wheel

    return build


@pytest.fixture(scope="session")
def wheel(build_in: Callable[..., Path]) -> Path:
    """Built from the sdist, with a page inside."""
    return build_in(page={"index.html": "<!doctype html>", "assets/page.js": "export {}"}, by_sdist=True)


_BUILT_FROM = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "MANIFEST.in", "assetflow")
