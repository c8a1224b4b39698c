"""Serving the page: its files, and `index.html` for every address that is one of its own."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request
from starlette.responses import FileResponse, HTMLResponse, Response

STATIC = Path(__file__).parent / "static"
_FOREVER = "public, max-age=31536000, immutable"
_UNBUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>assetflow</title>
<body><h1>assetflow</h1><p>The page is not built. In a checkout: <code>make ui</code>.
The API is at <a href="/api/v1/openapi.json">/api/v1</a>.</p></body></html>"""


def add_pages(app: FastAPI, static: Path = STATIC) -> None:
    """Serve the page on every address that is no endpoint.

    Args:
        static: folder of the built page.
    """
    files = {f"/{path.relative_to(static).as_posix()}": path for path in static.rglob("*") if path.is_file()}

    @app.get("/{path:path}", include_in_schema=False)
    def page(request: Request, path: str) -> Response:
        if request.url.path.startswith("/api/"):
            from assetflow.web.refusals import Refused

            raise Refused(404, "not_found", "there is nothing here")
        found = files.get(f"/{path}")  # only what was there at the start: no path of a request touches the disk
        if found is not None and path != "index.html":
            forever = "/assets/" in request.url.path
            return FileResponse(found, headers={"Cache-Control": _FOREVER if forever else "no-cache"})
        index = files.get("/index.html")
        if index is None:
            return HTMLResponse(_UNBUILT, headers={"Cache-Control": "no-store"})
        return HTMLResponse(index.read_text(), headers={"Cache-Control": "no-cache"})
