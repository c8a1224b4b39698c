"""The variables that a config may name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

_named: set[str] = set()


class _Told:
    """Where the names are told to a process beside this one, and how much of that has been read here."""

    file: Path | None = None
    read = 0


_told = _Told()
_SECRET = re.compile(
    r"(?i)password|passwd|secret|token|credential|private|(?:^|_)(?:api_?|access_?|signing_?)?key(?:$|_)"
)


class _Variables(Mapping[str, str]):
    """The environment of this process, as it is now; notes which variables were asked for."""

    def __getitem__(self, name: str) -> str:
        if name not in _named:
            _named.add(name)
            if _told.file is not None:
                with suppress(OSError), _told.file.open("a") as file:
                    file.write(f"{name}\n")  # before anybody can write the value somewhere
        return os.environ[name]

    def __iter__(self) -> Iterator[str]:
        return iter(os.environ)

    def __len__(self) -> int:
        return len(os.environ)


_variables = _Variables()


def variables() -> Mapping[str, str]:
    """The environment of this process, as it is now."""
    return _variables


def tell_names(file: Path) -> None:
    """From now on, note in a file which variables configs name here, for a process that reads what steps write."""
    _told.file = file


def learn_names(file: Path) -> None:
    """Take in what other processes, with the same environment, have noted there since the last time."""
    try:
        if file.stat().st_size <= _told.read:
            return
        text = file.read_text()
    except OSError:
        return
    _told.read = len(text.encode())
    _named.update(text.split())


def secret_values() -> list[str]:
    """What nobody is to read in a log: of variables that configs have named in this process, and of secret names.

    It is asked for after every step, and is looked up anew when a config has named another variable, or one
    has changed.
    """
    # As it is kept: comparing the mapping in front of it takes twenty times as long.
    there: Mapping[Any, Any] = getattr(os.environ, "_data", os.environ)
    if _secrets.named != len(_named) or _secrets.there != there:
        _secrets.values = _found_secrets()
        _secrets.named, _secrets.there = len(_named), dict(there)
    return _secrets.values


class _Secrets:
    """What was found when it was looked up last: with so many names, in this environment."""

    def __init__(self) -> None:
        self.named = -1
        self.there: Mapping[Any, Any] = {}
        self.values: list[str] = []


_secrets = _Secrets()


def _found_secrets() -> list[str]:
    found = []
    for name, value in list(os.environ.items()):
        if name in _named or _SECRET.search(name):
            found.append(value)
        if "://" in value:
            found += _passwords(value)
    return found


def _passwords(url: str) -> list[str]:
    """The password in an address, as it is written there and as it is."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return []
    return [] if not password else [password, unquote(password)]
