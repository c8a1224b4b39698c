"""Posting an alert to the address that the settings name.

Headers are those of the Standard Webhooks specification, so that receivers can use its libraries: ``webhook-id`` is
the same for each try of one alert, ``webhook-signature`` is an HMAC-SHA256 of id, time and body. Redirects are not
followed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any
from urllib.parse import unquote

import urllib3

from assetflow.errors import AlertError

SECONDS_TO_CONNECT = 5.0
SECONDS_TO_ANSWER = 5.0
_PREFIX = "whsec_"  # of a secret that is base64, as the specification has it


class Webhook:
    """One receiver.

    Args:
        url: ``http://`` or ``https://``.
        secret: shared with the receiver; None to sign nothing.
        patience: seconds that it has to answer.
    """

    def __init__(self, url: str, secret: str | None = None, *, patience: float = SECONDS_TO_ANSWER) -> None:
        address = urllib3.util.parse_url(url)
        self._url = address._replace(auth=None).url
        self._login = {} if address.auth is None else urllib3.make_headers(basic_auth=unquote(address.auth))
        self._key = None if secret is None else _key_of(secret)
        timeout = urllib3.Timeout(connect=min(SECONDS_TO_CONNECT, patience), read=patience)
        self._pool = urllib3.PoolManager(timeout=timeout, retries=False, num_pools=1)

    @property
    def title(self) -> str:
        """The receiver, without what may be secret in its address."""
        found = urllib3.util.parse_url(self._url)
        return f"{found.scheme}://{found.netloc}"

    def send(self, identity: str, content: Mapping[str, Any]) -> None:
        """Post; return when it was accepted.

        Args:
            identity: of the alert, the same for each try.

        Raises:
            AlertError: it was not accepted, or there was no answer in time.
        """
        body = json.dumps(content, default=str).encode()
        try:
            # The answer's body is nobody's business, and may never end.
            headers = self._headers(identity, body)
            answer = self._pool.request(
                "POST", self._url, body=body, headers=headers, redirect=False, preload_content=False
            )
        except urllib3.exceptions.HTTPError as error:
            reason = getattr(error, "reason", None) or error
            raise AlertError(f"{self.title} does not answer: {reason}") from None
        answer.close()
        if not 200 <= answer.status < 300:
            raise AlertError(f"{self.title} answered {answer.status} {answer.reason or ''}".rstrip())

    def _headers(self, identity: str, body: bytes) -> dict[str, str]:
        now = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"assetflow/{version('assetflow')}",
            "Idempotency-Key": identity,
            "webhook-id": identity,
            "webhook-timestamp": now,
            **self._login,
        }
        if self._key is not None:
            signed = hmac.digest(self._key, f"{identity}.{now}.".encode() + body, hashlib.sha256)
            headers["webhook-signature"] = f"v1,{base64.b64encode(signed).decode()}"
        return headers


def _key_of(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(_PREFIX)) if secret.startswith(_PREFIX) else secret.encode()
