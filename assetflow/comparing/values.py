"""How two values of one asset differ, whatever they are."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from assetflow.comparing.frames import FrameDifference, compare_frames
from assetflow.errors import InvalidInvocationError

_LONGEST = 80  # characters of a value that are shown
_MOST_PARTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How one value differs from another.

    Attributes:
        same: whether it does not.
        summary: in a few words.
        details: one a line.
        frame: where both are frames.
    """

    same: bool
    summary: str
    details: list[str] = field(default_factory=list)
    frame: FrameDifference | None = None


def compare(before: Any, after: Any, keys: Sequence[str] = ()) -> Difference:
    """How a value differs from another.

    Args:
        keys: columns of frames that tell rows apart.

    Raises:
        InvalidInvocationError: a key is no column of both frames.
    """
    old, new = _as_frame(before), _as_frame(after)
    if old is not None and new is not None:
        try:
            found = compare_frames(old, new, keys)
        except KeyError as error:
            raise InvalidInvocationError(str(error.args[0]), fix="--key takes columns that both have") from None
        return Difference(same=found.is_none, summary=_in_words(found), frame=found)
    if type(before) is not type(after):
        return Difference(same=False, summary=f"{_named(before)} → {_named(after)}")
    if _is_array(before):
        return _arrays(before, after)
    if isinstance(before, dict):
        return _parts(dict(before), dict(after), "keys")
    if isinstance(before, list | tuple):
        return _parts(dict(enumerate(before)), dict(enumerate(after)), "items")
    if _is_equal(before, after):
        return Difference(same=True, summary="the same")
    return Difference(same=False, summary=f"{_shown(before)} → {_shown(after)}")


def _parts(old: dict[Any, Any], new: dict[Any, Any], what: str) -> Difference:
    removed = [key for key in old if key not in new]
    added = [key for key in new if key not in old]
    changed = [key for key in old if key in new and not _is_equal(old[key], new[key])]
    if not (removed or added or changed):
        return Difference(same=True, summary="the same")
    counts = [f"{len(part)} {word}" for part, word in ((removed, "gone"), (added, "new"), (changed, "changed")) if part]
    details = [f"- {key!r}: {_shown(old[key])}" for key in removed]
    details += [f"+ {key!r}: {_shown(new[key])}" for key in added]
    details += [f"~ {key!r}: {_shown(old[key])} → {_shown(new[key])}" for key in changed]
    more = [f"and {len(details) - _MOST_PARTS:,} more"] if len(details) > _MOST_PARTS else []
    summary = f"{len(old):,} → {len(new):,} {what}: {', '.join(counts)}"
    return Difference(same=False, summary=summary, details=[*details[:_MOST_PARTS], *more])


def _arrays(before: Any, after: Any) -> Difference:
    import numpy as np

    if before.shape != after.shape or before.dtype != after.dtype:
        told = f"{before.dtype}{list(before.shape)} → {after.dtype}{list(after.shape)}"
        return Difference(same=False, summary=told)
    floats = before.dtype.kind in "fc"
    is_null = np.isnan if floats else np.isnat if before.dtype.kind in "mM" else None
    differs = before != after if is_null is None else (before != after) & ~(is_null(before) & is_null(after))
    count = int(np.count_nonzero(differs))
    if not count:
        return Difference(same=True, summary="the same")
    summary = f"{count:,} of {before.size:,} elements changed"
    if before.dtype.kind in "iuf":
        with np.errstate(invalid="ignore"):
            steps = np.abs(before.astype("float64") - after.astype("float64"))
        steps = steps[~np.isnan(steps)]
        summary += f", by {steps.max():g} at most" if steps.size else ""
    return Difference(same=False, summary=summary)


def _as_frame(value: Any) -> Any:
    """The value as a frame of pandas, if it is a frame, or one column of one, of any library."""
    library = type(value).__module__.partition(".")[0]
    name = type(value).__name__
    if library in ("pandas", "polars") and name == "Series":
        value, name = value.to_frame(), "DataFrame"
    if library == "pandas" and name == "DataFrame":
        numbered = value.index.names == [None] and value.index.dtype.kind in "iu"  # by nobody in particular
        return value if numbered else value.reset_index(allow_duplicates=True)
    if library == "polars" and name == "DataFrame":
        value, name, library = value.to_arrow(), "Table", "pyarrow"
    if (library, name) == ("pyarrow", "Table"):
        return value.to_pandas(types_mapper=_kept_whole().get)
    return None


def _kept_whole() -> dict[Any, Any]:
    """Types of pandas for integers of Arrow, which would become floats, and others, where one of them is null."""
    import pandas as pd
    import pyarrow as pa

    return {
        getattr(pa, f"{name.lower()}")(): getattr(pd, f"{name}Dtype")()
        for name in ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")
    }


def _is_array(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray) and value.dtype.kind in "biufcmMSU"


def _is_equal(before: Any, after: Any) -> bool:
    if type(before) is type(after) and (_is_array(before) or _as_frame(before) is not None):
        return compare(before, after).same
    if type(before) is type(after) and isinstance(before, dict | list | tuple):
        return compare(before, after).same
    numpy = sys.modules.get("numpy")
    try:
        if numpy is not None and isinstance(before, numpy.ndarray):
            return bool(numpy.array_equal(before, after))
        return bool(before == after) or bool(before != before and after != after)
    except Exception:
        return False


def _in_words(found: FrameDifference) -> str:
    if found.is_none:
        return "the same"
    words = [
        f"{found.rows[0]:,} → {found.rows[1]:,} rows" if found.rows[0] != found.rows[1] else f"{found.rows[0]:,} rows"
    ]
    for count, word in ((found.removed, "removed"), (found.added, "added"), (found.changed, "changed")):
        if count:
            words.append(f"{count:,} {word}")
    for names, word in ((found.removed_columns, "columns gone"), (found.added_columns, "new columns")):
        if names:
            words.append(f"{word}: {', '.join(names)}")
    if found.is_reordered:
        words.append("columns in another order")
    retyped = [name for name, column in found.columns.items() if column.types[0] != column.types[1]]
    if retyped:
        words.append(f"of another type: {', '.join(retyped)}")
    return ", ".join(words)


def _named(value: Any) -> str:
    return f"{type(value).__name__} {_shown(value)}"


def _shown(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
