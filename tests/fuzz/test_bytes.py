"""Bytes that lie where others could write: refused unless they are signed, and read or refused if they are damaged."""

from __future__ import annotations

import json
import pickle
from contextlib import suppress

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from assetflow.code.bundle import unpack
from assetflow.code.reference import CodeRef
from assetflow.code.signing import Signer
from assetflow.engine.recording import RunRecord
from assetflow.engine.request import RunRequest
from assetflow.errors import AssetflowError, DamagedRecordError, SignatureError
from assetflow.io.manifests import Manifest, split
from assetflow.planning.plan import Plan, Step, StepOutput
from assetflow.runs.entries import Entries
from assetflow.runs.outbox import StreamedFact
from tests.fuzz.damage import damaged

SIGNER = Signer(b"k" * 32)
OTHER = Signer(b"o" * 32)
PLAN = Plan(
    steps=(
        Step(index=0, key="a", inputs=(), outputs=(StepOutput(index=0, key=("a",)),), queue="default", rank=1),
        Step(index=1, key="b", inputs=(), outputs=(StepOutput(index=1, key=("b",)),), queue="default", rank=0),
    )
)
RUN = "01M8BNCT236B3Y02QXFNFK3HPS"
REQUEST = RunRequest(run_id=RUN, code=CodeRef(module="shop"), plan=PLAN)
SEALED = REQUEST.sealed(SIGNER)
MANIFEST = Manifest(key=("a",), version="0" * 16 + "-" + "0" * 8, run_id=RUN, size=3, checksum="x", stored_at=1.0, type="int", codec="pickle")  # fmt: skip  # noqa: E501


class Canary:
    """Unpickling it would be noticed."""

    sang = False

    def __reduce__(self) -> tuple[object, ...]:
        return (sing, ())


def sing() -> None:
    Canary.sang = True


@given(damaged(SEALED))
def test_a_plan_that_was_changed_is_refused(sealed: bytes) -> None:
    if sealed != SEALED:
        with pytest.raises(SignatureError):
            RunRequest.opened(SIGNER, sealed, RUN)


@given(damaged(msgspec.msgpack.encode(REQUEST)))
def test_a_plan_that_is_signed_and_malformed_is_read_or_called_damaged(body: bytes) -> None:
    try:
        RunRequest.opened(SIGNER, SIGNER.seal("run", body), RUN)
    except DamagedRecordError as error:
        assert RUN in str(error)


@given(damaged(PLAN.to_json()))
def test_plan_json_is_read_or_called_damaged(raw: bytes) -> None:
    try:
        Plan.from_json(raw)
    except AssetflowError as error:
        assert str(error)


def test_a_plan_of_another_run_or_key_or_purpose_is_refused() -> None:
    with pytest.raises(DamagedRecordError, match="belongs to run"):
        RunRequest.opened(SIGNER, SEALED, "01M8BNCT236B3Y02QXFNFK3HPT")
    with pytest.raises(SignatureError, match="was signed with key"):
        RunRequest.opened(OTHER, SEALED, RUN)
    with pytest.raises(SignatureError):
        SIGNER.open("bundle", SEALED, what="the plan")


def test_what_would_inflate_without_end_is_refused() -> None:
    bomb = SIGNER.seal("x", b"\0" * ((1 << 28) + 1))
    assert len(bomb) < 50_000
    with pytest.raises(DamagedRecordError, match="larger than 256 MB"):
        SIGNER.open("x", bomb, what="it")


@given(damaged(zstandard.compress(b"some words, some words, some words")))
def test_what_is_signed_and_cannot_be_inflated_is_called_damaged(packed: bytes) -> None:
    sealed = b"AF1" + bytes.fromhex(SIGNER.key_id) + SIGNER._mac("x", packed) + packed
    with suppress(DamagedRecordError):
        SIGNER.open("x", sealed, what="it")


@given(st.one_of(st.binary(max_size=200), damaged(SIGNER.seal("bundle", pickle.dumps(Canary())))))
def test_a_bundle_that_is_not_signed_is_never_unpickled(sealed: bytes) -> None:
    Canary.sang = False
    try:
        body = SIGNER.open("bundle", sealed, what="the bundle")
    except SignatureError:
        assert not Canary.sang
        return
    assert body == pickle.dumps(Canary()), "what is opened is what was sealed"


@given(damaged(pickle.dumps({"some": ["body"]})))
def test_a_bundle_that_is_signed_and_damaged_does_not_load(body: bytes) -> None:
    with pytest.raises(AssetflowError):
        unpack(body, label="the run")


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=12,
)
DETAIL = st.one_of(
    st.binary(max_size=60),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(
        st.sampled_from(
            ["slot", "started", "seconds", "outputs", "checks", "error", "log", "status", "loaded", "kept"]
        ),
        JSON,
    ).map(lambda value: json.dumps(value).encode()),
    damaged(b'{"slot": "w:c", "started": 1.0, "seconds": 2.0, "outputs": [{"output": 0, "key": ["a"]}], "retry": 0}'),
)


@given(st.sampled_from(["step_succeeded", "step_failed", "run_ended", "run_started", "of_tomorrow", ""]), DETAIL)
def test_a_fact_is_recorded_whatever_it_tells(kind: str, detail: bytes) -> None:
    """Entries of a stream: what nobody understands is kept as it is, and holds nobody up."""
    entries = Entries()
    fact = StreamedFact("1700000000000-0", kind, "" if kind.startswith("run") else "0", 1, detail)
    RunRecord(RUN, PLAN).add(1, [fact], entries)
    assert len(entries.facts) == 1


@given(st.one_of(st.binary(max_size=300), damaged(MANIFEST.to_json())))
def test_a_manifest_is_read_or_called_damaged(raw: bytes) -> None:
    for read in (lambda: Manifest.from_json(raw, where="here"), lambda: split(raw, where="here")):
        try:
            read()
        except DamagedRecordError as error:
            assert "here" in str(error)
