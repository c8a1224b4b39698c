"""``assetflow logs``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import datetime

import click
from rich.text import Text

from assetflow.cli.console import ERR, OUT, print_json
from assetflow.cli.targets import handle_of, json_option, state_of_runs
from assetflow.run_ids import check_run_id
from assetflow.runs.log_lines import LogLine, LogStream
from assetflow.wiring import current_settings

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_LEVEL_STYLES = {"DEBUG": "dim", "INFO": "cyan", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold red"}
_STEP_STYLES = ("blue", "magenta", "green", "cyan", "yellow")
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)?")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1a\x1c-\x1f\x7f-\x9f]")
_WIDEST = 32


@click.command()
@click.argument("run_id", metavar="RUN")
@click.argument("step", required=False)
@click.option("-f", "--follow", "following", is_flag=True, help="Stay, and show lines as they are written.")
@click.option(
    "--level",
    type=click.Choice(LEVELS, case_sensitive=False),
    help="Only messages of this level or above; what was merely printed has none.",
)
@json_option
def logs(run_id: str, step: str | None, following: bool, level: str | None, as_json: bool) -> None:
    """Show what the steps of a run have written.

    STEP is the name of a step, or the key of an asset; without it all are shown, in the order in which they ended.
    """
    check_run_id(run_id)
    with state_of_runs(current_settings()) as connection:
        handle = handle_of(connection, run_id)
        width = min(_WIDEST, max((len(one.key) for one in handle.plan.steps), default=0))
        printer = _Printer(width if step is None else 0)
        count = 0
        for line in handle.logs(step, follow=following):
            if level is None or line.left_out or line.is_at_least(level):
                count += 1
                print_json(record_of(line)) if as_json else printer.print(line)
        if not (count or as_json):
            ERR.print(_nothing(step, level, is_over=handle.status.is_terminal), style="dim")


def record_of(line: LogLine) -> dict[str, object]:
    """For ``--json``."""
    record: dict[str, object] = {
        "step": line.step,
        "attempt": line.attempt,
        "stream": line.stream.value,
        "at": line.at,
        "level": line.level or None,
        "logger": line.logger or None,
        "text": line.text,
    }
    return {**record, "left_out": line.left_out} if line.left_out else record


class _Printer:
    """Prints lines one below the other.

    Args:
        width: of the names of the steps; 0 to leave them out.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._styles: dict[str, str] = {}

    def print(self, line: LogLine) -> None:
        """Print one; what a message has of further lines stands below it."""
        if OUT.is_terminal:
            for text in self._texts(line):
                OUT.print(text)
            return
        head = "".join(text for text, _ in self._head(line))
        for number, part in enumerate(line.text.split("\n")):
            sys.stdout.write(f"{head if number == 0 else ' ' * len(head)}{readable(part)}\n")

    def _texts(self, line: LogLine) -> Iterator[Text]:
        head = Text.assemble(*self._head(line))
        style = "dim" if line.left_out else ""
        for number, part in enumerate(line.text.split("\n")):
            body = Text.from_ansi(readable(part, colours=True), style=style)
            yield (head if number == 0 else Text(" " * len(head))) + body

    def _head(self, line: LogLine) -> list[tuple[str, str]]:
        at = "" if line.at is None else datetime.fromtimestamp(line.at).astimezone().strftime("%H:%M:%S.%f")[:-3]
        parts = [(f"{at:<12}  ", "dim")]
        if self._width:
            name = line.step + (f" #{line.attempt}" if line.attempt else "")
            style = self._styles.setdefault(line.step, _STEP_STYLES[len(self._styles) % len(_STEP_STYLES)])
            parts.append((f"{name:<{self._width}}  ", style))
        elif line.attempt:
            parts.append((f"#{line.attempt}  ", "dim"))
        if line.stream is LogStream.LOG and line.level:
            parts.append((f"{line.level:<8}  ", _LEVEL_STYLES.get(line.level, "")))
        else:
            parts.append((f"{'stderr' if line.stream is LogStream.STDERR else '':<8}  ", "dim"))
        return parts


def readable(text: str, *, colours: bool = False) -> str:
    """A line without what would move the cursor, or worse; of a line that was written over, what it was in the end.

    Args:
        colours: keep escapes that change colours.
    """
    ends = [part for part in text.split("\r") if part]
    kept = _ESCAPE.sub(lambda found: found[0] if colours and _is_colour(found[0]) else "", ends[-1] if ends else "")
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", kept)


def _is_colour(escape: str) -> bool:
    return escape.startswith("\x1b[") and escape.endswith("m")


def _nothing(step: str | None, level: str | None, *, is_over: bool) -> str:
    what = "no message of that level was written" if level else "nothing was written"
    return f"{what}{' by that step' if step else ''}{'' if is_over else ' so far; -f waits for more'}"
