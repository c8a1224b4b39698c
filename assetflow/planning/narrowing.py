"""A part of a plan as a plan of its own: what is left out was made before, and is read from storage."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from assetflow.planning.plan import Plan, Step, StepInput, producers_of


def narrowed(plan: Plan, steps: Collection[int], versions: Mapping[int, str | None]) -> Plan:
    """The plan of these steps alone.

    Args:
        steps: indices of those that stay.
        versions: of the outputs that others have made: the name under which each is kept, None where its IO manager
            keeps only one.
    """
    kept = [step for step in plan.steps if step.index in steps]
    places = {step.index: place for place, step in enumerate(kept)}
    outputs = {output.index: number for number, output in enumerate(one for step in kept for one in step.outputs)}

    def input_of(item: StepInput) -> StepInput:
        if item.output is None:
            return item
        if item.output in outputs:
            return msgspec.structs.replace(item, output=outputs[item.output])
        return msgspec.structs.replace(item, output=None, version=versions.get(item.output) or "")

    def step_of(step: Step) -> Step:
        return msgspec.structs.replace(
            step,
            index=places[step.index],
            inputs=tuple(map(input_of, step.inputs)),
            outputs=tuple(msgspec.structs.replace(output, index=outputs[output.index]) for output in step.outputs),
            line=places.get(step.line) if step.line is not None else None,
        )

    return Plan(steps=tuple(map(step_of, kept)))


def with_inner_makers(plan: Plan, steps: Collection[int]) -> set[int]:
    """The same steps, and those that make what they need and what only this very run can read: values inside graphs."""
    producer = producers_of(plan)
    found, waiting = set(steps), list(steps)
    while waiting:
        for item in plan.steps[waiting.pop()].inputs:
            if not item.key and item.output is not None and producer[item.output] not in found:
                found.add(producer[item.output])
                waiting.append(producer[item.output])
    return found
