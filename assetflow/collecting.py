"""When the garbage collector looks."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

_held_back = False


@contextmanager
def collecting_later() -> Iterator[None]:
    """Hold the garbage collector back while many objects are made that all stay: it would look through them in vain.

    Of several that hold it back at once, in threads, the one that ends first lets it look.
    """
    global _held_back
    if not gc.isenabled():
        yield
        return
    gc.disable()
    _held_back = True
    try:
        yield
    finally:
        _held_back = False
        gc.enable()


def _in_child() -> None:
    """Whoever holds it back is a thread of the parent, and will never let it look here."""
    global _held_back
    if _held_back:
        _held_back = False
        gc.enable()


os.register_at_fork(after_in_child=_in_child)
