"""A message is posted once, signed, and only an answer of success counts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator

import pytest

from assetflow.alerts.webhook import Webhook
from assetflow.errors import AlertError
from tests.support.receiver import Receiver, running_receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as running:
        yield running


@pytest.mark.parametrize(
    ("secret", "key"), [("s3cret", b"s3cret"), ("whsec_" + base64.b64encode(b"raw\0key").decode(), b"raw\0key")]
)
def test_a_receiver_can_check_who_has_sent_it(receiver: Receiver, secret: str, key: bytes) -> None:
    Webhook(receiver.url, secret).send("id-1", {"text": "ä"})
    (posted,) = receiver.posted
    headers = posted.headers
    assert (headers["webhook-id"], headers["idempotency-key"]) == ("id-1", "id-1")
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 5
    signed = f"id-1.{headers['webhook-timestamp']}.".encode() + posted.body
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["content-type"] == "application/json" and headers["user-agent"].startswith("assetflow/")
    assert posted.content == {"text": "ä"}


def test_without_a_secret_nothing_is_signed(receiver: Receiver) -> None:
    Webhook(receiver.url).send("id-1", {})
    headers = receiver.posted[0].headers
    assert "webhook-signature" not in headers
    assert base64.b64decode(headers["authorization"].removeprefix("Basic ")) == b"me:hidden"


@pytest.mark.parametrize("status", [302, 400, 500])
def test_an_answer_that_is_no_success_is_told_without_what_is_secret_in_the_address(
    receiver: Receiver, status: int
) -> None:
    receiver.answers = [status]
    with pytest.raises(AlertError, match=f"http://127.0.0.1:{receiver.port} answered {status}") as caught:
        Webhook(receiver.url).send("id-1", {})
    assert "hidden" not in str(caught.value)
    assert len(receiver.posted) == 1, "a redirect is not followed, and nothing is sent twice"


def test_a_receiver_that_hangs_or_is_not_there_is_given_up_in_time(receiver: Receiver) -> None:
    receiver.answers = [0]
    began = time.monotonic()
    with pytest.raises(AlertError, match="does not answer"):
        Webhook(receiver.url, patience=0.3).send("id-1", {})
    assert time.monotonic() - began < 3
    with pytest.raises(AlertError, match="does not answer"):
        Webhook("http://127.0.0.1:1/hook").send("id-1", {})
