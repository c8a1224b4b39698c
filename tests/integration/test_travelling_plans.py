"""A worker takes the plan that comes with a wake-up, as far as it can be trusted."""

from __future__ import annotations

from pathlib import Path

from assetflow.client import submit
from assetflow.clock import wait_until
from assetflow.definitions.asset import asset
from assetflow.runs.claims import Announcement
from assetflow.stores.redis.connection import connect
from tests.support.fleet import running_fleet


@asset
def wanted():
    return 1


def test_a_worker_does_not_ask_for_a_plan_that_it_was_handed(tmp_path: Path) -> None:
    with running_fleet(tmp_path) as (fleet, server):
        client = connect(server.url)
        client.hset("af:q", "default", 1)  # as if a worker were there, whose beat is yet to come
        submit(wanted)  # the first message of a process is sent in Celery's own way
        run = submit(wanted)
        plan = client.getdel(f"af:{run.id}:plan")
        assert plan is not None
        fleet.start("-c", "1")
        run.wait(timeout=30)


def test_a_plan_that_somebody_else_has_sent_is_not_trusted(tmp_path: Path) -> None:
    with running_fleet(tmp_path) as (fleet, server):
        run = submit(wanted)  # nobody is there, and nobody is woken
        other = submit(wanted)
        client = connect(server.url)
        sealed = client.get(f"af:{run.id}:plan")
        changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
        for_another = client.get(f"af:{other.id}:plan")
        connection = fleet.connection()
        for plan in (b"", changed, for_another, b"no plan at all"):
            connection.announce(run.id, [Announcement("default", 0, "1", plan=plan)])
        worker = fleet.start("-c", "1")
        run.wait(timeout=30)
        other.cancel()
        assert wait_until(lambda: worker.words.count("carries a plan that is of no use here") == 3, timeout=10)
