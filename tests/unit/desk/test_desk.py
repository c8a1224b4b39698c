"""What goes wrong at the desk is told, and no secret with it."""

from __future__ import annotations

import pytest

from assetflow import Definitions, asset
from assetflow.daemon.code_jobs import Order, QuestionJob
from assetflow.desk.desk import QUESTIONS, Desk
from assetflow.submission import project_of

SECRET = "correct-horse-battery"


@asset
def wheat():
    return 1


def test_a_fault_is_told_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError(f"cannot log in with {SECRET}")

    monkeypatch.setenv("WAREHOUSE_PASSWORD", SECRET)
    monkeypatch.setitem(QUESTIONS, "breaks", breaks)
    desk = Desk(project_of(Definitions([wheat])))
    answer = desk(Order(number=1, job=QuestionJob(name="breaks"), seconds=1.0))
    assert "RuntimeError: cannot log in with *" in answer.error
    assert SECRET not in answer.error


def test_a_question_that_nobody_has_taught_it_is_refused() -> None:
    answer = Desk(project_of(Definitions([wheat])))(Order(number=1, job=QuestionJob(name="why"), seconds=1.0))
    assert answer.error.startswith("a desk does not know how to do this")
