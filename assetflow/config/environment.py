"""The variables that a config may name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping

_named: set[str] = set()
_SECRET = re.compile(
    r"(?i)password|passwd|secret|token|credential|private|(?:^|_)(?:api_?|access_?|signing_?)?key(?:$|_)"
)


class _Variables(Mapping[str, str]):
    """The environment of this process, as it is now; notes which variables were asked for."""

    def __getitem__(self, name: str) -> str:
        _named.add(name)
        return os.environ[name]

    def __iter__(self) -> Iterator[str]:
        return iter(os.environ)

    def __len__(self) -> int:
        return len(os.environ)


_variables = _Variables()


def variables() -> Mapping[str, str]:
    """The environment of this process, as it is now."""
    return _variables


def secret_values() -> list[str]:
    """What nobody is to read in a log: of variables that configs have named in this process, and of secret names."""
    return [value for name, value in list(os.environ.items()) if name in _named or _SECRET.search(name)]
