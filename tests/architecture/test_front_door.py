"""`make` and what it promises."""

from __future__ import annotations

import os
import re
import subprocess
from functools import partial
from pathlib import Path

import click
from click import Context

from assetflow.cli.main import cli

ROOT = Path(__file__).resolve().parents[2]


def test_make_alone_lists_every_target_for_people():
    shown = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    for target in phony[1].split():
        assert re.search(rf"^  make {target} +\S", shown, re.MULTILINE), target


def test_help_says_a_whole_sentence_of_each_command():
    groups = [cli, *(one for one in map(partial(cli.get_command, Context(cli)), cli.list_commands(Context(cli)))
                     if isinstance(one, click.Group))]  # fmt: skip
    assert len(groups) > 5
    for group in groups:
        shown = group.get_help(Context(group, max_content_width=80)).partition("--help")[2]
        assert shown and "..." not in shown, shown
        for name in group.list_commands(Context(group)):
            assert re.search(rf"^  {name} +\S.*", shown, re.MULTILINE), name


def test_help_says_of_each_option_what_it_is_for():
    def silent(command: click.Command | None, name: str) -> list[str]:
        assert command is not None
        found = [f"{name} {one.opts[-1]}" for one in command.params
                 if isinstance(one, click.Option) and not one.hidden and not one.help]  # fmt: skip
        below = command.list_commands(Context(command)) if isinstance(command, click.Group) else []
        for one in below:
            assert isinstance(command, click.Group)
            found += silent(command.get_command(Context(command), one), f"{name} {one}")
        return found

    assert silent(cli, "assetflow") == []


def test_the_script_that_decides_installs_the_servers_of_tests_and_runs_make_test():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = [line for line in script.read_text().splitlines() if line and not line.startswith("#")]
    assert lines[-1] == "exec make test"
    assert len(lines) == 4
    assert "apt-get install" in lines[2], "what the tests need and pip cannot bring"
