"""Taking a store of runs back to what it was, as a server does that lost the last of its disk."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

from assetflow.runs.store import RunStore
from assetflow.stores.memory import MemoryRunStore
from assetflow.stores.redis.run_store import RedisRunStore


def snapshot(store: RunStore) -> Callable[[], None]:
    """Remember everything; what is returned brings it back."""
    if isinstance(store, MemoryRunStore):
        return _of_memory(store)
    assert isinstance(store, RedisRunStore)
    return _of_redis(store)


def _of_redis(store: RedisRunStore) -> Callable[[], None]:
    client = store._client
    kept = {key: (client.dump(key), max(client.pttl(key), 0)) for key in client.scan_iter(count=1000)}

    def back() -> None:
        client.flushdb()
        for key, (value, ttl) in kept.items():
            client.restore(key, ttl, value)

    return back


def _of_memory(store: MemoryRunStore) -> Callable[[], None]:
    names = [field.name for field in dataclasses.fields(store.limits) if field.name != "lock"]

    def copied(state: object) -> Any:
        # What a run calls outside of itself stays what it is.
        outside = [part for run in store._runs.values() for part in (run.clock, run.live_slots, run.on_fact)]
        return copy.deepcopy(state, {id(part): part for part in (*outside, store.limits)})

    kept = copied((store._runs, {name: getattr(store.limits, name) for name in names}))

    def back() -> None:
        store._runs, limits = copied(kept)
        for name, value in limits.items():
            setattr(store.limits, name, value)

    return back
