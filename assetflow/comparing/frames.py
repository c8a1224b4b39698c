"""How two frames differ: columns, rows, and what stands in them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from assetflow.comparing.cells import equal, hashable, texts

if TYPE_CHECKING:
    import pandas as pd

SAMPLE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDifference:
    """One column that both have, and that is not the same.

    Attributes:
        types: of the two.
        changed: rows in which it differs; None if rows cannot be told apart.
        before, after: nulls, distinct values, least, greatest and mean, as far as there are such.
    """

    types: tuple[str, str]
    changed: int | None
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameDifference:
    """How a frame differs from another.

    Attributes:
        rows: of the two.
        removed_columns, added_columns: that only the first or only the second has.
        is_reordered: whether the columns that both have stand in another order.
        columns: those that both have and that differ.
        keys: columns that told rows apart; empty if they were told apart by their position, or not at all.
        by: in words, how rows were told apart.
        removed, added, changed: rows.
        sample: some of the rows that differ, by their keys or positions: ``removed``, ``added``, ``changed``.
    """

    rows: tuple[int, int]
    removed_columns: tuple[str, ...] = ()
    added_columns: tuple[str, ...] = ()
    is_reordered: bool = False
    columns: dict[str, ColumnDifference] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    by: str = ""
    removed: int = 0
    added: int = 0
    changed: int = 0
    sample: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def is_none(self) -> bool:
        """Whether there is no difference."""
        return not (
            self.removed_columns
            or self.added_columns
            or self.is_reordered
            or self.columns
            or self.removed
            or self.added
            or self.changed
        )

    def record(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


def compare_frames(before: pd.DataFrame, after: pd.DataFrame, keys: Sequence[str] = ()) -> FrameDifference:
    """How a frame differs from another.

    Args:
        keys: columns that tell rows apart. Without them rows are told apart by their position, if there are as many of
            them, and else by all that stands in them.

    Raises:
        KeyError: a key is no column of both.
    """
    before, after = _with_names(before), _with_names(after)
    for key in keys:
        if key not in before.columns or key not in after.columns:
            raise KeyError(f"{key!r} is no column of both frames, and cannot tell their rows apart")
    removed_columns = tuple(name for name in before.columns if name not in after.columns)
    added_columns = tuple(name for name in after.columns if name not in before.columns)
    common = [name for name in before.columns if name in after.columns]
    left, right = before[common].reset_index(drop=True), after[common].reset_index(drop=True)
    reordered = common != [name for name in after.columns if name in before.columns]
    repeated = bool(keys) and any(bool(frame[list(keys)].apply(hashable).duplicated().any()) for frame in (left, right))
    rows = (len(before), len(after))
    if keys and not repeated:
        found = _by_keys(left, right, list(keys))
    elif len(left) == len(right):
        found = _by_position(left, right)
    else:
        found = _by_content(left, right)
    if repeated:
        found = {**found, "by": f"{found['by']}, since {', '.join(keys)} repeat"}
    return FrameDifference(
        rows=rows, removed_columns=removed_columns, added_columns=added_columns, is_reordered=reordered, **found
    )


def _with_names(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame, each column under a text of its own: of two that are called alike, the second is ``name (2)``."""
    names: list[str] = []
    for name in map(str, frame.columns):
        count, chosen = 1, name
        while chosen in names:
            count += 1
            chosen = f"{name} ({count})"
        names.append(chosen)
    return frame.set_axis(names, axis=1)


def _by_keys(left: pd.DataFrame, right: pd.DataFrame, keys: list[str]) -> dict[str, Any]:
    names = [f"key {place}" for place in range(len(keys))]
    sides = [frame[keys].set_axis(names, axis=1).apply(hashable) for frame in (left, right)]
    try:
        pairs = _paired(sides, names)
    except (TypeError, ValueError):  # types none of whose values can be equal
        pairs = _paired([side.apply(texts) for side in sides], names)
    gone, new = pairs["right"].isna(), pairs["left"].isna()
    both = pairs[~gone & ~new]
    old = left.take(both["left"].astype("int64")).reset_index(drop=True)
    now = right.take(both["right"].astype("int64")).reset_index(drop=True)
    columns, changed = _columns(old, now, [name for name in left.columns if name not in keys], left, right)
    for name in keys:
        types = (str(left[name].dtype), str(right[name].dtype))
        if types[0] != types[1]:
            columns[name] = ColumnDifference(
                types=types, changed=0, before=_figures(left[name]), after=_figures(right[name])
            )
    return {
        "keys": tuple(keys),
        "by": f"rows told apart by {', '.join(keys)}",
        "columns": columns,
        "removed": int(gone.sum()),
        "added": int(new.sum()),
        "changed": int(changed.sum()),
        "sample": _sampled(
            removed=pairs.loc[gone, names].set_axis(keys, axis=1),
            added=pairs.loc[new, names].set_axis(keys, axis=1),
            changed=old.loc[changed.to_numpy(), keys],
        ),
    }


