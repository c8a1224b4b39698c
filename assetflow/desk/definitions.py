"""Definitions as plain data: what there is, who needs whom, and all that is said of one asset."""

from __future__ import annotations

import contextlib
import inspect
import sys
from collections.abc import Mapping
from typing import Any

from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.metadata import MetadataValue, normalize_metadata
from assetflow.definitions.metadata_records import metadata_to_json
from assetflow.definitions.op import KIND_TAG, OpDefinition
from assetflow.definitions.placement import Placement, placement_of
from assetflow.definitions.source_asset import SourceAsset
from assetflow.desk.config_schemas import is_required, schema_of
from assetflow.environments import Environments
from assetflow.errors import AssetflowError, CheckError, InvalidSubsetError
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.lineage.syntax import resolve_job, resolve_selection
from assetflow.partitions.multi import MultiPartitionsDefinition
from assetflow.partitions.partitions_definition import PartitionsDefinition
from assetflow.planning.step_names import own_names
from assetflow.submission import Project, selection_text
from assetflow.wiring import current_settings

Record = dict[str, Any]
_KINDS_OF_PARTITIONS = {
    "MultiPartitionsDefinition": "multi",
    "StaticPartitionsDefinition": "static",
    "DynamicPartitionsDefinition": "dynamic",
}
_LONGEST_SOURCE = 20_000  # characters


def all_definitions(project: Project, _arguments: Mapping[str, Any]) -> Record:
    """Everything that lists, filters and graphs show."""
    graph, definitions = project.graph(), project.definitions
    names = own_names(graph)
    every = [*graph.assets_by_key, *graph.sources_by_key]
    groups: dict[str, int] = {}
    for key in every:
        groups[graph.group_of(key)] = groups.get(graph.group_of(key), 0) + 1
    return {
        "label": project.label,
        "module": project.module,
        "assets": [about(graph, key, names) for key in every],
        "groups": [{"name": name, "assets": groups[name]} for name in sorted(groups)],
        "jobs": [_job(project, name) for name in definitions.jobs],
        "resources": [
            {
                "key": key,
                "description": found.description or "",
                "config_schema": schema_of(found.config),
            }
            for key, found in sorted(definitions.resources.items())
        ],
        "environments": _environments(project),
    }


def about(graph: AssetGraph, key: AssetKey, names: Mapping[AssetsDefinition, str]) -> Record:
    """What lists show of an asset or a source."""
    asset = graph.assets_by_key.get(key)
    return _source(graph, graph.sources_by_key[key]) if asset is None else _asset(graph, asset, key, names)


def one_asset(project: Project, arguments: Mapping[str, Any]) -> Record:
    """All that is said of one asset.

    Raises:
        InvalidSubsetError: there is none of this key.
    """
    graph = project.graph()
    key = known_key(graph, str(arguments["key"]))
    asset = graph.assets_by_key.get(key)
    source = graph.sources_by_key.get(key)
    given = source.raw_metadata if source is not None and asset is None else {}
    if asset is not None:
        given = dict(asset.metadata_by_key.get(key) or {})
    op = None if asset is None else _first_op(asset)
    return {
        **about(graph, key, own_names(graph)),
        "upstream": sorted(one.to_user_string() for one in (graph.asset_deps(key) if asset is not None else ())),
        "downstream": sorted(one.to_user_string() for one in graph.downstream(key)),
        "metadata": _metadata(given),
        "source": _written(asset, source),
        "config_schema": None if op is None else schema_of(op.config),
        "type": _type(asset, key),
        "python_snippet": _snippet(project, key, asset),
    }


def select(project: Project, arguments: Mapping[str, Any]) -> list[str]:
    """The keys that a selection means, in the order of definition.

    Raises:
        CheckError, InvalidSubsetError: as for `resolve_selection`.
    """
    return [key.to_user_string() for key in resolve_selection(project.graph(), arguments.get("selection"))]


