"""Fixtures that every storey of the tests may use."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
import redis

from assetflow.local.valkey import Valkey
from assetflow.stores.redis.connection import connect
from tests.support.s3 import SeaweedFS, running_s3
from tests.support.servers import running_valkey


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    """One server for the test process."""
    with running_valkey() as server:
        yield server


@pytest.fixture
def redis_client(valkey: Valkey) -> Iterator[redis.Redis]:
    """A client of an empty server."""
    client = connect(valkey.url)
    client.flushdb()
    yield client
    client.close()


@pytest.fixture(scope="session")
def s3() -> Iterator[SeaweedFS]:
    """One S3 server for the test process; it lets everybody do everything."""
    with running_s3() as server:
        yield server


@pytest.fixture
def bucket(s3: SeaweedFS) -> str:
    """A bucket with nothing in it that others have seen."""
    return s3.bucket(f"test-{secrets.token_hex(6)}")
