"""The doctor is content with a good set-up, and says of each broken one what is wrong and what to do."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from assetflow.clock import wait_until
from assetflow.doctor.examination import Patient, examine
from assetflow.findings import Finding, Level, worst
from assetflow.io.s3.access import client_for
from assetflow.settings import EnvironmentSettings, Settings
from assetflow.submission import project_of_module
from assetflow.wiring import open_history
from tests.support import faketime
from tests.support.bare_server import GOOD, Certificates, behind_tls, running_server
from tests.support.fleet import Fleet, free_port, running_fleet
from tests.support.proxy import Direction, Proxy
from tests.support.rabbitmq import RabbitMQ
from tests.support.receiver import running_receiver
from tests.support.s3 import SECRET, running_s3

KEY = "0123456789abcdef" * 4


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", signing_key=KEY, origin={"signing_key": "ASSETFLOW_SIGNING_KEY"})


def at(settings: Settings, port: int, user: str = "", **more: object) -> Settings:
    return replace(settings, redis_url=f"redis://{user}127.0.0.1:{port}/0", **more)  # type: ignore[arg-type]


def bad(settings: Settings, **more: object) -> list[Finding]:
    """All findings that are not fine; each has a fix."""
    found = [one for one in examine(Patient(settings=settings, **more)) if one.level is not Level.OK]  # type: ignore[arg-type]
    for finding in found:
        assert finding.fix, finding
    return found


def the_one(settings: Settings, area: str, level: Level = Level.PROBLEM, **more: object) -> Finding:
    """The only finding that is not fine."""
    found = bad(settings, **more)
    assert [(one.area, one.level) for one in found] == [(area, level)], found
    return found[0]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A worker that serves the default queue and may import the samples."""
    folder = tmp_path_factory.mktemp("fleet")
    with running_fleet(folder, modules=("tests.samples.grouped",)) as (running, _server):
        running.start("--queues", "default", "-c", "2")
        yield running


def of(fleet: Fleet) -> Settings:
    connection = fleet.connection()
    return replace(connection.settings, origin={"signing_key": "ASSETFLOW_SIGNING_KEY"})


def test_a_good_set_up_is_called_good(fleet: Fleet) -> None:
    found = list(examine(Patient(settings=of(fleet), load=lambda: project_of_module("tests.samples.grouped"))))
    assert worst(found) is Level.OK, [one for one in found if one.level is not Level.OK]
    areas = {one.area for one in found}
    assert areas == {"software", "definitions", "signing", "redis", "history", "storage", "disk", "workers"}
    assert any("2 slots, queue default" in one.message for one in found)
    assert not list((fleet.folder / "home").rglob("*probe*")), "what was tried is removed again"
    client = redis.Redis.from_url(fleet.url)
    assert not client.keys("af:doctor:*")


def test_without_a_server_it_says_that_commands_start_one(settings: Settings) -> None:
    found = list(examine(Patient(settings=settings)))
    assert worst(found) is Level.OK
    assert any("no server is configured" in one.message for one in found)


def test_nobody_answers(settings: Settings) -> None:
    finding = the_one(at(settings, free_port()), "redis")
    assert "nobody answers" in finding.message and "refused" in finding.message


def test_something_that_is_no_redis_answers(settings: Settings) -> None:
    with running_receiver() as receiver:
        port = int(receiver.url.rpartition(":")[2].partition("/")[0])
        finding = the_one(at(settings, port), "redis")
    assert "no Redis" in finding.message


def test_a_wrong_password_is_refused_and_not_shown(settings: Settings) -> None:
    with running_server(*GOOD, "--requirepass", "right-password", password="right-password") as port:
        finding = the_one(at(settings, port, ":wrong-password@"), "redis")
        assert "credentials" in finding.message and "wrong-password" not in finding.message
        assert bad(at(settings, port, ":right-password@")) == []


def test_a_user_without_a_needed_right(settings: Settings, tmp_path: Path) -> None:
    rights = tmp_path / "users.acl"
    rights.write_text("user narrow on >a-password ~af:* +@all -eval -evalsha -xadd\n")
    with running_server(*GOOD, "--aclfile", str(rights)) as port:
        finding = the_one(at(settings, port, "narrow:a-password@"), "redis")
    assert "may not call EVAL, EVALSHA, XADD" in finding.message and "ACL SETUSER" in finding.fix


def test_a_server_that_is_still_loading(settings: Settings, tmp_path: Path) -> None:
    with running_server(folder=tmp_path) as port, redis.Redis(port=port) as client:
        with client.pipeline(transaction=False) as pipe:
            for number in range(5000):
                pipe.set(f"k{number}", "x" * 100)
            pipe.save()
            pipe.execute()
    slow = ("--key-load-delay", "2000", "--loading-process-events-interval-bytes", "1024")
    with running_server(*slow, folder=tmp_path, ready=False) as port:
        finding = the_one(at(settings, port), "redis")
    assert "still loading" in finding.message


