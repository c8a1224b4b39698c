from __future__ import annotations

import pytest

from assetflow.runs.limits import Limits
from assetflow.runs.store import RunStore
from assetflow.stores.memory import MemoryRunStore
from assetflow.stores.redis.limits import RedisLimits
from assetflow.stores.redis.run_store import RedisRunStore


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> RunStore:
    if request.param == "memory":
        return MemoryRunStore()
    client = request.getfixturevalue("redis_client")
    client.hset("af:q", mapping={"default": 1, "gpu": 1})  # as the beat of a worker leaves it
    return RedisRunStore(client)


@pytest.fixture
def limits(store: RunStore, request: pytest.FixtureRequest) -> Limits:
    """The limits that the store heeds."""
    if isinstance(store, MemoryRunStore):
        return store.limits
    return RedisLimits(request.getfixturevalue("redis_client"))
