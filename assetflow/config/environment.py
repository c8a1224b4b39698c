"""The variables that a config may name."""

from __future__ import annotations

import os
from collections.abc import Mapping


def variables() -> Mapping[str, str]:
    """The environment of this process, as it is now."""
    return os.environ
