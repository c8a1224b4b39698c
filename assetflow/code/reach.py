"""What a function reaches of the project: the functions it calls, and what they call, classes, and constants.

A *piece* is one function, class, constant or file, with what it names outside of itself. The version of a function is a
digest over all pieces that can be reached from it. What is installed, and Python itself, has no pieces.
"""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

from assetflow.code.fingerprint import digest
from assetflow.code.normal_form import of_bytecode, of_source
from assetflow.code.references import Imported, Named, References, references_of
from assetflow.code.sources import Source, is_own, source_of
from assetflow.code.things import Code, Kind, Target, Thing, describe, is_called

_MISSING: Any = object()
_GENERATED = "<string>"


class Binding(NamedTuple):
    """What the top of a module gives a name."""

    module: str
    name: str


class File(NamedTuple):
    """A whole module."""

    name: str


class Piece(NamedTuple):
    """One thing of the project.

    Attributes:
        text: what it does, and what it knows the others by.
        targets: the others.
    """

    text: str
    targets: tuple[Target, ...]


class Reach:
    """Looks pieces up, each once."""

    def __init__(self) -> None:
        self._pieces: dict[Target, Piece] = {}
        self._reached: dict[Target, str] = {}
        self._sources: dict[str, Source | None] = {}
        self._versions: dict[int, tuple[Any, str]] = {}  # by id, with what keeps the id taken

    def version(self, function: Any) -> str:
        """The version of a function, or of what is called like one."""
        known = self._versions.get(id(function))
        if known is None or known[0] is not function:
            thing = describe(function)
            version = digest("\n".join([thing.text, *map(self._all_from, thing.targets)]))
            known = self._versions[id(function)] = (function, version)
        return known[1]

    def _all_from(self, start: Target) -> str:
        """A digest of all that is reached from a piece."""
        if start not in self._reached:
            seen, waiting = {start}, [start]
            texts = []
            while waiting:
                piece = self._piece(waiting.pop())
                texts.append(piece.text)
                new = set(piece.targets) - seen
                seen |= new
                waiting += new
            self._reached[start] = digest("\n".join(sorted(texts)))
        return self._reached[start]

    def _piece(self, target: Target) -> Piece:
        if target not in self._pieces:
            if isinstance(target, Code):
                found = self._of_code(target)
            elif isinstance(target, Kind):
                found = self._of_class(target.kind)
            elif isinstance(target, Binding):
                found = self._of_binding(target)
            else:
                assert isinstance(target, File), "there are no others"
                found = self._of_file(target.name)
            self._pieces[target] = found
        return self._pieces[target]

    def _of_code(self, target: Code) -> Piece:
        source = self._source(target.code.co_filename)
        node = None if source is None else source.written(target.code)
        own = f"bytecode {of_bytecode(target.code)}" if node is None else of_source(node)
        return self._joined(own, references_of(target.code), target.around.names)

    def _of_class(self, kind: type) -> Piece:
        module = sys.modules.get(kind.__module__)
        names: Mapping[str, Any] = {} if module is None else vars(module)
        above = [(f"base {number}", describe(base)) for number, base in enumerate(kind.__bases__)]
        bases = self._things([*above, ("made by", describe(type(kind)))])
        source = self._source(getattr(module, "__file__", None) or "")
        written = None if source is None else source.class_body(kind.__qualname__)
        if source is None or written is None or any(source.written(one) is None for one in _methods(kind)):
            parts = ((name, describe(value)) for name, value in sorted(vars(kind).items()) if _counts(name, value))
            return _both(self._things(parts), bases)
        node, body = written
        piece = self._joined(of_source(node, decorated=True), references_of(body), names)
        for decorator in node.decorator_list:
            code = compile(ast.Expression(decorator), "<decorator>", "eval")
            piece = _both(piece, self._joined("", references_of(code), names))
        return _both(piece, bases)

    def _of_binding(self, target: Binding) -> Piece:
        module = sys.modules[target.module]
        value = vars(module).get(target.name)
        source = self._source(getattr(module, "__file__", None) or "")
        statements = [] if source is None else source.binding(target.name)
        if not statements or _was_changed(statements, value):
            thing = describe(value)
            return Piece(f"{target.name} = {thing.text}", thing.targets)
        texts: list[str] = []
        targets: list[Target] = []
        for statement in statements:
            if isinstance(statement, ast.ImportFrom):
                piece = self._imported_constant(statement, target, vars(module))
            else:
                code = compile(ast.Module([statement], []), "<constant>", "exec")
                piece = self._joined(of_source(statement, decorated=True), references_of(code), vars(module), target)
            texts.append(piece.text)
            targets += piece.targets
        return Piece("\n".join(texts), tuple(targets))

    def _imported_constant(self, statement: ast.ImportFrom, target: Binding, names: Mapping[str, Any]) -> Piece:
        """What another module of the project has given the name."""
        there = _absolute(statement.module or "", statement.level, names)
        for alias in statement.names:
            if (alias.asname or alias.name) == target.name and _is_own_module(sys.modules.get(there)):
                return Piece(f"{target.name} from {alias.name}", (Binding(there, alias.name),))
        return Piece(f"{target.name} from {there}", ())

    def _of_file(self, name: str) -> Piece:
        file = _file_of(name)
        source = None if file is None else self._source(file)
        if source is None:
            return Piece(f"module {name}", ())
        targets: list[Target] = []
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    targets += _files(Imported(alias.name, 0, ()), {"__package__": name.rpartition(".")[0]})
            elif isinstance(node, ast.ImportFrom):
                names = tuple(alias.name for alias in node.names)
                package = name if file is not None and file.endswith("__init__.py") else name.rpartition(".")[0]
                targets += _files(Imported(node.module or "", node.level, names), {"__package__": package})
        return Piece(of_source(source.tree), tuple(targets))

    def _joined(
        self, own: str, references: References, names: Mapping[str, Any], itself: Binding | None = None
    ) -> Piece:
        """A piece with what it names."""
        things = [
            (".".join((named.name, *named.attributes)), thing)
            for named in references.named
            if (thing := _resolved(named, names)) is not None and (itself is None or itself not in thing.targets)
        ]
        for imported in references.imported:
            files = _files(imported, names)
            things.append((f"import {imported.module}", Thing("", tuple(files))))
        return _both(Piece(digest(own), ()), self._things(things))

    def _things(self, things: Iterable[tuple[str, Thing]]) -> Piece:
        texts: list[str] = []
        targets: list[Target] = []
        for name, thing in things:
            texts.append(f"{name}: {thing.text} {' '.join(self._own_text(target) for target in thing.targets)}")
            targets += thing.targets
        return Piece("\n".join(texts), tuple(targets))

    def _own_text(self, target: Target) -> str:
        """What tells one target from another of the same kind, without what it names in its turn."""
        if isinstance(target, Code):
            return target.code.co_qualname
        return target.kind.__qualname__ if isinstance(target, Kind) else str(target[-1])

    def _source(self, file: str) -> Source | None:
        if file not in self._sources:
            self._sources[file] = source_of(file) if file and is_own(file) else None
        return self._sources[file]