def known_key(graph: AssetGraph, text: str) -> AssetKey:
    """The asset or source of a key.

    Raises:
        InvalidSubsetError: there is none.
    """
    with contextlib.suppress(AssetflowError, CheckError, ValueError):
        key = AssetKey.from_user_string(text)
        if key in graph.assets_by_key or key in graph.sources_by_key:
            return key
    near = graph.near(text)
    raise InvalidSubsetError(
        f"there is no asset {text!r:.200}", fix=f"did you mean {' or '.join(near)}?" if near else None
    )


def _asset(graph: AssetGraph, asset: AssetsDefinition, key: AssetKey, names: Mapping[AssetsDefinition, str]) -> Record:
    labels = asset.labels(key)
    places = [placement_of(op.tags) for op in asset.ops]
    output = next(name for name, made in asset.keys_by_output_name.items() if made == key)
    out = asset.node_def.outs[output]
    kind = next((op.tags[KIND_TAG] for op in asset.ops if KIND_TAG in op.tags), "")
    policy = labels.freshness_policy
    return {
        "key": key.to_user_string(),
        "group": graph.group_of(key),
        "description": asset.descriptions_by_key[key] or "",
        "kinds": sorted(labels.kinds | ({kind} if kind else set())),
        "compute_kind": kind,
        "owners": list(labels.owners),
        "tags": dict(labels.tags),
        "is_source": False,
        "is_executable": True,
        "is_partitioned": asset.partitions_def is not None,
        "partitions": _partitions(asset.partitions_def),
        "op": asset.node_def.name,
        "code_version": graph.code_versions.of(key),
        "pool": _only(places, lambda place: place.pool),
        "queue": _only(places, lambda place: place.queue),
        "io_manager_key": out.io_manager_key,
        "required_resources": sorted(asset.required_resource_keys),
        "skippable": not out.is_required,
        "deps": _deps(graph, asset, key),
        "checks": [
            {"name": spec.name, "blocking": spec.blocking, "description": spec.description or ""}
            for spec in _checks(graph, key)
        ],
        "step": names.get(asset, asset.node_def.name),
        "automation": _automation(asset, key),
        "freshness": None if policy is None else _freshness(policy.maximum_lag_minutes, policy.cron_schedule),
        "config_required": any(is_required(op.config) for op in asset.ops),
    }


def _source(graph: AssetGraph, source: SourceAsset) -> Record:
    return {
        "key": source.key.to_user_string(),
        "group": graph.group_of(source.key),
        "description": source.description or "",
        "kinds": [],
        "compute_kind": "",
        "owners": [],
        "tags": {},
        "is_source": True,
        "is_executable": source.is_observable,
        "is_partitioned": source.partitions_def is not None,
        "partitions": _partitions(source.partitions_def),
        "op": None,
        "code_version": None,
        "pool": "",
        "queue": "",
        "io_manager_key": source.io_manager_key,
        "required_resources": sorted(source.required_resource_keys),
        "skippable": False,
        "deps": [],
        "checks": [
            {"name": spec.name, "blocking": spec.blocking, "description": spec.description or ""}
            for spec in _checks(graph, source.key)
        ],
        "step": None,
        "automation": None,
        "freshness": None,
        "config_required": False,
    }


def _only(places: list[Placement], take: Any) -> str:
    return ", ".join(sorted({found for place in places if (found := take(place))}))


def _checks(graph: AssetGraph, key: AssetKey) -> list[Any]:
    found = {}
    for check in graph.checks_of([key]):
        for spec in graph.checks_by_key[check].check_specs:
            if spec.key == check:
                found[spec.name] = spec
    return [found[name] for name in sorted(found)]


def _deps(graph: AssetGraph, asset: AssetsDefinition, key: AssetKey) -> list[Record]:
    loaded = {}
    for name in asset.keys_by_input_name:
        meant = graph.resolved_input(asset, name)
        if meant is not None and name in asset.node_def.ins and not asset.node_def.ins[name].is_nothing:
            loaded[meant] = name
    found = []
    for need in sorted(graph.asset_deps(key)):
        mapping = asset.get_partition_mapping(need)
        found.append(
            {
                "key": need.to_user_string(),
                "argument": loaded.get(need),
                "mapping": None if mapping is None else type(mapping).__name__,
            }
        )
    return found


