"""What the endpoints work with, and how they get it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request

from assetflow.engine.request import USER_TAG
from assetflow.settings import Settings
from assetflow.web.access import Access, Caller
from assetflow.web.backend import Backend
from assetflow.web.comparisons import Comparisons
from assetflow.web.live_board import LiveBoard
from assetflow.web.live_reader import LiveReader
from assetflow.web.log_pages import LogPages
from assetflow.web.partition_states import PartitionStates
from assetflow.web.refusals import Refused
from assetflow.web.roles import Role
from assetflow.web.run_details import RunDetails
from assetflow.web.run_facts import RunFactsCache
from assetflow.web.run_fold import RunFolds
from assetflow.web.run_summaries import RunSummaries
from assetflow.web.statuses import Statuses

ENV_NAME = r"^[A-Za-z0-9][\w-]*$"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebParts:
    """Everything that is put together for one server."""

    settings: Settings
    backend: Backend
    facts: RunFactsCache
    folds: RunFolds
    summaries: RunSummaries
    details: RunDetails
    statuses: Statuses
    board: LiveBoard
    reader: LiveReader
    log_pages: LogPages
    partitions: PartitionStates
    comparisons: Comparisons
    access: Access

    def tags_of(self, caller: Caller) -> dict[str, str]:
        """The tags of a run that somebody starts here."""
        return {USER_TAG: caller.user}


def parts_of(request: Request) -> WebParts:
    """The parts of the server that a request has come to."""
    found: WebParts = request.app.state.parts
    return found


Parts = Annotated[WebParts, Depends(parts_of)]


def _caller(role: Role) -> object:
    def allowed(request: Request, parts: Parts) -> Caller:
        return parts.access.caller(request, role)

    allowed.role = role  # type: ignore[attr-defined]
    return Depends(allowed)


Viewer = Annotated[Caller, _caller(Role.VIEWER)]
Operator = Annotated[Caller, _caller(Role.OPERATOR)]
Admin = Annotated[Caller, _caller(Role.ADMIN)]


def _env(parts: Parts, env: Annotated[str | None, Query(max_length=64, pattern=ENV_NAME)] = None) -> str:
    """The environment that is meant; by default that of the server."""
    name = env or parts.settings.env
    known = [one["name"] for one in parts.backend.desk.loaded().told["environments"]]
    if name not in known:
        raise Refused(
            404, "not_found", f"there is no environment {name!r}", fix=f"known are: {', '.join(sorted(known))}"
        )
    return name


Env = Annotated[str, Depends(_env)]
