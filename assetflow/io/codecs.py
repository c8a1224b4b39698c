"""From values to bytes and back, for every place where values are kept.

::

    pickle    anything that can be pickled
    parquet   frames and tables of pandas, polars and Arrow, compressed with zstd
    json      dicts, lists, texts, numbers, True, False and None, nested in any way
    text      a str, as UTF-8
    bytes     bytes, as they are

``auto`` takes the first of bytes, text, parquet and json that gives the value back, and pickle for the rest. All but
pickle are files that other tools read.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from assetflow.errors import DamagedRecordError, InvalidDefinitionError, UnserializableValueError
from assetflow.io import frames, pickles
from assetflow.io.manifests import Manifest
from assetflow.log import logger

AUTO = "auto"
FORMATS = (AUTO, "pickle", "parquet", "json", "text", "bytes")
CONTENT_TYPES = {
    "pickle": "application/vnd.python.pickle",
    "parquet": "application/vnd.apache.parquet",
    "json": "application/json",
    "text": "text/plain; charset=utf-8",
    "bytes": "application/octet-stream",
}
_DEEPEST = 200
_OF_PICKLES = b"\x80"


class Encoded(NamedTuple):
    """A value as bytes.

    Attributes:
        codec: one of `FORMATS`, but not ``auto``.
        parts: of the bytes, one behind the other.
        buffers: see `Manifest`.
    """

    codec: str
    parts: Sequence[bytes | bytearray | memoryview]
    buffers: tuple[tuple[int, int, int], ...] = ()


def checked_format(chosen: str, *, who: str) -> str:
    """The format; InvalidDefinitionError if there is none of this name."""
    if chosen not in FORMATS:
        raise InvalidDefinitionError(f"{who} has no format {chosen!r}", fix=f"formats: {', '.join(FORMATS)}")
    return chosen


def encode(value: Any, chosen: str, *, what: str) -> Encoded:
    """The value as bytes.

    Args:
        chosen: one of `FORMATS`.
        what: names the value in errors, such as ``asset "model"``.

    Raises:
        UnserializableValueError: the format cannot hold the value.
    """
    if chosen == AUTO:
        return _by_type(value, what)
    if chosen == "parquet":
        return Encoded("parquet", (frames.dump(value, what=what),))
    if chosen == "json":
        return Encoded("json", (_json(value, what),))
    if chosen == "text":
        if not isinstance(value, str):
            raise _other_type(value, what, "text", "a str")
        return Encoded("text", (_text(value, what),))
    if chosen == "bytes":
        if not isinstance(value, bytes | bytearray | memoryview):
            raise _other_type(value, what, "bytes", "bytes")
        return Encoded("bytes", (memoryview(value).cast("B"),))
    return Encoded("pickle", *pickles.dump(value, what=what))


def decode(
    raw: bytes | bytearray | memoryview,
    manifest: Manifest,
    *,
    where: str,
    what: str,
    annotation: Any = None,
    metadata: Mapping[str, Any] | None = None,
) -> Any:
    """The value.

    Args:
        raw: its bytes, of which it is known that they are those that were stored.
        annotation: the type the reader asks for: a frame comes as that kind of frame.
        metadata: of the reader's AssetIn; ``columns`` are those of a frame that are wanted, a list of names.

    Raises:
        DamagedRecordError: the bytes are not what the manifest says.
        InvariantViolationError: a column is wanted that is not there.
    """
    columns = frames.wanted_columns(metadata, what=what)
    codec = manifest.codec
    if codec == "pickle":
        value = pickles.load(raw, where=where, buffers=manifest.buffers)
        return frames.select(value, columns, what=what) if columns is not None else value
    if codec == "parquet":
        return frames.load(raw, manifest.type, annotation, columns, where=where, what=what)
    try:
        if codec == "json":
            return json.loads(bytes(raw))
        if codec == "text":
            return str(raw, "utf-8")
        if codec == "bytes":
            return bytearray(raw) if manifest.type.endswith("bytearray") else bytes(raw)
    except ValueError as error:
        raise DamagedRecordError(
            f"the stored value of {what} is no {codec}: {error}", where=where, fix="materialize the asset again"
        ) from None
    raise DamagedRecordError(
        f"the stored value of {what} has the format {codec!r}, which this version of assetflow does not know",
        where=where,
        fix="install the version that has stored it",
    )


def codec_of_foreign(raw: bytes | memoryview, chosen: str, *, where: str, what: str) -> str:
    """How bytes are read that nobody here has written.

    Args:
        chosen: the format of the one who reads.

    Raises:
        DamagedRecordError: it cannot be told.
    """
    if chosen != AUTO:
        return chosen
    if raw[:4] == raw[-4:] == b"PAR1":
        return "parquet"
    if raw[:1] == _OF_PICKLES:
        return "pickle"
    raise DamagedRecordError(
        f"somebody else has put at the place of {what} what is neither a pickle nor Parquet",
        where=where,
        fix="say what it is: format=... of an IO manager of its own",
    )


def data_label_of(found: Encoded, said: str | None, version: str) -> str:
    """What a manifest says of the data besides its checksum.

    Args:
        said: by the function.
        version: stands for data of which equal bytes do not say that it is equal: what a class makes of them is up to
            the class.
    """
    if said is None and found.codec == "pickle" and pickles.needs_own_code(found.parts):
        return version
    return said or ""


def type_name(value: Any) -> str:
    """What a manifest calls the type of a value."""
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _by_type(value: Any, what: str) -> Encoded:
    kind = type(value)
    if kind is str:
        try:
            return Encoded("text", (value.encode(),))
        except UnicodeEncodeError:
            return Encoded("pickle", *pickles.dump(value, what=what))
    if kind in (bytes, bytearray):
        return Encoded("bytes", (value,))
    if frames.is_frame(value):
        try:
            return Encoded("parquet", (frames.dump(value, what=what),))
        except UnserializableValueError as error:
            logger.warning("%s; it is stored as a pickle", error.message)
    elif kind in (dict, list, int, float, bool, type(None)) and _foreign_part(value) is None:
        return Encoded("json", (_as_json(value),))
    return Encoded("pickle", *pickles.dump(value, what=what))


def _json(value: Any, what: str) -> bytes:
    part = _foreign_part(value)
    if part is not None:
        raise UnserializableValueError(
            f"the value of {what} cannot be stored as JSON and come back as it is: {part}",
            fix="return dicts with names that are str, lists, texts, finite numbers, True, False and None; or store "
            'it with format="pickle"',
        )
    return _as_json(value)


def _as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _foreign_part(value: Any) -> str | None:
    """What in a value JSON would not give back as it is; None if there is nothing."""
    waiting: list[tuple[Any, str, int]] = [(value, "value", 0)]
    while waiting:
        item, path, depth = waiting.pop()
        kind = type(item)
        if depth > _DEEPEST:
            return f"{path[:100]}... is nested more than {_DEEPEST} deep"
        if kind is dict:
            for name, inner in item.items():
                if type(name) is not str:
                    return f"{path} has the key {name!r}, a {type(name).__qualname__}"
                waiting.append((name, f"the key {name!r} of {path}", depth))
                waiting.append((inner, f"{path}[{name!r}]", depth + 1))
        elif kind is list:
            waiting += [(inner, f"{path}[{number}]", depth + 1) for number, inner in enumerate(item)]
        elif kind is str:
            if not item.isascii() and any("\ud800" <= letter <= "\udfff" for letter in item):
                return f"{path} has half a character (a lone surrogate)"
        elif kind is float:
            if not math.isfinite(item):
                return f"{path} is {item}"
        elif kind not in (int, bool, type(None)):
            return f"{path} is a {kind.__qualname__}"
    return None


def _text(value: str, what: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise UnserializableValueError(
            f"the value of {what} cannot be stored as text: {error}", fix="clean it, or store it as a pickle"
        ) from None


def _other_type(value: Any, what: str, chosen: str, wanted: str) -> UnserializableValueError:
    return UnserializableValueError(
        f"the value of {what} is stored as {chosen}, so it has to be {wanted}, not a {type(value).__qualname__}",
        fix=f'return {wanted}, or give the asset an IO manager with another format (format="auto" goes by the type)',
    )
