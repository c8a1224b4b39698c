"""Plans that were shown, and the runs that are started from them."""

from __future__ import annotations

import base64
import binascii
from secrets import token_hex
from typing import Any

import msgspec

from assetflow.code.signing import Signer
from assetflow.desk.questions import Asked, LaunchAsked
from assetflow.engine.request import USER_TAG
from assetflow.errors import SignatureError
from assetflow.settings import Settings
from assetflow.web.desk_keeper import DeskKeeper
from assetflow.web.refusals import Refused
from assetflow.web.schemas.plans import PlanAsked, RunAsked
from assetflow.wiring import signer_for

_PURPOSE = "plan sheet"
_LAUNCH_SECONDS = 60.0


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that was shown; it travels with the page, signed, so that any replica can start it.

    Attributes:
        run_key: started twice, it is one run.
    """

    asked: Asked
    digest: str
    run_key: str


def asked_of(given: PlanAsked, env: str) -> Asked:
    """What is asked for, as the desk takes it."""
    return Asked(
        env=given.env or env,
        selection=given.selection,
        partition=given.partition,
        partitions=given.partitions,
        config=given.config,
        stale_only=given.stale_only,
        job=given.job,
        exclude=given.exclude,
        force=given.force,
    )


def sheet_id(settings: Settings, asked: Asked, digest: str) -> str:
    """The id of a plan that is shown now."""
    sheet = Sheet(asked=asked, digest=digest, run_key=f"sheet:{token_hex(16)}")
    sealed = signer_for(settings).seal(_PURPOSE, msgspec.json.encode(sheet))
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def opened_sheet(signer: Signer, text: str) -> Sheet:
    """The plan of an id.

    Raises:
        Refused: it is none of ours.
    """
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return msgspec.json.decode(signer.open(_PURPOSE, sealed, what="the plan"), type=Sheet)
    except (binascii.Error, ValueError, SignatureError, msgspec.DecodeError):
        raise Refused(
            422, "invalid", "plan_id: there is no such plan", fix="ask for the plan again, and start that"
        ) from None


def wanted_run(settings: Settings, given: RunAsked, user: str) -> LaunchAsked:
    """The run that is asked for.

    Raises:
        Refused: a plan and something else are given, or the plan is none of ours.
    """
    tags = {**given.tags, USER_TAG: user}
    if any(name.startswith("assetflow/") for name in given.tags):
        raise Refused(422, "invalid", "tags that begin with assetflow/ are set by assetflow itself")
    yes = given.confirm_env is not None
    if given.plan_id is None:
        return LaunchAsked(asked=asked_of(given, settings.env), tags=tags, run_key=given.run_key, yes=yes)
    beside = given.model_fields_set - {"plan_id", "tags", "run_key", "confirm_env"}
    if beside:
        raise Refused(422, "invalid", f"plan_id says it all: leave out {', '.join(sorted(beside))}")
    sheet = opened_sheet(signer_for(settings), given.plan_id)
    return LaunchAsked(
        asked=sheet.asked, digest=sheet.digest, tags=tags, run_key=given.run_key or sheet.run_key, yes=yes
    )


def start(desk: DeskKeeper, wanted: LaunchAsked) -> str:
    """Start a run; its id.

    Raises:
        DeskRefusedError: it cannot be started.
    """
    body = desk.ask("launch", {"launch": msgspec.to_builtins(wanted)}, seconds=_LAUNCH_SECONDS)
    told: dict[str, Any] = msgspec.json.decode(body)
    return str(told["run_id"])
