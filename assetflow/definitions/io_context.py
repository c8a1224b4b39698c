"""What an IO manager is told of a value that it stores or loads. Data: the executor fills it in."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from copy import copy
from typing import TYPE_CHECKING, Any, Self, TypeVar

from assetflow.definitions.absent import no_instance, not_of_a_partition
from assetflow.definitions.metadata import MetadataValue, RawMetadata, normalize_metadata
from assetflow.definitions.telling import Telling
from assetflow.definitions.typecheck import DagsterType, as_dagster_type
from assetflow.definitions.value_partitions import ValuePartitions
from assetflow.definitions.visible_resources import Resources
from assetflow.errors import InvariantViolationError
from assetflow.keys import AssetKey, Version
from assetflow.partitions.partitions_definition import PartitionKeyRange, PartitionsDefinition
from assetflow.partitions.time_window import TimeWindow

if TYPE_CHECKING:
    from assetflow.definitions.op import OpDefinition

T = TypeVar("T")


class _ValueContext(Telling):
    """What is told of a value in both directions."""

    __slots__ = (
        "_asset_key", "_log", "_of_step", "_partitions", "_resources", "annotation", "collected_metadata", "config",
        "mapping_key", "metadata", "name", "resource_config", "version",
    )  # fmt: skip

    def __init__(
        self,
        *,
        name: str,
        asset_key: AssetKey | None = None,
        metadata: Mapping[str, Any] | None = None,
        annotation: Any = inspect.Parameter.empty,
        resources: Resources | None = None,
        log: Any = None,
        version: Version | None = None,
        config: Any = None,
        resource_config: Any = None,
        mapping_key: str | None = None,
        partitions: ValuePartitions | None = None,
        partitions_of_step: ValuePartitions | None = None,
    ) -> None:
        super().__init__()
        self._asset_key = asset_key
        self._partitions = partitions
        self._of_step = partitions_of_step
        self._resources = resources
        self._log = log
        self.name = name
        self.metadata = metadata or {}
        self.annotation = annotation
        self.version = version
        self.config = config
        self.resource_config = resource_config
        self.mapping_key = mapping_key
        self.collected_metadata: dict[str, MetadataValue] = {}

    @property
    def has_asset_key(self) -> bool:
        """Whether the value is an asset's."""
        return self._asset_key is not None

    @property
    def asset_key(self) -> AssetKey:
        """The asset's key."""
        return _set(self._asset_key, "asset_key")

    def get_identifier(self) -> list[str]:
        """Run id, step and output name of the value."""
        raise NotImplementedError

    def with_resources(self, resources: Resources) -> Self:
        """A copy that shows other resources."""
        found = copy(self)
        found._resources = resources
        return found

    @property
    def value_path(self) -> tuple[str, ...]:
        """The segments under which the value is stored: those of its asset and partition, else run id, step and output.

        Raises:
            InvariantViolationError: it is the value of several partitions, which are stored one by one.
        """
        if self._asset_key is None:
            return tuple(self.get_identifier())
        divided = self._partitions
        return self._asset_key.parts + (() if divided is None else divided.segments(divided.key))

    @property
    def value_title(self) -> str:
        """What to call the value in an error."""
        kind = "op output" if not self.has_asset_key else "asset" if self._partitions is None else "partition"
        return f'{kind} "{"/".join(self.value_path)}"'

    @property
    def resources(self) -> Resources:
        """Resources the IO manager may use."""
        return _set(self._resources, "resources")

    @property
    def log(self) -> Any:
        """A logger that says which step speaks."""
        return _set(self._log, "log")

    @property
    def dagster_type(self) -> DagsterType:
        """The annotation as a type with a name; ``.typing_type`` is the annotation itself, Any if there is none."""
        return as_dagster_type(self.annotation)

    instance = property(no_instance)

    @property
    def has_partition_key(self) -> bool:
        """Whether the step is for one partition."""
        return self._of_step is not None and len(self._of_step.keys) == 1

    @property
    def partition_key(self) -> str:
        """The partition that the step is for; InvariantViolationError if there is not one."""
        return _of_partition(self._of_step, "partition_key").key

    @property
    def has_asset_partitions(self) -> bool:
        """Whether the asset has partitions."""
        return self._partitions is not None

    @property
    def asset_partition_key(self) -> str:
        """The partition of the value; InvariantViolationError if there is not one."""
        return self.asset_partitions("asset_partition_key").key

    @property
    def asset_partition_keys(self) -> list[str]:
        """The partitions of the value; InvariantViolationError if the asset has none."""
        return self.asset_partitions("asset_partition_keys").all_keys

    @property
    def asset_partition_key_range(self) -> PartitionKeyRange:
        """First and last partition of the value; InvariantViolationError if the asset has none."""
        return self.asset_partitions("asset_partition_key_range").key_range

    @property
    def asset_partitions_time_window(self) -> TimeWindow:
        """The time that the value is of; InvariantViolationError if its partitions are no windows of time."""
        return self.asset_partitions("asset_partitions_time_window").time_window

    @property
    def asset_partitions_def(self) -> PartitionsDefinition:
        """How the asset is divided; InvariantViolationError if it is not."""
        return self.asset_partitions("asset_partitions_def").definition

    def asset_partitions(self, asked: str = "asset_partitions") -> ValuePartitions:
        """The partitions of the value.

        Args:
            asked: what the error says was asked for.

        Raises:
            InvariantViolationError: the asset has none.
        """
        return _of_partition(self._partitions, asked)

    def of_partition(self, partition_key: str) -> Self:
        """A copy for one of the partitions."""
        found = copy(self)
        found._partitions = self.asset_partitions().only(partition_key)
        return found

    @property
    def definition_metadata(self) -> Mapping[str, Any]:
        """The metadata of the definition; a later name of `metadata`."""
        return self.metadata

    def get_asset_identifier(self) -> list[str]:
        """The segments of the asset's key, and the key of the partition, if there is one."""
        if self._partitions is None:
            return self.asset_key.path
        return [*self.asset_key.path, self._partitions.key]


