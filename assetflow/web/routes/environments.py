"""Environments and promotions."""

from __future__ import annotations

import time
from secrets import token_hex
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request

from assetflow.stores.sql.audit import PromotionEntry
from assetflow.web.confirming import confirm
from assetflow.web.paging import Cursor, Limit
from assetflow.web.parts import Operator, Parts, Viewer
from assetflow.web.refusals import Refused
from assetflow.web.run_filters import RunFilter, filtered
from assetflow.web.schemas.environments import (
    EnvironmentDiff,
    EnvironmentItem,
    EnvironmentList,
    Promoted,
    PromotionAsked,
    PromotionItem,
    PromotionList,
    TakenBack,
    UndoAsked,
    Undone,
)

router = APIRouter(tags=["environments"])
EnvOf = Annotated[str, Query(max_length=64)]
_PROMOTES_WITHIN = 600.0
_KEYS_TOLD = 20


@router.get("/environments")
def environments(_caller: Viewer, parts: Parts) -> EnvironmentList:
    """All environments, what they have made, and their last runs."""
    body = parts.backend.desk.ask("environments", {"env": parts.settings.env}, seconds=60)
    items = []
    for one in msgspec.json.decode(body):
        runs, _ = filtered(parts.summaries, RunFilter(env=one["name"]), None, 1)
        items.append(EnvironmentItem(**one, last_run=runs[0] if runs else None))
    return EnvironmentList(items=items)


@router.get("/environments/diff")
def differences(_caller: Viewer, parts: Parts, a: EnvOf, b: EnvOf) -> EnvironmentDiff:
    """How each asset stands in two environments, by what is recorded; nothing is loaded."""
    body = parts.backend.desk.ask("environment_differences", {"a": a, "b": b}, seconds=60)
    return EnvironmentDiff(items=msgspec.json.decode(body))


@router.get("/promotions")
def list_promotions(_caller: Viewer, parts: Parts, cursor: Cursor = None, limit: Limit = 50) -> PromotionList:
    """Promotions that have published anything, the latest first, and which of them were taken back."""
    promotions = parts.backend.history().promotions
    if cursor is not None and promotions.get(cursor) is None:
        raise Refused(400, "malformed", "this is no cursor", fix="take the one that the page before has given")
    found = promotions.entries(limit + 1, cursor)
    more = found[limit - 1].id if len(found) > limit else None
    return PromotionList(items=[_item(one) for one in found[:limit]], next=more)


@router.post("/promotions")
def promote(given: PromotionAsked, caller: Operator, parts: Parts, request: Request) -> Promoted:
    """Publish in one environment what another has made; nothing is computed, and all of it must be there."""
    shown = given.selection if isinstance(given.selection, str) else ", ".join(given.selection)
    request.state.about = {"env": given.to, "target": f"{shown} from {given.from_}"}
    caller.check_env(given.to)
    confirm(parts.backend.desk, given.to, given.confirm_env)
    asked = {"selection": given.selection, "from": given.from_, "to": given.to}
    told = msgspec.json.decode(parts.backend.desk.ask("promote", asked, seconds=_PROMOTES_WITHIN))
    identity = token_hex(8)
    parts.backend.history().promotions.add(
        PromotionEntry(identity, time.time(), caller.user, given.from_, given.to, told["items"])
    )
    return Promoted(id=identity, promoted=told["promoted"], kept=told["kept"])


@router.post("/promotions/{promotion_id}/rollback")
def undo(
    promotion_id: Annotated[str, Path(max_length=40)],
    given: UndoAsked,
    caller: Operator,
    parts: Parts,
    request: Request,
) -> Undone:
    """Publish again what a promotion has replaced, where nothing has come since."""
    found = parts.backend.history().promotions.get(promotion_id)
    if found is None:
        raise Refused(404, "not_found", f"there is no promotion {promotion_id!r}")
    request.state.about = {"env": found.target, "target": promotion_id}
    caller.check_env(found.target)
    confirm(parts.backend.desk, found.target, given.confirm_env)
    asked = {"env": found.target, "items": found.items}
    told = msgspec.json.decode(parts.backend.desk.ask("undo_promotion", asked, seconds=_PROMOTES_WITHIN))
    parts.backend.history().promotions.undo(promotion_id, time.time(), caller.user, told["restored"])
    return Undone(id=promotion_id, **told)


def _item(one: PromotionEntry) -> PromotionItem:
    undone = None
    if one.undone is not None:
        restored = one.restored or []
        undone = TakenBack(
            at=one.undone, user=one.undone_by or "", restored=restored[:_KEYS_TOLD], restored_total=len(restored)
        )
    return PromotionItem(
        **{"from": one.source},
        id=one.id,
        at=one.at,
        user=one.user,
        to=one.target,
        assets=one.keys[:_KEYS_TOLD],
        assets_total=len(one.keys),
        new=one.new_keys[:_KEYS_TOLD],
        new_total=len(one.new_keys),
        replaced_total=len(one.replaced_keys),
        undone=undone,
    )
