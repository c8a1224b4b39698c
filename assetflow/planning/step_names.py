"""What steps are called, and the definitions whose ops have one name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.partitions.names import partition_segment
from assetflow.planning.parts import Part


def own_names(graph: AssetGraph) -> dict[AssetsDefinition, str]:
    """For definitions whose op or graph is called like that of another: what it is called here instead.

    They are the same in every run of these definitions, whatever is selected, since configs are written with them.
    """
    every = (*graph.assets_by_key.values(), *graph.checks_by_key.values(), *graph.observations_by_key.values())
    definitions = list(dict.fromkeys(every))
    taken = {definition.node_def.name for definition in definitions}
    if len(taken) == len(definitions):
        return {}
    seen: set[str] = set()
    found: dict[AssetsDefinition, str] = {}
    for definition in sorted(definitions, key=_rank):
        name = definition.node_def.name
        if name in seen:
            found[definition] = _free(_other_name(definition), taken)
            taken.add(found[definition])
        seen.add(name)
    return found


def _rank(definition: AssetsDefinition) -> tuple[int, str]:
    """Assets come first, then what checks them, then what looks at sources."""
    if definition.keys:
        return 0, min(definition.keys).to_user_string()
    return 1 if definition.check_keys else 2, _other_name(definition)


def _other_name(definition: AssetsDefinition) -> str:
    if definition.keys:
        return min(definition.keys).to_python_identifier()
    return f"{'check' if definition.check_keys else 'observe'}_{definition.node_def.name}"


def _free(name: str, taken: Collection[str]) -> str:
    found, number = name, 2
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found


def named_after(name: str, partitions: Sequence[str]) -> str:
    """The name of a step that makes some partitions."""
    if not partitions:
        return name
    first, last = partition_segment(partitions[0]), partition_segment(partitions[-1])
    return f"{name}[{first}]" if len(partitions) == 1 else f"{name}[{first}...{last}]"


def unique_names(order: Sequence[Part], own: Mapping[AssetsDefinition, str]) -> list[str]:
    """Op names, in a graph after the graph's; of a function that is called twice, then the key of what it makes."""
    names: list[str] = []
    taken = set(own.values())
    calls: set[tuple[AssetsDefinition, tuple[str, ...]]] = set()
    for part in order:
        name = ".".join((own.get(part.asset, part.asset.node_def.name), *part.call.path))
        call = (part.asset, part.call.path)
        if call in calls:
            made = next(iter(part.outputs.values()))
            name = _free(made.to_python_identifier() if isinstance(made, AssetKey) else name, taken)
        calls.add(call)
        taken.add(name)
        names.append(name)
    return names
