"""What is kept of an asset: partitions, versions, going back, and comparing."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from assetflow.web.answers import json_answer
from assetflow.web.confirming import confirm
from assetflow.web.parts import Env, Operator, Parts, Viewer, WebParts
from assetflow.web.refusals import Refused
from assetflow.web.routes.assets import Key, known_key
from assetflow.web.schemas.stored import (
    Comparing,
    DiffAnswer,
    PartitionIndex,
    PartitionPage,
    PartitionsAnswer,
    PartitionState,
    RollbackAsked,
    RolledBack,
    VersionList,
)

router = APIRouter(tags=["assets"])
Partition = Annotated[str | None, Query(max_length=1000)]
Version = Annotated[str | None, Query(min_length=2, max_length=100)]
_A_MOMENT = 2.0  # seconds


@router.get("/asset/partitions", responses={200: {"model": PartitionsAnswer}})
def partitions(_caller: Viewer, parts: Parts, env: Env, key: Key) -> Response:
    """How the partitions of an asset stand, run-length coded."""
    return json_answer(lambda: parts.partitions.ask("partitions", env, known_key(parts, key).to_user_string()))


@router.get("/asset/partitions/keys", responses={200: {"model": PartitionPage}})
def partition_keys(
    _caller: Viewer,
    parts: Parts,
    env: Env,
    key: Key,
    offset: Annotated[int, Query(ge=0, le=100_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    state: PartitionState | None = None,
    q: Annotated[str | None, Query(max_length=1000)] = None,
) -> Response:
    """Some partitions with their keys, in order; `q` is looked for in the keys."""
    more = {"offset": offset, "limit": limit, "state": state, "q": q}
    name = known_key(parts, key).to_user_string()
    return json_answer(lambda: parts.partitions.ask("partition_keys", env, name, **more))


@router.get("/asset/partitions/index")
def partition_index(
    _caller: Viewer, parts: Parts, env: Env, key: Key, partition: Annotated[str, Query(max_length=1000)]
) -> PartitionIndex:
    """The place of a partition among all."""
    name = known_key(parts, key).to_user_string()
    return PartitionIndex(**_told(parts, "partition_index", {"key": name, "env": env, "partition": partition}))


@router.get("/asset/versions")
def versions(_caller: Viewer, parts: Parts, env: Env, key: Key, partition: Partition = None) -> VersionList:
    """The versions that are kept, the latest first."""
    name = known_key(parts, key).to_user_string()
    return VersionList(items=_told(parts, "versions", {"key": name, "env": env, "partition": partition}))


@router.post("/asset/rollback")
def rollback(given: RollbackAsked, caller: Operator, parts: Parts, request: Request) -> RolledBack:
    """Publish the bytes of an earlier version again, as a version of their own. Nothing is computed."""
    env = given.env or parts.settings.env
    request.state.about = {"env": env, "target": f"{given.key} to {given.version}"}
    caller.check_env(env)
    confirm(parts.backend.desk, env, given.confirm_env)
    name = known_key(parts, given.key).to_user_string()
    asked = {"key": name, "env": env, "version": given.version, "partition": given.partition}
    return RolledBack(**_told(parts, "rollback", asked))


@router.get(
    "/asset/diff",
    responses={200: {"model": DiffAnswer}, 202: {"model": Comparing, "description": "not yet: ask again"}},
)
async def diff(
    _caller: Viewer,
    parts: Parts,
    env: Env,
    key: Key,
    a: Version = None,
    b: Version = None,
    env_a: Annotated[str | None, Query(max_length=64)] = None,
    env_b: Annotated[str | None, Query(max_length=64)] = None,
    partition: Partition = None,
) -> Response:
    """How two versions `a` and `b` differ, or what the environments `env_a` and `env_b` have published.

    What takes longer than a moment is answered with 202; the same question again waits for the same comparison.
    """
    if not ((a and b) or (env_a and env_b)) or ((a or b) and (env_a or env_b)):
        raise Refused(422, "invalid", "give a and b, or env_a and env_b")
    name = known_key(parts, key).to_user_string()
    asked = {"key": name, "env": env, "a": a, "b": b, "env_a": env_a, "env_b": env_b, "partition": partition}
    comparison = parts.comparisons.of(asked)
    await asyncio.wait([asyncio.wrap_future(comparison.answer)], timeout=_A_MOMENT)
    if not comparison.answer.done():
        told = Comparing(since=comparison.began).model_dump_json()
        return Response(told, 202, media_type="application/json", headers={"Cache-Control": "no-store"})
    return json_answer(lambda: parts.comparisons.take(comparison))


def _told(parts: WebParts, name: str, arguments: dict[str, Any]) -> Any:
    return msgspec.json.decode(parts.backend.desk.ask(name, arguments, seconds=60))
