"""Whether an address leads away from this machine."""

from __future__ import annotations

from urllib.parse import urlsplit


def leaves_this_machine(url: str | None) -> bool:
    """Whether a server is, or may be, on another machine."""
    from assetflow.stores.redis.examination import is_loopback

    if not url:
        return False
    parts = urlsplit(url)
    return parts.scheme != "unix" and not is_loopback(parts.hostname or "")
