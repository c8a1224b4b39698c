"""Answers that are not made of models one by one: large ones, and those that a browser may keep."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response


def json_answer(body: Callable[[], bytes], etag: str | None = None, known: str | None = None) -> Response:
    """JSON that is at hand as bytes.

    Args:
        etag: changes with the body.
        known: the etags that the browser has, as it says.
    """
    if etag is None:
        return Response(body(), media_type="application/json", headers={"Cache-Control": "no-store"})
    quoted = f'W/"{etag}"'
    headers = {"ETag": quoted, "Cache-Control": "no-cache"}
    if known is not None and quoted in known:
        return Response(status_code=304, headers=headers)
    return Response(body(), media_type="application/json", headers=headers)
