"""Large projects: what is sent of them, and how long it takes."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.support.web import WebServer, web_on_its_own

LARGE = """
from assetflow import *

def made(number):
    below = [f"layer/asset_{one}" for one in range(max(0, number - 40), number, 7)]
    @asset(name=f"asset_{number}", key_prefix="layer", group_name=f"group_{number % 50}",
           non_argument_deps={AssetKey(key.split("/")) for key in below})
    def one():
        return number
    return one

days = StaticPartitionsDefinition([f"day-{number:06}" for number in range(100_000)])

@asset(partitions_def=days)
def daily():
    return 1

defs = Definitions(assets=[*(made(number) for number in range(1000)), daily])
"""


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    """A thousand assets, and one with a hundred thousand partitions."""
    with web_on_its_own(tmp_path_factory.mktemp("large"), LARGE, "large_project") as server:
        yield server


def test_the_graph_of_a_thousand_assets_is_small(large: WebServer) -> None:
    with large.client("viewer") as client:
        with client.stream("GET", "/graph", headers={"Accept-Encoding": "gzip"}) as answer:
            assert answer.headers["content-encoding"] == "gzip"
            sent = sum(map(len, answer.iter_raw()))
        graph = client.get("/graph").json()
    assert len(graph["nodes"]) == 1001 and len(graph["edges"]) > 4000
    assert sent <= 150_000


def test_a_hundred_thousand_partitions_are_told_in_a_few_numbers(large: WebServer) -> None:
    large.run(selection="daily", partitions=["day-000010..day-000012"])
    with large.client("viewer") as client:
        asked = {"key": "daily"}
        told = client.get("/asset/partitions", params=asked)
        assert told.json()["encoding"]["states"] == [[10, 0], [3, 1], [99_987, 0]]
        assert len(told.content) < 1000
        times = []
        for _ in range(30):
            begun = time.perf_counter()
            client.get("/asset/partitions", params=asked)
            times.append(time.perf_counter() - begun)
        assert min(times) < 0.05, "what nothing has changed of is at hand"
        page = client.get("/asset/partitions/keys", params={**asked, "offset": 99_999, "limit": 5}).json()
        assert page["total"] == 100_000 and [one["key"] for one in page["items"]] == ["day-099999"]
