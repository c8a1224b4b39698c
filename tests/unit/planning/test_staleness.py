"""How assets stand by what is remembered of them."""

from __future__ import annotations

from typing import Any

import pytest

from assetflow.definitions.asset import asset
from assetflow.definitions.multi_asset import multi_asset
from assetflow.definitions.outputs import AssetOut
from assetflow.definitions.source_asset import SourceAsset
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.planning.staleness import (
    AssetStatus,
    Latest,
    Seen,
    StaleCauseCategory,
    StaleStatus,
    UpstreamStatus,
    chain_of_causes,
    judge,
    root_causes,
)

A, B, C, FEED = map(AssetKey, ("a", "b", "c", "feed"))


class Remembered:
    """Records that a test writes down."""

    def __init__(self, made: dict[AssetKey, Latest], seen: dict[AssetKey, Seen]) -> None:
        self._made = made
        self._seen = seen

    def latest(self, keys):
        return {key: self._made[key] for key in keys if key in self._made}

    def seen(self, keys):
        return {key: self._seen[key] for key in keys if key in self._seen}

    def checked(self, keys):
        return {}


def row() -> AssetGraph:
    """a of a source, b of a, c of b."""

    @asset(code_version="1")
    def a(feed):
        return 1

    @asset(code_version="1")
    def b(a):
        return 1

    @asset(code_version="1")
    def c(b):
        return 1

    return AssetGraph.build([a, b, c], [SourceAsset("feed")])


def made(at: float, data: str | None, of: dict[AssetKey, str | None] | None = None, **more: Any) -> Latest:
    inputs = {key: (None, version) for key, version in (of or {}).items()}
    return Latest(**{"at": at, "run_id": "R", "data_version": data, "code_version": "1", "inputs": inputs, **more})


def judged(made: dict[AssetKey, Latest], seen: dict[AssetKey, Seen] | None = None) -> dict[AssetKey, AssetStatus]:
    return judge(row(), Remembered(made, seen or {}))


def categories(status: AssetStatus) -> list[str]:
    return [cause.category.value for cause in status.causes]


ALL = {A: made(1, "a", {FEED: None}), B: made(2, "b", {A: "a"}), C: made(3, "c", {B: "b"})}


def test_what_was_made_of_what_is_there_by_the_code_there_is_is_fresh() -> None:
    found = judged(ALL)
    assert {status.status for status in found.values()} == {StaleStatus.FRESH}
    assert all(status.is_fresh and status.causes == () and status.words == "" for status in found.values())


@pytest.mark.parametrize(
    ("upstream_at", "own_at", "expected"),
    [
        (1.0, 2.0, UpstreamStatus.UP_TO_DATE),
        (2.0, 2.0, UpstreamStatus.UP_TO_DATE),
        (3.0, 2.0, UpstreamStatus.OUT_OF_DATE),
    ],
    ids=["earlier", "at the same time", "later"],
)
def test_by_times_only_what_was_made_strictly_later_counts(upstream_at, own_at, expected) -> None:
    found = judged({A: made(upstream_at, "a", {FEED: None}), B: made(own_at, "b", {A: "a"})})
    assert found[B].upstream is expected


def test_by_times_what_is_out_of_date_or_missing_puts_all_below_out_of_date() -> None:
    found = judged({**ALL, A: made(9, "a", {FEED: None})})
    assert [found[key].upstream.value for key in (A, B, C)] == ["UP_TO_DATE", "OUT_OF_DATE", "OUT_OF_DATE"]
    found = judged({B: ALL[B], C: ALL[C]})
    assert [found[key].upstream.value for key in (A, B, C)] == ["NONE", "OUT_OF_DATE", "OUT_OF_DATE"]
    found = judged({A: ALL[A], C: ALL[C]})
    assert [found[key].upstream.value for key in (A, B, C)] == ["UP_TO_DATE", "NONE", "OUT_OF_DATE"]


def test_by_times_sources_never_show() -> None:
    found = judged(ALL, {FEED: Seen(at=99.0, data_version="new")})
    assert found[A].upstream is UpstreamStatus.UP_TO_DATE
    assert categories(found[A]) == ["DATA"], "by its data version it does"


def test_code_that_is_not_known_is_other_code() -> None:
    found = judged({**ALL, A: made(1, "a", {FEED: None}, code_version=None)})
    assert found[A].causes[0].category is StaleCauseCategory.CODE
    assert (found[A].causes[0].old, found[A].causes[0].new) == (None, "1")


def test_where_no_data_version_is_known_versions_count_and_else_times() -> None:
    unknown = {**ALL, A: made(1, None, {FEED: None}), B: made(2, "b", {A: None})}
    assert judged(unknown)[B].is_fresh
    assert categories(judged({**unknown, A: made(9, None, {FEED: None})})[B]) == ["DATA"]
    read = made(2, "b", inputs={A: ("v1", None)})
    assert judged({**ALL, A: made(9, "a", {FEED: None}, version="v1"), B: read})[B].is_fresh
    assert categories(judged({**ALL, A: made(9, "a", {FEED: None}, version="v2"), B: read})[B]) == ["DATA"]


def test_causes_are_told_down_to_their_roots() -> None:
    found = judged({**ALL, A: made(1, "a", {FEED: None}, code_version="0")})
    assert [categories(found[key]) for key in (A, B, C)] == [["CODE"], ["UPSTREAM"], ["UPSTREAM"]]
    assert [(cause.key, depth) for cause, depth in chain_of_causes(found, C)] == [(C, 0), (B, 1), (A, 2)]
    [root] = root_causes(found, C)
    assert (root.key, root.category) == (A, StaleCauseCategory.CODE)
    assert found[C].own_causes == () and found[C].words == "upstream is stale"


def test_one_call_may_read_more_than_each_of_its_assets_needs() -> None:
    @asset(code_version="1")
    def x():
        return 1

    @asset(code_version="1")
    def y():
        return 1

    outs = {"m": AssetOut(code_version="1"), "n": AssetOut(code_version="1")}

    @multi_asset(outs=outs, internal_asset_deps={"m": {AssetKey("x")}, "n": {AssetKey("y"), AssetKey("m")}})
    def both(x, y):
        return 1, 2

    x_key, y_key, m, n = map(AssetKey, "xymn")
    read = {x_key: "x", y_key: "y"}
    records = {x_key: made(1, "x"), y_key: made(1, "y"), m: made(2, "m", read), n: made(2, "n", read)}
    graph = AssetGraph.build([x, y, both], [])
    assert all(status.is_fresh for status in judge(graph, Remembered(records, {})).values())
    found = judge(graph, Remembered({**records, y_key: made(3, "other")}, {}))
    assert found[m].is_fresh and categories(found[n]) == ["DATA"]
    found = judge(graph, Remembered({**records, m: made(3, "other", read)}, {}))
    assert categories(found[n]) == ["DATA"], "it was made of another m"