class OutputContext(_ValueContext):
    """What an IO manager is told of a value it stores.

    Attributes:
        metadata: of the definition, never of an event.
        version: the attempt under whose name the value is kept.
        collected_metadata: what the IO manager has added.
        size: bytes of the stored value; for the IO manager to set, if it knows.
        uri: where the value is stored; likewise.
        data_version: what the function says of its data: equal labels mean equal data; None if it says nothing.
        digest: a hash of the content, the same for the same content; for the IO manager to set, if it knows.
    """

    __slots__ = ("_op_def", "data_version", "digest", "job_name", "run_id", "size", "step_key", "uri")

    def __init__(
        self,
        *,
        name: str = "result",
        step_key: str = "",
        run_id: str = "",
        job_name: str = "__ASSET_JOB",
        op_def: OpDefinition | None = None,
        data_version: str | None = None,
        **about: Any,
    ) -> None:
        super().__init__(name=name, **about)
        self._op_def = op_def
        self.step_key = step_key
        self.run_id = run_id
        self.job_name = job_name
        self.size: int | None = None
        self.uri: str | None = None
        self.data_version = data_version
        self.digest: str | None = None

    @property
    def op_def(self) -> OpDefinition:
        """The op that made the value."""
        return _set(self._op_def, "op_def")

    @property
    def is_made_here(self) -> bool:
        """Whether one of the ops makes it; a source is made by others."""
        return self._op_def is not None

    def get_identifier(self) -> list[str]:
        """Run id, step and output name, and the mapping key if there is one."""
        mapped = [] if self.mapping_key is None else [self.mapping_key]
        return [self.run_id, self.step_key, self.name, *mapped]

    def add_output_metadata(self, metadata: RawMetadata) -> None:
        """Add to what is recorded with the materialization."""
        self.collected_metadata.update(normalize_metadata(metadata))


class InputContext(_ValueContext):
    """What an IO manager is told of a value it loads.

    Attributes:
        name: of the argument.
        metadata: of the AssetIn.
        version: the exact version to load; None means the published one.
        loaded_version: name of the version that was loaded; for the IO manager to set, if it keeps versions.
        loaded_data_version: of the value that was loaded; likewise.
    """

    __slots__ = ("_upstream", "loaded_data_version", "loaded_version", "run_id", "step_key")

    def __init__(
        self,
        *,
        name: str = "",
        upstream_output: OutputContext | Callable[[], OutputContext | None] | None = None,
        run_id: str | None = None,
        step_key: str | None = None,
        **about: Any,
    ) -> None:
        super().__init__(name=name, **about)
        self._upstream = upstream_output
        self.loaded_version: str | None = None
        self.loaded_data_version: str | None = None
        self.run_id = run_id
        self.step_key = step_key

    @property
    def upstream_output(self) -> OutputContext | None:
        """How the value was stored; made when it is asked for, since few IO managers do."""
        if callable(self._upstream):
            self._upstream = self._upstream()
        return self._upstream

    def get_identifier(self) -> list[str]:
        """Run id, step and output name of the value that is loaded."""
        return _set(self.upstream_output, "upstream_output").get_identifier()

    def absence(self, otherwise: str = "materialize it first") -> str:
        """Why there may be no value, and what to do now; for the error of an IO manager that finds none.

        Args:
            otherwise: what is said if nothing else is known.
        """
        if self._asset_key is not None and self.upstream_output is not None and not self.upstream_output.is_made_here:
            return (
                "it is a source, which others make: whoever makes it has to store it there; io_manager_key or "
                "io_manager_def of the SourceAsset says how it is read"
            )
        if self.version is None:
            return otherwise
        return (
            "the run has made it, so its function returned a MaterializeResult without a value, or the value was "
            "removed since: name it in deps= if only the order counts, or read it with an IO manager of its own"
        )

    def add_input_metadata(self, metadata: RawMetadata) -> None:
        """Add to what is recorded of the loading."""
        self.collected_metadata.update(normalize_metadata(metadata))


def _set(value: T | None, name: str) -> T:
    if value is None:
        raise InvariantViolationError(
            f"Attempting to access {name}, but it was not provided when this context was made"
        )
    return value


def _of_partition(found: ValuePartitions | None, asked: str) -> ValuePartitions:
    if found is None:
        raise not_of_a_partition(asked)
    return found
