"""The modules of the project that are loaded in this process."""

from __future__ import annotations

import sys

from assetflow.code.sources import is_own

_looked_at: dict[str, bool] = {}
_count = 0


def own_modules() -> list[str]:
    """Names of the loaded modules whose files belong to the project, as far as they have files."""
    global _count
    if len(sys.modules) != _count:
        _count = len(sys.modules)
        for name, module in list(sys.modules.items()):
            if name not in _looked_at:
                file = getattr(module, "__file__", None)
                _looked_at[name] = isinstance(file, str) and is_own(file)
    return [name for name, own in _looked_at.items() if own]
