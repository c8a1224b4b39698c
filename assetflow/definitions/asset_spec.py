"""An asset without the function that makes it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from assetflow.definitions.arguments import Arguments
from assetflow.definitions.checks import key_of
from assetflow.definitions.labels import AssetLabels, read_labels
from assetflow.definitions.location import SourceLocation
from assetflow.definitions.names import check_group, read_key
from assetflow.errors import InvalidDefinitionError
from assetflow.keys import AssetKey, CoercibleToAssetKey
from assetflow.partitions.mapping import PartitionMapping
from assetflow.partitions.partitions_definition import PartitionsDefinition

if TYPE_CHECKING:
    from assetflow.definitions.automation_condition import AutomationCondition
    from assetflow.definitions.freshness_policy import FreshnessPolicy


class AssetDep:
    """A dependency on an asset.

    Attributes:
        asset_key: of the asset that is needed.
        metadata: of the dependency.
        partition_mapping: which partitions of it are needed; None for those of the same time, or of the same key.
    """

    __slots__ = ("asset_key", "metadata", "partition_mapping")

    def __init__(
        self,
        asset: Any,
        *,
        metadata: Mapping[str, Any] | None = None,
        partition_mapping: PartitionMapping | None = None,
    ) -> None:
        if partition_mapping is not None and not isinstance(partition_mapping, PartitionMapping):
            Arguments("AssetDep").refuse("partition_mapping", partition_mapping, "a PartitionMapping")
        self.asset_key: AssetKey = asset.asset_key if isinstance(asset, AssetDep) else key_of(asset, "deps")
        self.metadata = dict(metadata or {})
        self.partition_mapping = partition_mapping

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AssetDep) and self.asset_key == other.asset_key

    def __hash__(self) -> int:
        return hash(self.asset_key)

    def __repr__(self) -> str:
        return f"AssetDep({self.asset_key.to_user_string()!r})"


class AssetSpec:
    """What there is to say of an asset. In Definitions an asset that others make, which is only read.

    Args:
        key: a str is one segment.
        deps: assets it needs: keys (a str is one segment), assets, sources, specs or AssetDep.
        description: for people.
        metadata: of the definition; any values.
        skippable: whether the function that makes it may leave it out.
        group_name: by default ``default``.
        code_version: a label of the code that makes it.
        owners: email addresses, or ``team:`` and a name.
        tags: label to value.
        kinds: such as "pandas"; three at most.
        partitions_def: how it is divided; None if it is not.
        freshness_policy: how old the data may be that it is made of.
        automation_condition: when a daemon has it made by itself.

    Raises:
        InvalidDefinitionError: a group, an owner, a tag or the number of kinds is not right.
    """

    __slots__ = (
        "code_version", "deps", "description", "group_name", "key", "labels", "location", "metadata",
        "partitions_def", "skippable",
    )  # fmt: skip

    def __init__(
        self,
        key: CoercibleToAssetKey,
        *,
        deps: Iterable[Any] | None = None,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        skippable: bool = False,
        group_name: str | None = None,
        code_version: str | None = None,
        owners: Iterable[str] | None = None,
        tags: Mapping[str, str] | None = None,
        kinds: Iterable[str] | None = None,
        partitions_def: PartitionsDefinition | None = None,
        freshness_policy: FreshnessPolicy | None = None,
        automation_condition: AutomationCondition | None = None,
    ) -> None:
        self.key: AssetKey = read_key(key, "key of an AssetSpec")
        arguments = Arguments(f'AssetSpec "{self.key.to_user_string()}"')
        arguments.texts(description=description, code_version=code_version)
        arguments.mappings(metadata=metadata)
        arguments.flags(skippable=skippable)
        arguments.sets(deps=deps)
        found = [item if isinstance(item, AssetDep) else AssetDep(item) for item in deps or ()]
        self.deps: tuple[AssetDep, ...] = tuple(dict.fromkeys(found))
        if any(dep.asset_key == self.key and dep.partition_mapping is None for dep in self.deps):
            raise InvalidDefinitionError(f"asset {self.key.to_user_string()!r} depends on itself")
        self.description = description
        self.metadata = dict(metadata or {})
        self.skippable = skippable
        self.group_name = None if group_name is None else check_group(group_name)
        self.code_version = code_version
        if partitions_def is not None and not isinstance(partitions_def, PartitionsDefinition):
            arguments.refuse("partitions_def", partitions_def, "a PartitionsDefinition")
        self.partitions_def = partitions_def
        self.labels: AssetLabels = read_labels(owners, tags, kinds, None, freshness_policy, automation_condition)
        caller = sys._getframe(1)
        self.location = SourceLocation(caller.f_code.co_filename, caller.f_lineno)

    @property
    def owners(self) -> tuple[str, ...]:
        """Email addresses and teams."""
        return self.labels.owners

    @property
    def tags(self) -> Mapping[str, str]:
        """Label to value."""
        return self.labels.tags

    @property
    def kinds(self) -> frozenset[str]:
        """What it is made with or stored as."""
        return self.labels.kinds

    @property
    def freshness_policy(self) -> FreshnessPolicy | None:
        """How old the data may be that it is made of."""
        return self.labels.freshness_policy

    @property
    def automation_condition(self) -> AutomationCondition | None:
        """When a daemon has it made by itself."""
        return self.labels.automation_condition

    def replace_attributes(self, **changes: Any) -> AssetSpec:
        """A copy in which the named arguments are replaced."""
        found = AssetSpec(**{**self._arguments(), **changes})
        found.location = self.location
        return found

    def merge_attributes(
        self,
        *,
        deps: Iterable[Any] = (),
        metadata: Mapping[str, Any] | None = None,
        owners: Iterable[str] = (),
        tags: Mapping[str, str] | None = None,
        kinds: Iterable[str] = (),
    ) -> AssetSpec:
        """A copy with these in addition."""
        return self.replace_attributes(
            deps=[*self.deps, *deps],
            metadata={**self.metadata, **(metadata or {})},
            owners=[*self.owners, *owners],
            tags={**self.tags, **(tags or {})},
            kinds={*self.kinds, *kinds},
        )

    def with_io_manager_key(self, io_manager_key: str) -> AssetSpec:
        """A copy that is read with this IO manager."""
        return self.merge_attributes(metadata={IO_MANAGER_KEY: io_manager_key})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AssetSpec) and self._arguments() == other._arguments()

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"AssetSpec({self.key.to_user_string()!r})"

    def _arguments(self) -> dict[str, Any]:
        plain = ("key", "deps", "description", "metadata", "skippable", "group_name", "code_version", "partitions_def")
        return {
            name: getattr(self, name)
            for name in (*plain, "owners", "tags", "kinds", "freshness_policy", "automation_condition")
        }


IO_MANAGER_KEY = "assetflow/io_manager_key"
