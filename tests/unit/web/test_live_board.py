"""A storm is one paint."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from assetflow.web.live_board import PAINT_EVERY, LiveBoard, Watcher
from assetflow.web.refusals import Refused
from assetflow.web.routes.live import read_topics


def test_a_thousand_changes_are_a_few_paints_and_the_last_of_each_counts() -> None:
    async def watched() -> tuple[list[bytes], float]:
        watcher = Watcher(frozenset({"status"}), "default")
        board = LiveBoard()
        board.attach(asyncio.get_running_loop())
        board.join(watcher)
        watcher.put_all_statuses({})
        painted: list[bytes] = []
        begun = time.monotonic()

        async def paint() -> None:
            while (one := await watcher.paint()) is not None:
                painted.append(one)

        painting = asyncio.create_task(paint())
        for number in range(1000):
            board.publish("status", "status", {f"asset{number % 50}": {"n": number}}, f"{number}-x", "default")
            if number % 10 == 0:
                await asyncio.sleep(0)
        while len(painted) < 1 or b'"n":999' not in painted[-1]:
            await asyncio.sleep(0.01)
        board.close()
        await painting
        return painted, time.monotonic() - begun

    painted, took = asyncio.run(watched())
    assert len(painted) <= took / PAINT_EVERY + 2
    told: dict[str, dict[str, int]] = {}
    for one in painted:
        for line in one.decode().splitlines():
            if line.startswith("data: "):
                told |= json.loads(line[6:])
    assert told == {f"asset{number}": {"n": 950 + number} for number in range(50)}
    assert b"id: 999-x" in painted[-1]


def test_all_statuses_hold_nothing_else_up_and_what_has_changed_meanwhile_is_newer() -> None:
    async def watched() -> tuple[bytes | None, bytes | None]:
        watcher = Watcher(frozenset({"status"}), "default")
        watcher.put("status", {"a": {"n": 2}}, "1-x")
        watcher.put("broker", {"ok": False}, "")
        before = await watcher.paint()
        watcher.put_all_statuses({"a": {"n": 1}, "b": {"n": 1}})
        return before, await watcher.paint()

    before, after = asyncio.run(watched())
    assert before == b'id: 1-x\nevent: broker\ndata: {"ok":false}\n\n'
    assert after == b'id: 1-x\nevent: status\ndata: {"a":{"n":2},"b":{"n":1}}\n\n'


def test_a_comma_in_the_name_of_a_step_parts_no_topics() -> None:
    log = "logs:01M8E1R17WJBFADAJ03FY2X7X8:sales[a,b 50%]"
    assert read_topics("logs:01M8E1R17WJBFADAJ03FY2X7X8:sales[a%2Cb 50%25],runs") == {log, "runs"}
    with pytest.raises(Refused, match="there is no topic 'b]'"):
        read_topics("logs:01M8E1R17WJBFADAJ03FY2X7X8:sales[a,b]")


def test_a_page_hears_only_what_it_has_asked_for() -> None:
    async def watched() -> bytes | None:
        watcher = Watcher(frozenset({"runs"}), "staging")
        board = LiveBoard()
        board.attach(asyncio.get_running_loop())
        board.join(watcher)
        board.publish("status", "status", {"a": {}}, "1-x", "staging")
        board.publish("runs", "runs", {"items": [{"id": "other"}]}, "2-x", "default")
        board.publish("runs", "runs", {"items": [{"id": "1", "n": 1}]}, "3-x")
        board.publish("runs", "runs", {"items": [{"id": "1", "n": 2}]}, "4-x")
        board.publish("", "broker", {"ok": False}, "5-x")
        await asyncio.sleep(0)
        return await watcher.paint()

    painted = asyncio.run(watched()) or b""
    assert painted.decode().split("\n\n")[:-1] == [
        'id: 5-x\nevent: runs\ndata: {"items":[{"id":"1","n":2}]}',
        'id: 5-x\nevent: broker\ndata: {"ok":false}',
    ]


def test_a_page_that_reads_nothing_is_told_to_look_again() -> None:
    async def watched() -> bytes | None:
        watcher = Watcher(frozenset({"run:1"}), "default")
        for number in range(6000):
            watcher.put("run", {"id": "1", "steps": [], "summary": None, "events": [{"id": number}]}, f"{number}-x")
        return await watcher.paint()

    painted = asyncio.run(watched()) or b""
    assert b"event: resync" in painted and len(painted) < 100_000
