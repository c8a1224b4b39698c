"""Who may do what."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from starlette.requests import Request


class Role(IntEnum):
    """What somebody may do; each may do what those below may."""

    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        """Its name."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks."""

    user: str
    role: Role
    csrf: str = ""


class Access:
    """Finds out who asks, and whether they may."""

    is_open = True

    def caller(self, _request: Request, _role: Role) -> Caller:
        """Whoever asks."""
        return Caller(user="local", role=Role.ADMIN)
