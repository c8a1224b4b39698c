"""What a context tells of the partitions that a step makes and reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from assetflow.definitions.absent import not_of_a_partition
from assetflow.definitions.value_partitions import ValuePartitions
from assetflow.keys import AssetKey
from assetflow.partitions.partitions_definition import PartitionKeyRange, PartitionsDefinition
from assetflow.partitions.time_window import TimeWindow

if TYPE_CHECKING:
    from assetflow.definitions.assets_definition import AssetsDefinition
    from assetflow.definitions.step_instance import StepInstance


class PartitionedContext:
    """Looks at the partitions of whoever has some."""

    __slots__ = ()

    _partitions: ValuePartitions | None
    _input_partitions: Callable[[str], ValuePartitions | None] | None
    _instance: StepInstance | None

    def asset_key_for_output(self, output_name: str = "result") -> AssetKey:
        """The asset an output makes."""
        raise NotImplementedError

    @property
    def has_partition_key(self) -> bool:
        """Whether the step is for one partition."""
        return self._partitions is not None and len(self._partitions.keys) == 1

    @property
    def has_partition_key_range(self) -> bool:
        """Whether the step is for several partitions."""
        return self._partitions is not None and len(self._partitions.keys) > 1

    @property
    def partition_key(self) -> str:
        """The partition that the step is for; one in several dimensions has ``keys_by_dimension``.

        Raises:
            InvariantViolationError: the step is for none, or for several.
        """
        return self._divided("partition_key").key

    @property
    def partition_keys(self) -> list[str]:
        """The partitions that the step is for; InvariantViolationError if it is for none."""
        return self._divided("partition_keys").all_keys

    @property
    def partition_key_range(self) -> PartitionKeyRange:
        """First and last of them; InvariantViolationError if the step is for none."""
        return self._divided("partition_key_range").key_range

    @property
    def asset_partition_key_range(self) -> PartitionKeyRange:
        """The same, under the name that assets use."""
        return self._divided("asset_partition_key_range").key_range

    @property
    def partition_time_window(self) -> TimeWindow:
        """The time that the step is for; InvariantViolationError if its partitions are no windows of time."""
        return self._divided("partition_time_window").time_window

    def asset_partition_key_for_output(self, output_name: str = "result") -> str:
        """The partition that an output is of."""
        return self._of_output(output_name, "asset_partition_key_for_output").key

    def asset_partition_keys_for_output(self, output_name: str = "result") -> list[str]:
        """The partitions that an output is of."""
        return self._of_output(output_name, "asset_partition_keys_for_output").all_keys

    def asset_partition_key_range_for_output(self, output_name: str = "result") -> PartitionKeyRange:
        """First and last of them."""
        return self._of_output(output_name, "asset_partition_key_range_for_output").key_range

    def asset_partitions_time_window_for_output(self, output_name: str = "result") -> TimeWindow:
        """The time that an output is of."""
        return self._of_output(output_name, "asset_partitions_time_window_for_output").time_window

    def asset_partitions_def_for_output(self, output_name: str = "result") -> PartitionsDefinition:
        """How the asset of an output is divided."""
        return self._of_output(output_name, "asset_partitions_def_for_output").definition

    def asset_partition_key_for_input(self, input_name: str) -> str:
        """The partition that is read of an input."""
        return self._of_input(input_name, "asset_partition_key_for_input").key

    def asset_partition_keys_for_input(self, input_name: str) -> list[str]:
        """The partitions that are read of an input."""
        return self._of_input(input_name, "asset_partition_keys_for_input").all_keys

    def asset_partition_key_range_for_input(self, input_name: str) -> PartitionKeyRange:
        """First and last of them."""
        return self._of_input(input_name, "asset_partition_key_range_for_input").key_range

    def asset_partitions_time_window_for_input(self, input_name: str) -> TimeWindow:
        """The time that is read of an input."""
        return self._of_input(input_name, "asset_partitions_time_window_for_input").time_window

    def asset_partitions_def_for_input(self, input_name: str) -> PartitionsDefinition:
        """How the asset of an input is divided."""
        return self._of_input(input_name, "asset_partitions_def_for_input").definition

    def partitions_in(self, asset: AssetsDefinition | None) -> ValuePartitions | None:
        """Its partitions as those of an asset that is called with it; for direct calls."""
        if self._partitions is None or asset is None or asset.partitions_def is None:
            return self._partitions
        return ValuePartitions(asset.partitions_def, self._partitions.keys, asset.backfill_policy.makes_several)

    @property
    def step_instance(self) -> StepInstance | None:
        """What `instance` is; None where there is none."""
        return self._instance

    def _divided(self, asked: str) -> ValuePartitions:
        if self._partitions is None:
            raise not_of_a_partition(asked)
        return self._partitions

    def _of_output(self, name: str, asked: str) -> ValuePartitions:
        found = self._divided(asked)
        self.asset_key_for_output(name)
        return found

    def _of_input(self, name: str, asked: str) -> ValuePartitions:
        found = None if self._input_partitions is None else self._input_partitions(name)
        if found is None:
            raise not_of_a_partition(asked)
        return found
