"""The rule-book: which event moves a step from which state to which.

Written once, as data. The in-memory store reads the table; the Redis store renders it into its scripts.
A pair that is not in the table is a refusal: the step stays as it is.
"""

from __future__ import annotations

from enum import StrEnum

from assetflow.runs.states import StepState as S


class StepEvent(StrEnum):
    """What can happen to a step."""

    UNBLOCK = "unblock"  # the last thing it waited for is there
    CLAIM = "claim"  # a slot takes it
    HOLD = "hold"  # its pool has no token left
    ADMIT = "admit"  # its pool hands it a token
    FOLLOW = "follow"  # a slot takes it together with the only step it waits for
    SUCCEED = "succeed"
    FAIL = "fail"  # it raised, and no try is left
    RETRY = "retry"  # it raised, and will be tried again later
    RETURN = "return"  # its slot gives it back, or died holding it
    DETACH = "detach"  # the same, while what it waits for is not there yet
    DUE = "due"  # the delay before its retry is over
    PRUNE = "prune"  # an output it needs was not emitted, or its maker was skipped
    DOOM = "doom"  # a step it needs, directly or not, failed
    CANCEL = "cancel"


E = StepEvent

TRANSITIONS: dict[tuple[S, StepEvent], S] = {
    (S.WAITING, E.UNBLOCK): S.READY,
    (S.WAITING, E.FOLLOW): S.CLAIMED,
    (S.WAITING, E.PRUNE): S.SKIPPED,
    (S.WAITING, E.DOOM): S.UPSTREAM_FAILED,
    (S.WAITING, E.CANCEL): S.CANCELLED,
    (S.READY, E.CLAIM): S.CLAIMED,
    (S.READY, E.HOLD): S.POOLED,
    (S.READY, E.CANCEL): S.CANCELLED,
    (S.POOLED, E.ADMIT): S.READY,
    (S.POOLED, E.CANCEL): S.CANCELLED,
    (S.CLAIMED, E.SUCCEED): S.SUCCEEDED,
    (S.CLAIMED, E.FAIL): S.FAILED,
    (S.CLAIMED, E.RETRY): S.DELAYED,
    (S.CLAIMED, E.RETURN): S.READY,
    (S.CLAIMED, E.DETACH): S.WAITING,
    (S.CLAIMED, E.PRUNE): S.SKIPPED,  # claimed together with the step that did not emit
    (S.CLAIMED, E.DOOM): S.UPSTREAM_FAILED,  # claimed together with the step that failed
    (S.CLAIMED, E.CANCEL): S.CANCELLED,
    (S.DELAYED, E.DUE): S.READY,
    (S.DELAYED, E.CANCEL): S.CANCELLED,
    # The end of a run must not depend on who settles first: a step that is below a failure and below a
    # skip is upstream-failed whichever came first. This is the only move out of a terminal state.
    (S.SKIPPED, E.DOOM): S.UPSTREAM_FAILED,
}


def after(state: S, event: StepEvent) -> S | None:
    """The state that follows, or None where the event is refused."""
    return TRANSITIONS.get((state, event))


def as_lua() -> str:
    """The table as the Lua source of a local named NEXT: ``NEXT.W.unblock == "R"``."""
    rows: dict[str, list[str]] = {}
    for (state, event), target in TRANSITIONS.items():
        rows.setdefault(state.value, []).append(f'["{event.value}"]="{target.value}"')
    body = ", ".join(f"{state}={{{', '.join(moves)}}}" for state, moves in rows.items())
    final = ", ".join(f"{state.value}=true" for state in S if state.is_terminal)
    return f"local NEXT = {{{body}}}\nlocal FINAL = {{{final}}}\n"
