"""Secrets that are known to a worker are written nowhere, whichever way a step fails."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pytest
import redis

from assetflow import AssetCheckResult, AssetObservation, Output, RetryPolicy, asset, asset_check, failure_hook, submit
from assetflow.clock import wait_until
from assetflow.errors import RunFailed
from assetflow.handle import RunHandle
from tests.support.fleet import Fleet, Worker, running_fleet
from tests.support.receiver import Receiver, running_receiver


def made_up(prefix: str) -> str:
    return f"{prefix}-{secrets.token_hex(8)}"


@dataclass
class Planted:
    """A worker that knows twelve secrets; each step below tries to tell all of them."""

    fleet: Fleet
    worker: Worker
    variables: dict[str, str]
    values: list[str]
    receiver: Receiver


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    awkward = f'quo"te\\back/slash-ü-{secrets.token_hex(4)}'
    lines = "\n".join(made_up("line") for _ in range(2))
    in_url, in_dsn = made_up("url"), f"at@{made_up('dsn')}"
    variables = {
        "SHOP_PASSWORD": made_up("password"),
        "SHOP_TOKEN": made_up("token"),
        "SHOP_API_KEY": made_up("key"),
        "SHOP_CLIENT_SECRET": awkward,
        "SHOP_PRIVATE_PEM": lines,
        "AWS_SECRET_ACCESS_KEY": made_up("aws"),
        "SHOP_CREDENTIALS": made_up("credentials"),
        "SHOP_PASSWD": made_up("passwd"),
        "ASSETFLOW_ALERT_SECRET": made_up("alert"),
        "SHOP_QUEUE_URL": f"amqp://shop:{in_url}@queue.example:5672//",
        "SHOP_DATABASE": f"postgresql://shop:{quote(in_dsn, safe='')}@db.example/shop",
    }
    with running_receiver() as receiver, running_fleet(tmp_path_factory.mktemp("secrets")) as (fleet, _server):
        place = {**variables, "ASSETFLOW_ALERT_URL": receiver.url}
        worker = fleet.start("-c", "1", environment=place)
        signing = fleet.connection().settings.signing_key or ""
        values = [value for name, value in variables.items() if "://" not in value and name != "SHOP_PRIVATE_PEM"]
        values += [*lines.splitlines(), in_url, in_dsn, quote(in_dsn, safe=""), signing]
        assert len({*variables, "ASSETFLOW_SIGNING_KEY"}) == 12
        yield Planted(fleet, worker, variables, values, receiver)


def everything_written(planted: Planted, handle: RunHandle) -> Iterator[tuple[str, bytes]]:
    """All places that somebody may look into, and what is there."""
    client = redis.Redis.from_url(planted.fleet.url)
    readers: dict[bytes, Callable[[bytes], object]] = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"stream": client.xrange,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"set": client.smembers,
        b"zset": lambda key: client.zrange(key, 0, -1),
    }
    for key in client.scan_iter():
        yield f"redis {key!r}", _flat(readers[client.type(key)](key))
    for path in planted.fleet.folder.rglob("*"):
        if path.is_file() and path.name != "signing.key" and not path.is_relative_to(planted.fleet.folder / "valkey"):
            yield f"file {path.relative_to(planted.fleet.folder)}", path.read_bytes()
    yield "logs", "\n".join(line.text for line in handle.logs()).encode()
    for posted in planted.receiver.posted:
        yield "alert", posted.body


def _flat(told: object) -> bytes:
    if isinstance(told, bytes):
        return told + b"\n"
    if isinstance(told, dict):
        return b"".join(_flat(one) for pair in told.items() for one in pair)
    if isinstance(told, list | tuple | set):
        return b"".join(_flat(one) for one in told)
    return b""


def found_in(planted: Planted, handle: RunHandle) -> list[str]:
    """Where a secret stands that should not."""
    guilty = []
    for place, data in everything_written(planted, handle):
        for value in planted.values:
            forms = {
                value.encode(),
                value.encode("unicode_escape"),
                value.replace("\\", "\\\\").replace('"', '\\"').encode(),
            }
            guilty += [f"{place}: {value}" for form in forms if form in data]
    return guilty


def test_what_steps_print_log_tell_and_raise_has_no_secret_in_it(planted: Planted) -> None:
    names = tuple(planted.variables)

    def told() -> str:
        import os

        return " and ".join(os.environ[name] for name in names) + " and " + os.environ["ASSETFLOW_SIGNING_KEY"]

    @failure_hook
    def tells(context):
        raise RuntimeError(told())

    @asset
    def prints(context):
        import logging
        import os

        print(told())
        os.write(2, told().encode() + b"\n")
        context.log.warning("%s", told())
        logging.getLogger("some.library").error("it said %s", told())

    @asset
    def boasts():
        yield AssetObservation("boasts", metadata={"seen": told()}, description=told())
        yield Output(1, metadata={"note": told(), "nested": {"deep": [told()]}})

    @asset_check(asset=boasts)
    def looks(boasts):
        return AssetCheckResult(passed=False, description=told(), metadata={"why": told()})

    @asset(retry_policy=RetryPolicy(max_retries=1))
    def fails():
        raise ValueError(told())

    @asset
    def chains():
        try:
            raise KeyError(told())
        except KeyError as error:
            raise ExceptionGroup(told(), [ValueError(told()), OSError(told())]) from error

    @asset
    def dies():
        import os

        print(told(), flush=True)
        os._exit(3)

    @asset
    def exits():
        raise SystemExit(told())

    handle = submit([prints, boasts, looks, fails, chains, dies, exits])
    with pytest.raises(RunFailed) as caught:
        handle.wait(timeout=60)
    assert wait_until(lambda: len(planted.receiver.posted) > 0, timeout=20)
    client = redis.Redis.from_url(planted.fleet.url)
    assert wait_until(lambda: client.zcard("af:unrecorded") == 0, timeout=20)
    text = "\n".join(line.text for line in handle.logs())
    assert text.count("*" * 10) > 10, "it was printed, and masked"
    assert found_in(planted, handle) == []
    assert not [value for value in planted.values if value in str(caught.value)]
    assert "some.library" in planted.worker.words or "it said" in planted.worker.words, (
        "the worker's log has the message"
    )


def test_a_variable_that_a_config_names_is_a_secret_whatever_it_is_called(planted: Planted) -> None:
    from assetflow import StringSource

    value = made_up("plain")
    worker = planted.fleet.start("-c", "1", "--queues", "named", environment={"SHOP_PLAIN_NAME": value})

    @asset(op_tags={"assetflow/queue": "named"}, config_schema={"word": StringSource})
    def tells(context):
        word = context.op_config["word"]
        print("the word is", word)
        raise ValueError(f"the word is {word}")

    config = {"ops": {"tells": {"config": {"word": {"env": "SHOP_PLAIN_NAME"}}}}}
    handle = submit([tells], run_config=config)
    with pytest.raises(RunFailed) as caught:
        handle.wait(timeout=60)
    assert value not in str(caught.value) and "the word is *" in str(caught.value)
    planted.values.append(value)
    assert found_in(planted, handle) == []
    assert value not in worker.words


def test_no_secret_stands_in_the_arguments_or_the_names_of_processes(planted: Planted) -> None:
    from tests.support.cluster import command_of, descendants_of

    for pid in [planted.worker.pid, *descendants_of(planted.worker.pid)]:
        assert not [value for value in planted.values if value in command_of(pid)]
