"""Columns of frames whose cells may be anything: lists, arrays, dicts, values that know nothing of each other."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_NESTED = ("list<", "large_list<", "fixed_size_list<", "struct<", "map<")


def equal(one: pd.Series[Any], other: pd.Series[Any]) -> pd.Series[bool]:
    """In which rows two columns are equal; two nulls are."""
    import pandas as pd

    # Lists and the like of Arrow are equal to none, says pandas, not even to themselves.
    one, other = (it.astype(object) if str(it.dtype).startswith(_NESTED) else it for it in (one, other))
    try:
        same = (one == other).fillna(False).astype(bool)
    except Exception:  # of types that cannot be compared, or with arrays in the cells: each library raises its own
        pairs = zip(one.astype(object), other.astype(object), strict=True)
        same = pd.Series([_is_equal(*pair) for pair in pairs], index=one.index, dtype=bool)
    return pd.Series((same.to_numpy() | (one.isna().to_numpy() & other.isna().to_numpy())), index=one.index)


def hashable(column: pd.Series[Any]) -> pd.Series[Any]:
    """The column; where cells cannot be hashed, as the texts of them."""
    import pandas as pd

    try:
        pd.util.hash_pandas_object(column, index=False)
        column.nunique()
    except Exception:  # lists and the like: each library raises its own
        return texts(column)
    return column


def texts(column: pd.Series[Any]) -> pd.Series[Any]:
    """What stands in each cell, as a text; that of another type is another text."""
    import pandas as pd

    return pd.Series([_text(cell) for cell in column.astype(object)], index=column.index, dtype=object)


def _is_equal(one: Any, other: Any) -> bool:
    try:
        return bool(one == other)
    except Exception:  # arrays have no one truth
        return _text(one) == _text(other)


def _text(cell: Any) -> str:
    """All that stands in a cell: the repr of a large array would leave most of it out."""
    import numpy as np

    with np.printoptions(threshold=sys.maxsize, floatmode="unique"):
        return repr(cell)
