"""What is put into the broker's queues, and how."""

from __future__ import annotations

import base64
import json
import multiprocessing
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis
from celery import Celery
from kombu.transport.pyamqp import Transport as AmqpTransport
from kombu.transport.redis import SentinelTransport

from assetflow.distributed.app import make_app
from assetflow.distributed.dispatcher import TASK_NAME, Dispatcher, plan_in
from assetflow.distributed.redis_transport import RedisChannel, RedisTransport
from assetflow.local.valkey import Valkey
from assetflow.runs.claims import Announcement
from assetflow.runs.facts import FactKind
from assetflow.runs.store import Letter, NewRun
from assetflow.stores.redis.connection import connect
from assetflow.stores.redis.run_store import RedisRunStore
from tests.support.store_driver import new_run

FIRST = Announcement("default", 0, "1", "", 200, "daily_sales", b"\x00a plan")
LATER = Announcement("gpu", -1, "7")
WARMING_UP = "a_run_before"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Valkey]:
    with Valkey(tmp_path / "valkey") as running:
        yield running


@pytest.fixture
def client(server: Valkey) -> redis.Redis:
    return connect(server.url)


@pytest.fixture
def app(server: Valkey) -> Celery:
    return make_app(server.url, patience=2)


def beside(app: Celery, client: redis.Redis) -> Dispatcher:
    """One that has sent something already, to the server on which the runs are."""
    found = Dispatcher(app, client.connection_pool.connection_kwargs)
    assert found(WARMING_UP, [Announcement("warm", -1, "1")])
    return found


def with_letter(waits: list[int], letter: Letter | None) -> NewRun:
    assert letter is not None
    return msgspec.structs.replace(new_run(waits), letter=letter)


def queued(client: redis.Redis) -> list[dict[str, Any]]:
    """All messages, the oldest first."""
    lists = sorted(key for key in client.keys("af:celery:*") if client.type(key) == b"list")
    return [json.loads(text) for key in lists for text in reversed(client.lrange(key, 0, -1))]


def arguments_of(message: dict[str, Any]) -> list[Any]:
    found: list[Any] = json.loads(base64.b64decode(message["body"]))[0]
    return found


def calls(client: redis.Redis, command: str) -> int:
    return int(client.info("commandstats").get(f"cmdstat_{command}", {"calls": 0})["calls"])


@pytest.mark.parametrize("item", [FIRST, LATER], ids=["first", "later"])
def test_a_message_is_the_one_that_celery_would_have_sent(app: Celery, client: redis.Redis, item: Announcement) -> None:
    own = beside(app, client)
    own._send("some_run", item)
    assert own("some_run", [item])
    theirs, ours = (message for message in queued(client) if WARMING_UP not in message["headers"]["argsrepr"])
    for message in (ours, theirs):
        task_id = message["headers"]["id"]
        assert message["headers"].pop("root_id") == task_id
        assert message["properties"].pop("correlation_id") == task_id
        assert message["properties"].pop("delivery_tag") != task_id
        del message["headers"]["id"]
        message["body"] = json.loads(base64.b64decode(message["body"]))  # texts differ in spaces
    # Celery's own way hands what it was told of the arguments on to the broker a second time.
    assert theirs["properties"].pop("argsrepr") == ours["headers"]["argsrepr"]
    assert ours == theirs


def test_wake_ups_that_come_together_are_sent_in_one_trip(app: Celery, client: redis.Redis) -> None:
    own = beside(app, client)
    trips = []
    with client.monitor() as monitor:
        own("some_run", [LATER, LATER, LATER])
        client.ping()
        for command in monitor.listen():
            if command["command"] == "PING":
                break
            trips.append(command["command"].split()[0])
    assert trips == ["LPUSH"] * 3
    assert len(queued(client)) == 4, "the first was sent before"


def test_a_broker_that_is_away_and_comes_back_is_reached_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Valkey(tmp_path / "valkey") as first:
        own = Dispatcher(make_app(first.url, patience=1))
        assert own("some_run", [LATER])
    assert not own("some_run", [LATER])
    assert "the sweeper will repeat it" in caplog.text
    with Valkey(tmp_path / "valkey") as second:
        assert own("some_run", [LATER])
        assert len(queued(connect(second.url))) == 2  # the server has kept the first on its disk


def test_a_run_is_created_and_announced_in_one_trip(app: Celery, client: redis.Redis) -> None:
    client.hset("af:q", "default", 1)
    own, store = beside(app, client), RedisRunStore(client)
    letter = own.letter("some_run", Announcement("default", 0, "1"))
    created = store.create(run := with_letter([0, 0, 0], letter))
    assert letter is not None
    assert client.lrange(letter.place, 0, -1) == [letter.text.encode()]
    assert [one.hint for one in created.announcements] == [1, 2], "two more are left to send"
    assert client.zcard(f"af:{run.run_id}:ann:default") == 3, "and all of them are on their way"
    assert store.create(run).announcements == []
    assert client.llen(letter.place) == 1, "who creates it again sends nothing"


@pytest.mark.parametrize(
    "expected", [Announcement("default", 1, "1"), Announcement("gpu", 0, "1")], ids=["another step", "another queue"]
)
def test_a_letter_is_not_sent_if_something_else_is_to_be_done_first(
    app: Celery, client: redis.Redis, expected: Announcement
) -> None:
    client.hset("af:q", mapping={"default": 1, "gpu": 1})
    own, store = beside(app, client), RedisRunStore(client)
    before = len(queued(client))
    created = store.create(with_letter([0], own.letter("some_run", expected)))
    assert [one.hint for one in created.announcements] == [0]
    assert len(queued(client)) == before


