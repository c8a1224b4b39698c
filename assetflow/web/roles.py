"""What somebody may do."""

from __future__ import annotations

from enum import IntEnum

from assetflow.errors import InvalidInvocationError


class Role(IntEnum):
    """Each may do what those below may."""

    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        """Its name."""
        return self.name.lower()

    @staticmethod
    def of(word: str) -> Role:
        """The role of a name.

        Raises:
            InvalidInvocationError: there is none.
        """
        try:
            return Role[word.upper()]
        except KeyError:
            raise InvalidInvocationError(
                f"there is no role {word!r:.50}", fix="use viewer, operator or admin"
            ) from None
