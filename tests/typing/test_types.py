"""What type checkers make of code that uses assetflow."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", ["inferred.py", "refused.py"])
def test_a_type_checker_agrees_with_the_file(name: str, tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "mypy", "--strict", "--warn-unused-ignores", "--config-file=", "--follow-imports=silent",
        "--ignore-missing-imports", f"--cache-dir={tmp_path}", str(HERE / name),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE.parents[1])
    assert done.returncode == 0, done.stdout + done.stderr
