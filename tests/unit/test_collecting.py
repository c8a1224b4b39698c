"""When the garbage collector is held back, and when no more."""

from __future__ import annotations

import gc
import os
import threading
import warnings

import pytest

from assetflow.collecting import collecting_later


def test_the_collector_looks_again_afterwards_whatever_happens() -> None:
    with pytest.raises(ZeroDivisionError), collecting_later():
        assert 1 / gc.isenabled()
    assert gc.isenabled()


def test_who_has_switched_it_off_finds_it_off() -> None:
    gc.disable()
    try:
        with collecting_later():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_inside_of_another_nothing_changes() -> None:
    with collecting_later():
        with collecting_later():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_child_that_is_forked_meanwhile_collects() -> None:
    """Nobody in the child would ever let it look again: who held it back is a thread of the parent."""
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        with collecting_later():
            holding.set()
            assert done.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    assert holding.wait(10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons advise against what is tried here
        child = os.fork()
    if child == 0:
        os._exit(0 if gc.isenabled() else 1)
    done.set()
    thread.join(10)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert gc.isenabled()
