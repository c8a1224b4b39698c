"""Logging in and out, and what the page has to know first."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import APIRouter

from assetflow.web.parts import Parts, Viewer
from assetflow.web.schemas.session import (
    BrokerState,
    DefinitionsError,
    DefinitionsState,
    EnvironmentAbout,
    Features,
    Session,
)

router = APIRouter(tags=["session"])
_LOADS_WITHIN = 15.0  # seconds; then the page shows that it is being loaded


@router.get("/session")
def session(caller: Viewer, parts: Parts) -> Session:
    """Who asks, the environments there are, and how the broker and the definitions are."""
    parts.backend.desk.wait(_LOADS_WITHIN)
    state = parts.backend.desk.state
    loaded = state.loaded
    told = {} if loaded is None else loaded.told
    reader = parts.reader
    return Session(
        user=caller.user,
        role=caller.role.word,  # type: ignore[arg-type]
        csrf=caller.csrf,
        env=parts.settings.env,
        environments=[
            EnvironmentAbout(
                name=one["name"],
                protected=one["protected"],
                reads_from=one["reads_from"],
                default=one["name"] == parts.settings.env,
            )
            for one in told.get("environments", ())
        ],
        version=version("assetflow"),
        features=Features(auth=not parts.access.is_open),
        project=told.get("label", ""),
        broker=BrokerState(ok=reader.broker_ok is not False, since=reader.broker_since, message=reader.broker_message),
        definitions=DefinitionsState(
            ok=not state.error and loaded is not None,
            error=_error(state.error) if state.error else None,
            loaded_at=None if loaded is None else loaded.loaded_at,
            version=None if loaded is None else loaded.version,
        ),
    )


def _error(text: str) -> DefinitionsError:
    first, _, rest = text.partition("\n")
    return DefinitionsError(message=first, trace=rest)
