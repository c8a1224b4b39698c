"""Libraries that are there only for some: imported when a value needs them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from assetflow.errors import LoadError

_EXTRAS = {
    "pandas": "pandas",
    "polars": "polars",
    "pyarrow": "arrow",
    "prometheus_client": "metrics",
    "opentelemetry": "otel",
}


def library(name: str, *, what: str) -> Any:
    """An optional library.

    Args:
        name: a module of it, such as ``pyarrow.parquet``.
        what: why it is needed; begins a sentence.

    Raises:
        LoadError: it is not installed.
    """
    root = name.partition(".")[0]
    try:
        return import_module(name)
    except ImportError as error:
        extra = _EXTRAS[root]
        raise LoadError(
            f"{what} needs {root}, which cannot be imported: {error}", fix=f"pip install 'assetflow[{extra}]'"
        ) from None
