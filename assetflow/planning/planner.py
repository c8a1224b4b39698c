"""From a selection to a plan."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.checks import AssetCheckKey
from assetflow.definitions.placement import placement_of
from assetflow.definitions.retry import RetryPolicy
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.planning.parts import InnerValue, Part, Value, parts_of
from assetflow.planning.plan import Plan, Step, StepInput, StepOutput, StepRetry
from assetflow.planning.step_names import own_names, unique_names


def make_plan(
    graph: AssetGraph,
    keys: Sequence[AssetKey],
    checks: Collection[AssetCheckKey] | None = None,
    observed: Collection[AssetKey] = frozenset(),
    *,
    gathered: Collection[AssetsDefinition] = frozenset(),
    with_code_versions: bool = False,
) -> Plan:
    """The steps that materialize these assets and check them, each after the steps it needs.

    Args:
        checks: which checks to do; None for all of these assets.
        observed: sources to look at.
        gathered: graphs whose ops wait for everything that the graph reads.
        with_code_versions: name the code that makes each asset.

    What they need and is not selected is read from storage. The same graph and keys give the same plan.
    """
    order = parts_of(graph, set(keys), graph.checks_of(keys) if checks is None else checks, observed, gathered)
    outputs = _number_outputs(order)
    origins = _origins(graph, order, outputs)
    code_of = graph.code_versions.of if with_code_versions else _nobody_looks
    drafts = [_draft(part, outputs, origins, code_of) for part in order]
    producers = {output.index: index for index, (_, made, _) in enumerate(drafts) for output in made}
    parents = [
        sorted({producers[item.output] for item in inputs if item.output is not None}) for inputs, _, _ in drafts
    ]
    children: list[list[int]] = [[] for _ in drafts]
    for index, above in enumerate(parents):
        for parent in above:
            children[parent].append(index)
    ranks = [1] * len(drafts)
    for index in range(len(drafts) - 1, -1, -1):
        ranks[index] = 1 + max((ranks[child] for child in children[index]), default=0)
    own = own_names(graph)
    names = unique_names(order, own)
    places = [placement_of(part.call.op.tags) for part in order]
    steps = []
    for index, (inputs, made, retry) in enumerate(drafts):
        below = children[index]
        follows = len(below) == 1 and len(parents[below[0]]) == 1 and places[below[0]].goes_along_with(places[index])
        steps.append(
            Step(
                index=index,
                key=names[index],
                inputs=inputs,
                outputs=made,
                queue=places[index].queue,
                pool=places[index].pool,
                timeout=places[index].timeout,
                rank=ranks[index],
                line=below[0] if follows else None,
                retry=retry,
                owner=_owner(order[index]),
                node=order[index].call.path,
                alias=own.get(order[index].asset, ""),
                check=_check(order[index]),
                observes=order[index].call.op.observes is not None,
            )
        )
    return Plan(steps=tuple(steps))


def _number_outputs(order: Sequence[Part]) -> dict[Value, int]:
    numbers: dict[Value, int] = {}
    for part in order:
        for value in part.outputs.values():
            numbers[value] = len(numbers)
    return numbers


def _owner(part: Part) -> tuple[str, ...]:
    if part.call.op.observes is not None:
        return part.call.op.observes.parts
    if part.call.op.only_checks:
        return min(part.asset.check_keys).asset_key.parts
    return min(part.asset.keys).parts if part.call.path else ()


def _check(part: Part) -> str:
    return min(part.asset.check_keys).name if part.call.op.only_checks else ""


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where an input comes from.

    Attributes:
        output: index of the output of the plan that supplies it, or None.
        io_manager_key: the manager that stored it.
        is_nothing: nothing is stored of it.
    """

    output: int | None
    io_manager_key: str
    is_nothing: bool


def _origins(graph: AssetGraph, order: Sequence[Part], outputs: dict[Value, int]) -> dict[Value, _Origin]:
    """For every asset, every source and everything that ops hand to each other what reading it takes."""
    found: dict[Value, _Origin] = {
        key: _Origin(None, source.io_manager_key, False) for key, source in graph.sources_by_key.items()
    }
    for asset in dict.fromkeys(graph.assets_by_key.values()):
        for name, key in asset.keys_by_output_name.items():
            out = asset.node_def.outs[name]
            found[key] = _Origin(outputs.get(key), out.io_manager_key, out.is_nothing)
    for part in order:
        for name, value in part.outputs.items():
            if isinstance(value, InnerValue):
                out = part.call.op.outs[name]
                found[value] = _Origin(outputs[value], out.io_manager_key, out.is_nothing)
    return found


def _draft(
    part: Part, outputs: dict[Value, int], origins: dict[Value, _Origin], code_of: Callable[[AssetKey], str | None]
) -> tuple[tuple[StepInput, ...], tuple[StepOutput, ...], StepRetry | None]:
    op = part.call.op
    inputs = []
    for name, declared in op.ins.items():
        for value in part.inputs.get(name, ()):
            origin = origins[value]
            inputs.append(
                StepInput(
                    name=name,
                    key=_segments(value),
                    output=origin.output,
                    io_manager_key=declared.input_manager_key or origin.io_manager_key,
                    loads=not declared.is_nothing and (not origin.is_nothing or bool(declared.input_manager_key)),
                    listed=name in part.call.lists,
                )
            )
    for value in part.after:
        name = value.to_python_identifier() if isinstance(value, AssetKey) else value.maker.output
        inputs.append(StepInput(name=name, key=_segments(value), output=outputs[value], loads=False))
    made = tuple(
        StepOutput(
            index=outputs[value],
            name=name,
            key=_segments(value),
            required=op.outs[name].is_required,
            io_manager_key=op.outs[name].io_manager_key,
            code_version=code_of(value) if isinstance(value, AssetKey) else None,
        )
        for name, value in part.outputs.items()
    )
    return tuple(inputs), made, _retry(op.retry_policy)


def _nobody_looks(_key: AssetKey) -> None:
    """The code version where none is wanted."""


def _segments(value: Value) -> tuple[str, ...]:
    return value.parts if isinstance(value, AssetKey) else ()


def _retry(policy: RetryPolicy | None) -> StepRetry | None:
    if policy is None:
        return None
    return StepRetry(
        max_retries=policy.max_retries,
        delay=policy.delay or 0.0,
        backoff=policy.backoff.value if policy.backoff else None,
        jitter=policy.jitter.value if policy.jitter else None,
    )
