"""When the garbage collector looks."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = 100_000  # young objects between two looks; Python's own number is 700

_held_back = False
_seldom = threading.Lock()
_loading = 0
_before = (0, 0, 0)


@contextmanager
def collecting_later() -> Iterator[None]:
    """Hold the garbage collector back while many objects are made that all stay: it would look through them in vain.

    Of several that hold it back at once, in threads, the one that has begun first lets it look.
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


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Have the garbage collector look seldom while others' code is loaded: most of what it makes stays, not all.

    Of several, in threads, the last to end puts back what was before; not if that code has settings of its own.
    """
    global _loading, _before
    with _seldom:
        if _loading == 0:
            _before = gc.get_threshold()
            gc.set_threshold(max(_SELDOM, _before[0]) if _before[0] else 0, *_before[1:])
        _loading += 1
    ours = gc.get_threshold()
    try:
        yield
    finally:
        with _seldom:
            _loading = max(0, _loading - 1)
            if _loading == 0 and gc.get_threshold() == ours:
                gc.set_threshold(*_before)


def _in_child() -> None:
    """Whoever holds it back is a thread of the parent, and will never let it look here."""
    global _held_back, _loading, _seldom
    if _held_back:
        _held_back = False
        gc.enable()
    _seldom = threading.Lock()
    if _loading:
        _loading = 0
        gc.set_threshold(*_before)


os.register_at_fork(after_in_child=_in_child)
