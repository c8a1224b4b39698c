"""Sources that can be looked at: a function says which data they hold now."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, overload

from assetflow.definitions.asset_inputs import check_named
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.io_manager import IOManagerDefinition
from assetflow.definitions.location import SourceLocation, location_of
from assetflow.definitions.metadata import RawMetadata
from assetflow.definitions.names import CoercibleToPrefix, read_prefix
from assetflow.definitions.observe_result import OBSERVATION
from assetflow.definitions.op import OpOutput
from assetflow.definitions.op_building import OpForm, ToldOfOp, build_op
from assetflow.definitions.signature import read_parameters
from assetflow.definitions.source_asset import SourceAsset
from assetflow.definitions.typecheck import Nothing
from assetflow.errors import CheckError, InvalidDefinitionError
from assetflow.keys import AssetKey
from assetflow.partitions.partitions_definition import PartitionsDefinition

Observe = Callable[..., Any]


@overload
def observable_source_asset(observe_fn: Observe) -> SourceAsset: ...
@overload
def observable_source_asset(
    *,
    name: str | None = None,
    key_prefix: CoercibleToPrefix | None = None,
    metadata: RawMetadata | None = None,
    io_manager_key: str | None = None,
    io_manager_def: IOManagerDefinition | None = None,
    description: str | None = None,
    group_name: str | None = None,
    required_resource_keys: Iterable[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    partitions_def: PartitionsDefinition | None = None,
) -> Callable[[Observe], SourceAsset]: ...
def observable_source_asset(
    observe_fn: Observe | None = None,
    *,
    name: str | None = None,
    key_prefix: CoercibleToPrefix | None = None,
    metadata: RawMetadata | None = None,
    io_manager_key: str | None = None,
    io_manager_def: IOManagerDefinition | None = None,
    description: str | None = None,
    group_name: str | None = None,
    required_resource_keys: Iterable[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    partitions_def: PartitionsDefinition | None = None,
) -> SourceAsset | Callable[[Observe], SourceAsset]:
    """Make a source of a function that returns a `DataVersion` or an `ObserveResult` of what is there now.

    Args:
        name: of the asset; by default the function's.
        key_prefix: segments before the name; a str is split at "/".
        metadata: of the definition.
        io_manager_key: which IO manager loads it; by default ``io_manager``.
        io_manager_def: the IO manager itself.
        description: by default the docstring.
        group_name: by default ``default``.
        required_resource_keys: resources that ``context.resources`` shows.
        resource_defs: resources that come with it.
        partitions_def: how it is divided.

    Raises:
        InvalidDefinitionError: a name does not fit, or the function takes anything but a context and resources.
    """
    caller = sys._getframe(1)

    def make(function: Observe) -> SourceAsset:
        source = SourceAsset(
            AssetKey((*read_prefix(key_prefix), name or function.__name__)),
            metadata=metadata,
            io_manager_key=io_manager_key,
            io_manager_def=io_manager_def,
            description=description or inspect.getdoc(function),
            group_name=group_name,
            resource_defs=resource_defs,
            observe_fn=function,
            required_resource_keys=required_resource_keys,
            partitions_def=partitions_def,
        )
        source.location = location_of(function) or SourceLocation(caller.f_code.co_filename, caller.f_lineno)
        observation_of(source)
        return source

    return make if observe_fn is None else make(observe_fn)


class ObservationDefinition(AssetsDefinition):
    """The step that looks at a source; it makes no asset."""

    __slots__ = ()


def observation_of(source: SourceAsset) -> ObservationDefinition:
    """The step that looks at a source.

    Raises:
        CheckError: nothing says how.
        InvalidDefinitionError: the function takes anything but a context and resources.
    """
    function = source.observe_fn
    if function is None:
        raise CheckError(f"the source {source.key.to_user_string()} has no function that could observe it")
    location = location_of(function) or source.location
    where = str(location)
    parameters = read_parameters(function)
    check_named(parameters, where)
    if parameters.names or parameters.takes_config:
        raise InvalidDefinitionError(
            f"the function that observes {source.key.to_user_string()} takes {', '.join(parameters.arguments)}: it can "
            "be given a context and resources",
            where=where,
        )
    identifier = source.key.to_python_identifier()
    told = ToldOfOp(description=source.description, required_resource_keys=source.required_resource_keys)
    form = OpForm(
        name=identifier,
        title=f'source "{identifier}"',
        ins={},
        outs={OBSERVATION: OpOutput(name=OBSERVATION, annotation=Nothing, is_nothing=True)},
        observes=source.key,
    )
    return ObservationDefinition(
        node_def=build_op(function, parameters, told, form),
        keys_by_input_name={},
        keys_by_output_name={},
        group_names_by_key={},
        metadata_by_key={},
        resource_defs=source.resource_defs,
    )
