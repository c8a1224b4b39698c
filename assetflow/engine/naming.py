"""Naming the step that a wake-up is sent for: the store knows its index alone."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from assetflow.planning.plan import Plan
from assetflow.runs.claims import Announcement


def named(announcements: Iterable[Announcement], plan: Plan) -> list[Announcement]:
    """The same wake-ups, those for a step of this plan with its name."""
    return [
        one
        if one.hint < 0 or one.run_id or one.hint >= len(plan.steps)
        else msgspec.structs.replace(one, step=plan.steps[one.hint].key)
        for one in announcements
    ]
