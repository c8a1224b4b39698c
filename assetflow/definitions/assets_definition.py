"""An op, or a graph of them, together with the assets it makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from assetflow.definitions.asset_spec import AssetSpec
from assetflow.definitions.checks import AssetCheckKey, AssetCheckSpec
from assetflow.definitions.composition import current
from assetflow.definitions.graph_definition import GraphDefinition
from assetflow.definitions.invocation import invoke
from assetflow.definitions.labels import NO_LABELS, AssetLabels, labels_with
from assetflow.definitions.names import CoercibleToPrefix
from assetflow.definitions.node import NodeDefinition
from assetflow.definitions.node_assets import read_node_assets
from assetflow.definitions.node_backed import NodeBacked
from assetflow.definitions.op import OpDefinition
from assetflow.definitions.partitioning import UNDIVIDED, BackfillPolicy, Partitioning
from assetflow.definitions.resource import ResourceDefinition, as_resources
from assetflow.definitions.source_asset import DEFAULT_GROUP, SourceAsset
from assetflow.definitions.travelling_assets import remade_assets, taken_assets
from assetflow.errors import CheckError, InvalidDefinitionError, InvalidInvocationError
from assetflow.keys import AssetKey, CoercibleToAssetKey
from assetflow.partitions.mapping import PartitionMapping
from assetflow.partitions.partitions_definition import PartitionsDefinition

if TYPE_CHECKING:
    from assetflow.definitions.automation_condition import AutomationCondition
    from assetflow.definitions.freshness_policy import FreshnessPolicy

_NO_CHECKS: frozenset[AssetCheckKey] = frozenset()
_NOTHING: Mapping[str, ResourceDefinition] = MappingProxyType({})


class AssetsDefinition(NodeBacked):
    """What ``@asset`` makes of a function. Still callable: a direct call runs the function in place.

    Attributes:
        node_def: the function with its inputs and outputs declared, or a graph of such functions.
        keys_by_input_name: which asset each input stands for.
        keys_by_output_name: which asset each output makes.
        group_names_by_key: the group of each asset.
        metadata_by_key: definition metadata of each asset.
        labels_by_key: owners, tags and kinds of those assets that have any.
        resource_defs: resources that come with it.
        can_subset: whether it can make some of its assets without the others.
        asset_deps: for each asset it makes, the assets that one needs, its own among them.
        partitioning: how its assets are divided.
    """

    __slots__ = (
        "_deps", "_resource_defs", "can_subset", "group_names_by_key", "keys_by_input_name", "keys_by_output_name",
        "labels_by_key", "metadata_by_key", "node_def", "partitioning",
    )  # fmt: skip

    def __init__(
        self,
        *,
        node_def: NodeDefinition,
        keys_by_input_name: Mapping[str, AssetKey],
        keys_by_output_name: Mapping[str, AssetKey],
        group_names_by_key: Mapping[AssetKey, str],
        metadata_by_key: Mapping[AssetKey, Mapping[str, Any]],
        resource_defs: Mapping[str, ResourceDefinition] | None = None,
        can_subset: bool = False,
        asset_deps: Mapping[AssetKey, Iterable[AssetKey]] | None = None,
        labels_by_key: Mapping[AssetKey, AssetLabels] | None = None,
        partitioning: Partitioning = UNDIVIDED,
    ) -> None:
        self.node_def = node_def
        self.keys_by_input_name = keys_by_input_name
        self.keys_by_output_name = keys_by_output_name
        self.group_names_by_key = group_names_by_key
        self.metadata_by_key = metadata_by_key
        self._resource_defs = dict(resource_defs) if resource_defs else None
        self.labels_by_key = labels_by_key or {}
        self.can_subset = can_subset
        self.partitioning = partitioning
        self._deps = {key: frozenset(deps) for key, deps in asset_deps.items()} if asset_deps else None

    def __reduce__(self) -> Any:
        return remade_assets, (type(self), *taken_assets(self, self._resource_defs, self._deps))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function here and now, and return exactly what it returns."""
        if isinstance(self.node_def, GraphDefinition) or current() is not None:
            return self.node_def(*args, **kwargs)
        return invoke(self.node_def, args, kwargs, self)

    @staticmethod
    def from_op(
        op_def: OpDefinition,
        *,
        keys_by_input_name: Mapping[str, CoercibleToAssetKey] | None = None,
        keys_by_output_name: Mapping[str, CoercibleToAssetKey] | None = None,
        key_prefix: CoercibleToPrefix | None = None,
        internal_asset_deps: Mapping[str, Iterable[AssetKey]] | None = None,
        group_name: str | None = None,
        metadata_by_output_name: Mapping[str, Mapping[str, Any]] | None = None,
        partitions_def: PartitionsDefinition | None = None,
        partition_mappings: Mapping[str, PartitionMapping] | None = None,
        backfill_policy: BackfillPolicy | None = None,
    ) -> AssetsDefinition:
        """Assets of the outputs of an op; its inputs are the assets it needs. See `from_graph`."""
        if isinstance(op_def, GraphDefinition):
            raise CheckError(f"from_op takes what @op makes, not the graph {op_def.name}: use from_graph")
        if not isinstance(op_def, OpDefinition):
            raise CheckError(f"from_op takes what @op makes, not {type(op_def).__name__}: {op_def!r:.200}")
        found = read_node_assets(
            op_def,
            keys_by_input_name,
            keys_by_output_name,
            key_prefix,
            internal_asset_deps,
            group_name,
            metadata_by_output_name,
            partitions_def,
            partition_mappings,
            backfill_policy,
        )
        return AssetsDefinition(**found)

    @staticmethod
    def from_graph(
        graph_def: GraphDefinition,
        *,
        keys_by_input_name: Mapping[str, CoercibleToAssetKey] | None = None,
        keys_by_output_name: Mapping[str, CoercibleToAssetKey] | None = None,
        key_prefix: CoercibleToPrefix | None = None,
        internal_asset_deps: Mapping[str, Iterable[AssetKey]] | None = None,
        group_name: str | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        metadata_by_output_name: Mapping[str, Mapping[str, Any]] | None = None,
        can_subset: bool = False,
        partitions_def: PartitionsDefinition | None = None,
        partition_mappings: Mapping[str, PartitionMapping] | None = None,
        backfill_policy: BackfillPolicy | None = None,
    ) -> AssetsDefinition:
        """Assets of the outputs of a graph; its inputs are the assets it needs. Each op in it is a step.

        Args:
            graph_def: made by ``@graph``.
            keys_by_input_name: by default the names of the inputs.
            keys_by_output_name: by default the names of the outputs; of a single output ``result``, the graph's.
            key_prefix: put before the keys of what it makes; a str is split at "/".
            internal_asset_deps: for each output the keys its asset needs, of inputs or of other outputs; by
                default every asset needs every input.
            group_name: by default ``default``.
            resource_defs: resources that come with the assets.
            metadata_by_output_name: of the definition; any values.
            can_subset: some of the assets may be made without the others; only the ops they need are run.
            partitions_def: how the assets are divided.
            partition_mappings: name of an input to the partitions that are needed of it.
            backfill_policy: how many partitions one call makes; by default one.

        Raises:
            CheckError: an op's output is neither used nor an asset, or names do not fit.
            InvalidDefinitionError: an asset depends on itself, or two have one key.
        """
        if isinstance(graph_def, OpDefinition):
            raise CheckError(f"from_graph takes what @graph makes, not the op {graph_def.name}: use from_op")
        if not isinstance(graph_def, GraphDefinition):
            raise CheckError(f"from_graph takes what @graph makes, not {type(graph_def).__name__}: {graph_def!r:.200}")
        found = read_node_assets(
            graph_def,
            keys_by_input_name,
            keys_by_output_name,
            key_prefix,
            internal_asset_deps,
            group_name,
            metadata_by_output_name,
            partitions_def,
            partition_mappings,
            backfill_policy,
        )
        return AssetsDefinition(**found, resource_defs=as_resources(resource_defs), can_subset=can_subset)

    def __repr__(self) -> str:
        return f"AssetsDefinition({', '.join(sorted(key.to_user_string() for key in self.keys))})"

    @property
    def key(self) -> AssetKey:
        """The asset's key; CheckError if there are several."""
        if len(self.keys_by_output_name) != 1:
            raise CheckError(f"{self.node_def.name} makes several assets; ask for .keys")
        return next(iter(self.keys_by_output_name.values()))

    @property
    def keys(self) -> frozenset[AssetKey]:
        """The assets it makes."""
        return frozenset(self.keys_by_output_name.values())

    @property
    def dependency_keys(self) -> frozenset[AssetKey]:
        """The assets it needs."""
        return frozenset(self.keys_by_input_name.values())

    @property
    def has_own_deps(self) -> bool:
        """Whether its assets have dependencies of their own; if not, each needs all that the function needs."""
        return self._deps is not None

    @property
    def asset_deps(self) -> dict[AssetKey, set[AssetKey]]:
        """For each asset it makes, the assets that one needs."""
        if self._deps is not None:
            return {key: set(deps) for key, deps in self._deps.items()}
        return {key: set(self.keys_by_input_name.values()) for key in self.keys_by_output_name.values()}

    @property
    def partitions_def(self) -> PartitionsDefinition | None:
        """How its assets are divided; None if they are not."""
        return self.partitioning.partitions_def

    @property
    def backfill_policy(self) -> BackfillPolicy:
        """How many partitions one call makes."""
        return self.partitioning.backfill_policy

    def get_partition_mapping(self, in_asset_key: AssetKey) -> PartitionMapping | None:
        """Which partitions of an asset it needs, where that is said."""
        names = [name for name, key in self.keys_by_input_name.items() if key == in_asset_key]
        said = (self.partitioning.mappings[name] for name in names if name in self.partitioning.mappings)
        return next(said, None)

    @property
    def resource_defs(self) -> Mapping[str, ResourceDefinition]:
        """Resources that come with it."""
        return self._resource_defs or _NOTHING

    @property
    def code_versions_by_key(self) -> dict[AssetKey, str | None]:
        """The code version its author gave."""
        node = self.node_def
        versions = {name: out.code_version or node.code_version for name, out in node.outs.items()}
        return {key: versions[name] for name, key in self.keys_by_output_name.items()}

    @property
    def descriptions_by_key(self) -> dict[AssetKey, str | None]:
        """What there is to say about each asset: of its own output, else of the function."""
        node = self.node_def
        texts = {name: out.description or node.description for name, out in node.outs.items()}
        return {key: texts[name] for name, key in self.keys_by_output_name.items()}

    @property
    def check_specs(self) -> tuple[AssetCheckSpec, ...]:
        """The checks that its functions do."""
        return tuple(spec for op in self.ops for spec in op.checks.values())

    @property
    def check_keys(self) -> frozenset[AssetCheckKey]:
        """The keys of the checks that its functions do."""
        if isinstance(self.node_def, OpDefinition) and not self.node_def.checks:
            return _NO_CHECKS
        return frozenset(spec.key for spec in self.check_specs)

    @property
    def specs(self) -> list[AssetSpec]:
        """What there is to say of each asset it makes."""
        return [self.get_asset_spec(key) for key in self.keys_by_output_name.values()]

    def get_asset_spec(self, key: AssetKey | None = None) -> AssetSpec:
        """What there is to say of one of its assets.

        Raises:
            CheckError: it makes several and no key is given, or does not make it.
        """
        wanted = self.key if key is None else AssetKey.from_coercible(key)
        for name, made in self.keys_by_output_name.items():
            if made == wanted:
                labels = self.labels(made)
                return AssetSpec(
                    made,
                    deps=sorted(self.asset_deps[made]),
                    description=self.descriptions_by_key[made],
                    metadata=self.metadata_by_key.get(made),
                    skippable=not self.node_def.outs[name].is_required,
                    group_name=self.group_names_by_key[made],
                    code_version=self.code_versions_by_key[made],
                    owners=labels.owners,
                    tags=labels.tags,
                    kinds=labels.kinds,
                    partitions_def=self.partitions_def,
                    freshness_policy=labels.freshness_policy,
                    automation_condition=labels.automation_condition,
                )
        raise CheckError(f"{self.node_def.name} does not make {wanted.to_user_string()}")

    def labels(self, key: AssetKey) -> AssetLabels:
        """Owners, tags, kinds, freshness policy and automation condition of one of its assets."""
        return self.labels_by_key.get(key, NO_LABELS)

    @property
    def freshness_policies_by_key(self) -> dict[AssetKey, FreshnessPolicy]:
        """The freshness policies of its assets, by key; those without one are left out."""
        found = {key: labels.freshness_policy for key, labels in self.labels_by_key.items()}
        return {key: policy for key, policy in found.items() if policy is not None}

    @property
    def automation_conditions_by_key(self) -> dict[AssetKey, AutomationCondition]:
        """The automation conditions of its assets, by key; those without one are left out."""
        found = {key: labels.automation_condition for key, labels in self.labels_by_key.items()}
        return {key: condition for key, condition in found.items() if condition is not None}

    def with_attributes(
        self,
        *,
        group_name: str | None = None,
        new_keys: Mapping[AssetKey, AssetKey] | None = None,
        automation_condition: AutomationCondition | None = None,
    ) -> AssetsDefinition:
        """A copy in another group, or with other keys.

        Args:
            group_name: of all its assets.
            new_keys: old key to new key, for the assets it makes and those it needs.
            automation_condition: of all its assets that have none.

        Raises:
            InvalidDefinitionError: one of its assets has a group already.
        """
        if group_name is not None:
            clash = sorted(key for key, group in self.group_names_by_key.items() if group != DEFAULT_GROUP)
            if clash:
                names = ", ".join(key.to_user_string() for key in clash)
                raise InvalidDefinitionError(f"Group name already exists on assets {names}", where=self.node_def.where)
        renamed = new_keys or {}

        node = self.node_def.with_checks_of(renamed) if isinstance(self.node_def, OpDefinition) else self.node_def

        def new(key: AssetKey) -> AssetKey:
            return renamed.get(key, key)

        given = labels_with(self.labels_by_key, self.keys, automation_condition)
        return type(self)(
            node_def=node,
            keys_by_input_name={name: new(key) for name, key in self.keys_by_input_name.items()},
            keys_by_output_name={name: new(key) for name, key in self.keys_by_output_name.items()},
            group_names_by_key={new(key): group_name or group for key, group in self.group_names_by_key.items()},
            metadata_by_key={new(key): metadata for key, metadata in self.metadata_by_key.items()},
            labels_by_key={new(key): labels for key, labels in given.items()},
            resource_defs=self._resource_defs,
            can_subset=self.can_subset,
            asset_deps={new(key): map(new, deps) for key, deps in self._deps.items()} if self._deps else None,
            partitioning=self.partitioning,
        )

    def to_source_asset(self, key: CoercibleToAssetKey | None = None) -> SourceAsset:
        """One of its assets as a source, for others that only read it.

        Raises:
            CheckError: it makes several assets and no key is given, or does not make the given one.
        """
        if key is None and len(self.keys) > 1:
            raise CheckError(f"{self.node_def.name} makes several assets: give to_source_asset a key, or ask for all")
        wanted = self.key if key is None else AssetKey.from_coercible(key)
        for source in self.to_source_assets():
            if source.key == wanted:
                return source
        raise CheckError(f"{self.node_def.name} does not make {wanted.to_user_string()}")

    def to_source_assets(self) -> list[SourceAsset]:
        """All of its assets as sources."""
        found = []
        for name, key in self.keys_by_output_name.items():
            source = SourceAsset(
                key,
                metadata=dict(self.metadata_by_key.get(key) or {}),
                io_manager_key=self.node_def.outs[name].io_manager_key,
                description=self.descriptions_by_key[key],
                group_name=self.group_names_by_key[key],
                resource_defs=self.resource_defs,
                partitions_def=self.partitions_def,
            )
            source.location = self.location or source.location
            found.append(source)
        return found

    def with_resources(self, resource_defs: Mapping[str, ResourceDefinition]) -> AssetsDefinition:
        """A copy that brings these resources along.

        Raises:
            InvalidInvocationError: it brings other resources under the same keys already.
        """
        clash = sorted(key for key, own in self.resource_defs.items() if resource_defs.get(key, own) is not own)
        if clash:
            raise InvalidInvocationError(
                f"{self!r} has conflicting resource definitions for: {', '.join(clash)}", where=self.node_def.where
            )
        copy = self.with_attributes()
        copy._resource_defs = {**self.resource_defs, **resource_defs}
        return copy
