"""The application: its endpoints, in the order in which a request passes what guards them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from socket import gethostname
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from assetflow.loopback import is_loopback
from assetflow.web import refusals
from assetflow.web.guard import Guard
from assetflow.web.pages import Pages, add_pages
from assetflow.web.parts import WebParts
from assetflow.web.routes import (
    access,
    assets,
    automation,
    definitions,
    environments,
    fleet,
    health,
    live,
    plans,
    runs,
    session,
    stored,
)

API = "/api/v1"
_ROUTERS = (
    session.router,
    access.router,
    definitions.router,
    assets.router,
    stored.router,
    plans.router,
    runs.router,
    automation.router,
    environments.router,
    fleet.router,
    live.router,
)


def create_app(parts: WebParts, host: str = "127.0.0.1") -> FastAPI:
    """The application of one server.

    Args:
        parts: what its endpoints work with; they are opened and closed with it.
        host: that it listens at.
    """

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        parts.board.attach(asyncio.get_running_loop())
        parts.backend.desk.open()
        parts.reader.open()
        try:
            yield
        finally:
            parts.board.close()
            parts.reader.close()
            parts.comparisons.close()
            parts.backend.close()

    app = bare_app(life)
    app.state.parts = parts
    pages = Pages()
    add_pages(app, pages)
    app.add_middleware(GZipMiddleware, minimum_size=1024, compresslevel=5)
    base = urlsplit(parts.settings.base_url or "").hostname
    app.add_middleware(
        Guard,
        hosts=(*parts.settings.web_hosts, *([base] if base else []), host, gethostname()),
        any_address=not is_loopback(host),
        policy=pages.policy,
        keep=lambda entry: parts.backend.history().audit.add(entry),
        address_of=parts.access.address,
    )
    return app


def bare_app(life: object = None) -> FastAPI:
    """The endpoints alone; enough to describe them."""
    app = FastAPI(
        title="assetflow",
        version=version("assetflow"),
        lifespan=life,  # type: ignore[arg-type]
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses=refusals.REFUSALS,
    )
    refusals.install(app)
    for router in _ROUTERS:
        app.include_router(router, prefix=API)
    app.include_router(health.router)
    return app
