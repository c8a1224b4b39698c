"""Jobs: named selections of assets, with the config and the tags their runs start with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from assetflow.definitions.hooks import HookDefinition, read_hooks
from assetflow.definitions.names import check_name, check_text
from assetflow.definitions.op import normalize_tags
from assetflow.errors import CheckError, InvalidDefinitionError, ParameterCheckError
from assetflow.keys import CoercibleToAssetKey
from assetflow.partitions.partitions_definition import PartitionsDefinition

if TYPE_CHECKING:
    from assetflow.definitions.bundle import Definitions
    from assetflow.definitions.run_request import RunRequest
    from assetflow.in_process import ExecuteInProcessResult
    from assetflow.instance import DagsterInstance

IMPLICIT_JOB = "__ASSET_JOB"


class AssetJob:
    """A job before it is known which assets there are. Made by `define_asset_job`."""

    __slots__ = ("config", "description", "hooks", "name", "partitions_def", "selection", "tags")

    def __init__(
        self,
        name: str,
        selection: Any = None,
        config: Any = None,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        hooks: Iterable[HookDefinition] | None = None,
        partitions_def: PartitionsDefinition | None = None,
    ) -> None:
        self.name = name
        self.selection = selection
        self.config = config
        self.description = description
        self.tags = dict(tags or {})
        self.hooks = read_hooks(hooks)
        self.partitions_def = partitions_def

    def run_request_for_partition(
        self, partition_key: str, run_key: str | None = None, tags: Mapping[str, str] | None = None
    ) -> RunRequest:
        """See `JobDefinition.run_request_for_partition`; needs a job that was made with its ``partitions_def``."""
        return request_for(self, self.partitions_def, partition_key, run_key, tags)

    def __repr__(self) -> str:
        return f"AssetJob({self.name!r})"


def request_for(
    job: AssetJob | JobDefinition,
    partitions_def: PartitionsDefinition | None,
    partition_key: str,
    run_key: str | None,
    tags: Mapping[str, str] | None,
) -> RunRequest:
    """A request for a run of a job that makes one partition.

    Raises:
        CheckError: the job has no partitions.
        UnknownPartitionError: there is none of this key.
    """
    if partitions_def is None:
        raise CheckError(
            f"Called run_request_for_partition on a non-partitioned job: {job.name}; give define_asset_job its "
            "partitions_def"
        )
    # By name: a job that is only defined does without.
    request: type[RunRequest] = import_module("assetflow.definitions.run_request").RunRequest
    both = {**job.tags, **partitions_def.tags_of(partitions_def.check_key(partition_key)), **(tags or {})}
    return request(run_key=run_key, tags=both, job_name=job.name, partition_key=partition_key)


def is_by_partition(config: Any) -> bool:
    """Whether a config is a `PartitionedConfig`."""
    return hasattr(config, "get_run_config_for_partition_key")


def define_asset_job(
    name: str,
    selection: Any = None,
    config: Any = None,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
    hooks: Iterable[HookDefinition] | None = None,
    partitions_def: PartitionsDefinition | None = None,
) -> AssetJob:
    """A job that materializes some assets. What they need and is not among them is read from storage.

    Args:
        selection: None for all assets; text, keys, assets, a list of these, or an AssetSelection.
        config: the run config of its runs, unless another is given; or a PartitionedConfig, which also divides it.
        description: for people.
        tags: of its runs; values that are no text become JSON.
        hooks: what is called after every step of its runs.
        partitions_def: how its assets are divided; by default as those are that it selects.

    Raises:
        InvalidDefinitionError: the name is none, a tag cannot be text, or the config has other partitions.
        CheckError: the selection cannot be read, or an argument is of another type.
    """
    if selection is not None:
        import_module("assetflow.lineage.syntax").read_selection(selection)  # by name: definitions know of no graph
    if is_by_partition(config):
        if partitions_def not in (None, config.partitions_def):
            raise InvalidDefinitionError(
                f'the job "{name}" has other partitions than its config', fix="give one of them, or the same to both"
            )
        partitions_def = config.partitions_def
    elif config is not None and not isinstance(config, Mapping) and not hasattr(config, "to_config_dict"):
        raise ParameterCheckError(f'config of the job "{name}" is a dict or a RunConfig, not {config!r}')
    check_text(description, f'description of the job "{name}"')
    if partitions_def is not None and not isinstance(partitions_def, PartitionsDefinition):
        raise ParameterCheckError(f'partitions_def of the job "{name}" is no PartitionsDefinition: {partitions_def!r}')
    found = normalize_tags(tags)
    return AssetJob(
        check_name(name, f'job "{name}"', None), selection, config, description, found, hooks, partitions_def
    )


class JobDefinition:
    """A job and the definitions it belongs to.

    Attributes:
        name: of the job.
        definitions: all of them, also those it does not select.
        selection: what it materializes.
        config: the run config of its runs, unless another is given.
        tags: of its runs.
        hooks: what is called after every step of its runs.
        description: for people.
    """

    __slots__ = ("_partitions_def", "config", "definitions", "description", "hooks", "name", "selection", "tags")

    def __init__(self, definitions: Definitions, job: AssetJob) -> None:
        self.definitions = definitions
        self.name = job.name
        self.selection = job.selection
        self.config = job.config
        self.description = job.description
        self.tags = dict(job.tags)
        self.hooks = job.hooks
        self._partitions_def = job.partitions_def

    @property
    def partitions_def(self) -> PartitionsDefinition | None:
        """How the assets are divided that it materializes; None if none is, or they are divided in several ways."""
        if self._partitions_def is None:
            found: set[PartitionsDefinition] = import_module("assetflow.lineage.syntax").partitions_of_job(
                self.definitions.graph(), self.name, self.selection
            )
            return next(iter(found)) if len(found) == 1 else None
        return self._partitions_def

    def run_request_for_partition(
        self, partition_key: str, run_key: str | None = None, tags: Mapping[str, str] | None = None
    ) -> RunRequest:
        """A request for a run that makes one partition, for a schedule or a sensor to return.

        Args:
            run_key: of the request.
            tags: in addition to the job's, and to that of the partition.

        Raises:
            CheckError: the job has no partitions.
            UnknownPartitionError: there is none of this key.
        """
        return request_for(self, self.partitions_def, partition_key, run_key, tags)

    def for_partition(self, partition_key: str | None) -> JobDefinition:
        """The job with the config that it has for a partition."""
        if not is_by_partition(self.config):
            return self
        config = None if partition_key is None else self.config.get_run_config_for_partition_key(partition_key)
        return self._with(config, self.hooks)

    def with_hooks(self, hook_defs: Iterable[HookDefinition]) -> JobDefinition:
        """A copy with hooks that come after every step, in addition to its own."""
        return self._with(self.config, (*self.hooks, *read_hooks(hook_defs)))

    def _with(self, config: Any, hooks: tuple[HookDefinition, ...]) -> JobDefinition:
        job = AssetJob(self.name, self.selection, config, self.description, self.tags, hooks, self._partitions_def)
        return JobDefinition(self.definitions, job)

    def execute_in_process(
        self,
        run_config: Any = None,
        raise_on_error: bool = True,
        asset_selection: Iterable[CoercibleToAssetKey] | None = None,
        tags: Mapping[str, str] | None = None,
        resources: Mapping[str, Any] | None = None,
        instance: DagsterInstance | None = None,
        env: str | None = None,
        yes: bool = False,
        stale_only: bool = False,
        partition_key: str | None = None,
    ) -> ExecuteInProcessResult:
        """Run the job in this process.

        Args:
            run_config: in place of the job's.
            raise_on_error: raise what a failing asset raised.
            asset_selection: of the job's assets, those to materialize this time.
            tags: in addition to the job's.
            resources: in place of those of the definitions.
            instance: the history in which the run is recorded.
            env: name of the environment the run is for; by default that of the settings.
            yes: the run is meant, even where the environment is protected.
            stale_only: run only what is stale by the history, and of what needs it only that whose inputs come out as
                other data than before. What the config speaks of is run in any case.
            partition_key: of assets with partitions, which.

        Raises:
            InvalidSubsetError: an asset that is not in the job.
            InvalidInvocationError: there is no such environment, or it is protected and nobody has said yes.
        """
        # By name: definitions know of no engine.
        run = import_module("assetflow.materializing").execute_job
        result: ExecuteInProcessResult = run(
            self,
            run_config,
            raise_on_error,
            asset_selection,
            tags,
            resources,
            instance,
            env,
            yes,
            stale_only,
            partition_key,
        )
        return result

    def __repr__(self) -> str:
        return f"JobDefinition({self.name!r})"
