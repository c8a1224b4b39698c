"""Whoever asks on the short way to the server gets the answer, also when connections break or the asker is stopped."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from assetflow.local.valkey import Valkey
from assetflow.runs.facts import FactKind
from assetflow.stores.redis.connection import connect
from assetflow.stores.redis.fact_stream import fact_of
from assetflow.stores.redis.run_store import RedisRunStore
from assetflow.stores.redis.wire import Wire
from tests.support.proxy import Direction, Proxy
from tests.support.servers import running_valkey


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with running_valkey() as running:
        yield running


@pytest.fixture
def client(server: Valkey) -> redis.Redis:
    found = connect(server.url)
    found.flushall()
    return found


def test_a_connection_is_kept_for_the_next_question(client: redis.Redis) -> None:
    wire = Wire(client)
    assert len({wire.ask("CLIENT", "ID") for _ in range(5)}) == 1


def test_threads_that_ask_at_once_get_their_own_answers(client: redis.Redis) -> None:
    wire = Wire(client)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda number: wire.ask("ECHO", str(number)), range(800)))
    assert answers == [str(number).encode() for number in range(800)]
    assert client.info("clients")["connected_clients"] <= 8 + 3


def test_a_refusal_leaves_the_connection_as_it_was(client: redis.Redis) -> None:
    wire = Wire(client)
    number = wire.ask("CLIENT", "ID")
    with pytest.raises(redis.ResponseError):
        wire.ask("LPUSH", "only a key")
    assert wire.ask("CLIENT", "ID") == number


def test_a_connection_that_the_server_has_closed_is_replaced(client: redis.Redis) -> None:
    wire = Wire(client)
    client.client_kill_filter(_id=wire.ask("CLIENT", "ID"))
    assert wire.ask("ECHO", "still there") == b"still there"
    assert wire.ask("ECHO", "and again") == b"and again"


class Interrupted(BaseException):
    """Raised where a step is stopped by a signal."""


class Interruptible(redis.UnixDomainSocketConnection):
    """A connection at which the signal comes when the question is sent and the answer is not read."""

    interrupts = False

    def send_command(self, *args: object, **options: object) -> None:
        super().send_command(*args, **options)
        if Interruptible.interrupts:
            Interruptible.interrupts = False
            raise Interrupted


def test_who_is_interrupted_leaves_no_answer_behind_for_the_next(server: Valkey) -> None:
    path = server.url.removeprefix("unix://").partition("?")[0]
    pool = redis.ConnectionPool(connection_class=Interruptible, path=path)
    wire = Wire(redis.Redis(connection_pool=pool))
    assert wire.ask("ECHO", "before") == b"before"
    Interruptible.interrupts = True
    with pytest.raises(Interrupted):
        wire.ask("ECHO", "mine")
    assert [wire.ask("ECHO", str(number)) for number in range(3)] == [b"0", b"1", b"2"]


def test_an_answer_that_is_lost_is_asked_for_again(server: Valkey, tmp_path: Path) -> None:
    target = Path(server.url.removeprefix("unix://").partition("?")[0])
    with Proxy(target, tmp_path / "proxy") as proxy:
        wire = Wire(connect(proxy.url))
        wire.ask("SET", "count", 0)
        lost = threading.Event()

        def lose(piece: bytes) -> bytes | None:
            if lost.is_set():
                return piece
            lost.set()
            return None

        proxy.rule(Direction.REPLY, lose)
        assert wire.ask("INCR", "count") == 2, "the server has done it twice: scripts take note of whom they answered"
        assert lost.is_set()


def test_a_process_that_was_forked_has_connections_of_its_own(client: redis.Redis) -> None:
    wire = Wire(client)
    mine = wire.ask("CLIENT", "ID")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(wire.ask("CLIENT", "ID")).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert int(os.read(reading, 100)) != mine
    assert wire.ask("CLIENT", "ID") == mine


def test_a_server_that_is_gone_is_told_as_the_client_tells_it() -> None:
    with running_valkey() as server:
        wire = Wire(connect(server.url, patient=False))
        assert wire.ask("ECHO", "here") == b"here"
    with pytest.raises(redis.ConnectionError):
        wire.ask("ECHO", "gone")


def test_connections_that_break_again_and_again_take_nothing_from_the_client(server: Valkey) -> None:
    client = connect(f"{server.url}&max_connections=2")
    wire = Wire(client)
    for number in range(10):
        client.client_kill_filter(_id=wire.ask("CLIENT", "ID"))
        assert wire.ask("ECHO", str(number)) == str(number).encode()
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(lambda _: client.ping(), range(20))) == [True] * 20


def test_who_is_not_patient_is_told_as_soon_as_the_client_tells(tmp_path: Path, server: Valkey) -> None:
    target = Path(server.url.removeprefix("unix://").partition("?")[0])
    with Proxy(target, tmp_path / "proxy") as proxy:
        client = connect(proxy.url, patient=False, answers_within=0.4)
        wire = Wire(client)
        wire.ask("ECHO", "there")
        proxy.close_gate()
        took: dict[str, float] = {}
        for name, ask in (("client", client.execute_command), ("wire", wire.ask), ("new", Wire(client).ask)):
            began = time.monotonic()
            with pytest.raises((redis.ConnectionError, redis.TimeoutError)):
                ask("ECHO", "nobody")
            took[name] = time.monotonic() - began
        assert max(took["wire"], took["new"]) < 1.4 * took["client"] + 0.1, took


@pytest.mark.parametrize("protocol", [2, 3])
def test_facts_are_the_same_in_both_protocols_and_on_both_ways(server: Valkey, protocol: int) -> None:
    client = redis.Redis.from_url(server.url, protocol=protocol)
    client.flushall()
    client.xadd("af:run:facts", {"k": "step_succeeded", "s": "1,2", "t": 7, "d": "{}"})
    store = RedisRunStore(client)
    (fact,) = store.facts("run")
    assert (fact.kind, fact.steps, fact.token) == (FactKind.STEP_SUCCEEDED, (1, 2), 7)
    entries = client.xrange("af:run:facts")
    assert [fact_of(identity, fields) for identity, fields in entries] == [fact], "as the client gives them"
    assert store.facts("run", fact.id) == []
    assert store.facts("run", fact.id, block=0.01) == []
