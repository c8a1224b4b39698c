"""Follows a page as its reader would: writes its files, runs its programs and commands, compares what they say.

A block of code with a title is a file. A block of Python without one is a program. In a block ``console`` each line
that begins with ``$`` is a command, and what follows it is what it answers: lines of ``...`` stand for whatever comes,
and what differs from one time to another (numbers, identifiers, times) is not compared.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^( *)```(\w+)([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_UNTRIED = "<!-- untried -->\n"
_CHANGING = re.compile(
    r"\b01[0-9A-HJKMNP-TV-Z]{24}\b|01[0-9A-Z]{2,8}…|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\b[0-9a-f]{12}\b"
    r"|[\d.,]+ ?(?:ms|s|min|h|B|kB|MB|KiB|MiB)\b"
    r"|[█░]+|(?:\d+ (?:s|min|h) ago|just now)"
)


@dataclass(frozen=True, kw_only=True)
class Block:
    """A block of code, with its line in the page."""

    language: str
    title: str | None
    text: str
    line: int


def blocks_of(page: Path) -> Iterator[Block]:
    """The blocks of code of a page, in order; those below ``<!-- untried -->`` are not among them."""
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        indent, language, about, code = found.groups()
        if text.endswith(_UNTRIED, 0, found.start()):
            continue
        title = re.search(r'title="([^"]+)"', about)
        lines = [line.removeprefix(indent) for line in code.splitlines()]
        yield Block(
            language=language, title=title[1] if title else None, text="\n".join(lines) + "\n",
            line=text.count("\n", 0, found.start()) + 1,
        )  # fmt: skip


def follow(page: Path, folder: Path, *, show: bool = False) -> int:
    """Do everything a page says, in a folder; how many blocks were tried.

    Args:
        show: print what is answered, to write the page from it.
    """
    tried = 0
    for block in blocks_of(page):
        where = f"{page.name}:{block.line}"
        if block.title is not None:
            path = folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            run([sys.executable, "-c", block.text], folder, where)
        elif block.language == "console":
            for command, expected in commands_of(block.text):
                answer = run(["sh", "-c", command], folder, f"{where}: $ {command}")
                if show:
                    sys.stdout.write(f"$ {command}\n{answer}\n")
                else:
                    compare(expected, answer, f"{where}: $ {command}")
        else:
            continue
        tried += 1
    return tried


def run(command: list[str], folder: Path, where: str) -> str:
    """What a command answers, on both streams together."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("ASSETFLOW_", "PYTEST_"))},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(folder),
        "COLUMNS": "110",
        "NO_COLOR": "1",
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300,
        check=False,
    )  # fmt: skip
    differs = " assetflow diff " in f" {command[-1]}"  # it answers 1 where something differs, as diff does
    assert done.returncode == 0 or (differs and done.returncode == 1), (
        f"{where} ended with {done.returncode}:\n{done.stdout}"
    )
    return done.stdout


def commands_of(text: str) -> Iterator[tuple[str, list[str]]]:
    """The commands of a block, each with the lines that are its answer."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *answer = part.rstrip("\n").split("\n")
        yield command, [line for line in answer if line.strip()]


def compare(expected: list[str], answer: str, where: str) -> None:
    """Whether an answer has the lines that were promised, in their order."""
    lines = iter([plain(line) for line in answer.splitlines() if line.strip()])
    for line in expected:
        if line.strip() == "...":
            continue
        assert any(plain(line) == other for other in lines), f"{where} does not say (any more): {line}\n\n{answer}"


def plain(line: str) -> str:
    """A line without what differs from one time to another, and without layout."""
    return re.sub(r"[\s─]+", " ", _CHANGING.sub("~", line)).strip()
