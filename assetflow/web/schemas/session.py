"""Who is logged in, where, and how the server is."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from assetflow.web.schemas.answer import Answer

RoleName = Literal["viewer", "operator", "admin"]


class EnvironmentAbout(Answer):
    """An environment, as the switch shows it."""

    name: str
    protected: bool
    reads_from: str | None
    default: bool


class BrokerState(Answer):
    """Whether the server that carries runs answers."""

    ok: bool
    since: float
    message: str


class DefinitionsError(Answer):
    """Why the definitions that are there now do not load."""

    message: str
    trace: str


class DefinitionsState(Answer):
    """Which definitions are shown; the last ones that were right."""

    ok: bool
    error: DefinitionsError | None
    loaded_at: float | None
    version: str | None


class Features(Answer):
    """What this server is set to."""

    auth: bool


class Session(Answer):
    """Everything the page needs before it shows anything."""

    user: str
    role: RoleName
    csrf: str
    env: str
    environments: list[EnvironmentAbout]
    version: str
    features: Features
    project: str
    broker: BrokerState
    definitions: DefinitionsState


class LoginAsked(BaseModel, extra="forbid"):
    """A token, in exchange for a cookie."""

    token: str = Field(max_length=200)
