"""Types that can stand in a schema and in an annotation alike, under the reference's names."""

from __future__ import annotations

import typing

Any = typing.Any
"""A value of any type. The same as ``typing.Any``."""

Bool = bool
"""True or false. The same as ``bool``."""

Float = float
"""A number. The same as ``float``."""

Int = int
"""A whole number. The same as ``int``."""

String = str
"""A text. The same as ``str``."""
