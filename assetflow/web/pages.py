"""Serving the page: its files, and `index.html` for every address that is one of its own."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from assetflow.web.parts import Parts
from assetflow.web.refusals import Refused
from assetflow.web.routes.access import with_cookie

STATIC = Path(__file__).parent / "static"
_FOREVER = "public, max-age=31536000, immutable"
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_UNBUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>assetflow</title>
<body><h1>assetflow</h1><p>The page is not built. In a checkout: <code>make ui</code>.
The API is at <a href="/api/v1/openapi.json">/api/v1</a>.</p></body></html>"""


def policy_of(static: Path = STATIC) -> str:
    """What the page may do: nothing that is not its own; of scripts within the page only those that were built in."""
    index = static / "index.html"
    inline = _INLINE.findall(index.read_text()) if index.is_file() else []
    hashes = [f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in inline]
    return "; ".join(
        [
            "default-src 'self'",
            " ".join(["script-src 'self'", *hashes]),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


def add_pages(app: FastAPI, static: Path = STATIC) -> None:
    """Serve the page on every address that is no endpoint.

    Args:
        static: folder of the built page.
    """
    files = {f"/{path.relative_to(static).as_posix()}": path for path in static.rglob("*") if path.is_file()}

    @app.get("/login", include_in_schema=False)
    def ticket(request: Request, parts: Parts, ticket: str | None = None) -> Response:
        """Log in with the ticket in the address, which is gone from there at once; else the page that asks."""
        if ticket is None:
            return page(request, "login")
        try:
            secret = parts.access.use_ticket(request, ticket[:200])
        except Refused as error:
            return RedirectResponse(f"/login?refused={error.problem.code}", 303)
        return with_cookie(RedirectResponse("/", 303, {"Cache-Control": "no-store"}), request, parts, secret)

    @app.get("/{path:path}", include_in_schema=False)
    def page(request: Request, path: str) -> Response:
        if request.url.path.startswith("/api/"):
            raise Refused(404, "not_found", "there is nothing here")
        found = files.get(f"/{path}")  # only what was there at the start: no path of a request touches the disk
        if found is not None and path != "index.html":
            forever = "/assets/" in request.url.path
            return FileResponse(found, headers={"Cache-Control": _FOREVER if forever else "no-cache"})
        index = files.get("/index.html")
        if index is None:
            return HTMLResponse(_UNBUILT, headers={"Cache-Control": "no-store"})
        return HTMLResponse(index.read_text(), headers={"Cache-Control": "no-cache"})
