"""The wheel works in an environment that has nothing else in it, on each Python that is supported."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SMOKE = Path(__file__).with_name("smoke.py")
VERSIONS = ("3.11", "3.12", "3.13")


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "version", [pytest.param(version, marks=() if version == VERSIONS[0] else pytest.mark.slow) for version in VERSIONS]
)
def test_the_wheel_works_in_a_clean_environment(version: str, wheel: Path, tmp_path: Path) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(
            f"there is no Python {version} here: pyenv install {version}, or apt-get install python{version}-venv"
        )
    subprocess.run([python, "-m", "venv", str(tmp_path / "venv")], check=True)
    clean = tmp_path / "venv" / "bin" / "python"
    install = [str(clean), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*install, "-c", str(ROOT / "constraints.txt"), str(wheel)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    tried = subprocess.run([str(clean), str(SMOKE)], cwd=folder, capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert f"on Python {version}." in tried.stdout
    assert "the page is inside" in tried.stdout
    assert tried.stdout.endswith("smoke test passed\n")


def interpreter(version: str) -> str | None:
    """A Python of that version: this one, one on PATH, or one of pyenv's."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return str(Path(sys.base_prefix) / "bin" / f"python{version}")
    pyenv = Path.home() / ".pyenv" / "versions"
    candidates = [str(path) for path in sorted(pyenv.glob(f"{version}.*/bin/python{version}"))]
    for candidate in [*candidates, shutil.which(f"python{version}")]:
        if (
            candidate
            and subprocess.run([candidate, "-c", "import venv"], capture_output=True, check=False).returncode == 0
        ):
            return candidate
    return None
