from __future__ import annotations

import threading

import pytest

from assetflow.code.bundle import pack, unpack
from assetflow.code.loader import CodeLoader
from assetflow.code.reference import CodeRef
from assetflow.code.signing import Signer
from assetflow.code.store import MemoryCodeStore
from assetflow.definitions.asset import asset
from assetflow.definitions.bundle import Definitions
from assetflow.errors import InvalidInvocationError, LoadError, SignatureError


def test_definitions_survive_the_way_to_a_worker() -> None:
    factor = 3

    @asset(group_name="numbers")
    def tripled(number):
        return number * factor

    sha, body = pack(Definitions(assets=[tripled], resources={"x": 1}))
    found = unpack(body, label="test")
    assert len(sha) == 64
    assert found.assets[0](2) == 6
    assert found.assets[0].group_names_by_key == tripled.group_names_by_key


def test_what_cannot_be_sent_is_said_to_be_so() -> None:
    lock = threading.Lock()

    @asset
    def locked():
        return lock

    with pytest.raises(InvalidInvocationError, match="cannot be sent to the workers"):
        pack(Definitions(assets=[locked]))


def test_a_bundle_of_something_else_is_refused() -> None:
    import pickle

    with pytest.raises(LoadError, match="does not hold definitions"):
        unpack(pickle.dumps([1]), label="test")


def test_a_module_that_the_worker_was_not_started_for_is_refused() -> None:
    loader = CodeLoader(Signer(b"k" * 32), MemoryCodeStore(), ["tests.samples.shop"])
    with pytest.raises(SignatureError, match="asks for module os"):
        loader.load(CodeRef(module="os"))


def test_a_bundle_is_loaded_once() -> None:
    @asset
    def one():
        return 1

    store, signer = MemoryCodeStore(), Signer(b"k" * 32)
    sha, body = pack(Definitions(assets=[one]))
    store.put(sha, signer.seal("bundle", body))
    loader = CodeLoader(signer, store)
    assert loader.load(CodeRef(bundle=sha)) is loader.load(CodeRef(bundle=sha))
    with pytest.raises(LoadError, match="is gone from the store"):
        loader.load(CodeRef(bundle="0" * 64))
