"""Ids of runs: making and recognizing them."""

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
    try:
        if str(ULID.from_str(text)) == text:
            return text
    except (ValueError, TypeError):
        pass
    raise InvalidInvocationError(
        f"{text!r} is not a run id", fix="run ids are the 26 characters that submit() returned"
    )
