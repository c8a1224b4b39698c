"""Writing to a protected environment takes its name, typed out."""

from __future__ import annotations

from assetflow.web.desk_keeper import DeskKeeper
from assetflow.web.refusals import Refused


def confirm(desk: DeskKeeper, env: str, given: str | None) -> None:
    """Let a write go on if it is meant.

    Raises:
        Refused: there is no such environment, or it is protected and its name was not given.
    """
    known = {one["name"]: one for one in desk.loaded().told["environments"]}
    if env not in known:
        raise Refused(
            404, "not_found", f"there is no environment {env!r}", fix=f"known are: {', '.join(sorted(known))}"
        )
    if given is not None and given != env:
        raise Refused(
            422, "invalid", f"confirm_env is {given!r:.100}, and {env} would be written to",
            fix="type the name of the environment that is meant",
        )  # fmt: skip
    if known[env]["protected"] and given != env:
        raise Refused(
            409, "confirmation_needed", f"environment {env} is protected: what is there would be overwritten",
            fix=f'say that it is meant: "confirm_env": "{env}"',
        )  # fmt: skip
