"""This process: what is installed, and the key it signs with."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from assetflow.errors import AssetflowError
from assetflow.findings import Finding, fine, problem, warning
from assetflow.loopback import leaves_this_machine
from assetflow.settings import Settings

_OLDEST_PYTHON = (3, 11)
# Older ones lose connections, or leave idle slots without work.
_FLOORS = {"celery": (5, 7), "kombu": (5, 7), "billiard": (4, 3), "redis": (6, 4)}
SHORTEST_KEY = 32  # characters


def look_at_software() -> Iterator[Finding]:
    """The versions that matter."""
    if sys.version_info[:2] < _OLDEST_PYTHON:
        yield problem("software", f"Python {platform.python_version()} is too old", "use Python 3.11 or later")
    found = {}
    for package, floor in _FLOORS.items():
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            yield problem("software", f"{package} is not installed", "pip install assetflow")
            continue
        if _numbers(found[package]) < floor:
            wanted = ".".join(map(str, floor))
            yield problem(
                "software",
                f"{package} {found[package]} is too old: workers can stop hearing of work",
                f'pip install "{package}>={wanted}"',
            )
    try:
        own = version("assetflow")
    except PackageNotFoundError:
        own = "(not installed)"
    names = f"Python {platform.python_version()}, assetflow {own}, celery {found.get('celery', 'missing')}"
    yield fine("software", names)


def look_at_key(settings: Settings) -> Iterator[Finding]:
    """The key that plans and code are signed with."""
    from assetflow.wiring import signer_for

    if settings.signing_key is None and not (settings.home / "signing.key").exists():
        yield fine("signing", f"no key yet: the first run makes {settings.home / 'signing.key'}")
    else:
        try:
            signer = signer_for(settings)
        except AssetflowError as error:
            yield problem("signing", f"{error.message} ({error.where})", error.fix or "")
            return
        except OSError as error:
            yield problem("signing", f"the key cannot be read or made: {error}", "it is a file for this user only")
            return
        origin = settings.where("signing_key") if settings.signing_key else str(settings.home / "signing.key")
        yield fine("signing", f"key {signer.key_id} from {origin}")
    if settings.signing_key is not None and len(settings.signing_key) < SHORTEST_KEY:
        yield warning(
            "signing",
            f"the signing key has {len(settings.signing_key)} characters, and could be guessed",
            'make one: python -c "import secrets; print(secrets.token_hex(32))"',
        )
    if settings.signing_key is not None and settings.where("signing_key") != "ASSETFLOW_SIGNING_KEY":
        yield warning(
            "signing",
            f"the signing key stands in {settings.where('signing_key')}, which is easily committed or copied",
            "set ASSETFLOW_SIGNING_KEY instead",
        )
    if settings.signing_key is None and leaves_this_machine(settings.redis_url):
        yield warning(
            "signing",
            "the key is kept on this machine only, and Redis is on another: workers elsewhere refuse its runs",
            "set the same ASSETFLOW_SIGNING_KEY for all clients and workers",
        )


def _numbers(text: str) -> tuple[int, ...]:
    parts = []
    for part in text.split(".")[:2]:
        digits = "".join(sign for sign in part if sign.isdigit())
        parts.append(int(digits or 0))
    return tuple(parts)
