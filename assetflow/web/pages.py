"""Serving the page: its files, and `index.html` for every address that is one of its own."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from assetflow.web.parts import Parts
from assetflow.web.refusals import Refused
from assetflow.web.routes.access import with_cookie

STATIC = Path(__file__).parent / "static"
_BUILT = "_/"  # folder of the files whose names change with what is in them
_FOREVER = "public, max-age=31536000, immutable"
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_UNBUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>assetflow</title>
<body><h1>assetflow</h1><p>The page is not built. In a checkout: <code>make ui</code>.
The API is at <a href="/api/v1/openapi.json">/api/v1</a>.</p></body></html>"""


@dataclass(frozen=True, slots=True)
class _Built:
    """A build of the page.

    Attributes:
        files: all there is, by the addresses they have; no other path of a request touches the disk.
        index: the page itself; None if it is not built.
        policy: what it may do.
    """

    made: float
    files: dict[str, Path]
    index: str | None
    policy: str


class Pages:
    """The page as it was built last.

    Args:
        static: folder of the built page.
    """

    def __init__(self, static: Path = STATIC) -> None:
        self._static = static
        self._built: _Built | None = None

    def built(self) -> _Built:
        """The page; looked at again when it was built anew."""
        index = self._static / "index.html"
        try:
            made = index.stat().st_mtime
        except OSError:
            made = 0.0
        if self._built is None or self._built.made != made:
            files = {
                path.relative_to(self._static).as_posix(): path for path in self._static.rglob("*") if path.is_file()
            }
            text = index.read_text() if made else None
            self._built = _Built(made, files, text, _policy_of(text or ""))
        return self._built

    def policy(self) -> str:
        """What the page may do."""
        return self.built().policy


def add_pages(app: FastAPI, pages: Pages) -> None:
    """Serve the page on every address that is no endpoint."""

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
        built = pages.built()
        found = built.files.get(path)
        if found is not None and path != "index.html":
            return FileResponse(found, headers={"Cache-Control": _FOREVER if path.startswith(_BUILT) else "no-cache"})
        if path.startswith(_BUILT):
            raise Refused(404, "not_found", "this file is of another build", fix="load the page again")
        if built.index is None:
            return HTMLResponse(_UNBUILT, headers={"Cache-Control": "no-store"})
        return HTMLResponse(built.index, headers={"Cache-Control": "no-cache"})


def _policy_of(index: str) -> str:
    """Nothing that is not the page's own; of scripts within it only those that were built in."""
    hashes = [f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in _INLINE.findall(index)]
    return "; ".join(
        [
            "default-src 'self'",
            " ".join(["script-src 'self'", *hashes]),
            "img-src 'self' data:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )
