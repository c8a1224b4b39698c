"""Commands that are loaded when they are called, so that each starts as light as it can."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

_WHOLE = 10_000  # characters of a sentence


class Group(click.Group):
    """A group whose help says a whole sentence of each command."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands and what they do, on as many lines as it takes."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, one.get_short_help_str(_WHOLE)) for name, one in found if one and not one.hidden]
            )


class LazyGroup(Group):
    """A group whose commands are named as ``module:attribute``."""

    def __init__(
        self, *args: Any, sections: Mapping[str, Mapping[str, str]], examples: Mapping[str, str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._sections = sections
        self._examples = examples
        self._commands_at = {name: place for section in sections.values() for name, place in section.items()}

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Examples, and the commands by what they are for, all in columns that stand below each other."""
        with formatter.section("Examples"):
            formatter.write_dl(list(self._examples.items()), col_max=50)
        width = max(map(len, self._commands_at))
        for title, names in self._sections.items():
            commands = [(name, self.get_command(ctx, name)) for name in names]
            with formatter.section(title):
                formatter.write_dl(
                    [(name.ljust(width), one.get_short_help_str(_WHOLE)) for name, one in commands if one]
                )

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Names, in the order given."""
        return list(self._commands_at)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        place = self._commands_at.get(cmd_name)
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant by the words; Click itself guesses only among commands that are loaded."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = difflib.get_close_matches(args[0], self.list_commands(ctx), 1)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean {near[0]!r}?", ctx) from None
