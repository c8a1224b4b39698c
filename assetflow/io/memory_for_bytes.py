"""Memory that the bytes of a value are read into, and that the value then keeps.

A fresh page of memory costs about as much as filling it. Large values get huge pages, 2 MiB instead of 4 KiB each,
where the system gives them to those who ask.
"""

from __future__ import annotations

import mmap
from contextlib import suppress

_HUGE_FROM = 4 * 2**20  # bytes: below, too much of the last page would lie idle


def memory_for(size: int) -> memoryview:
    """So many bytes, all zero, that may be written to and belong to nobody else, not even to a process forked later."""
    advice = getattr(mmap, "MADV_HUGEPAGE", None)
    if size < _HUGE_FROM or advice is None:
        return memoryview(bytearray(size))
    pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(OSError):  # a kernel built without them: small pages do as well
        pages.madvise(advice)
    return memoryview(pages)