def _partitions(definition: PartitionsDefinition | None) -> Record | None:
    if definition is None:
        return None
    kind = _KINDS_OF_PARTITIONS.get(type(definition).__name__, "time_window")
    names = definition.partition_dimension_names if isinstance(definition, MultiPartitionsDefinition) else []
    return {"kind": kind, "dimensions": list(names), "description": str(definition)}


def _automation(asset: AssetsDefinition, key: AssetKey) -> str | None:
    """The condition under which it is made by itself, in words."""
    found = getattr(asset, "automation_conditions_by_key", {}).get(key)
    return None if found is None else str(getattr(found, "name", None) or found)


def _freshness(minutes: float, cron: str | None) -> str:
    return f"at most {minutes:g} min old" + (f" at {cron}" if cron else "")


def _first_op(asset: AssetsDefinition) -> OpDefinition | None:
    return next((op for op in asset.ops if not op.config.takes_anything), None)


def _metadata(given: Mapping[str, Any]) -> Record:
    """Definition metadata as it is kept; what is none of its kinds as text."""
    found: dict[str, MetadataValue] = {}
    for label, value in given.items():
        try:
            found |= normalize_metadata({label: value})
        except (AssetflowError, CheckError):
            found[str(label)] = MetadataValue.text(repr(value)[:2000])
    return metadata_to_json(found)


def _written(asset: AssetsDefinition | None, source: SourceAsset | None) -> Record | None:
    """Where its code is, and the code itself."""
    if asset is None:
        location = None if source is None else source.location
        return None if location is None else {"file": location.file, "line": location.line, "text": ""}
    if asset.location is None:
        return None
    text = ""
    functions = [op.compute_fn for op in asset.ops]
    with contextlib.suppress(OSError, TypeError):
        text = inspect.getsource(functions[0]) if len(functions) == 1 else ""
    return {"file": asset.location.file, "line": asset.location.line, "text": text[:_LONGEST_SOURCE]}


def _type(asset: AssetsDefinition | None, key: AssetKey) -> str | None:
    if asset is None:
        return None
    output = next(name for name, made in asset.keys_by_output_name.items() if made == key)
    found = asset.node_def.outs[output].annotation
    if found is inspect.Parameter.empty or found is None or not (isinstance(found, type) or hasattr(found, "__args__")):
        return None
    return found.__name__ if isinstance(found, type) else str(found).replace("typing.", "")


def _snippet(project: Project, key: AssetKey, asset: AssetsDefinition | None) -> str:
    """The lines that load its value in Python; empty where nothing of that name can be imported."""
    if asset is None or not project.module:
        return ""
    module = sys.modules.get(project.module)
    held = vars(module) if module is not None else {}
    name = next((name for name, found in held.items() if found is project.definitions), None)
    one = len(key.parts) == 1
    shown = f'"{key.parts[0]}"' if one else f"AssetKey({list(key.parts)!r})"
    partition = ', partition_key="..."' if asset.partitions_def is not None else ""
    names = [*([] if one else ["AssetKey"]), *([] if name else ["Definitions", "load_assets_from_modules"])]
    lines = [f"from assetflow import {', '.join(names)}"] if names else []
    if name is None:
        lines += [f"import {project.module}", "", f"defs = Definitions(load_assets_from_modules([{project.module}]))"]
    else:
        lines += [f"from {project.module} import {name}", ""]
    return "\n".join([*lines, f"value = {name or 'defs'}.load_asset_value({shown}{partition})"])


def _job(project: Project, name: str) -> Record:
    job = project.definitions.get_job(name)
    partitions = job.partitions_def
    keys = resolve_job(project.graph(), name, job.selection).assets
    return {
        "name": name,
        "description": job.description or "",
        "selection": selection_text(job.selection),
        "assets": [key.to_user_string() for key in keys],
        "partitions": _partitions(partitions),
        "tags": dict(job.tags),
        "config_schema": None,
    }


def _environments(project: Project) -> list[Record]:
    settings = current_settings()
    known = Environments(settings, project.definitions)
    return [
        {
            "name": name,
            "protected": known.get(name).is_protected,
            "reads_from": known.get(name).reads_from,
            "writes_to": known.storage_of(known.get(name)),
            "chain": list(known.chain(name)),
        }
        for name in known.names
    ]
