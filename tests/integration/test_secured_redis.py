"""Runs on a Redis that speaks TLS only, to a user with the rights that the documentation lists and no others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from assetflow.client import submit
from assetflow.definitions.asset import asset
from assetflow.doctor.examination import Patient, examine
from assetflow.errors import ServiceUnreachableError
from assetflow.findings import Level, worst
from assetflow.metrics.exposition import metrics_text, sources_of
from tests.support.bare_server import GOOD, Certificates, behind_tls, running_server
from tests.support.fleet import Fleet

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "secure.md"
PASSWORD = "a-long-password"


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """The address with TLS, and the port behind it."""
    users = re.findall(r"^user .*$", PAGE.read_text(), re.MULTILINE)
    assert len(users) == 2
    (tmp_path / "users.acl").write_text("\n".join([*users, "user admin on >admin ~* &* +@all", ""]))
    certificates = Certificates(tmp_path)
    options = (*GOOD, "--aclfile", str(tmp_path / "users.acl"))
    with running_server(*options, password="admin") as plain, behind_tls(plain, certificates) as port:
        query = f"ssl_cert_reqs=required&ssl_ca_certs={certificates.authority}"
        yield f"rediss://assetflow:{PASSWORD}@localhost:{port}/0?{query}", plain


def test_the_rights_of_the_documentation_are_enough_for_everything_and_for_nothing_else(
    secured: tuple[str, int], tmp_path: Path
) -> None:
    url, plain = secured

    @asset
    def first():
        print("hello")  # noqa: T201
        return 1

    @asset(op_tags={"assetflow/pool": "api"})
    def second(first):
        return first + 1

    with Fleet(tmp_path, url) as fleet:
        worker = fleet.start("-c", "1")
        connection = fleet.connection()
        connection.limits.set_pool_limit("api", 1)
        run = submit([first, second], durable=True)
        run.wait(timeout=60)
        assert [line.text for line in run.logs("first")] == ["hello"]
        assert b"assetflow_workers" in metrics_text(sources_of(connection))[0]
        found = list(examine(Patient(settings=connection.settings)))
        assert worst(one for one in found if one.area != "signing") is Level.OK, found
        other = submit([first])
        other.cancel()
        worker.stop()
        assert "NOPERM" not in worker.words and PASSWORD not in worker.words
    with redis.Redis(port=plain, username="admin", password="admin") as admin:
        refused = [entry["object"] for entry in admin.acl_log() if entry["reason"] != "auth"]
        assert refused == [], "nothing was asked for that is not allowed"
    with redis.Redis(port=plain, username="assetflow", password=PASSWORD) as user:
        for command in (
            ("FLUSHALL",),
            ("KEYS", "*"),
            ("GET", "other"),
            ("CONFIG", "SET", "maxmemory", "1"),
            ("ACL", "LIST"),
        ):
            with pytest.raises(redis.exceptions.NoPermissionError):
                user.execute_command(*command)


def test_a_certificate_for_another_host_or_of_a_stranger_is_refused(secured: tuple[str, int]) -> None:
    from assetflow.stores.redis.connection import connect

    url, _ = secured
    with pytest.raises(ServiceUnreachableError) as stranger:
        connect(url.partition("&ssl_ca_certs")[0], patient=False)
    with pytest.raises(ServiceUnreachableError) as other_host:
        connect(url.replace("localhost", "127.0.0.1"), patient=False)
    for caught in (stranger, other_host):
        assert "certificate" in str(caught.value) and PASSWORD not in str(caught.value)
