"""Code in a form that says what it does and not how it is laid out: of the source, or else of the bytecode."""

from __future__ import annotations

import ast
import sys
from types import CodeType
from typing import Any

_LAYOUT = frozenset({"ctx", "type_comment", "type_ignores", "kind"})
_DOCUMENTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module)
_HAS_DOCSTRING = 0x4000000  # in co_flags, from Python 3.13 on
_OF_A_FUNCTION = 0x0003  # optimized, with new locals


def of_source(node: ast.AST, *, decorated: bool = False) -> str:
    """The node without layout, comments and docstrings.

    Args:
        decorated: with its own decorators, which are otherwise seen by what they have made.
    """
    found: list[str] = []
    _write(node, found, top=not decorated)
    return "".join(found)


def _write(value: Any, into: list[str], *, top: bool = False) -> None:
    if isinstance(value, ast.AST):
        into.append(type(value).__name__)
        into.append("(")
        for name in value._fields:
            if name in _LAYOUT or (top and name == "decorator_list"):
                continue
            item = getattr(value, name, None)
            if name == "body" and isinstance(value, _DOCUMENTED):
                item = value.body[_is_docstring(value.body) :] or [ast.Pass()]
            if item is None and not isinstance(value, ast.Constant):
                continue
            if isinstance(item, list) and not item:
                continue  # later versions of Python have more of these
            into.append(f"{name}=")
            _write(item, into)
        into.append(")")
    elif isinstance(value, list):
        into.append("[")
        for item in value:
            _write(item, into)
        into.append("]")
    else:
        into.append(f"{type(value).__name__}:{value!r},")


def _is_docstring(body: list[ast.stmt]) -> bool:
    first = body[0] if body else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)


def of_bytecode(code: CodeType) -> str:
    """The code without lines and docstrings, for code whose source is not at hand; of this version of Python only."""
    constants = [of_bytecode(one) if isinstance(one, CodeType) else _plain(one) for one in code.co_consts]
    if constants and _has_docstring(code):
        constants[0] = "None"
    parts = (
        sys.version_info[:2], code.co_name, code.co_code, code.co_names, code.co_varnames, code.co_freevars,
        code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, constants,
    )  # fmt: skip
    return repr(parts)


def _has_docstring(code: CodeType) -> bool:
    if sys.version_info >= (3, 13):
        return bool(code.co_flags & _HAS_DOCSTRING)
    named = not code.co_name.startswith("<")
    return named and code.co_flags & _OF_A_FUNCTION == _OF_A_FUNCTION and isinstance(code.co_consts[0], str)


def _plain(value: Any) -> str:
    return repr(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)
