"""How assets stand, and all that is known of one."""

from __future__ import annotations

import json
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from assetflow.keys import AssetKey
from assetflow.runs.event_log import Recorded
from assetflow.stores.sql.catalog import SqlCatalog
from assetflow.web.answers import json_answer
from assetflow.web.metadata import metas_of, safe_html
from assetflow.web.paging import Limit, number_cursor
from assetflow.web.parts import Env, Parts, Viewer, WebParts
from assetflow.web.schemas.assets import (
    AssetDetail,
    CheckItem,
    CheckList,
    CheckRun,
    DefinitionDetail,
    InputRead,
    Materialization,
    MaterializationList,
    PlotsAnswer,
    PlotSeries,
    Status,
    StatusesAnswer,
)

router = APIRouter(tags=["assets"])
Key = Annotated[str, Query(min_length=1, max_length=1000)]
_PLOTTED = 500
_CHECKS_TOLD = 20


@router.get("/assets/status", responses={200: {"model": StatusesAnswer}})
def statuses(_caller: Viewer, parts: Parts, env: Env) -> Response:
    """The status of every asset and source."""
    found = parts.statuses.of(env)
    version = parts.backend.desk.loaded().version
    return json_answer(lambda: msgspec.json.encode({"version": version, "items": found}))


@router.get("/asset")
def asset(_caller: Viewer, parts: Parts, env: Env, key: Key) -> AssetDetail:
    """All that is said of one asset or source."""
    told = msgspec.json.decode(parts.backend.desk.ask("asset", {"key": key}))
    status = Status(**parts.statuses.of(env)[told["key"]])
    where = status.from_env or env
    catalog = parts.backend.history().catalog_of(where)
    newest = catalog.materializations(AssetKey.from_user_string(told["key"]), limit=1)
    definition = DefinitionDetail(
        metadata=metas_of(told.pop("metadata")),
        source=told.pop("source"),
        config_schema=told.pop("config_schema"),
        type=told.pop("type"),
        python_snippet=told.pop("python_snippet"),
    )
    latest = materialization_of(newest[0]) if newest else None
    html = safe_html(told["description"]) if told["description"] else None
    return AssetDetail(**told, description_html=html, status=status, definition=definition, latest=latest)


@router.get("/asset/materializations")
def materializations(
    _caller: Viewer,
    parts: Parts,
    env: Env,
    key: Key,
    limit: Limit = 50,
    partition: Annotated[str | None, Query(max_length=1000)] = None,
    before: Annotated[str | None, Query(max_length=30)] = None,
) -> MaterializationList:
    """Materializations, newest first; `before` is the cursor that the page before has given."""
    catalog, wanted = _catalog(parts, env, key)
    found = catalog.materializations(
        wanted,
        limit=limit,
        partitions=None if partition is None else [partition],
        before=number_cursor(before),
    )
    more = str(found[-1].id) if len(found) == limit else None
    return MaterializationList(items=[materialization_of(one) for one in found], next=more)


@router.get("/asset/plots")
def plots(_caller: Viewer, parts: Parts, env: Env, key: Key) -> PlotsAnswer:
    """The numeric metadata of the last materializations."""
    catalog, wanted = _catalog(parts, env, key)
    series: dict[str, list[tuple[float, float, str, str | None]]] = {}
    for _, entry in reversed(catalog.materializations(wanted, limit=_PLOTTED)):
        for label, item in json.loads(entry.metadata).items():
            if item["type"] in ("int", "float") and isinstance(item["value"], int | float):
                point = (entry.at, float(item["value"]), entry.run_id, entry.partition or None)
                series.setdefault(label, []).append(point)
        series.setdefault("duration", []).append((entry.at, entry.seconds, entry.run_id, entry.partition or None))
        if entry.size is not None:
            series.setdefault("size", []).append((entry.at, float(entry.size), entry.run_id, entry.partition or None))
    return PlotsAnswer(series=[PlotSeries(label=label, points=points) for label, points in series.items()])


@router.get("/asset/checks")
def checks(_caller: Viewer, parts: Parts, env: Env, key: Key) -> CheckList:
    """The checks of an asset, and what each said lately."""
    catalog, wanted = _catalog(parts, env, key)
    about = parts.backend.desk.loaded().by_key[wanted.to_user_string()]["checks"]
    items = []
    for spec in about:
        told = [one.entry for one in catalog.checks(wanted, spec["name"], limit=_CHECKS_TOLD)]
        last = told[0] if told else None
        items.append(
            CheckItem(
                name=spec["name"],
                blocking=spec["blocking"],
                severity=None if last is None else last.severity,
                passed=None if last is None else last.passed,
                at=None if last is None else last.at,
                run_id=None if last is None else last.run_id,
                metadata=[] if last is None else metas_of(last.metadata),
                description=(last.description if last is not None else None) or spec["description"],
                history=[
                    CheckRun(at=one.at, run_id=one.run_id, passed=one.passed, severity=one.severity) for one in told
                ],
            )
        )
    return CheckList(items=items)


def materialization_of(recorded: Recorded) -> Materialization:
    """A materialization as the page has it."""
    number, entry = recorded
    return Materialization(
        id=number,
        at=entry.at,
        run_id=entry.run_id,
        step=entry.step_key,
        partition=entry.partition or None,
        duration=entry.seconds,
        uri=entry.uri,
        size=entry.size,
        code_version=entry.code_version,
        data_version=entry.data_version,
        version=entry.version,
        inputs=[
            InputRead(key="/".join(key), version=version, data_version=data)
            for key, version, data, *_ in json.loads(entry.inputs)
        ],
        metadata=metas_of(entry.metadata),
        unchanged=False,
        env=entry.environment,
    )


def _catalog(parts: WebParts, env: str, key: str) -> tuple[SqlCatalog, AssetKey]:
    """Where an asset is remembered: in the environment, or the one that it is read from."""
    found = known_key(parts, key)
    chain = next(one["chain"] for one in parts.backend.desk.loaded().told["environments"] if one["name"] == env)
    history = parts.backend.history()
    for name in chain:
        catalog = history.catalog_of(name)
        if catalog.materializations(found, limit=1):
            return catalog, found
    return history.catalog_of(env), found


def known_key(parts: WebParts, key: str) -> AssetKey:
    """The asset of a key that is defined.

    Raises:
        Refused: there is none.
    """
    from assetflow.web.refusals import Refused

    known = parts.backend.desk.loaded().by_key
    if key not in known:
        raise Refused(404, "not_found", f"there is no asset {key!r:.200}")
    return AssetKey.from_user_string(key)
