"""What code names outside of itself, read from its bytecode."""

from __future__ import annotations

import dis
from functools import lru_cache
from types import CodeType
from typing import NamedTuple

_BY_NAME = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})
_ATTRIBUTE = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_NUMBER = frozenset({"LOAD_CONST", "LOAD_SMALL_INT"})


class Named(NamedTuple):
    """A global name, and the attributes that are asked of it at once: ``helpers.rates.usd``."""

    name: str
    attributes: tuple[str, ...] = ()


class Imported(NamedTuple):
    """A module that is imported when the code runs; `level` counts the dots before its name."""

    module: str
    level: int
    names: tuple[str, ...]


class References(NamedTuple):
    """All of it, each once, in a fixed order."""

    named: tuple[Named, ...]
    imported: tuple[Imported, ...]


@lru_cache(maxsize=16_384)
def references_of(code: CodeType) -> References:
    """What code names, and what the functions inside of it name."""
    named: dict[Named, None] = {}
    imported: dict[Imported, None] = {}
    _look(code, named, imported)
    return References(tuple(sorted(named)), tuple(sorted(imported)))


def _look(code: CodeType, named: dict[Named, None], imported: dict[Imported, None]) -> None:
    at_hand: Named | None = None
    constants: list[object] = []
    for instruction in dis.get_instructions(code):
        if at_hand is not None and instruction.opname in _ATTRIBUTE:
            at_hand = Named(at_hand.name, (*at_hand.attributes, instruction.argval))
            continue
        if at_hand is not None:
            named[at_hand] = None
            at_hand = None
        if instruction.opname in _BY_NAME:
            at_hand = Named(instruction.argval)
        elif instruction.opname in _NUMBER:
            constants.append(instruction.argval)
        elif instruction.opname == "IMPORT_NAME":
            level, names = constants[-2:]
            whole = names if isinstance(names, tuple) else ()
            imported[Imported(instruction.argval, level if isinstance(level, int) else 0, whole)] = None
    if at_hand is not None:
        named[at_hand] = None
    for one in code.co_consts:
        if isinstance(one, CodeType):
            _look(one, named, imported)
