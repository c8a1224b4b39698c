"""Reading a user's function: which parameters it has, and what it says of their types."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

CONFIG_NAME = "config"
CONTEXT_NAMES = ("context", "_context", "context_", "_")
EMPTY: Any = inspect.Parameter.empty
_VARARGS, _VARKEYWORDS = 0x04, 0x08


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The parameters of a function.

    Attributes:
        names: of the assets it needs, in order.
        arguments: everything but the context, in order.
        takes_config: whether there is an argument named ``config``.
        resources: arguments that stand for resources, by their annotation.
        context: name of the context parameter, None if there is none.
        defaults: of those that have a Python default.
        takes_any: whether there is ``**kwargs``.
        nameless: parameters that cannot be given by name (or, if it is the context, by position).
        annotations: of parameters and, under ``return``, of the result, as far as they can be resolved.
    """

    names: tuple[str, ...]
    arguments: tuple[str, ...]
    takes_config: bool
    resources: tuple[str, ...]
    context: str | None
    defaults: Mapping[str, Any]
    takes_any: bool
    nameless: tuple[str, ...]
    annotations: Mapping[str, Any]

    def annotation(self, name: str) -> Any:
        """The annotation of a parameter, `EMPTY` if there is none or it cannot be resolved."""
        return self.annotations.get(name, EMPTY)


RESOURCE_MARK = "assetflow resource"


def stands_for_resource(annotation: Any) -> bool:
    """Whether an argument so annotated is given a resource: a configurable one, or any ``ResourceParam[T]``."""
    if typing.get_origin(annotation) is typing.Annotated:
        return RESOURCE_MARK in typing.get_args(annotation)[1:]
    return getattr(typing.get_origin(annotation) or annotation, "__assetflow_resource__", False) is True


def read_parameters(function: Callable[..., Any]) -> Parameters:
    """Parameters of a function, a partial or a callable object."""
    target = inspect.unwrap(function)
    if not isinstance(target, types.FunctionType):
        return _slowly(function)
    code = target.__code__
    count = code.co_argcount + code.co_kwonlyargcount
    names = code.co_varnames[:count]
    plain = code.co_argcount
    last = target.__defaults__ or ()
    defaults = {**dict(zip(names[plain - len(last) : plain], last, strict=True)), **(target.__kwdefaults__ or {})}
    annotations = _resolved(target.__annotations__, target.__globals__) if target.__annotations__ else {}
    nameless = names[: code.co_posonlyargcount]
    if code.co_flags & _VARARGS:
        nameless = (*nameless, "*" + code.co_varnames[count])
    by_name = names[plain:]
    return _without_context(names, defaults, bool(code.co_flags & _VARKEYWORDS), nameless, by_name, annotations)


def _slowly(function: Callable[..., Any]) -> Parameters:
    signature = inspect.signature(function)
    kinds = inspect.Parameter
    plain = [p for p in signature.parameters.values() if p.kind not in (kinds.VAR_POSITIONAL, kinds.VAR_KEYWORD)]
    raw = {p.name: p.annotation for p in plain if p.annotation is not EMPTY}
    if signature.return_annotation is not EMPTY:
        raw["return"] = signature.return_annotation
    call = function if hasattr(function, "__globals__") else type(function).__call__
    every = signature.parameters.values()
    return _without_context(
        tuple(p.name for p in plain),
        {p.name: p.default for p in plain if p.default is not EMPTY},
        any(p.kind is kinds.VAR_KEYWORD for p in every),
        tuple(str(p).split(":")[0] for p in every if p.kind in (kinds.POSITIONAL_ONLY, kinds.VAR_POSITIONAL)),
        tuple(p.name for p in plain if p.kind is kinds.KEYWORD_ONLY),
        _resolved(raw, getattr(call, "__globals__", {})),
    )


def _without_context(
    names: tuple[str, ...],
    defaults: Mapping[str, Any],
    takes_any: bool,
    by_position: tuple[str, ...],
    by_name: tuple[str, ...],
    annotations: Mapping[str, Any],
) -> Parameters:
    context = names[0] if names and names[0] in CONTEXT_NAMES else None
    nameless = tuple(name for name in by_position if name != context)
    if context is not None and context in by_name:
        nameless = (context, *nameless)
    arguments = names[1:] if context else names
    resources = tuple(name for name in arguments if stands_for_resource(annotations.get(name)))
    return Parameters(
        names=tuple(name for name in arguments if name != CONFIG_NAME and name not in resources),
        arguments=arguments,
        takes_config=CONFIG_NAME in arguments,
        resources=resources,
        context=context,
        defaults=defaults,
        takes_any=takes_any,
        nameless=nameless,
        annotations=annotations,
    )


def _resolved(raw: Mapping[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    """Annotations with strings evaluated; what cannot be evaluated is left out, as if it were not there."""
    found = {}
    for name, annotation in raw.items():
        if isinstance(annotation, str):
            try:
                annotation = eval(_compiled(annotation), names)
            except Exception:
                continue
        found[name] = annotation
    return found


@lru_cache(maxsize=4096)
def _compiled(annotation: str) -> types.CodeType:
    """Many functions say the same, and compiling takes most of the time."""
    return compile(annotation, "<annotation>", "eval")
