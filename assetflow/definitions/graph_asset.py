"""The decorators ``@graph_asset`` and ``@graph_multi_asset``: assets made by several ops, each a step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, overload

from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.graph_decorator import compose
from assetflow.definitions.inputs import AssetIn
from assetflow.definitions.labels import NO_LABELS, read_labels
from assetflow.definitions.names import CoercibleToPrefix, read_prefix
from assetflow.definitions.outputs import AssetOut, groups_of
from assetflow.definitions.partitioning import BackfillPolicy, mappings_of
from assetflow.errors import CheckError
from assetflow.keys import AssetKey
from assetflow.partitions.partitions_definition import PartitionsDefinition

if TYPE_CHECKING:
    from assetflow.definitions.automation_condition import AutomationCondition

Compose = Callable[..., Any]


@overload
def graph_asset(compose_fn: Compose) -> AssetsDefinition: ...
@overload
def graph_asset(
    *,
    name: str | None = None,
    key_prefix: CoercibleToPrefix | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    description: str | None = None,
    group_name: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    owners: Iterable[str] | None = None,
    tags: Mapping[str, str] | None = None,
    kinds: Iterable[str] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    backfill_policy: BackfillPolicy | None = None,
    automation_condition: AutomationCondition | None = None,
) -> Callable[[Compose], AssetsDefinition]: ...
def graph_asset(
    compose_fn: Compose | None = None,
    *,
    name: str | None = None,
    key_prefix: CoercibleToPrefix | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    description: str | None = None,
    group_name: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    owners: Iterable[str] | None = None,
    tags: Mapping[str, str] | None = None,
    kinds: Iterable[str] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    backfill_policy: BackfillPolicy | None = None,
    automation_condition: AutomationCondition | None = None,
) -> AssetsDefinition | Callable[[Compose], AssetsDefinition]:
    """Make an asset of a function that connects ops; its arguments are the assets it needs.

    The function is called once, now. Every op it calls becomes a step of its own, and what the function returns
    is the asset; values between the ops are stored with the ops' IO managers, below the run's id.

    Args:
        name: of the asset; by default the function's.
        key_prefix: segments before the name; a str is split at "/".
        ins: for arguments whose name is not the asset's key.
        description: by default the docstring.
        group_name: by default ``default``.
        metadata: of the definition; any values.
        resource_defs: resources that come with the asset.
        owners: email addresses, or ``team:`` and a name.
        tags: label to value.
        kinds: such as "pandas"; three at most.
        partitions_def: how it is divided.
        backfill_policy: how many partitions one call makes; by default one.
        automation_condition: when a daemon has it made by itself.

    Raises:
        InvalidDefinitionError: a name, an input or a label does not fit, or something is not connected.
        CheckError: an op's output is used by nothing.
    """

    def make(function: Compose) -> AssetsDefinition:
        made = compose(function, name=name, description=description, ins=tuple(ins or ()))
        if len(made.outs) != 1:
            raise CheckError(
                f"graph_asset {made.name} returns {len(made.outs)} outputs, and makes one asset: return what one "
                f"op returned, or use graph_multi_asset: {made.where}"
            )
        output = next(iter(made.outs))
        found = AssetsDefinition.from_graph(
            made,
            keys_by_input_name=_input_keys(ins),
            keys_by_output_name={output: AssetKey((*read_prefix(key_prefix), made.name))},
            group_name=group_name,
            resource_defs=resource_defs,
            metadata_by_output_name={output: metadata} if metadata else None,
            partitions_def=partitions_def,
            partition_mappings=mappings_of(ins, (), _input_keys(ins)),
            backfill_policy=backfill_policy,
        )
        if owners or tags or kinds or automation_condition is not None:
            found.labels_by_key = {
                found.key: read_labels(owners, tags, kinds, made.where, automation_condition=automation_condition)
            }
        return found

    return make if compose_fn is None else make(compose_fn)


def graph_multi_asset(
    *,
    outs: Mapping[str, AssetOut],
    name: str | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    description: str | None = None,
    group_name: str | None = None,
    can_subset: bool = False,
    resource_defs: Mapping[str, Any] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    backfill_policy: BackfillPolicy | None = None,
) -> Callable[[Compose], AssetsDefinition]:
    """Make several assets of a function that connects ops and returns a dict: name of the output to an op's output.

    Args:
        outs: name of the output to the asset it makes; how and with which IO manager it is stored is the op's.
        name: of the graph; by default the function's.
        ins: for arguments whose name is not the asset's key.
        description: by default the docstring.
        group_name: of all the assets; not together with a group on an AssetOut.
        can_subset: some of the assets may be made without the others; only the ops they need are run.
        resource_defs: resources that come with the assets.
        partitions_def: how they are divided.
        backfill_policy: how many partitions one call makes; by default one.

    Raises:
        InvalidDefinitionError: a name or an input does not fit, or something is not connected.
        CheckError: an op's output is used by nothing, or groups do not fit together.
    """
    grouped = [given for given, out in outs.items() if out.group_name is not None]
    if group_name is not None and grouped:
        raise CheckError(f"group_name is given to graph_multi_asset, and to its AssetOut {', '.join(grouped)}")

    def make(function: Compose) -> AssetsDefinition:
        made = compose(function, name=name, description=description, ins=tuple(ins or ()), out=dict(outs))
        keys = {output: out.resolve(output) for output, out in outs.items()}
        found = AssetsDefinition.from_graph(
            made,
            keys_by_input_name=_input_keys(ins),
            keys_by_output_name=keys,
            resource_defs=resource_defs,
            metadata_by_output_name={output: out.metadata for output, out in outs.items() if out.metadata},
            can_subset=can_subset,
            partitions_def=partitions_def,
            partition_mappings=mappings_of(ins, (), _input_keys(ins)),
            backfill_policy=backfill_policy,
        )
        found.group_names_by_key = groups_of(outs, keys, group_name, made.where)
        found.labels_by_key = {keys[output]: out.labels for output, out in outs.items() if out.labels != NO_LABELS}
        return found

    return make


def _input_keys(ins: Mapping[str, AssetIn] | None) -> dict[str, AssetKey]:
    for name, item in (ins or {}).items():
        if not isinstance(item, AssetIn):
            raise CheckError(f"ins maps argument names to AssetIn, not to {type(item).__name__}: {name}={item!r}")
    return {name: item.resolve(name) for name, item in (ins or {}).items()}
