"""What partitions are called where a name has to be one of a file."""

from __future__ import annotations

import re

_NO_NAME = re.compile(r"[/\\%\x00-\x1f\x7f]|^\.+(?=$)|^\.(?=versions$|assetflow$)", re.IGNORECASE)


def partition_segment(partition_key: str) -> str:
    """The key as one segment of a path: what cannot be in one is written as ``%2F``; other keys have other segments."""
    return _NO_NAME.sub(lambda found: "".join(f"%{ord(letter):02X}" for letter in found[0]), partition_key)
