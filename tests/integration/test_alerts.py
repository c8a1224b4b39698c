"""Somebody is told of every run that failed: once, even if whoever tells dies, and without keeping anybody waiting."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from assetflow import asset, submit
from assetflow.clock import wait_until
from assetflow.engine.alerting import PAUSES, Alerting, content_of
from assetflow.errors import AlertError
from assetflow.runs.entries import AlertEntry, AttemptEntry, Entries
from assetflow.stores.sql.history import SqlHistory
from tests.contracts.test_event_log import move, run_entry
from tests.support.cluster import kill
from tests.support.fleet import running_fleet
from tests.support.receiver import Receiver, running_receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as running:
        yield running


@asset
def good() -> int:
    return 1


@asset
def bad(good: int) -> int:
    raise ValueError("no good")


@asset
def worse(good: int) -> int:
    raise ValueError("no better")


def test_a_failed_run_is_told_once_with_all_there_is_to_say(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answers = [500, 0]  # the second hangs for as long as the sender has patience
    environment = {
        "ASSETFLOW_ALERT_URL": receiver.url,
        "ASSETFLOW_ALERT_SECRET": "s3cret",
        "ASSETFLOW_BASE_URL": "https://flows.example/app/",
    }
    with running_fleet(tmp_path) as (fleet, _):
        fleet.start(environment=environment)
        submit([good]).wait(30)
        handle = submit([good, bad], tags={"team": "bread"})
        handle.wait(30, raise_on_error=False)
        assert wait_until(lambda: len(receiver.posted) >= 2, timeout=20)
        submit([good]).wait(30)
        recorded = time.monotonic()
        history = fleet.connection().history()
        assert history is not None
        assert wait_until(lambda: len(history.log.runs(statuses=["SUCCEEDED"])) == 2, timeout=8), "recording waits"
        assert time.monotonic() - recorded < 8
        assert wait_until(lambda: len(receiver.posted) == 3, timeout=30)
        assert wait_until(lambda: history.alerts.all()[0].sent is not None, timeout=10)
        assert {posted.headers["webhook-id"] for posted in receiver.posted} == {f"{handle.id}-failed"}
        content = receiver.posted[-1].content
        assert content["run"] == handle.id and content["status"] == "FAILED" and content["environment"] == "default"
        assert content["first_failed_step"] == "bad"
        assert content["error"] == {"type": "ValueError", "message": "no good"}
        assert content["tags"] == {"team": "bread"}
        assert content["url"] == f"https://flows.example/app/runs/{handle.id}"
        assert f"run {handle.id} in default failed: step bad failed: ValueError: no good" == content["text"]
        assert len(receiver.posted) == 3


def test_an_alert_survives_whoever_was_to_send_it(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answers = [0]
    with running_fleet(tmp_path) as (fleet, _):
        first = fleet.start(environment={"ASSETFLOW_ALERT_URL": receiver.url})
        handle = submit([good, bad])
        handle.wait(30, raise_on_error=False)
        assert wait_until(lambda: len(receiver.posted) == 1, timeout=20)
        kill(first.sidecar)
        history = fleet.connection().history()
        assert history is not None
        # Nobody waits a minute here for the other one to be given up.
        history.alerts.failed(handle.id, time.time(), "its sender was killed")
        assert wait_until(lambda: len(receiver.posted) == 2, timeout=30)
        assert receiver.posted[0].body == receiver.posted[1].body
        assert receiver.posted[0].headers["idempotency-key"] == receiver.posted[1].headers["idempotency-key"]


def record_failure(history: SqlHistory, run_id: str = "R1") -> None:
    entries = Entries(moves=[move(run_id, "1-0")], runs=[run_entry(run_id, status="FAILED", error="step b: E: bad")])
    entries.attempts = [
        AttemptEntry(run_id, number, 1, f"s{number}", "failed", 0, "w", 1.0, 2.0 + number, 0.1, f"E: bad{number}")
        for number in range(12)
    ]
    entries.alerts = [AlertEntry(run_id, 5.0, 5.0)]
    assert history.log.record(entries)


def test_only_one_sender_gets_an_alert_until_its_time_is_over(history: SqlHistory) -> None:
    record_failure(history)
    due = history.alerts.take(6.0, until=60.0)
    assert due is not None and due.alert.tries == 1 and due.failed == 12
    assert [one.key for one in due.failures] == [f"s{number}" for number in range(10)]
    assert history.alerts.take(7.0, until=60.0) is None
    again = history.alerts.take(61.0, until=120.0)
    assert again is not None and again.alert.tries == 2
    history.alerts.sent("R1", 62.0)
    assert history.alerts.take(1e9, until=2e9) is None
    assert history.alerts.all()[0] == AlertEntry("R1", 5.0, None, 2, 62.0, None)
    told = content_of(due)
    assert told["text"] == "run R1 of job in default failed: step s0 and 11 more failed: E: bad0"
    assert told["url"] is None


def test_an_alert_is_given_up_after_some_tries(history: SqlHistory) -> None:
    record_failure(history)

    def refuse(identity: str, content: object) -> None:
        raise AlertError("it is away")

    for number in range(len(PAUSES) + 1):
        alerting = Alerting(lambda: history.alerts, refuse)
        assert alerting.is_mine() and alerting.turn()
        alert = history.alerts.all()[0]
        assert alert.tries == number + 1 and alert.error == "it is away"
        if alert.due is not None:
            assert 0 < alert.due - time.time() <= PAUSES[number]
            history.alerts.failed("R1", 0.0, "it is away")
    assert history.alerts.all()[0].due is None
    history.log.forget_runs(["R1"])
    assert history.alerts.all() == []
