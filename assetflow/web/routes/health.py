"""Whether the server is alive, and whether it can answer."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from assetflow.errors import AssetflowError
from assetflow.web.parts import Parts
from assetflow.web.refusals import Refused

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """It is well."""

    ok: bool = True


@router.get("/healthz")
def healthz() -> Health:
    """Whether the process answers at all."""
    return Health()


@router.get("/readyz")
def readyz(parts: Parts) -> Health:
    """Whether the definitions are loaded, and the history and the broker answer."""
    if parts.backend.desk.state.loaded is None:
        raise Refused(503, "unavailable", parts.backend.desk.state.error or "the definitions are being loaded")
    try:
        parts.backend.history().marker()
    except AssetflowError as error:
        raise Refused(503, "unavailable", error.message) from None
    if not parts.reader.broker_ok:
        raise Refused(503, "unavailable", parts.reader.broker_message)
    return Health()
