"""How an asset refers to what it needs."""

from __future__ import annotations

from typing import Any

from assetflow.definitions.arguments import Arguments
from assetflow.definitions.names import CoercibleToPrefix, read_prefix
from assetflow.errors import CheckError
from assetflow.keys import AssetKey, CoercibleToAssetKey
from assetflow.partitions.mapping import PartitionMapping


class AssetIn:
    """Says which asset an argument stands for, where its name alone does not.

    Args:
        key: the asset's key; a str is one segment.
        metadata: reaches the IO manager as ``InputContext.metadata``.
        key_prefix: put before the argument's name; a str is split at "/".
        input_manager_key: another IO manager to load with.
        dagster_type: a type that the loaded value must have.
        partition_mapping: which partitions of it are needed; by default those of the same time, or of the same key.

    Raises:
        CheckError: both key and key_prefix are given.
    """

    __slots__ = ("annotation", "input_manager_key", "key", "key_prefix", "metadata", "partition_mapping")

    def __init__(
        self,
        key: CoercibleToAssetKey | None = None,
        metadata: dict[str, Any] | None = None,
        key_prefix: CoercibleToPrefix | None = None,
        asset_key: CoercibleToAssetKey | None = None,
        input_manager_key: str | None = None,
        dagster_type: Any = None,
        partition_mapping: PartitionMapping | None = None,
    ) -> None:
        arguments = Arguments("AssetIn")
        arguments.texts(input_manager_key=input_manager_key)
        arguments.mappings(metadata=metadata)
        arguments.annotation(dagster_type=dagster_type)
        if partition_mapping is not None and not isinstance(partition_mapping, PartitionMapping):
            arguments.refuse("partition_mapping", partition_mapping, "a PartitionMapping")
        given = key if key is not None else asset_key
        if given is not None and key_prefix is not None:
            raise CheckError("key and key_prefix cannot both be set on AssetIn")
        self.key = None if given is None else AssetKey.from_coercible(given)
        self.key_prefix = read_prefix(key_prefix)
        self.metadata = metadata or {}
        self.input_manager_key = input_manager_key
        self.annotation = dagster_type
        self.partition_mapping = partition_mapping

    def resolve(self, argument: str) -> AssetKey:
        """The key it means for an argument of this name."""
        return self.key if self.key is not None else AssetKey((*self.key_prefix, argument))
