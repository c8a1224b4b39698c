"""Tokens and the audit."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from assetflow.web.schemas.answer import Answer
from assetflow.web.schemas.plans import EnvName
from assetflow.web.schemas.session import RoleName


class TokenItem(Answer):
    """A token, without the token itself. Times are in seconds since the epoch."""

    id: str
    name: str
    role: RoleName
    environments: list[str] = Field(description="that it may write to; empty for all")
    created: float
    created_by: str
    expires: float | None
    used: float | None
    revoked: float | None


class TokenList(Answer):
    """All tokens, the newest first."""

    items: list[TokenItem]
    next: str | None = None


class TokenAsked(BaseModel, extra="forbid"):
    """A new token."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\w .@+-]+$")]
    role: RoleName
    expires_in: Annotated[float, Field(gt=0, le=10 * 365 * 86_400)] | None = Field(
        default=90 * 86_400, description="seconds; null for never"
    )
    environments: Annotated[list[EnvName], Field(max_length=100)] = []


class TokenMade(TokenItem):
    """A new token; it is told only now."""

    token: str


class AuditItem(Answer):
    """One thing that somebody did, or tried to do."""

    id: int
    at: float
    user: str
    role: str
    action: str
    target: str
    env: str
    outcome: str
    ip: str


class AuditList(Answer):
    """A page of the audit, the latest first."""

    items: list[AuditItem]
    next: str | None