def test_nobody_is_woken_for_a_queue_without_workers(app: Celery, client: redis.Redis) -> None:
    own, store = beside(app, client), RedisRunStore(client)
    before = len(queued(client))
    created = store.create(with_letter([0], own.letter("some_run", Announcement("default", 0, "1"))))
    assert created.announcements == []
    assert len(queued(client)) == before


def test_a_letter_that_finds_no_list_is_sent_in_the_other_way(app: Celery, client: redis.Redis) -> None:
    client.hset("af:q", "default", 1)
    own, store = beside(app, client), RedisRunStore(client)
    letter = own.letter("some_run", Announcement("default", 0, "1"))
    assert letter is not None
    client.set(letter.place, "what somebody has left there")
    created = store.create(with_letter([0], letter))
    assert [one.hint for one in created.announcements] == [0]
    assert not own("some_run", created.announcements)
    client.delete(letter.place)
    assert own("some_run", created.announcements)


def test_what_the_server_says_against_a_message_is_no_error_of_the_run(
    app: Celery, client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    own = beside(app, client)
    client.config_set("maxmemory", 1)
    assert not own("some_run", [LATER])
    assert not own("some_run", [LATER, FIRST])
    assert not Dispatcher(app)("some_run", [LATER])
    assert caplog.text.count("the sweeper will repeat it") == 3
    client.config_set("maxmemory", 0)
    assert own("some_run", [LATER])


def test_nothing_is_written_before_something_was_sent(app: Celery, client: redis.Redis) -> None:
    own = Dispatcher(app, client.connection_pool.connection_kwargs)
    assert own.letter("some_run", FIRST) is None
    assert client.keys("af:celery:*") == []


def test_a_broker_that_was_never_there_is_given_up_as_soon_as_celery_does(tmp_path: Path) -> None:
    own = Dispatcher(make_app(f"unix://{tmp_path}/no.sock", patience=2))
    began = time.monotonic()
    assert [own("some_run", [LATER]) for _ in range(3)] == [False] * 3
    assert time.monotonic() - began < 4, "kombu waits for a connection for six seconds, each time"


def test_what_goes_to_another_server_than_that_of_the_runs_is_not_left_to_them(
    app: Celery, client: redis.Redis, tmp_path: Path
) -> None:
    with Valkey(tmp_path / "other") as other:
        own = beside(app, connect(other.url))
        assert own.letter("some_run", FIRST) is None
        own("some_run", [FIRST])
        assert arguments_of(queued(client)[0]) == ["some_run", "default", 0, "1"], "no plan outlives its run there"
    own = beside(app, client)
    own("some_run", [FIRST])
    assert [len(arguments_of(one)) for one in queued(client) if "some_run" in one["headers"]["argsrepr"]] == [4, 5]


def test_who_has_begun_a_run_is_told_what_it_tells_first(client: redis.Redis) -> None:
    store = RedisRunStore(client)
    run = new_run([0])
    created = store.create(run)
    assert created.begun is not None
    assert created.begun.kind is FactKind.RUN_STARTED
    assert [created.begun] == store.facts(run.run_id)
    assert store.create(run).begun is None


def test_a_message_that_needs_no_answer_gets_none(app: Celery, client: redis.Redis) -> None:
    own = beside(app, client)
    own("some_run", [LATER])
    with app.connection_for_read() as connection:
        channel = connection.default_channel
        assert isinstance(channel, RedisChannel)
        message = channel.basic_get("gpu", no_ack=True)
        assert message is not None
        before = calls(client, "exec")
        message.ack()
        assert calls(client, "exec") == before
        own("some_run", [LATER])
        answered = channel.basic_get("gpu")
        assert answered is not None
        assert client.hlen("af:celery:unacked") == 1
        answered.ack()
        assert client.hlen("af:celery:unacked") == 0


@pytest.mark.parametrize(
    ("url", "transport"),
    [
        ("redis://there/0", RedisTransport),
        ("rediss://there/0", RedisTransport),
        ("unix:///there.sock?db=1", RedisTransport),
        ("sentinel://there:26379", SentinelTransport),
        ("amqp://there", AmqpTransport),
    ],
)
def test_only_plain_redis_is_reached_in_a_way_of_our_own(url: str, transport: type) -> None:
    connection = make_app(url).connection_for_write()
    assert connection.get_transport_cls() is transport
    assert connection.clone().get_transport_cls() is transport
    pooled = connection.Pool(1).new()
    assert pooled.get_transport_cls() is transport


@pytest.mark.parametrize("text", ["no base64!", "YQ", "ä", 7, None, ["YQ=="]])
def test_a_plan_that_is_none_is_not_taken(text: Any) -> None:
    assert plan_in(text) == b""


def test_a_plan_travels_as_it_is() -> None:
    assert plan_in(base64.b64encode(FIRST.plan).decode()) == FIRST.plan
    assert TASK_NAME == "assetflow.run_step", "messages of workers and clients of other versions bear it"


def test_a_process_that_was_forked_by_multiprocessing_sends_in_its_own_way(app: Celery, client: redis.Redis) -> None:
    """There the connections of the parent are closed."""
    own = beside(app, client)

    def child() -> None:
        assert own.letter("some_run", FIRST) is None
        assert own("some_run", [LATER])
        assert own.letter("some_run", FIRST) is not None

    process = multiprocessing.get_context("fork").Process(target=child)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        process.start()
    process.join(30)
    assert process.exitcode == 0
    assert len(queued(client)) == 2
    assert own.letter("some_run", FIRST) is not None, "the parent's are as they were"
