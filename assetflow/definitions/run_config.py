"""The config of a whole run: what each op and each resource may be told."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from assetflow.config.schema import Reading
from assetflow.config.shapes import Field, Permissive, Shape
from assetflow.config.spec import ConfigSpec
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.input_manager import InputManagerDefinition
from assetflow.definitions.io_manager import IOManagerDefinition
from assetflow.definitions.node import NodeDefinition
from assetflow.definitions.op import OpDefinition
from assetflow.definitions.resource import ResourceDefinition
from assetflow.errors import ConfigErrorReason, InvalidConfigError, ParameterCheckError

if TYPE_CHECKING:
    from assetflow.definitions.bundle import Definitions


def read_run_config(
    definitions: Definitions, assets: Mapping[str, AssetsDefinition], run_config: Any
) -> dict[str, Any]:
    """The config of a run of these assets as a document, checked before anything runs.

    Args:
        assets: by the name under which the config speaks of them.

    Variables of the environment are not looked up: they are those of the process that will run the code.

    Raises:
        InvalidConfigError: it does not fit; everything wrong is in `errors`.
        ParameterCheckError: it is no dict.
    """
    given = run_config.to_config_dict() if isinstance(run_config, RunConfig) else run_config
    given = {} if given is None else given
    if not isinstance(given, Mapping):
        raise ParameterCheckError(f'run_config is a dict such as {{"ops": {{...}}}}, not {run_config!r}')
    resources: dict[str, ResourceDefinition] = dict(definitions.resources)
    for asset in assets.values():
        resources.update(asset.resource_defs)
    if not given and not _asks(assets.values(), resources):
        return {}
    required = {key for asset in assets.values() for key in asset.required_resource_keys}
    reading = Reading(None)
    ops = {name: _node_field(one.node_def, definitions.resource_defs_for(one)) for name, one in assets.items()}
    form = Shape(
        {
            "ops": _ByName("op", ops),
            "resources": _ByName("resource", _resource_fields(resources, required)),
            "execution": Field(Permissive(), is_required=False),
            "loggers": Field(Permissive(), is_required=False),
        }
    )
    form.read(given, "root", reading)
    document: dict[str, Any] = {} if reading.errors else form.written(given, "root", reading)
    if reading.errors:
        raise InvalidConfigError("Error in config for job", errors=reading.errors)
    return document


def look_up(definitions: Definitions, assets: Mapping[str, AssetsDefinition], document: Mapping[str, Any]) -> None:
    """Read the config of a run as its code will, with variables and config functions, before anything runs.

    Raises:
        InvalidConfigError: a variable is not set, or what a config function returned does not fit.
        ConfigMappingFunctionError: a config function raised.
    """
    failures: list[InvalidConfigError] = []
    seen: set[ResourceDefinition] = set()
    for name, asset in assets.items():
        for call in asset.calls:
            if not call.op.config.takes_anything:
                path = (name, *call.path)
                owner = f'op "{call.op.name}"'
                _collect(failures, call.op.config, entry_of(document, path), place_of_entry(path), owner)
        resources = definitions.resource_defs_for(asset)
        for key in _needed(resources, asset.required_resource_keys):
            if key in resources and resources[key] not in seen and not resources[key].config.takes_anything:
                seen.add(resources[key])
                entry = (document.get("resources") or {}).get(key)
                _collect(failures, resources[key].config, entry, f"root:resources:{key}", f'the resource "{key}"')
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise InvalidConfigError(
            "Error in config for job", errors=[error for failure in failures for error in failure.errors]
        )


def _collect(failures: list[InvalidConfigError], config: ConfigSpec, entry: Any, at: str, owner: str) -> None:
    try:
        config.process(entry, at, owner)
    except InvalidConfigError as error:
        failures.append(error)


def _asks(assets: Iterable[AssetsDefinition], resources: Mapping[str, ResourceDefinition]) -> bool:
    """Whether anything there may want config that is not given."""
    return not all(op.config.takes_anything for asset in assets for op in asset.ops) or not all(
        definition.config.takes_anything and not isinstance(definition, IOManagerDefinition | InputManagerDefinition)
        for definition in resources.values()
    )


_ANY = Field(Shape({"config": Field(Any, is_required=False)}), is_required=False)


def _node_field(node: NodeDefinition, resources: Mapping[str, ResourceDefinition]) -> Field:
    if isinstance(node, OpDefinition):
        return _op_field(node, resources)
    inner = {one.name: _node_field(one.definition, resources) for one in node.nodes}
    return Field(Shape({"ops": _ByName("op", inner)}))


def _op_field(op: OpDefinition, resources: Mapping[str, ResourceDefinition]) -> Field:
    more = {
        "outputs": {
            name: manager.output_config.field
            for name, out in op.outs.items()
            if (manager := _io_manager(resources, out.io_manager_key)) and not manager.output_config.takes_anything
        },
        # Which manager loads an input is known when its asset is found; then it is checked too.
        "inputs": dict.fromkeys(op.ins, Field(Any, is_required=False)) if _read_with_config(resources) else {},
    }
    if op.config.takes_anything and not any(more.values()):
        return _ANY
    return Field(Shape({"config": op.config.field, **{name: Shape(fields) for name, fields in more.items() if fields}}))


def _io_manager(resources: Mapping[str, ResourceDefinition], key: str) -> IOManagerDefinition | None:
    found = resources.get(key)
    return found if isinstance(found, IOManagerDefinition) else None


def _read_with_config(resources: Mapping[str, ResourceDefinition]) -> bool:
    managers = [
        found for found in resources.values() if isinstance(found, IOManagerDefinition | InputManagerDefinition)
    ]
    return any(not manager.input_config.takes_anything for manager in managers)


def _resource_fields(resources: Mapping[str, ResourceDefinition], required: set[str]) -> dict[str, Field]:
    needed = _needed(resources, required)
    fields = {
        key: Field(Shape({"config": definition.config.field}), is_required=None if key in needed else False)
        if not definition.config.takes_anything
        else _ANY
        for key, definition in resources.items()
    }
    return {"io_manager": _ANY, **fields}


def _needed(resources: Mapping[str, ResourceDefinition], required: Iterable[str]) -> set[str]:
    """These keys, and those that what is under them requires."""
    needed: set[str] = set()
    waiting = list(required)
    while waiting:
        key = waiting.pop()
        if key not in needed:
            needed.add(key)
            waiting += resources[key].required_resource_keys if key in resources else ()
    return needed


class _ByName(Shape):
    """Fields of which there can be thousands: what is expected is told by names that are near."""

    __slots__ = ("_kind",)

    def __init__(self, kind: str, fields: Mapping[str, Field]) -> None:
        super().__init__(fields)
        self._kind = kind

    def printed(self) -> str:
        shown = [f"{name}{'' if field.is_required else '?'}: {{...}}" for name, field in self.fields.items()]
        return f"{{ {' '.join(shown[:5])}{' ...' if len(shown) > 5 else ''} }}"

    def _unexpected(self, names: list[str], value: Mapping[str, Any], at: str, reading: Reading) -> None:
        if not self.fields:
            super()._unexpected(names, value, at, reading)
            return
        for name in names:
            near = difflib.get_close_matches(str(name), self.fields, 3, cutoff=0.6)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            reading.refuse(
                ConfigErrorReason.FIELD_NOT_DEFINED,
                at,
                f'Received unexpected config entry "{name}" at path {at}. Expected: "{self.printed()}". '
                f"This run has no {self._kind} of that name{hint}",
            )


class RunConfig:
    """The config of a run, with objects of Config classes and of configurable resources.

    Args:
        ops: by name of the asset's op.
        resources: by key.
    """

    __slots__ = ("ops", "resources")

    def __init__(self, ops: Mapping[str, Any] | None = None, resources: Mapping[str, Any] | None = None) -> None:
        self.ops = dict(ops or {})
        self.resources = dict(resources or {})

    def to_config_dict(self) -> dict[str, Any]:
        """The same as a document."""
        parts = {"ops": self.ops, "resources": self.resources}
        return {name: {key: _entry(item) for key, item in part.items()} for name, part in parts.items() if part}


def _entry(value: Any) -> Any:
    """A whole entry such as ``{"config": ...}`` as it is; a config object as the config in one."""
    if hasattr(value, "model_fields_set"):
        # A pydantic model, whose users have it loaded; nobody else needs to.
        return {"config": import_module("assetflow.config.config_class").document(value)}
    return value


def entry_of(run_config: Mapping[str, Any], path: Iterable[str]) -> Mapping[str, Any]:
    """What a run config says of an op.

    Args:
        path: its name; that of an op in a graph after those of the graphs it is in.
    """
    entry = run_config
    for name in path:
        entry = (entry.get("ops") or {}).get(name) or {}
    return entry


def place_of_entry(path: Iterable[str]) -> str:
    """Where that stands, as errors name it."""
    return "".join(["root", *(f":ops:{name}" for name in path)])
