"""Log lines that machines read."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from assetflow.log import JsonLines, Speaker, speaker, step_logger, write_json


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What loggers below ``assetflow`` write as JSON."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger("assetflow")
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)


def test_a_line_has_what_was_said_by_whom_and_what_came_with_it(written: io.StringIO) -> None:
    logging.getLogger("assetflow.here").info("%d rows", 3, extra={"rows": 3, "odd": {1, 2}})
    found = json.loads(written.getvalue())
    assert found["message"] == "3 rows" and found["level"] == "info" and found["logger"] == "assetflow.here"
    assert found["rows"] == 3 and isinstance(found["odd"], str)
    assert "run" not in found and "error" not in found


def test_the_logger_of_a_step_names_it_beside_the_message(written: io.StringIO) -> None:
    step_logger("RUN", "sales").info("line\nof two")
    found = json.loads(written.getvalue())
    assert (found["message"], found["run"], found["step"]) == ("line\nof two", "RUN", "sales")
    assert written.getvalue().count("\n") == 1


def test_what_any_logger_says_while_a_step_runs_is_about_it(written: io.StringIO) -> None:
    held = speaker.set(Speaker(run_id="RUN", step="sales", asset="shop/sales", attempt=2))
    logging.getLogger("assetflow.elsewhere").info("hello")
    speaker.reset(held)
    logging.getLogger("assetflow.elsewhere").info("bye")
    first, second = map(json.loads, written.getvalue().splitlines())
    assert (first["run"], first["step"], first["asset"], first["attempt"]) == ("RUN", "sales", "shop/sales", 2)
    assert "run" not in second


def test_where_nobody_writes_yet_json_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    lonely = logging.Logger("lonely")
    write_json(lonely)
    lonely.warning("here")
    assert json.loads(capsys.readouterr().err)["message"] == "here"


def test_a_run_that_is_interrupted_leaves_nobody_speaking() -> None:
    from assetflow import asset, materialize

    @asset
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        materialize([interrupted])
    assert speaker.get() is None
