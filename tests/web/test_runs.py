"""Plans and runs: what is shown is what is run, and what the command line shows."""

from __future__ import annotations

import json

from assetflow.clock import wait_until
from tests.support.web import WebServer


def test_a_plan_shows_the_steps_that_the_command_line_shows(web: WebServer) -> None:
    typed = web.typed("plan", "*letter", "-m", web.name, "--json")
    steps = [json.loads(line) for line in typed.stdout.splitlines()]
    with web.client("viewer") as client:
        shown = client.post("/plans", json={"selection": "*letter"}).json()
    assert [one["step"] for one in shown["steps"]] == [one["step"] for one in steps]
    assert {"orders", "revenue", "alarm", "letter", "orders_has_orders"} == {one["step"] for one in steps}
    reasons = [one["reason"].partition(";")[0] for one in shown["steps"]]
    assert reasons == [one["reason"] or "asked for" for one in steps]
    letter = next(one for one in shown["steps"] if one["step"] == "letter")
    assert letter["action"] == "maybe" and "alarm" in letter["reason"]
    assert shown["totals"]["run"] + shown["totals"]["maybe"] == 5
    assert shown["cli"] == f"assetflow materialize -m {web.name} '*letter'"


def test_a_plan_that_is_started_twice_is_one_run(web: WebServer) -> None:
    with web.client("operator") as client:
        plan = client.post("/plans", json={"selection": "orders revenue"}).json()
        first = client.post("/runs", json={"plan_id": plan["id"]}).json()["run_id"]
        second = client.post("/runs", json={"plan_id": plan["id"]}).json()["run_id"]
    assert first == second
    run = web.ended(first)
    assert run["status"] == "success" and run["who"] == "operator"
    assert [one["step"] for one in run["step_list"]] == [one["step"] for one in plan["steps"]]
    assert all(one["made"] for one in run["step_list"] if one["assets"])


def test_a_run_key_means_one_request(web: WebServer) -> None:
    with web.client() as client:
        asked = {"selection": "orders", "run_key": "once"}
        first = client.post("/runs", json=asked)
        assert client.post("/runs", json=asked).json() == first.json()
        other = client.post("/runs", json={**asked, "selection": "sized", "config": _size(3)})
        assert other.status_code == 409
        assert other.json()["error"]["details"] == [{"run_id": first.json()["run_id"]}]


def _size(rows: object) -> dict[str, object]:
    return {"ops": {"sized": {"config": {"rows": rows}}}}


def test_a_plan_says_what_is_wrong_with_the_config_and_what_it_looks_like(web: WebServer) -> None:
    with web.client() as client:
        empty = client.post("/plans", json={"selection": "sized"}).json()
        wrong = client.post("/plans", json={"selection": "sized", "config": _size("many")}).json()
        right = client.post("/plans", json={"selection": "sized", "config": _size(3)}).json()
        assert empty["config_errors"] and wrong["config_errors"] and not right["config_errors"]
        assert "root:ops" in wrong["config_errors"][0]["path"]
        schema = right["config_schema"]["properties"]["ops"]["properties"]["sized"]["properties"]["config"]
        assert schema["properties"]["rows"]["type"] == "integer" and schema["required"] == ["rows"]
        refused = client.post("/runs", json={"selection": "sized", "config": _size("many")})
        assert refused.status_code == 422 and refused.json()["error"]["details"]


def test_a_plan_names_the_environment_of_all_that_is_read(web: WebServer) -> None:
    web.run(selection="orders")
    with web.client() as client:
        plan = client.post("/plans", json={"selection": "revenue", "env": "staging"}).json()
    assert plan["steps"][0]["reads"] == [
        {"key": "orders", "env": "default", "version": plan["steps"][0]["reads"][0]["version"], "from": "storage"}
    ]


def test_what_is_fresh_is_left_out_unless_it_is_forced(web: WebServer) -> None:
    web.run(selection="orders revenue")
    asked = {"selection": "orders revenue", "stale_only": True}
    with web.client() as client:
        fresh = client.post("/plans", json=asked).json()
        forced = client.post("/plans", json={**asked, "force": ["revenue"]}).json()
        without = client.post("/plans", json={"selection": "orders revenue", "exclude": ["orders"]}).json()
    assert [one["action"] for one in fresh["steps"]] == ["skip", "skip"]
    actions = {one["step"]: one["action"] for one in forced["steps"]}
    assert (actions["orders"], actions["revenue"]) == ("skip", "run")
    assert [one["step"] for one in without["steps"]] == ["revenue"]


