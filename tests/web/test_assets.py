"""Assets: what is said of them, what was made of them, versions, environments, schedules and workers."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assetflow.clock import wait_until
from assetflow.daemon.code_process import CodeProcess
from assetflow.web.comparisons import Comparisons
from assetflow.web.desk_keeper import DeskKeeper, DeskLateError
from assetflow.web.refusals import problem_of
from tests.support.cluster import command_of
from tests.support.web import WebServer


def test_definitions_and_the_graph_are_sent_once(web: WebServer) -> None:
    with web.client("viewer") as client:
        answer = client.get("/definitions")
        told = {one["key"]: one for one in answer.json()["assets"]}
        assert told["letters"]["partitions"]["kind"] == "static"
        assert told["alarm"]["skippable"] and not told["orders"]["skippable"]
        assert told["orders"]["checks"] == [{"name": "has_orders", "blocking": False, "description": ""}]
        assert told["orders"]["owners"] == ["team:web"]
        assert told["revenue"]["deps"] == [{"key": "orders", "argument": "orders", "mapping": None}]
        assert told["sized"]["config_required"]
        again = client.get("/definitions", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304 and not again.content
        graph = client.get("/graph").json()
        names = [node[0] for node in graph["nodes"]]
        assert [names.index("orders"), names.index("revenue")] in graph["edges"]
        assert graph["nodes"][names.index("letters")][2] == 2 and graph["nodes"][names.index("orders")][2] == 8


def test_a_selection_is_told_while_it_is_typed(web: WebServer) -> None:
    with web.client("viewer") as client:
        assert client.get("/search/selection", params={"q": "+revenue"}).json() == {
            "keys": ["orders", "revenue"],
            "error": None,
        }
        wrong = client.get("/search/selection", params={"q": "reve"}).json()
        assert wrong["keys"] == [] and "revenue" in wrong["error"]


def test_an_asset_is_told_with_its_code_and_without_what_could_run(web: WebServer) -> None:
    web.run(selection="orders")
    with web.client("viewer") as client:
        told = client.get("/asset", params={"key": "orders"}).json()
    source = told["definition"]["source"]
    assert source["file"].endswith(f"{web.name}.py") and "three orders" in source["text"]
    meta = {one["label"]: one for one in told["definition"]["metadata"]}
    assert "<h1>Orders</h1>" in meta["notes"]["html"] and "<script" not in meta["notes"]["html"]
    assert 'href="https://x.example"' in meta["notes"]["html"] and 'href="javascript' not in meta["notes"]["html"]
    assert meta["home"]["type"] == "text", "no link that runs something"
    assert told["latest"]["run_id"] and {one["label"] for one in told["latest"]["metadata"]} >= {"rows", "share"}
    assert told["description_html"] == "<p>All orders.</p>\n"
    assert told["downstream"] == ["revenue"] and f"from {web.name} import defs" in told["definition"]["python_snippet"]


def test_materializations_plots_and_checks_are_told(web: WebServer) -> None:
    web.run(selection="orders")
    web.run(selection="orders")
    with web.client("viewer") as client:
        first = client.get("/asset/materializations", params={"key": "orders", "limit": 1}).json()
        second = client.get("/asset/materializations", params={"key": "orders", "before": first["next"]}).json()
        assert first["items"][0]["at"] > second["items"][0]["at"]
        plots = {one["label"]: one["points"] for one in client.get("/asset/plots?key=orders").json()["series"]}
        assert plots["rows"][-1][1] == 3 and plots["share"][-1][1] == 0.5
        checks = client.get("/asset/checks", params={"key": "orders"}).json()["items"]
        assert checks[0]["name"] == "has_orders" and checks[0]["passed"] and len(checks[0]["history"]) >= 2
        assert client.get("/assets/status").json()["items"]["orders"]["checks"] == {
            "passed": 1,
            "failed": 0,
            "warned": 0,
        }


def test_two_versions_are_compared_and_the_earlier_is_published_again(web: WebServer) -> None:
    home = web.cluster.connection.settings.home
    (home / "frame_rows").write_text("3")
    web.run(selection="frame")
    (home / "frame_rows").write_text("4")
    web.run(selection="frame")
    with web.client("operator") as client:
        kept = client.get("/asset/versions", params={"key": "frame"}).json()["items"]
        assert [one["published"] for one in kept] == [True, False]
        new, old = (one["version"] for one in kept)
        diff = web.compared(key="frame", a=old, b=new)
        assert diff["rows"]["a"] == 3 and diff["rows"]["b"] == 4 and not diff["same"]
        back = client.post("/asset/rollback", json={"key": "frame", "version": old}).json()
        assert back["restored_from"] == old
        kept = client.get("/asset/versions", params={"key": "frame"}).json()["items"]
        assert kept[0]["version"] == back["version"] and kept[0]["published"]
        same = web.compared(key="frame", a=old, b=back["version"])
        assert same["same"]


def test_versions_of_one_partition_are_compared_and_gone_back_to(web: WebServer) -> None:
    for rows, env in (("3", "default"), ("4", "default"), ("5", "staging")):
        (web.folder / "home" / "frame_rows").write_text(rows)
        web.run(selection="frames", partitions=["north"], env=env)
    mine = {"key": "frames", "partition": "north"}
    with web.client("operator") as client:
        new, old = client.get("/asset/versions", params=mine).json()["items"]
        assert client.get("/asset/versions", params={**mine, "partition": "south"}).json()["items"] == []
        assert client.get("/asset/versions", params={"key": "frames"}).status_code == 422, "which partition?"
        versions = {"a": old["version"], "b": new["version"]}
        diff = web.compared(**mine, **versions)
        assert (diff["rows"]["a"], diff["rows"]["b"], diff["same"]) == (3, 4, False)
        environments = {"env_a": "default", "env_b": "staging"}
        diff = web.compared(**mine, **environments)
        assert (diff["rows"]["a"], diff["rows"]["b"]) == (4, 5)
        every = web.compared(key="frames", **environments)
        assert every["summary"] == "1 of 1 partition differ" and every["rows"] is None
        wrong = {"key": "frame", "partition": "north", **environments}
        assert wait_until(lambda: client.get("/asset/diff", params=wrong).status_code == 422, timeout=60)
        back = client.post("/asset/rollback", json={**mine, "version": old["version"]}).json()
        diff = web.compared(**mine, a=old["version"], b=back["version"])
        assert diff["same"]


def test_a_slow_comparison_keeps_nobody_waiting(web: WebServer) -> None:
    gate = web.cluster.connection.settings.home / "weighed"
    gate.unlink(missing_ok=True)
    asked = web.two_versions("ponderous")
    try:
        with web.client("viewer") as client, ThreadPoolExecutor(60) as people:
            waiting = [people.submit(client.get, "/asset/diff", params=asked) for _ in range(60)]
            began = time.monotonic()
            assert all(client.get("/assets/status").status_code == 200 for _ in range(3))
            assert time.monotonic() - began < 20
            answers = [one.result() for one in waiting]
            assert {answer.status_code for answer in answers} == {202}
            assert len({answer.json()["since"] for answer in answers}) == 1, "they wait for the same"
            gate.touch()
            assert web.compared(**asked)["same"] is False
            assert client.get("/asset/diff", params=asked).status_code == 200
    finally:
        gate.touch()


def test_a_comparison_that_takes_too_long_is_stopped_and_said_to_be(web: WebServer) -> None:
    gate = web.cluster.connection.settings.home / "weighed"
    asked = {**web.two_versions("ponderous"), "env": "default", "env_a": None, "env_b": None, "partition": None}
    gate.unlink(missing_ok=True)
    desk = DeskKeeper(web.name, lambda: CodeProcess("-", web.environment, entry="assetflow.desk"), watches=False)
    desk.open()
    comparisons = Comparisons(desk, seconds=0.6)
    try:
        late = comparisons.of(asked)
        assert comparisons.of(asked) is late
        assert isinstance(late.answer.result(60), DeskLateError)
        with pytest.raises(DeskLateError, match=r"longer than 0\.6 s") as caught:
            comparisons.take(late)
        assert problem_of(caught.value)[0] == 504
        gate.touch()
        again = comparisons.of(asked)
        assert again is not late, "it is tried again"
        assert isinstance(again.answer.result(60), DeskLateError | bytes)
    finally:
        gate.touch()
        comparisons.close()
        desk.close()


def test_a_promotion_takes_the_name_of_the_environment_and_can_be_undone(web: WebServer) -> None:
    home = web.cluster.connection.settings.home
    with web.client("operator") as client:
        asked = {"selection": "frame", "from": "staging", "to": "production", "confirm_env": "production"}
        (home / "frame_rows").write_text("5")
        web.run(selection="frame", env="staging")
        assert client.post("/promotions", json={**asked, "confirm_env": None}).status_code == 409
        first = client.post("/promotions", json=asked).json()
        assert first["promoted"] == ["frame"] and first["kept"] == []
        assert client.post("/promotions", json=asked).json()["kept"] == ["frame"]
        told = client.get("/environments/diff", params={"a": "staging", "b": "production"}).json()["items"]
        assert {one["key"]: one["state"] for one in told}["frame"] == "same"
        (home / "frame_rows").write_text("6")
        web.run(selection="frame", env="staging")
        second = client.post("/promotions", json=asked).json()
        undone = client.post(f"/promotions/{second['id']}/rollback", json={"confirm_env": "production"}).json()
        assert undone["restored"] == ["frame"]
        kept = client.post(f"/promotions/{first['id']}/rollback", json={"confirm_env": "production"}).json()
        assert kept["restored"] == [] and kept["kept"] == ["frame"], "it has been replaced since"
        assert (undone["new"], kept["new"]) == ([], ["frame"]), "and nothing was there before the first"
        page = client.get("/promotions", params={"limit": 1}).json()
        rest = client.get("/promotions", params={"cursor": page["next"]}).json()
        back, stays = *page["items"], *rest["items"]
        assert (back["id"], stays["id"], rest["next"]) == (second["id"], first["id"], None), "nothing was in the third"
        assert (back["from"], back["to"], back["user"]) == ("staging", "production", "operator")
        assert (back["assets"], back["assets_total"]) == (["frame"], 1)
        assert [(one["new"], one["new_total"], one["replaced_total"]) for one in (back, stays)] == [
            ([], 0, 1), (["frame"], 1, 0),
        ]  # fmt: skip
        assert back["undone"]["user"] == "operator" and back["undone"]["restored"] == ["frame"]
        assert stays["undone"]["restored"] == [] and stays["undone"]["at"] > back["undone"]["at"] > back["at"]
        assert client.get("/promotions", params={"cursor": "nothing"}).status_code == 400
        known = {one["name"]: one for one in client.get("/environments").json()["items"]}
        assert known["production"]["protected"] and known["production"]["assets"]["own"] == 1
        there = client.get("/assets/status", params={"env": "production"}).json()["items"].values()
        made = [one for one in there if one["state"] != "never"]
        badges = sum(bool(one["stale"]) or one["upstream_changed"] for one in made)
        assert len(made) < len(there), "some were never made"
        assert known["production"]["assets"]["stale"] == badges, "and these are not stale"
        statuses = client.get("/assets/status", params={"env": "production"}).json()["items"]
        assert statuses["frame"]["from_env"] is None and statuses["orders"]["from_env"] in (None, "default")


def test_schedules_are_told_in_words_and_switched(web: WebServer) -> None:
    with web.client("operator") as client:
        told = {one["name"]: one for one in client.get("/instigators").json()["items"]}
        night = told["every_night"]
        assert night["cron_words"] == "At 02:30, Monday through Friday" and len(night["next"]) == 5
        assert night["next"] == sorted(night["next"]) and night["job"] == "nightly" and not night["running"]
        assert client.post("/instigators/every_night/start").json() == {"name": "every_night", "running": True}
        told = {one["name"]: one for one in client.get("/instigators").json()["items"]}
        assert told["every_night"]["running"]
        client.post("/instigators/every_night/stop")
        started = client.post("/instigators/every_night/run").json()["run_ids"]
        assert web.ended(started[0])["job"] == "nightly"
        assert client.post("/instigators/asking/run").json() == {"run_ids": [], "reason": "nothing new"}
        assert client.get("/instigators/asking/ticks").json()["items"] == []
        job = client.get("/jobs").json()["items"][0]
        assert job["name"] == "nightly" and job["assets"] == ["orders"] and job["last_runs"][0]["id"] == started[0]


def test_workers_pools_and_the_set_up_are_told(web: WebServer) -> None:
    with web.client() as client:
        told = client.get("/workers").json()
        for one in told["items"]:
            assert one["version"] == client.get("/session").json()["version"] and "celery" in one["software"]
            assert abs(time.time() - one["last_beat"]) < 30 and one["last_beat"] > one["started"] - 1
        assert len(told["items"]) == 2 and {one["name"]: one["listeners"] for one in told["queues"]}["default"] == 2
        client.post("/limits", json={"kind": "pool", "name": "db", "limit": 3})
        pools = {one["name"]: one["limit"] for one in client.get("/workers").json()["pools"]}
        assert pools["db"] == 3
        findings = client.get("/doctor").json()["items"]
        assert {one["area"] for one in findings} >= {"redis", "definitions", "workers"}


@pytest.mark.slow
def test_a_worker_that_is_drained_ends_and_another_takes_its_place(web: WebServer) -> None:
    with web.client("operator") as client:
        name = client.get("/workers").json()["items"][0]["name"]
        assert client.post(f"/workers/{name}/drain").status_code == 200

        def has_gone() -> bool:
            names = {one["name"] for one in client.get("/workers").json()["items"]}
            return name not in names and len(names) == 2

        assert wait_until(has_gone, timeout=40, every=0.2)


def test_the_server_never_loads_the_project(web: WebServer) -> None:
    pids = {int(line) for line in (web.cluster.connection.settings.home / "imported").read_text().split()}
    assert web.process.pid not in pids, "a canary in the project tells who imports it"
    assert len(pids) >= 2
    loaded = Path(f"/proc/{web.process.pid}/maps").read_text()
    assert "pandas" not in loaded, "and what it imports is not there either"
    children = [pid for pid in pids if os.path.exists(f"/proc/{pid}")]
    assert any("assetflow.desk" in command_of(pid) for pid in children)


def test_prometheus_is_told_with_a_token(web: WebServer) -> None:
    with web.client("viewer", base_url=web.url) as client:
        assert "assetflow_" in client.get("/metrics").text


def test_the_whole_api_is_described(web: WebServer) -> None:
    with web.client(None) as client:
        described = client.get("/openapi.json").json()
    for path, methods in described["paths"].items():
        for method, about in methods.items():
            done = next(answer for status, answer in about["responses"].items() if status.startswith("2"))
            kind = done.get("content", {}).get("application/json", {}).get("schema", {})
            told = "$ref" in kind or "204" in about["responses"] or path.endswith(("/live", "/metrics"))
            assert told, f"{method} {path} says nothing of its answer"
            assert about.get("summary"), path