def test_a_replica(settings: Settings) -> None:
    with running_server(*GOOD) as primary, running_server(*GOOD, "--replicaof", f"127.0.0.1 {primary}") as port:
        with redis.Redis(port=port) as client:
            assert wait_until(lambda: client.info("replication")["master_link_status"] == "up", timeout=10)
        finding = the_one(at(settings, port), "redis")
    assert "READONLY" in finding.message and str(primary) in finding.fix


def test_a_server_in_cluster_mode(settings: Settings) -> None:
    with running_server(*GOOD, "--cluster-enabled", "yes") as port:
        assert any("cluster mode" in one.message for one in bad(at(settings, port)))


def test_a_server_that_may_throw_runs_away(settings: Settings) -> None:
    with running_server(*GOOD[:-1], "allkeys-lru") as port:
        finding = the_one(at(settings, port), "redis")
    assert "allkeys-lru" in finding.message and "noeviction" in finding.fix


def test_a_server_that_forgets_when_it_ends(settings: Settings) -> None:
    with running_server("--appendonly", "no") as port:
        finding = the_one(at(settings, port), "redis", Level.WARNING)
    assert "append-only" in finding.message


def test_tls_whose_authority_is_not_known(settings: Settings, tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    with running_server(*GOOD) as plain, behind_tls(plain, certificates) as port:
        safe = f"rediss://localhost:{port}/0"
        finding = the_one(replace(settings, redis_url=safe), "redis")
        assert "certificate" in finding.message and "ssl_ca_certs" in finding.fix
        assert bad(replace(settings, redis_url=f"{safe}?ssl_ca_certs={certificates.authority}")) == []
        assert "rediss://" in the_one(at(settings, port), "redis").fix


def test_a_server_on_another_machine_without_password_is_a_problem(settings: Settings) -> None:
    from assetflow.stores.redis.examination import _reach

    opened = _reach("redis://10.0.0.7:6379/0", "redis://10.0.0.7:6379/0", "redis")
    plain = _reach("redis://:secret@10.0.0.7:6379/0", "redis://:***@10.0.0.7:6379/0", "redis")
    assert opened is not None and opened.level is Level.PROBLEM
    assert plain is not None and plain.level is Level.WARNING and "secret" not in plain.message
    assert _reach("rediss://:secret@10.0.0.7:6379/0", "", "redis") is None


def test_a_server_that_is_too_old(settings: Settings, tmp_path: Path) -> None:
    with running_server(*GOOD, "--unixsocket", str(tmp_path / "real.sock")) as _port:
        proxy = Proxy(tmp_path / "real.sock", tmp_path / "old.sock")
        proxy.rule(Direction.REPLY, lambda piece: re.sub(rb"((?:valkey|redis)_version:)\d", rb"\g<1>6", piece))
        with proxy:
            finding = the_one(replace(settings, redis_url=proxy.url), "redis")
    assert re.match(r"\w+ 6\..* is too old: runs need 7.0", finding.message) and finding.fix == "upgrade the server"


@pytest.mark.slow
def test_a_worker_whose_clock_is_wrong(tmp_path: Path) -> None:
    with running_fleet(tmp_path) as (fleet, _server):
        fleet.start(environment=faketime.environment("+3600"))
        found = bad(of(fleet))
    (clock,) = [finding for finding in found if finding.area == "clock"]
    assert clock.level is Level.WARNING and re.search(r"is 3,[56]\d\d s ahead of the server's", clock.message)


@pytest.mark.slow
def test_rabbitmq_as_the_broker(settings: Settings, tmp_path: Path) -> None:
    with running_server(*GOOD) as port, RabbitMQ(tmp_path / "rabbit") as rabbit:
        sound = at(settings, port, broker_url=rabbit.url)
        assert not [finding for finding in bad(sound) if finding.area == "broker"]
        wrong = the_one(replace(sound, broker_url=rabbit.url.replace("guest:guest", "guest:a-secret")), "broker")
    assert "a-secret" not in wrong.message


def test_another_broker_that_is_away(settings: Settings) -> None:
    with running_server(*GOOD) as port:
        amqp = f"amqp://guest:a-secret@127.0.0.1:{free_port()}//"
        finding = the_one(at(settings, port, broker_url=amqp), "broker")
    assert "no broker answers" in finding.message and "a-secret" not in finding.message


def test_a_history_whose_tables_are_of_another_version(settings: Settings) -> None:
    settings.home.mkdir()
    opened = open_history(settings, create=True)
    assert opened is not None
    opened.close()
    file = settings.home / "history.db"
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    assert "assetflow history upgrade" in the_one(settings, "history").fix
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "upgrade assetflow here" in the_one(settings, "history").fix


def test_a_history_that_is_damaged_or_away(settings: Settings) -> None:
    settings.home.mkdir()
    (settings.home / "history.db").write_bytes(b"this is no database, whatever it is called" * 100)
    assert "no database that can be read" in the_one(settings, "history").message
    away = f"postgresql://someone:a-secret@127.0.0.1:{free_port()}/history"
    finding = the_one(replace(settings, database_url=away), "history")
    assert "does not answer" in finding.message and "a-secret" not in finding.message


def test_a_history_that_is_not_the_one_this_server_is_recorded_in(settings: Settings) -> None:
    with running_server(*GOOD) as port, redis.Redis(port=port) as client:
        client.set("af:history", "another-history")
        finding = the_one(at(settings, port), "history")
    assert "another history" in finding.message and "adopt" in finding.fix


def test_a_storage_that_is_a_file(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("by something else")
    environments = {"staging": EnvironmentSettings(storage=str(tmp_path / "taken"))}
    finding = the_one(replace(settings, environments=environments), "storage")
    assert finding.message.startswith("staging: ") and "is a file" in finding.message
    good = Patient(settings=replace(settings, environments=environments), environment="default")
    assert worst(examine(good)) is Level.OK, "only the storage of the environment that was asked for"


def test_a_storage_that_is_full(tmp_path: Path) -> None:
    look = "from assetflow.io.examination import try_place"
    asked = f"{look}; print([(one.message, one.fix) for one in try_place({str(tmp_path)!r}, 'staging')])"
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", sys.executable, "-c", asked],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "staging: " in done.stdout and "File too large" in done.stdout and "make room: " in done.stdout


def test_buckets_that_are_missing_or_may_only_be_read(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_s3(guarded=True) as server:
        server.bucket("values")
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        client_for.cache_clear()
        place = {"prod": EnvironmentSettings(storage="s3://values/prod")}
        found = list(examine(Patient(settings=replace(settings, environments=place))))
        assert worst(found) is Level.OK, found
        assert any("prod: s3://values/prod: write, conditional write, read and delete" in one.message for one in found)
        assert server.keys("values") == []
        missing = {"prod": EnvironmentSettings(storage="s3://no-such-values/prod")}
        assert "no bucket" in the_one(replace(settings, environments=missing), "storage").message
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "reader")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        client_for.cache_clear()
        assert "no right" in the_one(replace(settings, environments=place), "storage").message


def test_a_queue_that_nobody_serves_and_a_pool_without_a_limit(fleet: Fleet, tmp_path: Path) -> None:
    file = tmp_path / "pipeline.py"
    file.write_text(
        "from assetflow import asset\n"
        "@asset(op_tags={'assetflow/queue': 'gpu', 'assetflow/pool': 'api'})\n"
        "def picture(): return 1\n"
    )
    from assetflow.submission import project_of_file

    found = bad(of(fleet), load=lambda: project_of_file(file))
    assert [(one.area, one.level) for one in found] == [("workers", Level.PROBLEM), ("workers", Level.WARNING)]
    assert '"gpu"' in found[0].message and found[0].fix == "assetflow worker -q gpu"
    assert found[1].fix == "assetflow pools set api 4"


def test_workers_with_another_key_or_other_code(fleet: Fleet, tmp_path: Path) -> None:
    assert "they refuse its runs" in the_one(replace(of(fleet), signing_key=KEY), "workers").message
    registry = fleet.connection().registry
    (view,) = registry.workers()
    registry.loaded(view.info.worker, "tests.samples.grouped", "0123456789abcdef")
    finding = the_one(of(fleet), "workers", load=lambda: project_of_module("tests.samples.grouped"))
    assert "0123456789abcdef" in finding.message and "--ship-code" in finding.fix
    redis.Redis.from_url(fleet.url).delete(f"af:loaded:{view.info.worker}")
    other = bad(of(fleet), load=lambda: project_of_module("tests.samples.bakery"))
    assert any("no worker may import tests.samples.bakery" in one.message for one in other)


def test_a_worker_tells_which_code_it_has_loaded(fleet: Fleet) -> None:
    from assetflow.client import submit

    submit("tests.samples.grouped").wait(timeout=30)
    (view,) = fleet.connection().registry.workers()
    assert list(view.code) == ["tests.samples.grouped"]
    assert view.ahead is not None and abs(view.ahead) < 5


def test_a_key_that_is_too_short_or_kept_where_others_can_read_it(settings: Settings) -> None:
    assert "could be guessed" in the_one(replace(settings, signing_key="x" * 20), "signing", Level.WARNING).message
    assert "shorter than 16" in the_one(replace(settings, signing_key="short"), "signing").message
    settings.home.mkdir()
    kept = settings.home / "signing.key"
    kept.write_text(KEY)
    os.chmod(kept, 0o644)
    assert "chmod 600" in the_one(replace(settings, signing_key=None), "signing").fix


def test_definitions_that_do_not_load(settings: Settings) -> None:
    finding = the_one(settings, "definitions", load=lambda: project_of_module("tests.samples.no_such_module"))
    assert "no_such_module" in finding.message


def test_a_host_in_quarantine_is_named(settings: Settings) -> None:
    with running_server(*GOOD) as port, redis.Redis(port=port) as client:
        client.set("af:quarantine:the-sick-host", "1", ex=60)
        finding = the_one(at(settings, port), "workers")
    assert "the-sick-host" in finding.message
