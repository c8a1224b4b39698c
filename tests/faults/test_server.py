"""The server restarts, forgets its last writes, freezes, or loses replies; runs end right all the same."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from assetflow import ServiceUnreachableError, asset, submit
from assetflow.clock import pause, wait_until
from assetflow.errors import LostPlaceError
from assetflow.stores.redis.connection import connect
from assetflow.stores.redis.run_store import RedisRunStore
from tests.support.fleet import running_fleet, seconds_until
from tests.support.ledger import Ledger, assert_kept, assert_nothing_left, report
from tests.support.proxy import Direction, Proxy
from tests.support.rollback import roll_back
from tests.support.store_driver import start, states


def test_f7a_workers_find_a_restarted_server_again_and_again(tmp_path: Path) -> None:
    with running_fleet(tmp_path) as (fleet, server):
        fleet.start("-c", "2")
        ledger = Ledger(tmp_path / "ledger")
        handle = submit(ledger.wide(400, 0.02))
        worst = 0.0
        for _ in range(5):
            ledger.wait_for(ledger.count + 20)
            server.kill()
            server.revive()
            before = ledger.count
            worst = max(worst, seconds_until(lambda before=before: ledger.count > before + 4, timeout=10))
        assert_kept(fleet, handle, ledger, losses=0)
        assert_nothing_left(fleet)
        report("F7a", bound=10, recovery=round(worst, 2), repeated=ledger.repeated)


@pytest.mark.parametrize("lost", [0.2, 0.5, 1.0])
def test_f7b_what_the_server_forgets_its_slots_tell_it_again(tmp_path: Path, lost: float) -> None:
    with running_fleet(tmp_path, fsync="everysec") as (fleet, server):
        fleet.start("-c", "2")
        ledger = Ledger(tmp_path / "ledger")
        handle = submit([*ledger.layers(12, 8, 0.02), *ledger.wide(60, 0.02)], durable=True)
        ledger.wait_for(30)
        done = roll_back(server, seconds=lost)
        assert done.cut > 0, "nothing was cut off: the fault was not injected"
        before = ledger.count
        recovery = seconds_until(lambda: ledger.count > before, timeout=30)
        assert_kept(fleet, handle, ledger, losses=2)
        assert_nothing_left(fleet)
        report("F7b", lost_seconds=lost, cut_bytes=done.cut, repeated=ledger.repeated, recovery=round(recovery, 2))


def test_f7_a_slot_that_has_lost_nothing_takes_nothing_before_others_have_told(tmp_path: Path) -> None:
    with running_fleet(tmp_path, fsync="everysec") as (_, server):
        client = connect(server.url)
        slot = start(RedisRunStore(client), [0, 0])
        slot.server = slot.store.generation()
        assert slot.claim(1) == [0]
        client.script_flush()
        assert slot.claim(1) == [1], "it is the same server"
        server.kill()
        server.revive()
        before = states(slot.store, slot.run_id)
        with pytest.raises(LostPlaceError):
            slot.claim(1)
        assert states(slot.store, slot.run_id) == before, "its batch would have fitted, and yet nothing was done"
        slot.server, slot.batch = slot.store.generation(), slot.batch - 1
        slot.advance(*(slot.done(step) for step in (0, 1)))
        assert states(slot.store, slot.run_id) == "SS"


def test_f9_nobody_is_declared_dead_because_the_server_stood_still(tmp_path: Path) -> None:
    with running_fleet(tmp_path) as (fleet, server):
        fleet.start("-c", "2")
        fleet.start("-c", "1")
        ledger = Ledger(tmp_path / "ledger")
        handle = submit(ledger.wide(60, 0.3))
        ledger.wait_for(4)
        for seconds in (3.0, 15.0):
            os.kill(server.pid, signal.SIGSTOP)
            pause(seconds)
            os.kill(server.pid, signal.SIGCONT)
            before = ledger.count
            recovery = seconds_until(lambda before=before: ledger.count > before, timeout=5)
            report("F9", stood_still=seconds, bound=2, recovery=round(recovery, 2))
        assert_kept(fleet, handle, ledger, losses=0)


def test_f9_submitting_to_a_server_that_stands_still_ends_soon_and_says_so(tmp_path: Path) -> None:
    @asset
    def one():
        return 1

    with running_fleet(tmp_path) as (fleet, server):
        os.kill(server.pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            with pytest.raises(ServiceUnreachableError, match="no Redis answers"):
                fleet.connection()
            first = time.monotonic() - began
            with pytest.raises(ServiceUnreachableError, match="does not answer"):
                submit(one)
            later = time.monotonic() - began - first
        finally:
            os.kill(server.pid, signal.SIGCONT)
        assert max(first, later) <= 5.5
        report("F9 submit", bound=5, seconds=round(later, 2), first=round(first, 2))


def test_f12_a_cut_at_any_byte_of_a_call_settles_and_claims_nothing_twice(tmp_path: Path) -> None:
    """The connection of the worker is cut after n bytes of requests or replies, for many n, all through a run."""
    with running_fleet(tmp_path) as (fleet, server):
        proxy = Proxy(Path(server.url.removeprefix("unix://").partition("?")[0]), tmp_path / "proxy.sock")
        with proxy:
            cuts = 0
            fleet.start("-c", "1", url=proxy.url)
            ledger = Ledger(tmp_path / "ledger")
            handle = submit(ledger.chain(200, 0.01) + ledger.wide(400, 0.01))
            for direction in Direction:
                for offset in range(1, 900, 25):
                    if handle.status.is_terminal:
                        break
                    budget = [offset]

                    def cut(piece: bytes, budget: list[int] = budget) -> bytes | None:
                        if budget[0] < 0:
                            return piece
                        kept, budget[0] = piece[: budget[0]], budget[0] - len(piece)
                        return kept if budget[0] < 0 else piece

                    proxy.rule(direction, cut)
                    wait_until(lambda budget=budget: budget[0] < 0, timeout=2)
                    proxy.rule(direction, None)
                    cuts += 1
            assert_kept(fleet, handle, ledger, losses=0)
            assert cuts >= 40, cuts
            report("F12", cuts=cuts, repeated=ledger.repeated, connections=proxy.connections)


def test_f24_a_run_that_the_server_forgot_is_submitted_again_by_its_handle(tmp_path: Path) -> None:
    with running_fleet(tmp_path, fsync="everysec") as (fleet, server):
        ledger = Ledger(tmp_path / "ledger")
        handle = submit(ledger.wide(5))
        roll_back(server, seconds=5)
        fleet.start()
        assert_kept(fleet, handle, ledger, losses=0)


def test_f24_a_run_that_was_submitted_durably_survives_a_rollback(tmp_path: Path) -> None:
    with running_fleet(tmp_path, fsync="everysec") as (fleet, server):
        ledger = Ledger(tmp_path / "ledger")
        handle = submit(ledger.wide(5), durable=True)
        server.kill()
        server.revive()
        fleet.start()
        other = type(handle)(handle.id, fleet.connection().store, fleet.connection().signer, lambda *_: None)
        assert other.wait(30).success


def test_f11_a_run_goes_on_from_its_handle_when_the_server_was_wiped(tmp_path: Path) -> None:
    with running_fleet(tmp_path) as (fleet, server):
        fleet.start()
        ledger = Ledger(tmp_path / "ledger")
        handle = submit(ledger.wide(40, 0.05))
        ledger.wait_for(5)
        begun = ledger.count
        from assetflow.stores.redis.connection import connect

        connect(server.url).flushall()
        assert wait_until(lambda: handle.status.is_terminal or handle.progress().done >= 0, timeout=10)
        assert handle.wait(60).success
        report("F11", begun_before=begun, repeated=ledger.repeated)
