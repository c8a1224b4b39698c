"""What can be told of a process that died while it ran a step: how it ended, and the last it has written."""

from __future__ import annotations

import signal
from pathlib import Path

from assetflow.clock import wait_until
from assetflow.distributed.cells import CellState
from assetflow.distributed.guardian import end_name
from assetflow.errors import StepLostError
from assetflow.execution.outcome import describe_error
from assetflow.runs.facts import LogDetail, StepDetail
from assetflow.runs.step_logs import KeptLog, Section

LAST_LINES = 20
_PATIENCE = 0.4  # seconds for the parent to bury its child
_TAIL = 32_768  # bytes
_PACKAGE = Path(__file__).parent.parent
_MEANT = {
    signal.SIGKILL: "as the kernel's out-of-memory killer does",
    signal.SIGSEGV: "native code touched memory that is not its own",
    signal.SIGBUS: "native code touched memory that is not there",
    signal.SIGABRT: "native code gave up",
    signal.SIGFPE: "native code divided by zero",
    signal.SIGILL: "native code is not for this processor",
}


def how_it_ended(folder: Path, pid: int) -> str:
    """How a child has ended, as its parent has noted; waits a moment for that."""
    note = folder / end_name(pid)
    if not wait_until(note.exists, timeout=_PATIENCE, every=0.005):
        return "it died, and nobody saw how"
    text = note.read_text()
    note.unlink(missing_ok=True)
    return in_words(int(text)) if text.lstrip("-").isdigit() else "it died, and nobody saw how"


def in_words(code: int) -> str:
    """An exit code as people say it; negative ones are signals."""
    if code >= 0:
        return f"it ended itself with exit code {code}"
    try:
        name = signal.Signals(-code)
    except ValueError:
        return f"it was killed by signal {-code}"
    why = f", {_MEANT[name]}" if name in _MEANT else ""
    return f"it was killed by signal {-code} ({name.name}){why}"


def last_lines(log: KeptLog) -> list[str]:
    """The last lines on standard error, messages among them; of standard output, if there are none."""
    for section in (log.stderr, log.stdout):
        raw = section.tail or section.head
        if len(raw) > _TAIL:
            raw = raw[-_TAIL:]
            raw = raw[raw.find(b"\n") + 1 :]
        end = Section(raw)
        found = [line.text for line in KeptLog(Section(), end).lines("", 0) if line.text.strip()]
        if found:
            return _of_interest("\n".join(found).split("\n"))[-LAST_LINES:]
    return []


def _of_interest(lines: list[str]) -> list[str]:
    """The same; of the stack of a crash only the user's frames, which come first."""
    crash = next((number for number, line in enumerate(lines) if "Fatal Python error: " in line), None)
    if crash is None:
        return lines
    ours = (number for number, line in enumerate(lines) if number > crash and f'File "{_PACKAGE}' in line)
    return lines[: next(ours, len(lines))]


def obituary(state: CellState, ended: str, lines: list[str], log: LogDetail | None) -> StepDetail:
    """What is told of the step that it ran.

    Args:
        ended: how the process ended, in words.
    """
    error = describe_error(StepLostError(f"the process that ran the step is gone: {ended}"))
    error.traceback = "\n".join(lines)
    return StepDetail(retry=state.retries, error=error, log=log)