def _methods(kind: type) -> Iterator[CodeType]:
    """The code of a class's methods that somebody wrote: what a decorator generates has no file."""
    for value in vars(kind).values():
        code = getattr(value, "__code__", None)
        if isinstance(code, CodeType) and is_own(code.co_filename) and code.co_filename != _GENERATED:
            yield code


def _counts(name: str, value: Any) -> bool:
    """Whether what stands in a class is of its making; of what has two underscores only methods are."""
    return name[:2] != "__" or isinstance(value, FunctionType | staticmethod | classmethod | property)


def _both(one: Piece, other: Piece) -> Piece:
    return Piece(f"{one.text}\n{other.text}", (*one.targets, *other.targets))


def _resolved(named: Named, names: Mapping[str, Any]) -> Thing | None:
    """What a name means; None for what is Python's, or installed, or not there."""
    value, name = names.get(named.name, _MISSING), named.name
    for attribute in named.attributes:
        if not isinstance(value, ModuleType):
            break
        if not _is_own_module(value):
            return None
        names, name = vars(value), attribute
        value = names.get(attribute, _MISSING)
    if value is _MISSING:
        return None
    if isinstance(value, ModuleType):
        return Thing("", (File(value.__name__),)) if _is_own_module(value) else None
    thing = describe(value)
    if is_called(value):
        return thing if thing.targets else None  # else it is a function or a class of others
    module = names.get("__name__", "")
    if getattr(sys.modules.get(module), "__dict__", None) is names:
        return Thing("", (Binding(module, name),))
    return thing


def _was_changed(statements: list[ast.stmt], value: Any) -> bool:
    """Whether a constant is known to have another value than the one that is written."""
    first = statements[0]
    if len(statements) != 1 or not isinstance(first, ast.Assign) or not isinstance(value, int | float | str | bytes):
        return False
    try:
        return bool(ast.literal_eval(first.value) != value)
    except (ValueError, TypeError, SyntaxError):
        return False


def _is_own_module(module: ModuleType | None) -> bool:
    file = getattr(module, "__file__", None)
    return module is not None and module.__name__ == "__main__" if file is None else is_own(file)


def _absolute(module: str, level: int, names: Mapping[str, Any]) -> str:
    try:
        return importlib.util.resolve_name("." * level + module, names.get("__package__") or "") if level else module
    except ImportError:
        return module


def _files(imported: Imported, names: Mapping[str, Any]) -> list[Target]:
    """The modules of the project that are imported by a statement."""
    module = _absolute(imported.module, imported.level, names)
    wanted = [module, *(f"{module}.{name}" for name in imported.names)]
    return [File(name) for name in wanted if (file := _file_of(name)) is not None and is_own(file)]


def _file_of(name: str) -> str | None:
    """The file of a module of the project, whether it is loaded or not; None for all others. Nothing is imported."""
    loaded = sys.modules.get(name)
    if loaded is not None:
        return getattr(loaded, "__file__", None)
    top, *rest = name.split(".")
    try:
        found = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if found is None or (found.has_location and not is_own(found.origin or "")):
        return None
    if not rest:
        return found.origin if found.has_location else None
    below = [Path(folder, *rest) for folder in found.submodule_search_locations or ()]
    files = [file for one in below for file in (one / "__init__.py", one.with_name(f"{one.name}.py"))]
    return next((str(file) for file in files if file.is_file()), None)