def _paired(sides: Sequence[pd.DataFrame], names: list[str]) -> pd.DataFrame:
    """Which row of one, and of the other, has a key: ``left`` and ``right``."""
    import pandas as pd

    left, right = (side.assign(**{at: range(len(side))}) for side, at in zip(sides, ("left", "right"), strict=True))
    return pd.merge(left, right, on=names, how="outer", sort=False)


def _by_position(left: pd.DataFrame, right: pd.DataFrame) -> dict[str, Any]:
    columns, changed = _columns(left, right, list(left.columns), left, right)
    where = [int(place) for place in changed[changed].index[:SAMPLE]]
    return {
        "by": "rows told apart by their position",
        "columns": columns,
        "changed": int(changed.sum()),
        "sample": {"changed": where} if where else {},
    }


def _by_content(left: pd.DataFrame, right: pd.DataFrame) -> dict[str, Any]:
    """Rows as they are, however often: what only one has is removed or added."""
    from collections import Counter

    import pandas as pd

    counts = [
        Counter(pd.util.hash_pandas_object(frame.apply(hashable), index=False).tolist()) for frame in (left, right)
    ]
    columns = {}
    for name in left.columns:
        old, new = _figures(left[name]), _figures(right[name])
        types = (str(left[name].dtype), str(right[name].dtype))
        if old != new or types[0] != types[1]:
            columns[str(name)] = ColumnDifference(types=types, changed=None, before=old, after=new)
    return {
        "by": "rows told apart by all that stands in them",
        "columns": columns,
        "removed": (counts[0] - counts[1]).total(),
        "added": (counts[1] - counts[0]).total(),
    }


def _columns(
    old: pd.DataFrame, now: pd.DataFrame, names: list[Any], left: pd.DataFrame, right: pd.DataFrame
) -> tuple[dict[str, ColumnDifference], pd.Series[bool]]:
    """The columns that differ, and in which of the rows that both have something differs."""
    import pandas as pd

    changed = pd.Series(False, index=old.index)
    found = {}
    for name in names:
        one, other = old[name], now[name]
        types = (str(left[name].dtype), str(right[name].dtype))
        differs = ~equal(one, other)
        count = int(differs.sum())
        changed |= differs
        if count or types[0] != types[1]:
            found[str(name)] = ColumnDifference(
                types=types, changed=count, before=_figures(left[name]), after=_figures(right[name])
            )
    return found, changed


def _figures(column: pd.Series[Any]) -> dict[str, Any]:
    import numpy as np

    found: dict[str, Any] = {"nulls": int(column.isna().sum())}
    told = hashable(column)
    found["distinct"] = int(told.nunique())
    if told is not column:  # lists and the like have no order that means something
        return found
    filled = column.dropna()
    if len(filled):
        try:
            found |= {"min": _plain(filled.min()), "max": _plain(filled.max())}
        except (TypeError, ValueError, NotImplementedError):  # there is no order
            return found
        if column.dtype.kind in "iuf":
            with np.errstate(invalid="ignore"):  # there may be infinities of both signs
                found["mean"] = _plain(float(filled.mean()))
    return found


def _sampled(**parts: pd.DataFrame) -> dict[str, list[Any]]:
    return {
        name: [{key: _plain(value) for key, value in row.items()} for row in part.head(SAMPLE).to_dict("records")]
        for name, part in parts.items()
        if len(part)
    }


def _plain(value: Any) -> Any:
    """For JSON, which has neither NaN nor infinity."""
    value = value.item() if getattr(value, "size", 0) == 1 and hasattr(value, "item") else value
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value if isinstance(value, int | float | str | bool) or value is None else str(value)
