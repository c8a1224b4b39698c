"""What the one who has submitted a run hears of it."""

from __future__ import annotations

import msgspec
import redis

from assetflow.clock import pause
from assetflow.code.signing import Signer
from assetflow.handle import RunHandle
from assetflow.planning.plan import Plan
from assetflow.runs.facts import FactKind
from assetflow.stores.redis.run_store import RedisRunStore
from tests.support.store_driver import Slot, new_run


def test_what_a_run_told_first_is_asked_for_again_once_it_may_have_been_let_go(redis_client: redis.Redis) -> None:
    store = RedisRunStore(redis_client)
    run = new_run([0])
    begun = store.create(run).begun
    assert begun is not None
    slot = Slot(store, run.run_id)
    slot.claim()
    slot.advance(slot.done(0), want=0)
    in_hand = msgspec.structs.replace(begun, kind=FactKind.RUN_QUEUED)  # tells it from what the store has
    handle = RunHandle(run.run_id, store, Signer(b"k" * 32), lambda *_: None, Plan(steps=()), begun=in_hand)
    kinds = lambda: [fact.kind for fact in handle._facts_until_over("0", None)]  # noqa: E731
    assert kinds() == [FactKind.RUN_QUEUED, FactKind.STEP_SUCCEEDED, FactKind.RUN_ENDED]
    pause(1.1)
    assert kinds() == [FactKind.RUN_STARTED, FactKind.STEP_SUCCEEDED, FactKind.RUN_ENDED]
