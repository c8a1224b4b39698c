"""What people look at in notebooks is readable HTML, and nothing of theirs becomes part of it."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from assetflow import (
    AssetKey,
    DagsterInstance,
    Definitions,
    EventRecordsFilter,
    EventType,
    MetadataValue,
    Output,
    ParameterCheckError,
    SourceAsset,
    StepState,
    asset,
    define_asset_job,
    materialize,
    to_pandas,
)
from assetflow.runs.displays import run_display
from assetflow.runs.facts import ErrorDetail
from assetflow.runs.log_lines import LogLine, LogStream
from assetflow.runs.states import RunStatus


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is materialized here is stored in no folder that others look at."""
    monkeypatch.chdir(tmp_path)


EVIL = '<script>alert("x")</script>'


class Reader(HTMLParser):
    """Reads the text, and checks that every element that is opened is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []
        assert "script" not in self.tags

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += f"{data} "


@asset(description=f"Orders {EVIL}\nand more", metadata={"a": 1})
def orders():
    metadata = {
        "rows": 1234567,
        EVIL: EVIL,
        "page": MetadataValue.url("https://example.com/?a=1&b=2"),
        "odd": MetadataValue.url("javascript:alert(1)"),
    }
    return Output([1], metadata=metadata)


@asset(group_name="marts")
def total(orders, upstream):
    raise ValueError(EVIL)


SOURCE = SourceAsset("upstream", description="from elsewhere")


def test_a_run_in_process_shows_its_steps_what_they_made_and_what_went_wrong() -> None:
    with DagsterInstance.ephemeral() as instance:
        result = materialize([orders, total, SOURCE], instance=instance, raise_on_error=False)
        page = Reader(result._repr_html_())
        assert result.run_id in page.text and "failed" in page.text
        assert re.search(r"orders\s+succeeded\s+\d+ ms\s+rows 1234567", page.text)
        (run,) = instance.get_runs()
        assert "selection" in Reader(run._repr_html_()).text
        assert {"orders", "succeeded"} <= set(Reader(result._repr_html_()).text.split())


def test_a_record_shows_its_metadata_and_links_only_to_the_web() -> None:
    with DagsterInstance.ephemeral() as instance:
        result = materialize([orders], instance=instance)
        wanted = EventRecordsFilter(EventType.ASSET_MATERIALIZATION, "orders")
        (record,) = instance.get_event_records(wanted)
        (standing,) = instance.get_asset_records()
        (made,) = result.outputs_for_node("orders")
        for shown in (record, record.event_log_entry, standing, made):
            page = Reader(shown._repr_html_())
            assert "orders" in page.text and "1,234,567" in page.text and EVIL in page.text.replace('" ', '"')
            assert page.links == ["https://example.com/?a=1&b=2"]
            assert "javascript:alert(1)" in page.text


def test_definitions_show_what_needs_what() -> None:
    shown = Definitions([orders, total, SOURCE], resources={"db": 1}, jobs=[define_asset_job("nightly")])
    text = " ".join(Reader(shown._repr_html_()).text.split())
    assert "assets: 2, sources: 1" in text
    assert "total marts orders, upstream" in text
    assert "upstream made elsewhere" in text
    assert "jobs nightly" in text and "resources db" in text


def test_the_display_of_a_large_run_is_short_and_shows_what_failed() -> None:
    steps = {f"step{number}": StepState.SUCCEEDED for number in range(5000)}
    steps["step4999"] = StepState.FAILED
    error = ErrorDetail(type="ValueError", message="x" * 10_000, traceback="trace\n" * 10)
    shown = run_display("R", RunStatus.FAILED, steps, errors={"step4999": error})
    page = Reader(shown)
    assert "and 4,940 more" in page.text and "step4999" in page.text
    assert len(shown) < 60_000


def test_records_become_rows_of_frames() -> None:
    with DagsterInstance.ephemeral() as instance:
        for _ in range(2):
            result = materialize([orders], instance=instance, tags={"team": "web"})
        materialize([orders, total, SOURCE], selection="orders", instance=instance)
        wanted = EventRecordsFilter(EventType.ASSET_MATERIALIZATION, "orders")
        made = to_pandas(instance.get_event_records(wanted))
        assert list(made["metadata.rows"]) == [1234567] * 3
        assert list(made["asset"]) == ["orders"] * 3
        assert str(made["at"].dt.tz) == "UTC"
        runs = to_pandas(instance.get_runs())
        assert list(runs["status"]) == ["SUCCEEDED"] * 3 and set(runs["tag.team"].dropna()) == {"web"}
        assert (runs["ended"] >= runs["created"]).all()
        assert list(to_pandas(instance.get_asset_records())["times"]) == [3]
        events = to_pandas(instance.all_logs(result.run_id))
        assert "ASSET_MATERIALIZATION" in set(events["event"]) and "orders" in set(events["asset"].dropna())
        assert list(to_pandas(result.outputs_for_node("orders"))["asset"]) == ["orders"]
    lines = to_pandas([LogLine(step="s", attempt=0, stream=LogStream.STDOUT, text="t", at=1.5)])
    assert lines["stream"][0] == "stdout" and lines["at"][0].year == 1970
    assert to_pandas([]).empty
    with pytest.raises(ParameterCheckError, match="not 3"):
        to_pandas([3])


def test_without_pandas_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "pandas.py").write_text("raise ImportError('there is none here')")
    code = "import assetflow\ntry:\n    assetflow.to_pandas([])\nexcept assetflow.LoadError as error:\n    print(error)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": str(tmp_path)}, check=True
    )
    assert "pip install 'assetflow[pandas]'" in done.stdout and "there is none here" in done.stdout


def test_keys_are_shown_as_people_write_them() -> None:
    @asset(key_prefix=["a", "b"])
    def deep() -> int:
        return 1

    with DagsterInstance.ephemeral() as instance:
        materialize([deep], instance=instance)
        assert "a/b/deep" in instance.get_asset_records()[0]._repr_html_()
        assert instance.has_asset_key(AssetKey(["a", "b", "deep"]))
