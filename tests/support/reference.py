"""What must become of a run, whoever settles what first: an answer that knows nothing of slots, batches or queues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assetflow.planning.plan import Plan, Topology


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a step once it is run often enough.

    Attributes:
        emitted: names of outputs that it makes; None: it fails.
        retries: how often it is tried again before that.
    """

    emitted: frozenset[int] | None
    retries: int = 0


def final_states(plan: Plan, fates: Sequence[Fate]) -> str:
    """One letter a step: S succeeded, F failed, K skipped, U below a failure."""
    topology = Topology(plan)
    states = [""] * len(plan.steps)
    for step in plan.steps:  # a plan lists every step behind those it needs
        above = {topology.producer[item.output] for item in step.inputs if item.output is not None}
        needed = {item.output for item in step.inputs if item.output is not None}
        if any(states[parent] in "FU" for parent in above):
            states[step.index] = "U"
        elif any(states[parent] == "K" for parent in above) or not all(
            output in (fates[topology.producer[output]].emitted or ()) for output in needed
        ):
            states[step.index] = "K"
        else:
            states[step.index] = "F" if fates[step.index].emitted is None else "S"
    # A step below a skip and below a failure is upstream-failed, however far away the failure is.
    doomed = {step.index for step in plan.steps if states[step.index] == "F"}
    below = set(topology.descendants([child for parent in doomed for child in topology.children[parent]]))
    return "".join("U" if index in below else state for index, state in enumerate(states))
