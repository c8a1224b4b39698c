"""The link that is printed where the server is started, with which one gets in."""

from __future__ import annotations

import time

from assetflow.web.access import TICKET_SECONDS
from assetflow.web.parts import WebParts
from assetflow.web.roles import Role


def login_link(parts: WebParts, address: str) -> str:
    """The address with a ticket for an admin, that works once and for a day.

    Raises:
        SettingsError: no history is kept, which is where tickets are.
        HistoryUnreachableError: it does not answer.
    """
    store = parts.backend.history().access
    return f"{address}/login?ticket={store.create_ticket('local', Role.ADMIN.word, time.time() + TICKET_SECONDS)}"
