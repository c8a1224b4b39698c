"""Identities: parse, format, compare. Nothing here reads or writes anything."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache, total_ordering
from typing import NamedTuple

from assetflow.errors import ParameterCheckError


@total_ordering
class AssetKey:
    """The name of an asset: one or more segments, such as ``AssetKey(["warehouse", "daily_sales"])``.

    Args:
        path: one segment (never split), or a list or tuple of segments.

    Raises:
        ParameterCheckError: path is neither, or a segment is not a str.
    """

    __slots__ = ("_hash", "parts")

    parts: tuple[str, ...]

    def __init__(self, path: str | Sequence[str]) -> None:
        if isinstance(path, str):
            parts: tuple[str, ...] = (path,)
        elif isinstance(path, (list, tuple)):
            parts = tuple(path)
        else:
            raise ParameterCheckError(f"AssetKey takes a str or a list of str, not {type(path).__name__}: {path!r}")
        for part in parts:
            if not isinstance(part, str):
                raise ParameterCheckError(f"AssetKey segments are str, not {type(part).__name__}: {part!r}")
        object.__setattr__(self, "parts", parts)
        object.__setattr__(self, "_hash", hash(parts))

    @staticmethod
    def of_parts(parts: tuple[str, ...]) -> AssetKey:
        """A key of segments that were one before, and need not be checked again."""
        key = object.__new__(AssetKey)
        object.__setattr__(key, "parts", parts)
        object.__setattr__(key, "_hash", hash(parts))
        return key

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("AssetKey is immutable")

    def __reduce__(self) -> tuple[type[AssetKey], tuple[list[str]]]:
        return (AssetKey, (self.path,))

    @property
    def path(self) -> list[str]:
        """The segments, as a new list."""
        return list(self.parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AssetKey) and self.parts == other.parts

    def __lt__(self, other: AssetKey) -> bool:
        if not isinstance(other, AssetKey):
            return NotImplemented
        return self.parts < other.parts

    def __hash__(self) -> int:
        return self._hash  # type: ignore[attr-defined,no-any-return]

    def __repr__(self) -> str:
        return f"AssetKey({self.path!r})"

    __str__ = __repr__

    def to_string(self) -> str:
        """The segments as a JSON list: ``["a", "b"]``."""
        return json.dumps(self.path)

    @staticmethod
    def from_db_string(text: str) -> AssetKey:
        """Read back what `to_string` gives; ParameterCheckError if it is something else."""
        try:
            return AssetKey(json.loads(text))
        except (ValueError, RecursionError):
            raise ParameterCheckError(f"{text!r:.60} is not a key as it stands in a database") from None

    def to_user_string(self) -> str:
        """The segments joined by "/": ``a/b``."""
        return "/".join(self.parts)

    def with_prefix(self, prefix: str | Sequence[str]) -> AssetKey:
        """The same with segments before it: ``AssetKey("b").with_prefix("a")`` is ``AssetKey(["a", "b"])``."""
        return AssetKey([*AssetKey(prefix).parts, *self.parts])

    @staticmethod
    def from_user_string(text: str) -> AssetKey:
        """``a/b`` to ``AssetKey(["a", "b"])``."""
        if not isinstance(text, str):
            raise ParameterCheckError(f"a user string is a str, not {type(text).__name__}")
        return AssetKey(text.split("/"))

    def to_python_identifier(self, suffix: str | None = None) -> str:
        """The segments (and the suffix) joined by "__", with "-" turned into "_"."""
        parts = self.parts if suffix is None else (*self.parts, suffix)
        return "__".join(parts).replace("-", "_")

    @staticmethod
    def from_coercible(value: CoercibleToAssetKey) -> AssetKey:
        """An AssetKey as it is; a str as one segment; a list or tuple as segments."""
        return value if isinstance(value, AssetKey) else AssetKey(value)


CoercibleToAssetKey = AssetKey | str | Sequence[str]


class Version(NamedTuple):
    """Which attempt made a value. Ordered by token, told apart by nonce.

    Attributes:
        token: microseconds of the state store's clock when the step was claimed; strictly rising in a run.
        nonce: 32 random bits drawn by the worker.
    """

    token: int
    nonce: int

    @property
    def name(self) -> str:
        """The name under which the value is kept, unique to the attempt."""
        return _name_of(self)

    @staticmethod
    def parse(name: str) -> Version:
        """Read back what `name` gives; ValueError if it is not of that form."""
        if not _VERSION_NAME.fullmatch(name):
            raise ValueError(f"not a version name: {name!r}")
        return Version(int(name[:16], 16), int(name[17:], 16))


@lru_cache(maxsize=4096)  # it is asked for by whoever stores, publishes and reads the value
def _name_of(version: Version) -> str:
    return f"{version.token:016x}-{version.nonce:08x}"


_VERSION_NAME = re.compile(r"[0-9a-f]{16}-[0-9a-f]{8}")
