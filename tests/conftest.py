"""Fixtures that every storey of the tests may use."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from assetflow.local.valkey import Valkey
from assetflow.stores.redis.connection import connect
from assetflow.stores.sql.history import SqlHistory, open_history
from tests.support.postgres import Postgres, running_postgres
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


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL for the test process; who stops it starts it again."""
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def history_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'history.db'}"
    return str(request.getfixturevalue("postgres").new_database())


@pytest.fixture
def history(history_url: str) -> Iterator[SqlHistory]:
    """A history with nothing in it."""
    opened = open_history(history_url)
    assert opened is not None
    yield opened
    opened.close()
