"""How two frames differ: columns, rows, and what stands in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

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
        columns: those that both have and that differ.
        keys: columns that told rows apart; empty if they were told apart by their position, or not at all.
        by: in words, how rows were told apart.
        removed, added, changed: rows.
        sample: some of the rows that differ, by their keys or positions: ``removed``, ``added``, ``changed``.
    """

    rows: tuple[int, int]
    removed_columns: tuple[str, ...] = ()
    added_columns: tuple[str, ...] = ()
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
            self.removed_columns or self.added_columns or self.columns or self.removed or self.added or self.changed
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
    for key in keys:
        if key not in before.columns or key not in after.columns:
            raise KeyError(f"{key!r} is no column of both frames, and cannot tell their rows apart")
    removed_columns = tuple(str(name) for name in before.columns if name not in after.columns)
    added_columns = tuple(str(name) for name in after.columns if name not in before.columns)
    common = [name for name in before.columns if name in after.columns]
    left, right = before[common].reset_index(drop=True), after[common].reset_index(drop=True)
    repeated = bool(keys) and bool(left.duplicated(list(keys)).any() or right.duplicated(list(keys)).any())
    rows = (len(before), len(after))
    if keys and not repeated:
        found = _by_keys(left, right, list(keys))
    elif len(left) == len(right):
        found = _by_position(left, right)
    else:
        found = _by_content(left, right)
    if repeated:
        found = {**found, "by": f"{found['by']}, since {', '.join(keys)} repeat"}
    return FrameDifference(rows=rows, removed_columns=removed_columns, added_columns=added_columns, **found)


def _by_keys(left: pd.DataFrame, right: pd.DataFrame, keys: list[str]) -> dict[str, Any]:
    import pandas as pd

    pairs = pd.merge(
        left[keys].assign(__left=range(len(left))),
        right[keys].assign(__right=range(len(right))),
        on=keys,
        how="outer",
        sort=False,
    )
    gone, new = pairs["__right"].isna(), pairs["__left"].isna()
    both = pairs[~gone & ~new]
    old = left.take(both["__left"].astype("int64")).reset_index(drop=True)
    now = right.take(both["__right"].astype("int64")).reset_index(drop=True)
    columns, changed = _columns(old, now, [name for name in left.columns if name not in keys], left, right)
    return {
        "keys": tuple(keys),
        "by": f"rows told apart by {', '.join(keys)}",
        "columns": columns,
        "removed": int(gone.sum()),
        "added": int(new.sum()),
        "changed": int(changed.sum()),
        "sample": _sampled(
            removed=pairs.loc[gone, keys], added=pairs.loc[new, keys], changed=old.loc[changed.to_numpy(), keys]
        ),
    }


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

    counts = [Counter(pd.util.hash_pandas_object(frame, index=False).tolist()) for frame in (left, right)]
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
        differs = ~_equal(one, other)
        count = int(differs.sum())
        changed |= differs
        if count or types[0] != types[1]:
            found[str(name)] = ColumnDifference(
                types=types, changed=count, before=_figures(left[name]), after=_figures(right[name])
            )
    return found, changed


def _equal(one: pd.Series[Any], other: pd.Series[Any]) -> pd.Series[bool]:
    import pandas as pd

    try:
        same = (one == other).fillna(False).astype(bool)
    except (TypeError, ValueError):  # of types that know nothing of each other
        same = one.astype(object) == other.astype(object)
    return pd.Series((same | (one.isna() & other.isna())).to_numpy(), index=one.index)


def _figures(column: pd.Series[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"nulls": int(column.isna().sum())}
    try:
        found["distinct"] = int(column.nunique())
    except TypeError:  # lists and the like
        return found
    filled = column.dropna()
    if len(filled):
        try:
            found |= {"min": _plain(filled.min()), "max": _plain(filled.max())}
        except TypeError:
            return found
        if column.dtype.kind in "iuf":
            found["mean"] = float(filled.mean())
    return found


def _sampled(**parts: pd.DataFrame) -> dict[str, list[Any]]:
    return {
        name: [{key: _plain(value) for key, value in row.items()} for row in part.head(SAMPLE).to_dict("records")]
        for name, part in parts.items()
        if len(part)
    }


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return value if isinstance(value, int | float | str | bool) or value is None else str(value)