def test_a_run_tells_the_events_that_the_command_line_tells(web: WebServer) -> None:
    run = web.run(selection="*letter")
    told = web.cluster.connection.store.facts(run["id"])
    with web.client("viewer") as client:
        first = client.get(f"/runs/{run['id']}/events", params={"limit": 3}).json()
        rest = client.get(f"/runs/{run['id']}/events", params={"after": first["next"]}).json()
        skipped = client.get(f"/runs/{run['id']}/events", params={"type": "step_skipped"}).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == [fact.id for fact in told]
    assert rest["items"][-1]["message"] == "the run ended: succeeded"
    assert [one["step"] for one in skipped["items"]] == ["letter"]
    states = {one["step"]: (one["state"], one["reason"]) for one in run["step_list"]}
    assert states["letter"] == ("skipped", "skipped: an input was not made")
    with web.client() as client:
        statuses = client.get("/assets/status").json()["items"]
    assert statuses["alarm"]["state"] == statuses["letter"]["state"] == "skipped"


def test_each_try_of_a_step_tells_what_its_time_was_spent_on(web: WebServer) -> None:
    run = web.run(selection="tea cup")
    tea, cup = run["step_list"]
    assert tea["store"] >= 0.03 and tea["compute"] < tea["seconds"]
    assert cup["load"] >= 0.02 and cup["compute"] >= 0.04 and cup["store"] >= 0.03
    for step in (tea, cup):
        assert abs(step["load"] + step["compute"] + step["store"] - step["seconds"]) < 1e-9
    spilt, poured = cup["attempts"]
    assert (spilt["outcome"], spilt["store"]) == ("retry", 0) and spilt["load"] >= 0.02 and spilt["compute"] >= 0.04
    assert [poured[phase] for phase in ("load", "compute", "store")] == [cup["load"], cup["compute"], cup["store"]]
    lines = web.shown("runs", "show", run["id"], "-v").stdout.splitlines()
    assert len([line for line in lines if line.startswith("      load ")]) == 3
    (web.folder / "home" / "tea").unlink()
    [cup] = web.run(selection="cup")["step_list"]
    assert cup["error"]["type"] == "FileNotFoundError"
    assert [one["load"] >= 0.02 for one in cup["attempts"]] == [True, True], "loading took it all"


def test_the_command_line_tells_the_events_that_the_page_is_told(web: WebServer) -> None:
    run = web.run(selection="tea cup")
    with web.client("viewer") as client:
        told = client.get(f"/runs/{run['id']}/events").json()["items"]
    shown = json.loads(web.shown("runs", "show", run["id"], "--json").stdout)
    assert shown["events"] == told and shown["events_next"] is None
    assert [one["type"] for one in told if one["step"] == "cup"].count("step_retry") == 1
    first = json.loads(web.shown("runs", "show", run["id"], "--json", "--events", "2").stdout)
    assert first["events"] == told[:2] and first["events_next"] == told[1]["id"]
    rest = json.loads(web.shown("runs", "show", run["id"], "--json", "--after", first["events_next"]).stdout)
    assert rest["events"] == told[2:]
    none = json.loads(web.shown("runs", "show", run["id"], "--json", "--events", "0").stdout)
    assert none["events"] == [] and none["events_next"] == "0"
    wrong = web.shown("runs", "show", run["id"], "--json", "--after", "yesterday")
    assert wrong.exit_code == 2 and "no id of an event" in wrong.output


def test_a_failed_step_shows_the_place_in_the_projects_code_and_is_retried(web: WebServer) -> None:
    run = web.run(selection="breaks+")
    assert run["status"] == "failed"
    breaks, after = run["step_list"]
    assert breaks["error"]["type"] == "TypeError"
    frame = breaks["error"]["frame"]
    assert frame["file"] == str(web.folder / f"{web.name}.py")
    assert dict(frame["source"])[frame["line"]].strip() == "return 1 + amount"
    assert len(frame["source"]) == 11
    assert after["state"] == "upstream_failed" and after["depends"] == [0]
    with web.client() as client:
        statuses = client.get("/assets/status").json()["items"]
        assert statuses["breaks"]["state"] == "failed" and statuses["breaks"]["run_id"] == run["id"]
        again = client.post(f"/runs/{run['id']}/retry", json={"from": "failure"}).json()["run_id"]
        assert web.ended(again)["parent_run"] == run["id"]
        assert client.post(f"/runs/{run['id']}/retry", json={"from": "step"}).status_code == 422
        one = client.post(f"/runs/{run['id']}/retry", json={"from": "step", "step": "breaks"}).json()["run_id"]
        assert [step["step"] for step in web.ended(one)["step_list"]] == ["breaks"]
        found = client.get("/runs", params={"status": "failed", "asset": "breaks"}).json()["items"]
        assert {again, one, run["id"]} <= {item["id"] for item in found}


def test_logs_come_by_the_page_and_can_be_searched(web: WebServer) -> None:
    run = web.run(selection="orders")
    with web.client("viewer") as client:
        page = client.get(f"/runs/{run['id']}/logs").json()
        assert "three orders" in [line["text"] for line in page["lines"]]
        assert "\x1b[31mred\x1b[0m <b>bold</b>" in [line["text"] for line in page["lines"]]
        first = client.get(f"/runs/{run['id']}/logs", params={"limit": 1}).json()
        assert first["next_offset"] == 1 and first["total_lines"] == page["total_lines"] and not first["live"]
        found = client.get(f"/runs/{run['id']}/logs", params={"q": "BOLD", "step": "orders"}).json()
        assert [page["lines"][number]["text"] for number in found["matches"]] == ["\x1b[31mred\x1b[0m <b>bold</b>"]
        assert client.get(f"/runs/{run['id']}/logs", params={"step": "nobody"}).status_code == 422


