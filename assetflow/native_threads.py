"""Sharing the cores of a machine among steps that run side by side.

Numerical libraries start a thread for every core in every process. Several processes of that kind make each
other wait at every barrier of their loops, and can become a hundred times slower than one after the other.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

# Read once, when the library is loaded: OpenMP (scikit-learn, XGBoost, Arrow), OpenBLAS and MKL (numpy, scipy).
VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# How often a GNU OpenMP thread looks before it sleeps. The library's own value is for machines that nobody
# else uses: two fits of one model side by side on two cores took 302 s with it, 3 s with this, 1.3 s alone.
SPINS = ("GOMP_SPINCOUNT", "1000")


def share_cores(environment: MutableMapping[str, str], slots: int) -> None:
    """Let each of so many slots have its share of the cores; what the user has set stays."""
    share = str(max(1, usable_cores() // max(1, slots)))
    for name in VARIABLES:
        environment.setdefault(name, share)
    environment.setdefault(*SPINS)


def usable_cores() -> int:
    """How many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
