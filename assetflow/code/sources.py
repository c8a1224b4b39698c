"""What is written in the files that code was loaded from."""

from __future__ import annotations

import ast
import linecache
import os
import sysconfig
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property, lru_cache
from pathlib import Path
from types import CodeType

from assetflow.code.installed import is_installed
from assetflow.code.normal_form import of_bytecode

_PACKAGE = str(Path(__file__).resolve().parent.parent) + os.sep
_PYTHON = tuple(
    str(Path(folder).resolve()) + os.sep
    for folder in {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    if folder
)
_FILES_KEPT = 512

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef


@lru_cache(maxsize=16_384)
def is_own(file: str) -> bool:
    """Whether a file belongs to the project: not to Python, not to an installed package, not to assetflow."""
    if file.startswith("<frozen"):
        return False
    path = os.path.realpath(file)
    return not path.startswith((_PACKAGE, *_PYTHON)) and not is_installed(file)


class Source:
    """A file as Python reads it.

    Args:
        text: all of it.
        file: its name.

    Raises:
        SyntaxError, ValueError: it is no Python.
    """

    def __init__(self, text: str, file: str) -> None:
        self.tree = ast.parse(text, file)
        self._compiled: dict[str, list[CodeType]] = defaultdict(list)
        self._places: dict[tuple[int, str], list[CodeType]] = defaultdict(list)
        for code in _codes(compile(text, file, "exec", dont_inherit=True)):
            self._compiled[code.co_qualname].append(code)
            self._places[code.co_firstlineno, code.co_name].append(code)
        self._written: dict[CodeType, Function | None] = {}
        self._nodes: dict[tuple[int, str], list[Function]] = defaultdict(list)
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                self._nodes[_first_line(node), getattr(node, "name", "<lambda>")].append(node)

    def written(self, code: CodeType) -> Function | None:
        """Where code is written that was loaded; None if what is written now is something else."""
        if code not in self._written:
            self._written[code] = self._find(code)
        return self._written[code]

    def _find(self, code: CodeType) -> Function | None:
        found = self._compiled.get(code.co_qualname, [])
        same = next((one for one in found if one == code), None)
        if same is None:  # lines above it may have come or gone since it was loaded
            shape = of_bytecode(code)
            same = next((one for one in found if of_bytecode(one) == shape), None)
        if same is None:
            return None
        place = same.co_firstlineno, same.co_name
        nodes, codes = self._nodes.get(place, []), self._places[place]
        return nodes[codes.index(same)] if len(nodes) == len(codes) else None

    def class_body(self, qualname: str) -> tuple[ast.ClassDef, CodeType] | None:
        """A class, by its name in the file, and the code of its body; None if it is not written there, or twice."""
        codes = self._compiled.get(qualname, [])
        if len(codes) != 1:
            return None
        nodes = self._nodes.get((codes[0].co_firstlineno, codes[0].co_name), [])
        return (nodes[0], codes[0]) if len(nodes) == 1 and isinstance(nodes[0], ast.ClassDef) else None

    @cached_property
    def _bindings(self) -> dict[str, list[ast.stmt]]:
        found: dict[str, list[ast.stmt]] = defaultdict(list)
        for statement in _at_top(self.tree.body):
            for name in _bound_by(statement):
                found[name].append(statement)
        return found

    def binding(self, name: str) -> list[ast.stmt]:
        """The statements at the top of the file that give a name its value."""
        return self._bindings.get(name, [])


def source_of(file: str) -> Source | None:
    """The source in a file, or in a cell of a notebook; None if there is none that can be read."""
    linecache.checkcache(file)
    lines = linecache.getlines(file)
    return _read("".join(lines), file) if lines else None


@lru_cache(maxsize=_FILES_KEPT)
def _read(text: str, file: str) -> Source | None:
    try:
        return Source(text, file)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _codes(code: CodeType) -> Iterator[CodeType]:
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield one
            yield from _codes(one)


def _first_line(node: Function) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)])


def _at_top(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, those in its conditions and loops among them."""
    for statement in body:
        yield statement
        for field in ("body", "orelse", "finalbody"):
            if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from _at_top(getattr(statement, field, []))
        for handler in getattr(statement, "handlers", []):
            yield from _at_top(handler.body)


def _bound_by(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        for alias in statement.names:
            yield alias.asname or alias.name.partition(".")[0]
    elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.For | ast.With):
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        if isinstance(statement, ast.With):
            targets = [item.optional_vars for item in statement.items]
        for target in targets:
            for node in ast.walk(target) if target is not None else ():
                if isinstance(node, ast.Name):
                    yield node.id