def test_the_first_lines_of_a_long_log_are_told_before_all_of_it_is_counted(web: WebServer) -> None:
    run = web.run(selection="novel")
    with web.client("viewer") as client:
        path, wanted = f"/runs/{run['id']}/logs", {"step": "novel", "limit": 10}
        first = client.get(path, params=wanted).json()
        assert [line["text"] for line in first["lines"]] == [f"chapter {number}" for number in range(10)]
        assert (first["counted"], first["live"]) == (False, False)
        assert abs(first["total_lines"] - 25_000) <= 2  # as often as something was written
        last = client.get(path, params={**wanted, "offset": 24_999}).json()  # waits for all of it
        assert [line["text"] for line in last["lines"]] == ["and they lived happily ever after"]
        for page in (last, client.get(path, params=wanted).json()):
            assert (page["counted"], page["total_lines"]) == (True, 25_000)
        found = client.get(path, params={**wanted, "q": "happily"}).json()
        assert found["matches"] == [24_999]


def test_a_run_can_be_paused_resumed_and_cancelled(web: WebServer) -> None:
    with web.client("operator") as client:
        run_id = client.post("/runs", json={"selection": "slow"}).json()["run_id"]
        assert wait_until(lambda: _state(web, "slow") == "running", timeout=60, every=0.05)
        working = client.get("/workers").json()
        assert sum(one["running"] for one in working["queues"]) == 1
        assert client.post(f"/runs/{run_id}/retry", json={}).status_code == 409
        assert client.post(f"/runs/{run_id}/pause").json()["status"] == "paused"
        assert client.post(f"/runs/{run_id}/resume").json()["status"] == "running"
        assert client.post(f"/runs/{run_id}/cancel", json={}).json()["status"] == "cancelled"
        assert web.ended(run_id)["status"] == "cancelled"
        assert client.post(f"/runs/{run_id}/cancel", json={}).json()["status"] == "cancelled"


def _state(web: WebServer, key: str) -> str:
    with web.client("viewer") as client:
        return str(client.get("/assets/status").json()["items"][key]["state"])


def test_a_backfill_tells_how_many_partitions_failed(web: WebServer) -> None:
    run = web.run(selection="letters", partitions="a..c")
    assert run["backfill"] and run["status"] == "failed"
    with web.client("viewer") as client:
        told = next(one for one in client.get("/backfills").json()["items"] if one["id"] == run["id"])
        assert told["partitions"] == {"total": 3, "done": 3, "failed": 1, "running": 0}
        states = client.get("/asset/partitions", params={"key": "letters"}).json()
        assert states["total"] == 4 and states["encoding"]["states"][0] == [2, 1]
        made = {"key": "letters", "state": "materialized"}
        keys = client.get("/asset/partitions/keys", params=made).json()
        assert [one["key"] for one in keys["items"]] == ["a", "b"] and keys["items"][0]["run_id"] == run["id"]
        failed = {**made, "state": "failed"}
        [tried] = client.get("/asset/partitions/keys", params=failed).json()["items"]
        assert (tried["key"], tried["run_id"], tried["size"]) == ("c", run["id"], None) and tried["at"]
        place = client.get("/asset/partitions/index", params={"key": "letters", "partition": "d"}).json()
        assert place == {"index": 3}


def test_runs_are_listed_by_the_page_and_found_by_what_they_are(web: WebServer) -> None:
    marked = web.run(selection="orders", tags={"team": "web", "why": "looking for it"})
    with web.client("viewer") as client:
        assert client.get("/runs", params={"tag": "team=web"}).json()["items"][0]["id"] == marked["id"]
        assert client.get("/runs", params={"text": "LOOKING for"}).json()["items"][0]["id"] == marked["id"]
        assert client.get("/runs", params={"tag": "team=other"}).json()["items"] == []
        every, cursor = [], None
        while True:
            page = client.get("/runs", params={"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
            every += [one["id"] for one in page["items"]]
            if (cursor := page["next"]) is None:
                break
        assert every == sorted(set(every), reverse=True) and marked["id"] in every


def test_the_command_line_and_python_say_where_a_run_can_be_looked_at(web: WebServer) -> None:
    done = web.typed("materialize", "orders", "-m", web.name)
    assert done.returncode == 0 and "/runs/" not in done.stdout
    web.environment["ASSETFLOW_BASE_URL"] = "https://flows.example/"
    try:
        done = web.shown("materialize", "orders", "-m", web.name)
        assert "https://flows.example/runs/01" in done.output
    finally:
        del web.environment["ASSETFLOW_BASE_URL"]
