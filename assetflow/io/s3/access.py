"""How S3 is reached. One client for each way, in each process: making one takes longer than storing a value."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ConnectTimeoutError, EndpointConnectionError

from assetflow.io.s3.refusals import refusal

ATTEMPTS = 5
PATIENCE = 60.0  # seconds, for all attempts together
_PATIENCE_AT_FIRST = 20.0  # with a server that has not answered this process yet


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Access:
    """How S3 is reached. What is not given is found as boto3 finds it: the environment, its files, the machine's role.

    Attributes:
        endpoint_url: of a server that is not Amazon's, such as ``http://127.0.0.1:9000``.
        profile_name: section of boto3's files.
        use_unsigned_session: ask without any key, as public buckets allow.
        max_attempts: how often a request is sent in all.
        connect_timeout: seconds.
        read_timeout: seconds without a byte.
        checksums: send a CRC-32 with what is stored; some older servers do not take it.
    """

    endpoint_url: str | None = None
    region_name: str | None = None
    profile_name: str | None = None
    aws_access_key_id: str | None = field(default=None, repr=False)
    aws_secret_access_key: str | None = field(default=None, repr=False)
    aws_session_token: str | None = field(default=None, repr=False)
    use_unsigned_session: bool = False
    max_attempts: int = ATTEMPTS
    connect_timeout: float = 5.0
    read_timeout: float = 8.0
    checksums: bool = True


@lru_cache(maxsize=16)
def client_for(access: S3Access) -> Any:
    """The client of this process; threads may share it.

    Raises:
        StorageError: the profile, the region or the endpoint is not one.
    """
    when = "when_supported" if access.checksums else "when_required"
    config = Config(
        retries={"mode": "standard", "total_max_attempts": access.max_attempts},
        connect_timeout=access.connect_timeout,
        read_timeout=access.read_timeout,
        max_pool_connections=16,
        request_checksum_calculation=when,
        response_checksum_validation="when_required",  # the manifest has a better one
        # Names of buckets are part of the host's name only where Amazon resolves them.
        s3={"addressing_style": "path" if access.endpoint_url else "auto"},
        signature_version=botocore.UNSIGNED if access.use_unsigned_session else None,
    )
    try:
        session = boto3.session.Session(
            profile_name=access.profile_name,
            region_name=access.region_name,
            aws_access_key_id=access.aws_access_key_id,
            aws_secret_access_key=access.aws_secret_access_key,
            aws_session_token=access.aws_session_token,
        )
        region = session.region_name or ("us-east-1" if access.endpoint_url else None)
        client = session.client("s3", endpoint_url=access.endpoint_url, region_name=region, config=config)
        if access.max_attempts > 1:
            client.meta.events.register_first("needs-retry.s3", _waiting())
        return client
    except (BotoCoreError, ValueError) as error:
        raise refusal(error, doing="connecting to S3", where=access.endpoint_url or "S3") from error


def _waiting() -> Callable[..., float | None]:
    """What a client does when it reaches nobody: it waits, up to `PATIENCE`, for the server to come back.

    One that is restarted is back in seconds, and no step has to fail for it; while it comes up it may refuse what it
    will soon do. An address at which nobody has answered yet may be a wrong one, and is given up sooner; but a worker
    that was started just now has no other way to know.
    """
    was_reached, away_since, away_until = False, 0.0, 0.0

    def wait(attempts: int, response: Any, caught_exception: BaseException | None, **_: Any) -> float | None:
        nonlocal was_reached, away_since, away_until
        now = time.monotonic()
        if isinstance(caught_exception, EndpointConnectionError | ConnectTimeoutError):
            if now > away_until:  # it was there just now
                away_since = now
            away_until = now + PATIENCE
        elif response is None or response[0].status_code < 500 or now > away_until:
            was_reached = was_reached or caught_exception is None
            return None
        if now - away_since > (PATIENCE if was_reached else _PATIENCE_AT_FIRST):
            return None
        return min(2.0, 0.1 * float(2 ** min(attempts, 5)))

    return wait


os.register_at_fork(after_in_child=client_for.cache_clear)
