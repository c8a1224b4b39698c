"""One slot, or a few, over the store in memory."""

from __future__ import annotations

import pickle
import threading
from pathlib import Path

import pytest

from assetflow import AssetIn, AssetKey, Output, asset
from assetflow.clock import wait_until
from assetflow.engine.pace import LARGEST_BATCH, Pace
from assetflow.engine.slot import Slot
from assetflow.engine.watch import Unwatched
from assetflow.runs.claims import Advance, Advanced, Claim
from assetflow.runs.facts import FactKind
from assetflow.runs.states import RunStatus
from assetflow.runs.store import LOST_CHILD_LIMIT, Proof
from tests.support.slots import Bench


def leaf(name: str, **arguments: object):
    @asset(name=name, **arguments)
    def made():
        return name

    return made


def test_a_slot_works_until_nothing_is_left(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [leaf(f"leaf_{n}") for n in range(100)])
    bench.slot("w:1").work(bench.run_id)
    assert bench.status is RunStatus.SUCCEEDED
    assert pickle.loads((tmp_path / "leaf_42").read_bytes()) == "leaf_42"


def test_a_slice_that_is_over_leaves_the_rest_to_the_next_wake_up(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [leaf(f"leaf_{n}") for n in range(20)])
    slot = bench.slot("w:1", slice_seconds=0.0)
    slot.work(bench.run_id)
    assert bench.states.count("S") == 1
    slot.work(bench.run_id)
    assert bench.states.count("S") == 2


def test_steps_behind_a_long_one_are_given_to_others(tmp_path: Path) -> None:
    release = threading.Event()

    @asset
    def zz_long():
        assert release.wait(20)
        return 1

    quick = [leaf(f"quick_{n}") for n in range(5)]
    bench = Bench(tmp_path, [*quick, zz_long, *[leaf(f"late_{n}") for n in range(5)]])
    first = bench.slot("w:1")
    # A pace learnt from quick steps: the slot takes many at once, the long one among them.
    session = first._session_of(bench.run_id)
    session.pace.learn(0.0001 * 32, 32)
    thread = bench.in_thread(first)
    assert wait_until(lambda: bench.states.count("S") == 5, timeout=10), "what is done is settled meanwhile"
    assert wait_until(lambda: bench.states.count("R") == 5, timeout=10), "what has not begun is given back"
    bench.slot("w:2").work(bench.run_id)
    assert bench.states.count("S") == 10 and bench.status is RunStatus.RUNNING
    started = [fact for fact in bench.store.facts(bench.run_id) if fact.kind is FactKind.STEP_STARTED]
    assert len(started) == 1, "a long step is told of"
    release.set()
    thread.join(10)
    assert bench.status is RunStatus.SUCCEEDED


def test_the_late_outcome_of_a_slot_taken_for_dead_counts_for_nothing(tmp_path: Path) -> None:
    release = threading.Event()
    tries: list[str] = []

    @asset
    def slow():
        tries.append(threading.current_thread().name)
        if len(tries) == 1:
            assert release.wait(20)
            return "late"
        return "in time"

    bench = Bench(tmp_path, [slow])
    thread = bench.in_thread(bench.slot("w:1"))
    assert wait_until(lambda: bool(tries), timeout=10)
    bench.store.reclaim(bench.run_id, "w", Proof.WORKER_DIED)
    bench.slot("v:1").work(bench.run_id)
    assert bench.status is RunStatus.SUCCEEDED
    release.set()
    thread.join(10)
    assert pickle.loads((tmp_path / "slow").read_bytes()) == "in time"
    current = bench.io.current(AssetKey("slow"))
    versions = {path.name for path in (tmp_path / ".versions").glob("slow@*")}
    assert current is not None and versions == {f"slow@{current.version}"}, "what it had staged is removed"


def test_what_a_dead_slot_had_settled_is_published_by_another(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [leaf("one"), leaf("two", non_argument_deps={"one"})])
    first = bench.slot("w:1")
    session = first._session_of(bench.run_id)
    claims = session.advance(want=1)
    outcomes = first._run_batch(session, claims)
    session.advance(outcomes, versions={claim.step: claim.version for claim in claims})
    assert not (tmp_path / "one").exists(), "settled, and not yet published"
    bench.store.reclaim(bench.run_id, "w", Proof.WORKER_DIED)
    bench.slot("v:1").work(bench.run_id)
    assert bench.status is RunStatus.SUCCEEDED
    assert pickle.loads((tmp_path / "one").read_bytes()) == "one"


