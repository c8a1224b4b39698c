"""The server is lost, and a replica that has lagged behind takes its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from assetflow import submit
from assetflow.clock import pause, wait_until
from assetflow.local.valkey import Valkey
from assetflow.stores.redis.connection import connect
from tests.support.fleet import Fleet, free_port, seconds_until
from tests.support.lagging import lagging_link
from tests.support.ledger import Ledger, assert_kept, assert_nothing_left, report
from tests.support.proxy import Proxy

LAG = 0.5  # seconds
READ_ONLY = 1.0  # seconds during which the replica is asked and is none but a replica


def socket_of(server: Valkey) -> Path:
    return Path(server.url.removeprefix("unix://").partition("?")[0])


@pytest.mark.slow
def test_f8_workers_wait_until_the_replica_is_no_replica_any_more(tmp_path: Path) -> None:
    first, second = (Valkey(tmp_path / name, fsync="everysec") for name in ("first", "second"))
    with first, second, Proxy(socket_of(first), tmp_path / "p.sock") as proxy, Fleet(tmp_path, proxy.url) as fleet:
        port = free_port()
        primary, replica = connect(first.url), connect(second.url)
        primary.config_set("port", port)
        replica.execute_command("REPLICAOF", "127.0.0.1", port)
        assert wait_until(lambda: replica.info("replication")["master_link_status"] == "up", timeout=20)
        fleet.start("-c", "2")
        ledger = Ledger(tmp_path / "ledger")
        handle = submit([*ledger.layers(12, 8, 0.02), *ledger.wide(60, 0.02)], durable=True)
        ledger.wait_for(30)
        first.kill()
        proxy.redirect(socket_of(second))
        pause(READ_ONLY)
        replica.execute_command("REPLICAOF", "NO", "ONE")
        before = ledger.count
        assert all(worker.is_running for worker in fleet.workers)
        recovery = seconds_until(lambda: ledger.count > before or handle.status.is_terminal, timeout=10 + 5)
        assert_kept(fleet, handle, ledger, losses=2)
        assert_nothing_left(fleet)
        report("F8", bound=10, repeated=ledger.repeated, recovery=round(recovery, 2))


@pytest.mark.slow
def test_f8_what_a_lagging_replica_has_missed_is_told_again_and_not_run_again(tmp_path: Path) -> None:
    first, second = (Valkey(tmp_path / name, fsync="everysec") for name in ("first", "second"))
    with first, second, Proxy(socket_of(first), tmp_path / "p.sock") as proxy, Fleet(tmp_path, proxy.url) as fleet:
        port = free_port()
        primary, replica = connect(first.url), connect(second.url)
        primary.config_set("port", port)
        with lagging_link(port, LAG) as behind:
            replica.execute_command("REPLICAOF", "127.0.0.1", behind)
            assert wait_until(lambda: replica.info("replication")["master_link_status"] == "up", timeout=20)
            fleet.start("-c", "2")
            ledger = Ledger(tmp_path / "ledger")
            # Many short steps, and at the end one worker has nothing more to do: it remembers all the same.
            handle = submit([*ledger.wide(300, 0.02), ledger.step("long", 6.0)], durable=True)
            ledger.wait_for(150)
            first.kill()
        settled = ledger.count
        replica.execute_command("REPLICAOF", "NO", "ONE")
        proxy.redirect(socket_of(second))
        recovery = seconds_until(lambda: ledger.count > settled or handle.status.is_terminal, timeout=10 + 5)
        assert_kept(fleet, handle, ledger, losses=2)
        assert_nothing_left(fleet)
        report("F8", lag=LAG, bound=10, repeated=ledger.repeated, recovery=round(recovery, 2))
