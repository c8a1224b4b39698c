"""Steps write without end, or die in the middle of a word; their logs are bounded, and whole as far as they go."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from assetflow import StepState, asset, submit
from assetflow.clock import pause, wait_until
from tests.faults.test_deaths import die_by_abort, die_by_exit, die_by_segfault
from tests.support.cluster import kill, lines_in, wait_for_lines
from tests.support.fleet import resident_bytes, running_fleet
from tests.support.ledger import assert_nothing_left, report

MB = 1_000_000


@pytest.mark.parametrize("size", [300 * MB, pytest.param(1000 * MB, marks=pytest.mark.slow)])
def test_f37_a_step_that_writes_without_end_is_unharmed_and_what_is_kept_of_it_is_bounded(
    tmp_path: Path, size: int
) -> None:
    ledger = tmp_path / "ledger"

    @asset
    def flood() -> int:
        with ledger.open("a") as file:
            file.write("begun\n")
        piece = os.urandom(MB).replace(b"\n", b" ")
        for _ in range(size // MB):
            os.write(1, piece)
            os.write(2, b".")
        print("the last line")
        return 1

    with running_fleet(tmp_path) as (fleet, _):
        worker = fleet.start(environment={"TMPDIR": str(tmp_path)})
        handle = submit([flood])
        wait_for_lines(ledger, 1)
        before = [resident_bytes(pid) for pid in (worker.sidecar, *worker.slots)]
        most_disk, most_memory = 0, 0

        def is_over() -> bool:
            nonlocal most_disk, most_memory
            spools = tmp_path.glob("af-cells-*/std*")
            most_disk = max(most_disk, sum(blocks_of(spool) for spool in spools))
            now = [resident_bytes(pid) for pid in (worker.sidecar, *worker.slots)]
            most_memory = max(most_memory, *(one - two for one, two in zip(now, before, strict=True)))
            return handle.status.is_terminal

        assert wait_until(is_over, timeout=60, every=0.005)
        result = handle.wait(10)
        assert result.steps == {"flood": StepState.SUCCEEDED}
        assert lines_in(ledger) == ["begun"], "it ran once"
        lines = list(result.logs())
        log = next(fact.told().log for fact in result.facts)
        assert log is not None
        left_out = [line for line in lines if line.left_out]
        assert len(left_out) == 1 and f"{log.left_out:,} bytes were left out" in left_out[0].text
        assert 0 < log.size - size - size // MB < 60, "every byte is counted, and those of a frame"
        assert 9 * MB < log.size - log.left_out <= 10 * MB
        assert lines[-1].text.endswith("the last line")
        assert Path(log.uri).stat().st_size < 11 * MB
        assert most_memory < 120 * MB
        assert most_disk < max(350 * MB, 0.75 * size), "what can be written between two looks of the sidecar"
        assert_nothing_left(fleet)
        report("F37", written=size, kept=log.size - log.left_out, most_disk=most_disk, most_memory=most_memory)


def blocks_of(path: Path) -> int:
    try:
        return path.stat().st_blocks * 512
    except OSError:
        return 0


@pytest.mark.parametrize(
    ("die", "ending"),
    [
        (die_by_segfault, "killed by signal 11 (SIGSEGV)"),
        pytest.param(die_by_exit, "ended itself with exit code 3", marks=pytest.mark.slow),
        pytest.param(die_by_abort, "killed by signal 6 (SIGABRT)", marks=pytest.mark.slow),
    ],
)
def test_f4_a_step_that_was_given_up_names_signal_or_exit_code_and_the_last_lines(
    tmp_path: Path, die: Callable[[], None], ending: str
) -> None:
    @asset
    def poison() -> None:
        print("loading the model")
        print("the model is odd", file=sys.stderr)
        os.write(2, b"halfway thr")
        die()

    with running_fleet(tmp_path) as (fleet, _):
        fleet.start()
        result = submit([poison]).wait(60, raise_on_error=False)
        error = result.errors["poison"]
        assert "was given up: the process that ran it died 3 times" in error.message
        assert ending in error.message
        assert "the model is odd" in error.traceback and "halfway thr" in error.traceback
        lines = list(result.logs("poison"))
        for attempt in range(3):
            texts = [line.text for line in lines if line.attempt == attempt]
            assert "loading the model" in texts and "the model is odd" in texts
            assert any(text.startswith("halfway thr") for text in texts), texts
        if die is die_by_segfault:
            assert "Fatal Python error: Segmentation fault" in error.traceback
            assert "die_by_segfault" in error.traceback, "the user's frames are told"
            assert "site-packages" not in error.traceback, "and no others"


def test_the_last_line_of_a_step_whose_process_or_worker_is_killed_is_there(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"

    @asset
    def slow() -> None:
        print(f"the last line of {os.getpid()}")
        with ledger.open("a") as file:
            file.write(f"{os.getpid()}\n")
        pause(0.2 if len(lines_in(ledger)) == 3 else 60)

    with running_fleet(tmp_path) as (fleet, _):
        first = fleet.start()
        handle = submit([slow])
        child = int(wait_for_lines(ledger, 1)[0])
        kill(child)
        wait_for_lines(ledger, 2)
        first.signal(signal.SIGKILL)
        fleet.start()
        result = handle.wait(60)
        pids = wait_for_lines(ledger, 3)
        texts = [(line.attempt, line.text) for line in result.logs()]
        assert texts == [(number, f"the last line of {pid}") for number, pid in enumerate(pids)]


def test_a_step_that_was_cancelled_leaves_its_log(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"

    @asset
    def soft() -> None:
        print("soft")
        with ledger.open("a") as file:
            file.write("soft\n")
        pause(60)

    with running_fleet(tmp_path) as (fleet, _):
        fleet.start()
        handle = submit([soft])
        wait_for_lines(ledger, 1)
        handle.cancel()
        assert wait_until(lambda: [line.text for line in handle.logs()] == ["soft"], timeout=10)
