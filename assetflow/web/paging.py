"""Pages of long lists."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from assetflow.run_ids import is_run_id
from assetflow.web.refusals import Refused

LARGEST_PAGE = 1000
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]
Cursor = Annotated[str | None, Query(max_length=60)]


def number_cursor(text: str | None) -> int | None:
    """A cursor that is a number.

    Raises:
        Refused: it is none that a page has given.
    """
    if text is None:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise Refused(400, "malformed", "this is no cursor", fix="take the one that the page before has given")
    return int(text)


def run_cursor(text: str | None) -> str | None:
    """A cursor that is the id of a run.

    Raises:
        Refused: it is none.
    """
    if text is not None and not is_run_id(text):
        raise Refused(400, "malformed", "this is no cursor", fix="take the one that the page before has given")
    return text
