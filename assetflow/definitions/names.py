"""Which names may be given to assets, groups and ops."""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence

from assetflow.errors import InvalidDefinitionError, ParameterCheckError
from assetflow.keys import AssetKey, CoercibleToAssetKey

_VALID = re.compile(r"[A-Za-z0-9_]+")
_RESERVED = frozenset(keyword.kwlist) | {
    "context", "conf", "config", "meta", "arg_dict", "dict", "input_arg_dict", "output_arg_dict",
    "int", "str", "float", "bool", "input", "output", "type",
}  # fmt: skip

CoercibleToPrefix = str | Sequence[str]


def check_name(name: str, what: str, where: str | None = None) -> str:
    """Return a name that may be used.

    Raises:
        InvalidDefinitionError: it may not.
    """
    if not isinstance(name, str) or not _VALID.fullmatch(name):
        raise InvalidDefinitionError(
            f'"{name}" is not a valid name for {what}: names consist of letters, digits and underscores',
            where=where,
            fix=f"rename {what}",
        )
    if name in _RESERVED:
        raise InvalidDefinitionError(
            f'"{name}" is not a valid name for {what}: it is a reserved word', where=where, fix=f"rename {what}"
        )
    return name


def check_group(name: str, where: str | None = None) -> str:
    """Return a group's name that may be used.

    Raises:
        InvalidDefinitionError: it may not.
    """
    if not isinstance(name, str) or not _VALID.fullmatch(name):
        raise InvalidDefinitionError(
            f'"{name}" is not a valid group name: groups consist of letters, digits and underscores', where=where
        )
    return name


def check_text(value: str | None, what: str) -> None:
    """Check that something is text, or not given; ParameterCheckError if not."""
    if value is not None and not isinstance(value, str):
        raise ParameterCheckError(f"{what} is a str, not {type(value).__name__}: {value!r}")


def read_prefix(prefix: CoercibleToPrefix | None) -> tuple[str, ...]:
    """Segments of a key prefix: a list of them, or a text that is split at "/".

    Raises:
        ParameterCheckError: it is neither.
    """
    if prefix is None:
        return ()
    if isinstance(prefix, str):
        return tuple(part for part in prefix.split("/") if part)
    if isinstance(prefix, list | tuple) and all(isinstance(part, str) for part in prefix):
        return tuple(part for part in prefix if part)
    raise ParameterCheckError(f"key_prefix is a str or a list of str, not {prefix!r}")


def read_key(key: CoercibleToAssetKey, argument: str, where: str | None = None) -> AssetKey:
    """A key in an argument of this name: a text is one segment.

    Raises:
        InvalidDefinitionError: the text has a "/", which means that several segments were meant.
        ParameterCheckError: it is nothing that can be a key.
    """
    if isinstance(key, str) and "/" in key:
        raise InvalidDefinitionError(
            f'"{key}" in {argument} is not a valid name: a text is one segment of a key',
            where=where,
            fix=f"AssetKey({key.split('/')!r})",
        )
    return AssetKey.from_coercible(key)


def read_dependency(value: AssetKey | str) -> AssetKey:
    """A key in ``non_argument_deps``: a text is split at "/".

    Raises:
        ParameterCheckError: it is neither a key nor a text.
    """
    if isinstance(value, AssetKey):
        return value
    if isinstance(value, str):
        return AssetKey.from_user_string(value)
    raise ParameterCheckError(f"non_argument_deps holds AssetKey or str, not {type(value).__name__}: {value!r}")
