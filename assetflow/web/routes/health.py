"""Whether the server is alive, and whether it can answer."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from assetflow.errors import AssetflowError
from assetflow.metrics.exposition import metrics_text, sources_of
from assetflow.web.parts import Parts, Viewer
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


@router.get("/metrics", response_class=Response)
def metrics(_caller: Viewer, parts: Parts) -> Response:
    """What `assetflow metrics` tells, for Prometheus with a viewer's token."""
    text, kind = metrics_text(sources_of(parts.backend.connection()))
    return Response(text, media_type=kind)
