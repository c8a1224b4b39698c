"""Contexts for calling assets and IO managers directly in tests."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, cast

from assetflow.definitions.call_context import RUN_ID, CallContext
from assetflow.definitions.hooks import HookContext
from assetflow.definitions.io_context import InputContext, OutputContext
from assetflow.definitions.job import IMPLICIT_JOB
from assetflow.definitions.op import OpDefinition
from assetflow.definitions.step_instance import StepInstance
from assetflow.definitions.telling import Event
from assetflow.definitions.value_partitions import ValuePartitions
from assetflow.errors import InvalidInvocationError
from assetflow.keys import AssetKey, CoercibleToAssetKey, Version
from assetflow.partitions.partitions_definition import PartitionKeyRange, PartitionsDefinition
from assetflow.partitions.static import StaticPartitionsDefinition
from assetflow.testing.resources import STEP_LOG, DirectResources


class _InBlock:
    """A context whose resources are open inside its ``with`` block, where their functions yield."""

    __slots__ = ()

    def __enter__(self) -> Self:
        cast(Any, self).resources.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        cast(Any, self).resources.close()


class DirectContext(_InBlock, CallContext):
    """A context for direct calls."""

    __slots__ = ()

    def get_events(self) -> list[Event]:
        """What was logged with this very context; an asset that is called works with a copy of it."""
        return list(self._events)


class DirectOutputContext(_InBlock, OutputContext):
    """A context for ``handle_output``."""

    __slots__ = ()


class DirectInputContext(_InBlock, InputContext):
    """A context for ``load_input``."""

    __slots__ = ()


def build_op_context(
    resources: Mapping[str, Any] | None = None,
    op_config: Any = None,
    resources_config: Mapping[str, Any] | None = None,
    config: Any = None,
    partition_key: str | None = None,
    partition_key_range: PartitionKeyRange | None = None,
    partitions_def: PartitionsDefinition | None = None,
) -> DirectContext:
    """A context to call an asset with: ``my_asset(build_op_context(resources={...}), upstream)``.

    Args:
        resources: values or ResourceDefinitions by key; all of them are visible.
        op_config: what ``context.op_config`` is.
        resources_config: ``{key: {"config": ...}}``.
        config: another name for op_config.
        partition_key: the partition to be made; of an asset that is called with it, one of its own.
        partition_key_range: the partitions to be made, in place of a key.
        partitions_def: how what is called is divided, where it does not say so itself.

    Raises:
        InvalidInvocationError: both config and op_config are given.
    """
    if config is not None and op_config is not None:
        raise InvalidInvocationError("give either config or op_config, not both")
    return DirectContext(
        run_id=RUN_ID,
        op_def=None,
        resources=DirectResources(resources, resources_config, "build_op_context"),
        op_config=op_config if op_config is not None else config,
        log=STEP_LOG,
        partitions=_partitions(partitions_def, partition_key, partition_key_range),
        instance=StepInstance(),
    )


def build_asset_context(
    resources: Mapping[str, Any] | None = None,
    resources_config: Mapping[str, Any] | None = None,
    asset_config: Any = None,
    partition_key: str | None = None,
    partition_key_range: PartitionKeyRange | None = None,
    partitions_def: PartitionsDefinition | None = None,
) -> DirectContext:
    """The same, with the names that assets use."""
    return build_op_context(
        resources,
        asset_config,
        resources_config,
        partition_key=partition_key,
        partition_key_range=partition_key_range,
        partitions_def=partitions_def,
    )


def _partitions(
    definition: PartitionsDefinition | None,
    key: str | None,
    key_range: PartitionKeyRange | None,
    keys: Sequence[str] | None = None,
) -> ValuePartitions | None:
    """What was given, told as the partitions of a value; without a definition, as partitions that have these names."""
    ends = () if key_range is None else tuple(key_range)
    named = [key] if key is not None else list(ends if keys is None else keys)
    if definition is None:
        return ValuePartitions(StaticPartitionsDefinition(named), tuple(named)) if named else None
    found = definition.get_partition_keys_in_range(key_range) if key_range is not None else named
    return ValuePartitions(definition, tuple(found))


def build_output_context(
    *,
    asset_key: CoercibleToAssetKey | None = None,
    name: str = "result",
    step_key: str = "",
    run_id: str = RUN_ID,
    metadata: Mapping[str, Any] | None = None,
    dagster_type: Any = inspect.Parameter.empty,
    op_def: OpDefinition | None = None,
    resources: Mapping[str, Any] | None = None,
    version: Version | None = None,
    config: Any = None,
    resource_config: Any = None,
    mapping_key: str | None = None,
    partition_key: str | None = None,
    asset_partitions_def: PartitionsDefinition | None = None,
    asset_partition_keys: Sequence[str] | None = None,
) -> DirectOutputContext:
    """A context to call ``handle_output`` of an IO manager with.

    Args:
        partition_key: of the value, if it is of one partition.
        asset_partitions_def: how the asset is divided.
        asset_partition_keys: of the value, if it is of several partitions.
        resources: values or ResourceDefinitions by key; those whose functions yield are open in a ``with`` block.
        version: the attempt under whose name a value is kept, for a VersionedIOManager.
    """
    return DirectOutputContext(
        asset_key=None if asset_key is None else AssetKey.from_coercible(asset_key),
        name=name,
        step_key=step_key,
        run_id=run_id,
        metadata=metadata,
        annotation=dagster_type,
        op_def=op_def,
        resources=DirectResources(resources, None, "build_output_context"),
        log=STEP_LOG,
        version=version,
        config=config,
        resource_config=resource_config,
        mapping_key=mapping_key,
        partitions=_partitions(asset_partitions_def, partition_key, None, asset_partition_keys),
        partitions_of_step=_partitions(asset_partitions_def, partition_key, None, asset_partition_keys),
    )


def build_input_context(
    *,
    asset_key: CoercibleToAssetKey | None = None,
    name: str = "",
    metadata: Mapping[str, Any] | None = None,
    upstream_output: OutputContext | None = None,
    dagster_type: Any = inspect.Parameter.empty,
    resources: Mapping[str, Any] | None = None,
    version: Version | None = None,
    config: Any = None,
    resource_config: Any = None,
    partition_key: str | None = None,
    asset_partitions_def: PartitionsDefinition | None = None,
    asset_partition_keys: Sequence[str] | None = None,
    asset_partition_key_range: PartitionKeyRange | None = None,
) -> DirectInputContext:
    """A context to call ``load_input`` of an IO manager with.

    Args:
        partition_key: that the step is for, and that is read if no others are named.
        asset_partitions_def: how the asset is divided.
        asset_partition_keys: those that are read.
        asset_partition_key_range: those that are read, in place of keys.
        upstream_output: made with `build_output_context`.
        resources: values or ResourceDefinitions by key; those whose functions yield are open in a ``with`` block.
    """
    return DirectInputContext(
        asset_key=None if asset_key is None else AssetKey.from_coercible(asset_key),
        name=name,
        metadata=metadata,
        upstream_output=upstream_output,
        annotation=dagster_type,
        resources=DirectResources(resources, None, "build_input_context"),
        log=STEP_LOG,
        version=version,
        config=config,
        resource_config=resource_config,
        partitions=_partitions(
            asset_partitions_def,
            partition_key if asset_partition_keys is None and asset_partition_key_range is None else None,
            asset_partition_key_range,
            asset_partition_keys,
        ),
        partitions_of_step=_partitions(None, partition_key, None),
    )


def build_hook_context(
    resources: Mapping[str, Any] | None = None,
    op: OpDefinition | None = None,
    run_id: str = RUN_ID,
    op_exception: BaseException | None = None,
    op_output_values: Mapping[str, Any] | None = None,
) -> HookContext:
    """A context to call a hook with.

    Args:
        resources: values or ResourceDefinitions by key; all of them are visible.
    """
    return HookContext(
        op=op,
        run_id=run_id,
        step_key=op.name if op is not None else "",
        job_name=IMPLICIT_JOB,
        log=STEP_LOG,
        resources=DirectResources(resources, None, "build_hook_context"),
        op_exception=op_exception,
        op_output_values=op_output_values or {},
    )
