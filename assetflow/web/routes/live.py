"""Server-sent events."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Header, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from assetflow.errors import AssetflowError
from assetflow.web.live_board import Watcher, framed
from assetflow.web.parts import ENV_NAME, Viewer, WebParts, parts_of
from assetflow.web.refusals import Refused
from assetflow.web.schemas.live import LiveEvents

router = APIRouter(tags=["live"])
_TOPIC = re.compile(r"runs|status|definitions|broker|instigators|workers|run:[0-9A-Z]{26}|logs:[0-9A-Z]{26}:.{1,500}")
_MOST_TOPICS = 20


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


@router.get(
    "/live",
    responses={200: {"model": LiveEvents, "description": "server-sent events: the data of each, by its name"}},
    response_class=EventStream,
)
async def live(
    _caller: Viewer,
    parts: Annotated[WebParts, Depends(parts_of)],
    env: Annotated[str | None, Query(max_length=64, pattern=ENV_NAME)] = None,
    topics: Annotated[str, Query(max_length=4000)] = "runs,status",
    last_event_id: Annotated[str | None, Header(max_length=200)] = None,
) -> EventStream:
    """What happens, as it happens. `Last-Event-ID` goes on from there, or says `resync`.

    It needs no definitions: a page that waits for them to load is told when they have.
    """
    wanted = read_topics(topics)
    if parts.board.is_full:
        raise Refused(429, "too_many", "too many pages are open", fix="close some, or try again later")
    watcher = Watcher(wanted, env or parts.settings.env)
    parts.board.join(watcher)
    return EventStream(
        _told(parts, watcher, last_event_id),
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def read_topics(text: str) -> frozenset[str]:
    """The topics that are asked for, parted by commas; a comma in the name of a step comes as ``%2C``.

    Raises:
        Refused: there is none of that name, or they are too many.
    """
    wanted = frozenset(unquote(topic) for topic in text.split(",") if topic)
    for topic in wanted:
        if not _TOPIC.fullmatch(topic):
            raise Refused(422, "invalid", f"there is no topic {topic!r:.100}")
    if len(wanted) > _MOST_TOPICS:
        raise Refused(422, "invalid", f"at most {_MOST_TOPICS} topics at once")
    return wanted


async def _told(parts: WebParts, watcher: Watcher, last: str | None) -> AsyncIterator[bytes]:
    beginning: asyncio.Task[None] | None = None
    try:
        state = parts.backend.desk.state
        version = "" if state.loaded is None else state.loaded.version
        yield framed("hello", {"version": version}, parts.reader.position)
        yield framed("broker", {"ok": parts.reader.broker_ok is not False, "message": parts.reader.broker_message}, "")
        if last is not None:
            since = parts.reader.replay_from(last)
            if since is None:
                yield framed("resync", {}, parts.reader.position)
            else:
                for chunk in await run_in_threadpool(_missed, parts, watcher, since):
                    yield chunk
        if watcher.wants("status"):  # all of it: what happened since the page has asked is among it
            beginning = asyncio.create_task(_begin_statuses(parts, watcher))  # nothing else waits for it
        while (painted := await watcher.paint()) is not None:
            yield painted
    finally:
        parts.board.leave(watcher)
        if beginning is not None:
            beginning.cancel()


async def _begin_statuses(parts: WebParts, watcher: Watcher) -> None:
    found: dict[str, dict[str, Any]] = {}
    try:
        found = await run_in_threadpool(parts.statuses.of, watcher.env)
        parts.reader.told(watcher.env, found)
    except AssetflowError:
        pass  # they are told when they can be told
    finally:
        watcher.put_all_statuses(found)


def _missed(parts: WebParts, watcher: Watcher, since: int) -> list[bytes]:
    """What has happened since a page was told last."""
    found: list[bytes] = []
    position = parts.reader.position
    try:
        if watcher.wants("runs"):
            at = since / 1000 - 1
            page = parts.summaries.page(100, None, [])
            items = [one for one in page if one.ended is None or one.ended >= at]
            found.append(framed("runs", {"items": [one.model_dump(mode="json") for one in items]}, position))
        for topic in watcher.topics:
            if topic.startswith("run:"):
                run_id = topic.removeprefix("run:")
                facts = parts.backend.connection().store.facts(run_id, f"{since - 1}-0", 10_000)
                summary = parts.summaries.one(run_id).model_dump(mode="json")
                found.append(framed("run", parts.reader.run_event(run_id, facts, summary), position))
    except AssetflowError:
        return [framed("resync", {}, position)]
    return found
