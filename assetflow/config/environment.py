"""The variables that a config may name."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache

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
    """What nobody is to read in a log: of variables that configs have named in this process, and of secret names.

    It is asked for after every step that writes something, and is looked up anew when a config has named another
    variable, or a second is over.
    """
    return _secrets(len(_named), int(time.monotonic()))


@lru_cache(maxsize=1)
def _secrets(_named_so_far: int, _second: int) -> list[str]:
    return [value for name, value in list(os.environ.items()) if name in _named or _SECRET.search(name)]
