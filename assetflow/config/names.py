"""Types that can stand in a schema and in an annotation alike, under the reference's names."""

from __future__ import annotations

import typing

Any = typing.Any
Bool = bool
Float = float
Int = int
String = str
