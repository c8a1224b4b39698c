"""How an asset is divided into partitions, and which partitions of others its own need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assetflow.definitions.asset_spec import AssetDep
from assetflow.definitions.inputs import AssetIn
from assetflow.errors import CheckError, InvalidDefinitionError
from assetflow.keys import AssetKey
from assetflow.partitions.mapping import PartitionMapping
from assetflow.partitions.mappings import TimeWindowPartitionMapping
from assetflow.partitions.partitions_definition import PartitionsDefinition
from assetflow.partitions.time_windows import TimeWindowPartitionsDefinition


@dataclass(frozen=True, slots=True)
class BackfillPolicy:
    """How many partitions of an asset one step makes.

    Attributes:
        max_partitions_per_run: so many, which follow each other; None for all that are asked for.
    """

    max_partitions_per_run: int | None = 1

    def __post_init__(self) -> None:
        most = self.max_partitions_per_run
        if most is not None and (not isinstance(most, int) or isinstance(most, bool) or most < 1):
            raise CheckError(f"max_partitions_per_run is a number from 1, or None, not {most!r}")

    @property
    def makes_several(self) -> bool:
        """Whether a step may make several: then its inputs and its value are dicts by key, also for one."""
        return self.max_partitions_per_run != 1

    @staticmethod
    def single_run() -> BackfillPolicy:
        """One step makes all partitions that are asked for: its function gets a range of keys."""
        return BackfillPolicy(None)

    @staticmethod
    def multi_run(max_partitions_per_run: int = 1) -> BackfillPolicy:
        """A step makes so many partitions; by default one."""
        return BackfillPolicy(max_partitions_per_run)


@dataclass(frozen=True, slots=True, kw_only=True)
class Partitioning:
    """How an asset is divided.

    Attributes:
        partitions_def: its partitions; None if it has none.
        mappings: name of an input to the partitions that are needed of it, where that is said.
        backfill_policy: how many partitions a step makes.
    """

    partitions_def: PartitionsDefinition | None = None
    mappings: Mapping[str, PartitionMapping] = field(default_factory=dict)
    backfill_policy: BackfillPolicy = BackfillPolicy()


UNDIVIDED = Partitioning()


def read_partitioning(
    partitions_def: Any,
    backfill_policy: Any,
    mappings: Mapping[str, PartitionMapping],
    keys_by_input: Mapping[str, AssetKey],
    made: Iterable[AssetKey],
    where: str | None,
) -> Partitioning:
    """How an asset is divided.

    Args:
        mappings: by name of the input.
        made: the assets that are made; one that needs itself has to need earlier windows of itself.

    Raises:
        CheckError: something is of another type.
        InvalidDefinitionError: an asset needs the partition of itself that is to be made.
    """
    if partitions_def is not None and not isinstance(partitions_def, PartitionsDefinition):
        raise CheckError(f"partitions_def is a PartitionsDefinition, not {partitions_def!r:.200} ({where})")
    if backfill_policy is not None and not isinstance(backfill_policy, BackfillPolicy):
        raise CheckError(f"backfill_policy is a BackfillPolicy, not {backfill_policy!r:.200} ({where})")
    for name, mapping in mappings.items():
        if not isinstance(mapping, PartitionMapping):
            raise CheckError(f"partition_mapping of {name} is a PartitionMapping, not {mapping!r:.200} ({where})")
        if name not in keys_by_input:
            known = ", ".join(keys_by_input) or "none"
            raise CheckError(f"partition_mappings names the input {name!r}, which there is not: {known} ({where})")
    own = set(made)
    for name, key in keys_by_input.items():
        if key in own and not _needs_earlier(partitions_def, mappings.get(name)):
            raise InvalidDefinitionError(
                f"asset {key.to_user_string()!r} depends on itself. Assets can only depend on themselves if they are "
                "time-partitioned and each partition depends on earlier partitions",
                where=where,
                fix=None
                if partitions_def is None
                else f"ins={{{name!r}: AssetIn(partition_mapping=TimeWindowPartitionMapping(-1, -1))}}",
            )
    if partitions_def is None and not mappings and backfill_policy is None:
        return UNDIVIDED
    return Partitioning(
        partitions_def=partitions_def,
        mappings=dict(mappings),
        backfill_policy=backfill_policy or BackfillPolicy(),
    )


def mappings_of(
    ins: Mapping[str, AssetIn] | None, deps: Iterable[Any] | None, keys_by_input: Mapping[str, AssetKey]
) -> dict[str, PartitionMapping]:
    """What `AssetIn` and `AssetDep` say of the partitions that are needed, by the name of the input."""
    given = ins or {}
    found = {name: item.partition_mapping for name, item in given.items() if item.partition_mapping is not None}
    by_key = {dep.asset_key: dep.partition_mapping for dep in deps or () if isinstance(dep, AssetDep)}
    for name, key in keys_by_input.items():
        mapping = by_key.get(key)
        if name not in given and mapping is not None:
            found[name] = mapping
    return found


def _needs_earlier(partitions_def: PartitionsDefinition | None, mapping: PartitionMapping | None) -> bool:
    return (
        isinstance(partitions_def, TimeWindowPartitionsDefinition)
        and isinstance(mapping, TimeWindowPartitionMapping)
        and mapping.start_offset <= mapping.end_offset < 0
    )
