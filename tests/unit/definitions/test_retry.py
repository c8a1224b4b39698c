"""When a step that raised is tried again."""

from __future__ import annotations

import math
import pickle

import pytest

from assetflow import Backoff, CheckError, Failure, InvalidDefinitionError, Jitter, RetryPolicy, RetryRequested


def test_a_policy_retries_once_and_at_once_unless_told_otherwise():
    assert RetryPolicy() == RetryPolicy(max_retries=1, delay=None, backoff=None, jitter=None)


@pytest.mark.parametrize("name", ["backoff", "jitter"])
def test_growing_and_scattering_need_a_delay(name):
    given = {"backoff": Backoff.LINEAR, "jitter": Jitter.FULL}[name]
    with pytest.raises(InvalidDefinitionError, match=f"{name} needs a delay"):
        RetryPolicy(**{name: given})
    assert getattr(RetryPolicy(delay=1, **{name: given}), name) is given


@pytest.mark.parametrize("retries", [-1, 1.5, True, "1"])
def test_the_number_of_retries_is_a_number(retries):
    with pytest.raises(CheckError, match="max_retries"):
        RetryPolicy(max_retries=retries)


@pytest.mark.parametrize("delay", [-1, math.nan, math.inf, 10**9, "1", True])
def test_a_delay_is_a_time_that_can_be_waited_for(delay):
    with pytest.raises(CheckError, match="delay"):
        RetryPolicy(delay=delay)


@pytest.mark.parametrize(("name", "value"), [("jitter", 7), ("backoff", "soon"), ("backoff", Jitter.FULL)])
def test_growing_and_scattering_are_of_known_kinds(name, value):
    with pytest.raises(CheckError, match=name):
        RetryPolicy(delay=1, **{name: value})


def test_a_failure_tells_and_travels():
    failure = Failure("broken", metadata={"rows": 0}, allow_retries=False)
    copy = pickle.loads(pickle.dumps(failure))
    assert str(copy) == "broken"
    assert copy.metadata == failure.metadata
    assert copy.allow_retries is False
    assert str(Failure()) == "Failure"


def test_a_request_for_a_retry_travels():
    copy = pickle.loads(pickle.dumps(RetryRequested(max_retries=3, seconds_to_wait=0.5)))
    assert (copy.max_retries, copy.seconds_to_wait) == (3, 0.5)


@pytest.mark.parametrize(
    ("policy", "delays"),
    [
        (RetryPolicy(), [0, 0, 0]),
        (RetryPolicy(delay=2), [2, 2, 2]),
        (RetryPolicy(delay=2, backoff=Backoff.LINEAR), [2, 4, 6]),
        (RetryPolicy(delay=2, backoff=Backoff.EXPONENTIAL), [2, 6, 14]),
    ],
)
def test_a_policy_tells_its_delays(policy, delays):
    assert [policy.calculate_delay(number) for number in (1, 2, 3)] == delays


def test_a_policy_scatters_its_delays():
    full, around = RetryPolicy(delay=2, jitter=Jitter.FULL), RetryPolicy(delay=2, jitter=Jitter.PLUS_MINUS)
    assert all(0 <= full.calculate_delay(1) <= 2 for _ in range(50))
    assert all(0 <= around.calculate_delay(1) <= 4 for _ in range(50))


def test_a_retry_that_is_asked_for_says_so():
    assert str(RetryRequested()) == "the step asked to be tried again; 1 retry is allowed"
    assert (
        str(RetryRequested(2, 0.5)) == "the step asked to be tried again, 0.5 s after each try; 2 retries are allowed"
    )
