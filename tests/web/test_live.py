"""What a page hears while it is open, and when its connection breaks off."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from assetflow.clock import wait_until
from tests.support.cluster import kill
from tests.support.web import WebServer, listening, running_web


def test_a_page_hears_how_assets_and_runs_change(web: WebServer) -> None:
    with listening(web, "runs,status") as heard:
        assert heard.has("status"), "all of it comes first"
        assert heard.events[0][0] == "hello" and heard.named("broker")[0]["ok"]
        run = web.run(selection="orders revenue")

        def is_told() -> bool:
            told = {one["id"]: one for event in heard.named("runs") for one in event["items"]}
            statuses = {key: one for event in heard.named("status") for key, one in event.items()}
            made = [statuses.get(key, {}).get("run_id") for key in ("orders", "revenue")]
            return told.get(run["id"], {}).get("status") == "success" and made == [run["id"]] * 2

        assert wait_until(is_told, timeout=60)


def test_a_page_of_a_run_hears_its_steps_and_events(web: WebServer) -> None:
    with web.client() as client:
        run_id = client.post("/runs", json={"selection": "slow orders"}).json()["run_id"]
        with listening(web, f"run:{run_id}") as heard:
            assert wait_until(lambda: _steps(heard.named("run")).get("slow") == "running", timeout=60)
            (web.cluster.connection.settings.home / "go").touch()
            web.ended(run_id)
            assert wait_until(lambda: _steps(heard.named("run")).get("slow") == "success", timeout=60)
            assert heard.named("run")[-1]["summary"]["status"] == "success"
    (web.cluster.connection.settings.home / "go").unlink()


def _steps(told: list[dict[str, object]]) -> dict[str, str]:
    steps: list[dict[str, str]] = [step for event in told for step in event["steps"]]  # type: ignore[attr-defined]
    return {step["step"]: step["state"] for step in steps}


def test_a_page_goes_on_where_its_connection_broke_off_at_any_of_the_servers(web: WebServer) -> None:
    with listening(web, "runs") as heard:
        assert heard.has("hello") and wait_until(lambda: bool(heard.events[0][2]), timeout=30)
        last = heard.last_id
    run = web.run(selection="orders")
    with running_web(web.cluster, web.folder, web.name) as other:
        other.tokens.update(web.tokens)
        with other.client("viewer") as client:
            assert wait_until(lambda: client.get("/session").json()["broker"]["ok"], timeout=60)
        with listening(other, f"runs,run:{run['id']}", last=last) as again:
            assert again.has("run") and again.has("runs")
            assert run["id"] in {one["id"] for one in again.named("runs")[0]["items"]}
            facts = web.cluster.connection.store.facts(run["id"])
            assert [one["id"] for one in again.named("run")[0]["events"]] == [fact.id for fact in facts]
            assert not again.named("resync")


def test_a_position_that_nobody_can_go_on_from_is_said_to_be_none(web: WebServer) -> None:
    with listening(web, "runs") as heard:
        assert wait_until(lambda: any(identity for _, _, identity in heard.events), timeout=30)
        ms, _, generation = heard.last_id.partition("-")
    for last in (
        "garbage",
        "1-1",
        f"{int(ms) + 3_600_000}-{generation}",
        f"{int(ms) - 3_600_000}-{generation}",
        f"{ms}-x",
    ):
        with listening(web, "runs", last=last) as again:
            assert again.has("resync"), last


def test_code_that_is_changed_is_loaded_again_and_code_that_is_wrong_is_not(web: WebServer) -> None:
    path = Path(web.folder / f"{web.name}.py")
    source = path.read_text()
    web.run(selection="orders revenue")
    try:
        with listening(web, "status") as heard, web.client("viewer") as client:
            assert heard.has("status")
            path.write_text(source.replace("return sum(orders)", "return sum(orders) + 1"))
            assert heard.has("definitions") and heard.named("definitions")[0]["ok"]

            def is_stale() -> bool:
                told = {key: one for event in heard.named("status") for key, one in event.items()}
                return [cause["cause"] for cause in told["revenue"]["stale"]] == ["code"]

            assert wait_until(is_stale, timeout=60)
            path.write_text(source + "\n\nthis is no Python\n")
            assert heard.has("definitions", 2) and not heard.named("definitions")[1]["ok"]
            session = client.get("/session").json()["definitions"]
            assert not session["ok"] and "invalid syntax" in session["error"]["message"] + session["error"]["trace"]
            assert "revenue" in client.get("/assets/status").json()["items"], "the last ones that were right are shown"
            path.write_text(source)
            assert heard.has("definitions", 3) and heard.named("definitions")[2]["ok"]
    finally:
        path.write_text(source)


def test_a_page_is_told_that_the_broker_is_gone_and_that_it_is_back(web: WebServer) -> None:
    with listening(web, "runs,status") as heard:
        assert heard.has("broker") and heard.named("broker")[0]["ok"]
        os.kill(web.cluster.valkey_pid, signal.SIGSTOP)
        try:
            assert wait_until(lambda: not heard.named("broker")[-1]["ok"], timeout=45)
            with web.client("viewer") as client:
                assert client.get("/definitions").status_code == 200, "what is known is shown all the same"
                assert not client.get("/session").json()["broker"]["ok"]
        finally:
            os.kill(web.cluster.valkey_pid, signal.SIGCONT)
        assert wait_until(lambda: heard.named("broker")[-1]["ok"], timeout=45)
        kill(web.cluster.valkey_pid)
        assert heard.has("resync"), "another server is there, and what was told may be gone"
    with web.client("viewer") as client:
        assert client.get("/runs").status_code == 200
    assert web.run(selection="orders")["status"] == "success"


def test_a_server_that_is_told_to_end_lets_go_of_its_pages_and_of_what_it_compares(web: WebServer) -> None:
    slow = web.two_versions("ponderous")
    (web.cluster.connection.settings.home / "weighed").unlink(missing_ok=True)
    with running_web(web.cluster, web.folder, web.name) as other:
        other.tokens.update(web.tokens)
        with listening(other, "runs") as heard, other.client("viewer") as client:
            assert heard.has("hello")
            assert client.get("/asset/diff", params=slow).status_code == 202
            other.process.send_signal(signal.SIGTERM)
            other.process.wait(15)
        assert other.process.returncode in (0, -signal.SIGTERM)
