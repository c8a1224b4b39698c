"""Logging in and out, tokens, and the audit."""

from __future__ import annotations

import time

from fastapi import APIRouter, Request
from starlette.responses import Response

from assetflow.stores.sql.access import TokenEntry
from assetflow.web.access import SESSION_SECONDS, check_origin, cookie_name
from assetflow.web.paging import Cursor, Limit, number_cursor
from assetflow.web.parts import Admin, Parts, Viewer, WebParts
from assetflow.web.refusals import Refused
from assetflow.web.schemas.access import AuditItem, AuditList, TokenAsked, TokenItem, TokenList, TokenMade
from assetflow.web.schemas.session import LoginAsked

router = APIRouter(tags=["access"])


@router.post("/login", status_code=204)
def log_in(given: LoginAsked, request: Request, parts: Parts) -> Response:
    """Exchange a token for a cookie."""
    check_origin(request, needs_origin=False)
    return with_cookie(Response(status_code=204), request, parts, parts.access.log_in(request, given.token))


@router.post("/logout", status_code=204)
def log_out(request: Request, parts: Parts, _caller: Viewer) -> Response:
    """End the session of the cookie."""
    parts.access.log_out(request)
    answer = Response(status_code=204)
    answer.delete_cookie(cookie_name(request), path="/")
    return answer


@router.get("/tokens")
def list_tokens(_caller: Admin, parts: Parts) -> TokenList:
    """All tokens, without the tokens themselves."""
    return TokenList(items=[_item(one) for one in parts.backend.history().access.list_tokens()])


@router.post("/tokens", status_code=201)
def create_token(given: TokenAsked, caller: Admin, parts: Parts, request: Request) -> TokenMade:
    """A new token; it is shown only in this answer."""
    request.state.about = {"target": f"{given.name} ({given.role})"}
    now = time.time()
    expires = None if given.expires_in is None else now + given.expires_in
    secret, entry = parts.backend.history().access.create_token(
        given.name, given.role, now=now, by=caller.user, expires=expires, environments=tuple(given.environments)
    )
    return TokenMade(**_item(entry).model_dump(), token=secret)


@router.delete("/tokens/{token_id}", status_code=204)
def revoke_token(token_id: str, _caller: Admin, parts: Parts) -> Response:
    """Let a token, and whoever has logged in with it, in no more."""
    if not parts.backend.history().access.revoke_token(token_id[:100], time.time()):
        raise Refused(404, "not_found", f"there is no token {token_id!r:.60}")
    return Response(status_code=204)


@router.get("/audit")
def list_audit(_caller: Admin, parts: Parts, cursor: Cursor = None, limit: Limit = 100) -> AuditList:
    """What was done here, the latest first, with what was refused."""
    found = parts.backend.history().audit.entries(limit, number_cursor(cursor))
    more = str(found[-1].id) if len(found) == limit else None
    return AuditList(items=[AuditItem(**one._asdict()) for one in found], next=more)


def with_cookie(answer: Response, request: Request, parts: WebParts, secret: str) -> Response:
    """The answer with the cookie of a session."""
    secure = request.url.scheme == "https" or (parts.settings.base_url or "").startswith("https://")
    answer.set_cookie(
        cookie_name(request),
        secret,
        max_age=int(SESSION_SECONDS),
        path="/",
        httponly=True,
        samesite="strict",
        secure=secure,
    )
    return answer


def _item(entry: TokenEntry) -> TokenItem:
    return TokenItem(**{**entry._asdict(), "environments": list(entry.environments)})
