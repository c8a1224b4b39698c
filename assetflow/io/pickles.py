"""Values as pickles, with errors that say what cannot be one.

Arrays, frames and models hold most of their bytes in a few large buffers. Those are written from where they are, and
read to where they stay: the file is an ordinary pickle all the same. Behind each large buffer's place in the stream
there would be a copy of it in memory; told where the buffers are, `load` cuts them out of the stream and hands them to
the unpickler from outside, as protocol 5 allows. They begin at multiples of 16 bytes, as arrays want it.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from typing import Any, NamedTuple

import cloudpickle

from assetflow.code.own_modules import own_modules
from assetflow.errors import DamagedRecordError, UnserializableValueError

PROTOCOL = 5
_ALIGNED = 16  # bytes
_BYTEARRAY8, _BINBYTES, _BINBYTES8 = 0x96, ord("B"), 0x8E
_NEXT_BUFFER, _READONLY_BUFFER = b"\x97", b"\x98"
_STACK_GLOBAL, _SHORT_BINUNICODE = b"\x93", b"\x8c"
_SHORT_BINBYTES, _POP = b"C", b"0"  # a constant, and away with it: what does nothing, and is as long as one wants
_MOST_BUFFERS = 1000
_SMALL = frozenset({int, str, float, bool, type(None)})


class Pickled(NamedTuple):
    """A pickle.

    Attributes:
        parts: of the stream, one behind the other.
        buffers: for each large buffer inside: where its opcode, its first byte, and what is behind it stand.
    """

    parts: Sequence[bytes | bytearray | memoryview]
    buffers: tuple[tuple[int, int, int], ...] = ()


class _Parts(list[Any]):
    """A file that keeps what is written to it: large buffers as they are, without copying them."""

    write = list.append


def dump(value: Any, *, what: str) -> Pickled:
    """The value as a pickle.

    Objects of classes that other processes cannot import (defined in a script or a notebook) carry their
    class with them. Lambdas, open files and connections are refused.

    Args:
        what: names the value in errors, such as ``asset "model"``.

    Raises:
        UnserializableValueError: the value, or something inside it, cannot be pickled.
    """
    try:
        if type(value) in _SMALL:
            return Pickled((pickle.dumps(value, PROTOCOL),))
        parts = _Parts()
        pickle.Pickler(parts, PROTOCOL).dump(value)
        return _aligned(parts) if len(parts) > 1 else Pickled(parts)
    except Exception as first:
        try:
            parts = _Parts()
            _WithClasses(parts, protocol=PROTOCOL).dump(value)
            return _aligned(parts)
        except Exception:
            reason = f"{type(first).__name__}: {first}"
    culprit = find_culprit(value)
    at = f"; the part that cannot: {culprit}" if culprit else ""
    raise UnserializableValueError(
        f"the value of {what}, a {type(value).__qualname__}, is not picklable ({reason}){at}. You are currently using "
        "the fs_io_manager, which stores values as pickles",
        fix="return plain data from the asset, or give it an IO manager that can store this value (io_manager_key=...)",
    )


def _aligned(written: Sequence[Any]) -> Pickled:
    """What the pickler has written, with something that does nothing before each buffer that is out of line."""
    parts: list[bytes | memoryview] = []
    buffers: list[tuple[int, int, int]] = []
    at = 0
    for part in written:
        if type(part) is not pickle.PickleBuffer:
            parts.append(part)
            at += len(part)
            continue
        view = part.raw()
        length = _header_length(parts[-1] if parts else b"", view)
        if length and len(buffers) < _MOST_BUFFERS:
            before = bytes(parts.pop())
            gap = -at % _ALIGNED
            if 0 < gap < 3:  # the shortest constant that does nothing has three bytes
                gap += _ALIGNED
            filling = _SHORT_BINBYTES + bytes([gap - 3]) + bytes(gap - 3) + _POP if gap else b""
            parts.append(before[:-length] + filling + before[-length:])
            at += gap
            buffers.append((at - length, at, at + len(view)))
        parts.append(view)
        at += len(view)
    return Pickled(parts, tuple(buffers))


def _header_length(before: bytes | memoryview, view: memoryview) -> int:
    """How long the opcode and the length are that stand before a buffer; 0 if they are not what is expected there."""
    for length, opcodes in ((9, (_BYTEARRAY8, _BINBYTES8)), (5, (_BINBYTES,))):
        if len(before) >= length and before[-length] in opcodes:
            told = int.from_bytes(before[-length + 1 :], "little")
            if told == len(view) and (before[-length] == _BYTEARRAY8) != view.readonly:
                return length
    return 0


def load(raw: bytes | bytearray | memoryview, *, where: str, buffers: Sequence[tuple[int, int, int]] = ()) -> Any:
    """The value.

    Args:
        raw: if there are buffers, over memory that the value may keep and write to.
        buffers: as `dump` has told them.

    Raises:
        DamagedRecordError: the bytes are no pickle of something that can be made here.
    """
    try:
        if not buffers:
            return pickle.loads(raw)
        stream, outside = _cut_out(memoryview(raw), buffers)
        return pickle.loads(stream, buffers=outside)
    except (ModuleNotFoundError, AttributeError) as error:
        raise DamagedRecordError(
            f"the stored value needs code that is missing here: {error}",
            where=where,
            fix="install the package it comes from, in the version it was stored with",
        ) from error
    except Exception as error:
        raise DamagedRecordError(
            f"the stored value cannot be read: {type(error).__name__}: {error}",
            where=where,
            fix="materialize the asset again",
        ) from error


def _cut_out(raw: memoryview, buffers: Sequence[tuple[int, int, int]]) -> tuple[bytes, list[memoryview]]:
    """The stream with its buffers outside of it, and the buffers."""
    pieces: list[bytes | memoryview] = []
    outside: list[memoryview] = []
    behind = 0
    for opcode, start, end in buffers:
        pieces += [raw[behind:opcode], _NEXT_BUFFER]
        if raw[opcode] != _BYTEARRAY8:
            pieces.append(_READONLY_BUFFER)
        outside.append(raw[start:end])
        behind = end
    pieces.append(raw[behind:])
    return b"".join(pieces), outside


def needs_own_code(parts: Sequence[bytes | bytearray | memoryview]) -> bool:
    """Whether a pickle names a module of the project: then its bytes alone do not say what comes of them.

    A text in it that is the name of such a module is taken for one, too.

    Args:
        parts: of the pickle's stream, one behind the other.
    """
    stream = [part for part in parts if type(part) is bytes]
    if not any([_STACK_GLOBAL in part for part in stream]):  # noqa: C419 (a list takes half as long, for every value)
        return False
    names = [name.encode() for name in own_modules()]
    marks = [_SHORT_BINUNICODE + bytes([len(name)]) + name for name in names if len(name) < 256]
    return any(mark in part for part in stream for mark in marks)


class _WithClasses(cloudpickle.Pickler):
    """Ships classes by value, but not what a reader could never use again."""

    def reducer_override(self, obj: Any) -> Any:
        if not isinstance(obj, type) and callable(obj) and getattr(obj, "__name__", "") == "<lambda>":
            raise pickle.PicklingError("a lambda cannot be stored")
        if isinstance(obj, io.IOBase) and not isinstance(obj, io.BytesIO | io.StringIO):
            raise pickle.PicklingError("an open file cannot be stored")
        return super().reducer_override(obj)


def find_culprit(value: Any, path: str = "value", depth: int = 3) -> str | None:
    """Where inside the value the first thing is that cannot be pickled; None if it cannot be told."""
    if depth == 0:
        return None
    parts: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        parts = [(f"{path}[{key!r}]", item) for key, item in list(value.items())[:1000]]
    elif isinstance(value, list | tuple):
        parts = [(f"{path}[{index}]", item) for index, item in enumerate(value[:1000])]
    elif hasattr(value, "__dict__"):
        parts = [(f"{path}.{name}", item) for name, item in list(vars(value).items())[:1000]]
    for name, item in parts:
        try:
            pickle.dumps(item, protocol=PROTOCOL)
        except Exception:
            return find_culprit(item, name, depth - 1) or f"{name}, a {type(item).__qualname__}"
    return None
