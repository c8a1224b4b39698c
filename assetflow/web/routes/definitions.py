"""Definitions, the graph, and what selections mean."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from assetflow.web.answers import json_answer
from assetflow.web.desk_keeper import DeskRefusedError, Loaded
from assetflow.web.parts import Parts, Viewer
from assetflow.web.schemas.definitions import DefinitionsAnswer, GraphAnswer, SelectionAnswer

router = APIRouter(tags=["definitions"])


@router.get("/definitions", responses={200: {"model": DefinitionsAnswer}})
def definitions(_caller: Viewer, parts: Parts, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """All assets, groups, jobs and resources, with an ETag."""
    loaded = parts.backend.desk.loaded()
    return json_answer(lambda: _definitions(loaded), f"d-{loaded.version}", if_none_match)


@router.get("/graph", responses={200: {"model": GraphAnswer}})
def graph(_caller: Viewer, parts: Parts, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """Who needs whom, and nothing more, with an ETag."""
    loaded = parts.backend.desk.loaded()
    return json_answer(lambda: _graph(loaded), f"g-{loaded.version}", if_none_match)


@router.get("/search/selection", response_model=SelectionAnswer)
def selection(_caller: Viewer, parts: Parts, q: Annotated[str, Query(max_length=100_000)] = "") -> Response:
    """The keys that a text of the selection language means; while it is being typed it may mean nothing."""
    try:
        body = parts.backend.desk.ask("select", {"selection": q.strip() or None}, seconds=10)
    except DeskRefusedError as error:
        told = f"{error.message}" + (f" ({error.fix})" if error.fix else "")
        return json_answer(lambda: SelectionAnswer(keys=[], error=told).model_dump_json().encode())
    return json_answer(lambda: msgspec.json.encode({"keys": msgspec.Raw(body), "error": None}))


def _definitions(loaded: Loaded) -> bytes:
    told = loaded.told
    shown = {name: told[name] for name in ("assets", "groups", "resources", "environments", "label", "module")}
    return msgspec.json.encode({"version": loaded.version, **shown, "jobs": [one["name"] for one in told["jobs"]]})


def _graph(loaded: Loaded) -> bytes:
    assets = loaded.told["assets"]
    place = {one["key"]: index for index, one in enumerate(assets)}
    return msgspec.json.encode(
        {
            "version": loaded.version,
            "nodes": [
                [
                    one["key"],
                    one["group"],
                    one["is_source"] + 2 * one["is_partitioned"] + 4 * one["skippable"] + 8 * bool(one["checks"]),
                ]
                for one in assets
            ],
            "edges": [
                [place[need["key"]], index]
                for index, one in enumerate(assets)
                for need in one["deps"]
                if need["key"] in place and need["key"] != one["key"]
            ],
        }
    )
