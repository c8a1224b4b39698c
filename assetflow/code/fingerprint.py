"""Which code definitions are made of, as a short text that changes with it."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from assetflow.definitions.bundle import Definitions

_DIGITS = 16


def digest(text: str) -> str:
    """A short name for a text, which another text does not have."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:_DIGITS]


def fingerprint_of(definitions: Definitions) -> str:
    """A hash of the source files of the modules that define the assets, checks and observed sources.

    It does not depend on folders or on Python's version. Modules without a file count by their name alone.
    """
    functions = [op.compute_fn for asset in definitions.assets for op in asset.ops]
    functions += [source.observe_fn for source in definitions.source_assets if source.observe_fn is not None]
    found = hashlib.sha256()
    for name in sorted({function.__module__ for function in functions}):
        found.update(f"{name}\0".encode())
        found.update(_source_of(name))
    return found.hexdigest()[:_DIGITS]


def _source_of(name: str) -> bytes:
    file = getattr(sys.modules.get(name), "__file__", None)
    if file is None:
        return b""
    try:
        return Path(file).read_bytes()
    except OSError:
        return b""