def test_a_line_that_is_pruned_in_the_middle_ends_there(tmp_path: Path) -> None:
    @asset
    def first():
        return 1

    @asset(output_required=False)
    def second(first):
        yield from ()

    @asset(ins={"second": AssetIn()})
    def third(second):
        raise AssertionError("must not run")

    @asset
    def fourth(third):
        raise AssertionError("must not run")

    bench = Bench(tmp_path, [first, second, third, fourth])
    slot = bench.slot("w:1")
    slot._session_of(bench.run_id).pace.learn(0.0001 * 32, 32)
    slot.work(bench.run_id)
    assert bench.states == "SSKK" and bench.status is RunStatus.SUCCEEDED


def test_a_failure_in_a_line_closes_the_rest_of_it(tmp_path: Path) -> None:
    @asset
    def first():
        raise ValueError("no")

    @asset
    def second(first):
        yield Output(1)

    bench = Bench(tmp_path, [first, second])
    slot = bench.slot("w:1")
    slot._session_of(bench.run_id).pace.learn(0.0001 * 32, 32)
    slot.work(bench.run_id)
    assert bench.states == "FU" and bench.status is RunStatus.FAILED


def test_a_fault_of_our_own_gives_everything_back_and_does_not_go_round_for_ever(tmp_path: Path) -> None:
    bench = Bench(tmp_path, [leaf("one"), leaf("two")])

    class Faulty(type(bench.slot("x:1"))):  # type: ignore[misc]
        def _run_one(self, session: object, batch: object, claim: Claim, known: object) -> None:
            if claim.child_losses < LOST_CHILD_LIMIT:
                raise RuntimeError("a fault of our own")
            super()._run_one(session, batch, claim, known)

    slot = Faulty("w:1", bench.store, bench._open, slice_seconds=10.0)
    for _ in range(2 * LOST_CHILD_LIMIT):
        with pytest.raises(RuntimeError):
            slot.work(bench.run_id)
        assert "C" not in bench.states
    slot.work(bench.run_id)
    assert bench.states == "FF" and bench.status is RunStatus.FAILED


def test_what_could_not_be_settled_beside_a_long_step_is_given_back(tmp_path: Path) -> None:
    release = threading.Event()

    @asset
    def zz_long():
        assert release.wait(20)
        return 1

    bench = Bench(tmp_path, [leaf("quick"), zz_long])
    slot = bench.slot("w:1")
    slot._session_of(bench.run_id).pace.learn(0.0001 * 32, 32)
    advance, failed = bench.store.advance, threading.Event()

    def faulty(run_id: str, request: Advance, *, server: str = "") -> Advanced:
        if request.outcomes and not failed.is_set():
            failed.set()
            raise RuntimeError("the store has a fault")
        return advance(run_id, request, server=server)

    bench.store.advance = faulty
    raised: list[BaseException] = []

    def work() -> None:
        try:
            slot.work(bench.run_id)
        except RuntimeError as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert failed.wait(10)
    release.set()
    thread.join(10)
    assert [str(error) for error in raised] == ["the store has a fault"]
    assert bench.states == "RR", "nothing stays claimed by a slot that has forgotten it"
    slot.work(bench.run_id)
    assert bench.states == "SS" and bench.status is RunStatus.SUCCEEDED


def test_the_pace_grows_with_short_steps_and_falls_with_long_ones() -> None:
    pace = Pace()
    assert pace.want(0.25) == 1
    wants = []
    for _ in range(4):
        want = pace.want(0.25)
        wants.append(want)
        pace.learn(0.0002 * want, want)
    assert wants == [1, 4, 16, LARGEST_BATCH]
    pace.learn(1.0, 1)
    assert pace.want(0.25) == 1


def test_another_run_of_quick_steps_begins_with_many_and_of_others_with_one() -> None:
    pace = Pace()
    assert pace.of_another_run().want(0.25) == 1, "nothing was learnt"
    pace.learn(0.001 * 4, 4)
    assert pace.of_another_run().want(0.25) == LARGEST_BATCH
    assert pace.of_another_run().want(0.004) == 4, "no more than fit into the slice"
    assert pace.of_another_run().of_another_run().want(0.25) == LARGEST_BATCH, "others did all of the run between"
    pace.learn(0.5, 1)
    for _ in range(20):
        pace.learn(0.0001 * 32, 32)
    assert pace.want(0.25) == LARGEST_BATCH
    assert pace.of_another_run().want(0.25) == 1, "one took long, and may come first"


def test_a_slot_in_quarantine_leaves_wake_ups_unanswered(tmp_path: Path) -> None:
    class TurnedAway(Unwatched):
        turned_away = True

    bench = Bench(tmp_path, [leaf("one")])
    slot = Slot("w:1", bench.store, bench._open, watch=TurnedAway())
    slot.work(bench.run_id, announcement="1")
    assert bench.states == "R"
    assert bench.store.tick(bench.run_id) == [], "the wake-up still counts as sent, and is not repeated at once"
