"""Plans: what would be done, before it is."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from assetflow.web.answers import json_answer
from assetflow.web.launching import asked_of, sheet_id
from assetflow.web.parts import Parts, Viewer
from assetflow.web.schemas.plans import PlanAnswer, PlanAsked

router = APIRouter(tags=["plans"])


@router.post("/plans", responses={200: {"model": PlanAnswer}})
def plan(given: PlanAsked, _caller: Viewer, parts: Parts) -> Response:
    """What a run would do, and why; nothing is run. The plan's `id` starts exactly this."""
    asked = asked_of(given, parts.settings.env)
    body = parts.backend.desk.ask("plan", {"asked": msgspec.to_builtins(asked)}, seconds=60)
    told = msgspec.json.decode(body)
    identity = sheet_id(parts.settings, asked, told["digest"])
    return json_answer(lambda: msgspec.json.encode({"id": identity, **told}))
