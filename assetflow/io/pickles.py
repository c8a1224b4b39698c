"""Values as pickles, with errors that say what cannot be one."""

from __future__ import annotations

import io
import pickle
from typing import Any

import cloudpickle

from assetflow.errors import DamagedRecordError, UnserializableValueError

PROTOCOL = 5


def dump(value: Any, *, what: str) -> bytes:
    """The value as pickle bytes.

    Objects of classes that other processes cannot import (defined in a script or a notebook) carry their
    class with them. Lambdas, open files and connections are refused.

    Args:
        what: names the value in errors, such as ``asset "model"``.

    Raises:
        UnserializableValueError: the value, or something inside it, cannot be pickled.
    """
    try:
        return pickle.dumps(value, protocol=PROTOCOL)
    except Exception as first:
        try:
            buffer = io.BytesIO()
            _WithClasses(buffer, protocol=PROTOCOL).dump(value)
            return buffer.getvalue()
        except Exception:
            reason = f"{type(first).__name__}: {first}"
    culprit = find_culprit(value)
    at = f"; the part that cannot: {culprit}" if culprit else ""
    raise UnserializableValueError(
        f"the value of {what}, a {type(value).__qualname__}, is not picklable ({reason}){at}. You are currently using "
        "the fs_io_manager, which stores values as pickles",
        fix="return plain data from the asset, or give it an IO manager that can store this value (io_manager_key=...)",
    )


def load(raw: bytes | memoryview, *, where: str) -> Any:
    """The value.

    Raises:
        DamagedRecordError: the bytes are no pickle of something that can be made here.
    """
    try:
        return pickle.loads(raw)
    except (ModuleNotFoundError, AttributeError) as error:
        raise DamagedRecordError(
            f"the stored value needs code that is missing here: {error}",
            where=where,
            fix="install the package it comes from, in the version it was stored with",
        ) from error
    except Exception as error:
        raise DamagedRecordError(
            f"the stored value cannot be read: {type(error).__name__}: {error}",
            where=where,
            fix="materialize the asset again",
        ) from error


class _WithClasses(cloudpickle.Pickler):
    """Ships classes by value, but not what a reader could never use again."""

    def reducer_override(self, obj: Any) -> Any:
        if not isinstance(obj, type) and callable(obj) and getattr(obj, "__name__", "") == "<lambda>":
            raise pickle.PicklingError("a lambda cannot be stored")
        if isinstance(obj, io.IOBase) and not isinstance(obj, io.BytesIO | io.StringIO):
            raise pickle.PicklingError("an open file cannot be stored")
        return super().reducer_override(obj)


def find_culprit(value: Any, path: str = "value", depth: int = 3) -> str | None:
    """Where inside the value the first thing is that cannot be pickled; None if it cannot be told."""
    if depth == 0:
        return None
    parts: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        parts = [(f"{path}[{key!r}]", item) for key, item in list(value.items())[:1000]]
    elif isinstance(value, list | tuple):
        parts = [(f"{path}[{index}]", item) for index, item in enumerate(value[:1000])]
    elif hasattr(value, "__dict__"):
        parts = [(f"{path}.{name}", item) for name, item in list(vars(value).items())[:1000]]
    for name, item in parts:
        try:
            pickle.dumps(item, protocol=PROTOCOL)
        except Exception:
            return find_culprit(item, name, depth - 1) or f"{name}, a {type(item).__qualname__}"
    return None
