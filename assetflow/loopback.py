"""Whether an address leads away from this machine."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether only this machine can be meant by the name of a host."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def leaves_this_machine(url: str | None) -> bool:
    """Whether the server at an address is, or may be, on another machine. Without a name it is on this one."""
    if not url:
        return False
    parts = urlsplit(url)
    return parts.scheme != "unix" and bool(parts.hostname) and not is_loopback(str(parts.hostname))
