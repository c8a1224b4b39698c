"""Fail-points: named in one place, each reached by the code, each exercised by a fault."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from assetflow.errors import SettingsError
from assetflow.fail_points import CLIENT_POINTS, POINTS, RECORDER_POINTS, SLOT_POINTS, TICK_POINTS, arm

ROOT = Path(__file__).parents[2]


def test_every_point_is_reached_by_one_place_of_the_code() -> None:
    places = [
        name
        for file in (ROOT / "assetflow").rglob("*.py")
        for name in re.findall(r'\breached\("([^"]+)"\)', file.read_text())
    ]
    assert sorted(places) == sorted(POINTS)


def test_every_point_is_exercised_by_a_fault() -> None:
    """The tests of faults take their points from these tables, so a new one is exercised by itself."""
    texts = "\n".join(file.read_text() for file in (ROOT / "tests" / "faults").glob("test_*.py"))
    assert {*SLOT_POINTS, *CLIENT_POINTS, *RECORDER_POINTS, *TICK_POINTS} == {*POINTS}
    assert 'parametrize("point", SLOT_POINTS)' in texts
    assert 'parametrize("point", CLIENT_POINTS)' in texts
    assert "for point in TICK_POINTS" in texts
    assert 'parametrize("point", RECORDER_POINTS)' in texts


@pytest.mark.parametrize("wanted", ["stage", "stage.after:dance", "elsewhere:sigstop"])
def test_a_point_that_does_not_exist_is_refused_with_those_that_do(wanted: str) -> None:
    with pytest.raises(SettingsError, match=r"there is no fail-point(.|\n)*ASSETFLOW_FAIL(.|\n)*settle\.after"):
        arm(wanted)


def test_a_point_ends_one_process_of_a_family_and_no_more() -> None:
    program = (
        "import os\n"
        "from assetflow.fail_points import arm, reached\n"
        "arm('claim.after:sigkill')\n"
        "def child():\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n"
        "        reached('stage.after')\n"
        "        reached('claim.after')\n"
        "        os._exit(0)\n"
        "    return os.waitpid(pid, 0)[1]\n"
        "print(child(), child())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["9", "0"]
