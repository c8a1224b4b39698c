"""When the garbage collector is held back, and when no more."""

from __future__ import annotations

import gc
import os
import threading
import warnings

import pytest

from assetflow.collecting import collecting_later, collecting_seldom


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


def test_of_several_that_load_the_last_to_end_puts_back_how_often_it_looks() -> None:
    before = gc.get_threshold()
    begun, may_end = threading.Event(), threading.Event()

    def load_slowly() -> None:
        with collecting_seldom():
            begun.set()
            may_end.wait(10)

    slow = threading.Thread(target=load_slowly)
    slow.start()
    assert begun.wait(10)
    with collecting_seldom():
        assert gc.get_threshold()[0] > before[0]
    assert gc.get_threshold()[0] > before[0], "another is still loading"
    may_end.set()
    slow.join()
    assert gc.get_threshold() == before


def test_what_loaded_code_wishes_of_the_collector_stays() -> None:
    before = gc.get_threshold()
    try:
        with collecting_seldom():
            gc.set_threshold(77)
            gc.disable()
        assert gc.get_threshold()[0] == 77
        assert not gc.isenabled()
    finally:
        gc.enable()
        gc.set_threshold(*before)


def test_cyclic_garbage_of_loaded_code_is_collected() -> None:
    looks: list[str] = []
    gc.callbacks.append(lambda phase, _: looks.append(phase))
    try:
        with collecting_seldom():
            for _ in range(300_000):
                circle: list[object] = []
                circle.append(circle)
    finally:
        gc.callbacks.pop()
    assert "stop" in looks


def test_a_child_that_is_forked_while_code_is_loaded_looks_as_often_as_ever() -> None:
    before = gc.get_threshold()
    with collecting_seldom(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = os.fork()
        if child == 0:
            os._exit(0 if gc.get_threshold() == before else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert gc.get_threshold() == before
