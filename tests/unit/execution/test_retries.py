from __future__ import annotations

import pytest

from assetflow.definitions.retry import Failure, RetryRequested
from assetflow.execution.outcome import delay_before_retry, describe_error
from assetflow.planning.plan import StepRetry


@pytest.mark.parametrize(("backoff", "delays"), [(None, [2, 2, 2]), ("linear", [2, 4, 6]), ("exponential", [2, 6, 14])])
def test_the_delay_grows_as_the_policy_says(backoff: str | None, delays: list[float]) -> None:
    policy = StepRetry(max_retries=3, delay=2.0, backoff=backoff)
    assert [delay_before_retry(ValueError(), policy, retries) for retries in range(3)] == delays
    assert delay_before_retry(ValueError(), policy, 3) is None


def test_jitter_stays_within_its_bounds() -> None:
    full = StepRetry(max_retries=1, delay=2.0, jitter="full")
    around = StepRetry(max_retries=1, delay=2.0, backoff="exponential", jitter="plus_minus")
    for _ in range(200):
        assert 0 <= (delay_before_retry(ValueError(), full, 0) or 0) <= 2
        assert 0 <= (delay_before_retry(ValueError(), around, 0) or 0) <= 4


def test_a_request_decides_for_itself() -> None:
    assert delay_before_retry(RetryRequested(2, 0.5), None, 1) == 0.5
    assert delay_before_retry(RetryRequested(2, 0.5), None, 2) is None


def test_a_failure_without_retries_beats_the_policy() -> None:
    policy = StepRetry(max_retries=5)
    assert delay_before_retry(Failure("no", allow_retries=False), policy, 0) is None
    assert delay_before_retry(Failure("no"), policy, 0) == 0


def test_an_error_is_described_by_the_users_frames() -> None:
    try:
        raise KeyError("column")
    except KeyError as error:
        detail = describe_error(error)
    assert (detail.type, detail.message) == ("KeyError", "'column'")
    assert "test_retries.py" in detail.traceback


def test_a_request_is_described_by_what_it_asks_for() -> None:
    assert describe_error(RetryRequested(1)).message == "the step asked to be tried again; 1 retry is allowed"
    assert describe_error(RetryRequested(2)).type == "RetryRequested"


def test_an_exception_that_cannot_say_what_it_is_fails_its_step_all_the_same() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise LookupError("no words")

    detail = describe_error(Mute())
    assert detail.message == "its __str__ raised LookupError"
    assert "Mute" in detail.traceback
