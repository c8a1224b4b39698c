"""Ids of runs: ULIDs, made by whoever submits a run."""

from __future__ import annotations

from ulid import ULID

from assetflow.errors import InvalidInvocationError


def new_run_id() -> str:
    """A new ULID: unique, and sortable by the time it was made."""
    return str(ULID())


def check_run_id(text: str) -> str:
    """Return text if it is a run id.

    Raises:
        InvalidInvocationError: it is not a ULID.
    """
    if is_run_id(text):
        return text
    raise InvalidInvocationError(
        f"{text!r} is not a run id", fix="run ids are the 26 characters that submit() returned"
    )


def is_run_id(text: str) -> bool:
    """Whether it is written as run ids are."""
    try:
        return str(ULID.from_str(text)) == text
    except (ValueError, TypeError):
        return False
