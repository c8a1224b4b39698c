"""Definitions as bytes, for code that workers cannot import."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import pickle
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import cloudpickle

from assetflow.code.installed import is_installed
from assetflow.definitions.bundle import Definitions
from assetflow.errors import InvalidInvocationError, LoadError

LARGEST_BUNDLE = 32 * 1024 * 1024


def pack(definitions: Definitions, *, by_value: Iterable[ModuleType] = ()) -> tuple[str, bytes]:
    """The definitions and all the code they need that is not an installed package.

    Args:
        by_value: modules whose functions travel as code rather than by name. ``__main__`` always does.

    Returns:
        sha256 of the bytes, and the bytes.

    Raises:
        InvalidInvocationError: something the definitions refer to cannot be shipped, or it is too much.
    """
    with _registered(by_value):
        try:
            body: bytes = cloudpickle.dumps(definitions, protocol=5)
        except Exception as error:
            raise InvalidInvocationError(
                f"the definitions cannot be sent to the workers: {error}",
                fix="keep open files, connections and locks out of module level; make them in a resource instead",
            ) from error
    if len(body) > LARGEST_BUNDLE:
        raise InvalidInvocationError(
            f"the definitions take {len(body) / 2**20:.0f} MB to send, more than {LARGEST_BUNDLE // 2**20} MB",
            fix="an asset probably refers to a large object at module level; load it inside the asset",
        )
    return hashlib.sha256(body).hexdigest(), body


def unpack(body: bytes, *, label: str) -> Definitions:
    """Definitions from bytes whose signature was checked.

    Raises:
        LoadError: the code in it does not load here.
    """
    try:
        found: Any = pickle.loads(body)
    except Exception as error:
        raise LoadError(
            f"the code of {label} does not load on this worker: {type(error).__name__}: {error}",
            fix="install on the workers the packages the code imports, in the same versions",
        ) from error
    if not isinstance(found, Definitions):
        raise LoadError(f"the bundle of {label} does not hold definitions")
    return found


def modules_below(folder: Path) -> list[ModuleType]:
    """Loaded modules whose files lie in the folder, which is no link, and not in an installed package."""
    names = _names_below(f"{folder}{os.sep}", len(sys.modules), next(reversed(sys.modules)))
    return [sys.modules[name] for name in names if name in sys.modules]


@functools.lru_cache(maxsize=64)
def _names_below(root: str, _count: int, _last: str) -> list[str]:
    """Their names, looked for again when a module was loaded: that there are more, or another is the last."""
    return [name for name, one in list(sys.modules.items()) if _is_below(getattr(one, "__file__", None), root)]


@functools.lru_cache(maxsize=16_384)
def _is_below(file: str | None, root: str) -> bool:
    """Whether a module's file lies below a folder; asked of every loaded module at every submission."""
    if not file:
        return False
    return os.path.realpath(file).startswith(root) and not is_installed(file)


@contextlib.contextmanager
def _registered(modules: Iterable[ModuleType]) -> Iterator[None]:
    known = set(cloudpickle.list_registry_pickle_by_value())
    added = [module for module in modules if module.__name__ not in known and module.__name__ in sys.modules]
    for module in added:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in added:
            cloudpickle.unregister_pickle_by_value(module)
