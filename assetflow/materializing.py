"""Materializing in this process: the same engine, on the store in memory, with no server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assetflow.clock import pause
from assetflow.code.reference import CodeRef
from assetflow.definitions.asset_spec import AssetSpec
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.bundle import Definitions
from assetflow.definitions.environment import DEFAULT_ENVIRONMENT
from assetflow.definitions.hooks import HookDefinition
from assetflow.definitions.job import IMPLICIT_JOB, JobDefinition
from assetflow.definitions.resource import ResourceDefinition
from assetflow.definitions.run_config import RunConfig
from assetflow.definitions.source_asset import SourceAsset
from assetflow.engine.launch import launch
from assetflow.engine.request import RunRequest
from assetflow.environments import Environments
from assetflow.errors import CheckError, InvariantViolationError, ParameterCheckError
from assetflow.in_process import ExecuteInProcessResult
from assetflow.instance import DagsterInstance
from assetflow.io.memory import InMemoryIOManager
from assetflow.keys import AssetKey, CoercibleToAssetKey
from assetflow.known_partitions import KnownPartitions
from assetflow.local_run import LocalRun, build_local_run
from assetflow.partitions.partitions_definition import DynamicPartitionsStore
from assetflow.planning.targets import WantedPartitions
from assetflow.submission import PartitionsAsked, Project, job_arguments, make_request, project_of, wanted_partitions
from assetflow.wiring import current_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Which environment a run is for, and whether it is meant.

    Attributes:
        keeps_nothing: it stores nothing there.
        stale_only: it makes only what is stale there.
        partitions: of the assets that have such, which.
    """

    env: str | None = None
    yes: bool = False
    keeps_nothing: bool = False
    stale_only: bool = False
    partitions: WantedPartitions | None = None


def materialize(
    assets: Sequence[AssetsDefinition | SourceAsset | AssetSpec],
    run_config: Mapping[str, Any] | RunConfig | None = None,
    resources: Mapping[str, Any] | None = None,
    raise_on_error: bool = True,
    tags: Mapping[str, str] | None = None,
    *,
    selection: Any = None,
    env: str | None = None,
    yes: bool = False,
    instance: DagsterInstance | None = None,
    stale_only: bool = False,
    partition_key: str | None = None,
    partitions: PartitionsAsked = None,
) -> ExecuteInProcessResult:
    """Materialize assets in this process, in the order of their dependencies.

    Args:
        assets: all that take part; a SourceAsset among them is only read.
        run_config: ``{"ops": {name: {"config": ...}}, "resources": {...}}``.
        resources: values or ResourceDefinitions by key; ``io_manager`` stores the values. By default they are
            pickled below ``.assetflow/storage``.
        raise_on_error: raise what a failing asset raised.
        tags: text to text.
        selection: which of the assets to materialize; None means all.
        env: name of the environment the run is for; by default that of the settings.
        yes: the run is meant, even where the environment is protected.
        instance: the history in which the run is recorded; None leaves no trace but the values.
        stale_only: run only what is stale by the history, and of what needs it only that whose inputs come out as
            other data than before. What `run_config` speaks of is run in any case.
        partition_key: the partition to make, of assets that are all divided in the same way.
        partitions: keys and ranges of the asset that comes first, or ``"all"``; see `submit`.

    Raises:
        ParameterCheckError: something in the list is not an asset.
        InvalidDefinitionError: a dependency is missing, or the assets go round in a circle.
        InvalidInvocationError: there is no such environment, or it is protected and nobody has said yes.
    """
    definitions = _with_resources(assets, resources)
    asked = wanted_partitions(partition_key, partitions, _known(instance), every=stale_only)
    place = _Place(env=env, yes=yes, stale_only=stale_only, partitions=asked)
    return _run(
        definitions,
        selection,
        run_config,
        raise_on_error,
        tags,
        given_to="materialize",
        place=place,
        instance=instance,
    )


def _known(instance: DagsterInstance | None) -> DynamicPartitionsStore:
    return instance if isinstance(instance, DagsterInstance) else KnownPartitions(current_settings())


def _with_resources(
    assets: Sequence[AssetsDefinition | SourceAsset | AssetSpec], resources: Mapping[str, Any] | None
) -> Definitions:
    given = project_of(assets).definitions
    return Definitions(assets=[*given.assets, *given.source_assets], resources=dict(resources or {}))


def observe(
    source_assets: Sequence[SourceAsset],
    run_config: Mapping[str, Any] | RunConfig | None = None,
    resources: Mapping[str, Any] | None = None,
    raise_on_error: bool = True,
    tags: Mapping[str, str] | None = None,
    *,
    instance: DagsterInstance | None = None,
) -> ExecuteInProcessResult:
    """Look at sources in this process; the result has an observation of each.

    Args:
        source_assets: made with `observable_source_asset`.
        run_config: as for `materialize`.
        resources: values or ResourceDefinitions by key.
        raise_on_error: raise what a failing function raised.
        tags: text to text.
        instance: the history in which the run is recorded.

    Raises:
        CheckError: something is no source that can be observed.
    """
    for source in source_assets:
        if not isinstance(source, SourceAsset) or not source.is_observable:
            raise CheckError(f"observe takes what observable_source_asset makes, not {source!r}")
    definitions = Definitions(assets=source_assets, resources=dict(resources or {}))
    return _run(
        definitions,
        list(source_assets),
        run_config,
        raise_on_error,
        tags,
        given_to="observe",
        place=_Place(keeps_nothing=True),
        instance=instance,
    )


def execute_job(
    job: JobDefinition,
    run_config: Mapping[str, Any] | RunConfig | None,
    raise_on_error: bool,
    asset_selection: Iterable[CoercibleToAssetKey] | None,
    tags: Mapping[str, str] | None,
    resources: Mapping[str, Any] | None,
    instance: DagsterInstance | None = None,
    env: str | None = None,
    yes: bool = False,
    stale_only: bool = False,
    partition_key: str | None = None,
) -> ExecuteInProcessResult:
    """Run a job in this process; see `JobDefinition.execute_in_process`."""
    given = job.definitions
    keys = None if asset_selection is None else [AssetKey.from_coercible(key) for key in asset_selection]
    here = dict(resources or {})
    definitions = Definitions(
        assets=[*given.assets, *given.source_assets],
        resources={**given.resources, **here},
        environments=[replace(one, resources={**one.resources, **here}) for one in given.environments.values()],
    )
    definitions.check_hooks(job.name, job.hooks)
    asked = job_arguments(job.for_partition(partition_key), keys, run_config, tags)
    return _run(
        definitions,
        asked.selection,
        asked.run_config,
        raise_on_error,
        asked.tags,
        asked.job_name,
        job.hooks,
        place=_Place(
            env=env,
            yes=yes,
            stale_only=stale_only,
            partitions=wanted_partitions(partition_key, store=_known(instance), every=stale_only),
        ),
        instance=instance,
    )


def _run(
    definitions: Definitions,
    selection: Any,
    run_config: Mapping[str, Any] | RunConfig | None,
    raise_on_error: bool,
    tags: Mapping[str, str] | None,
    job_name: str = IMPLICIT_JOB,
    job_hooks: tuple[HookDefinition, ...] = (),
    *,
    given_to: str = "Definitions",
    place: _Place,
    instance: DagsterInstance | None = None,
) -> ExecuteInProcessResult:
    if instance is not None and not isinstance(instance, DagsterInstance):
        raise ParameterCheckError(f"instance is a DagsterInstance, not {instance!r}")
    if place.stale_only and instance is None:
        raise ParameterCheckError(
            "stale_only needs the history that says what is stale: instance=DagsterInstance.get(), or another one"
        )
    settings = current_settings()
    environment = place.env or settings.env
    environments = Environments(settings, definitions)
    if not place.keeps_nothing:
        environments.confirm(environment, yes=place.yes)
    request = make_request(
        Project(definitions=definitions, label=job_name, given_to=given_to),
        CodeRef(label="here"),
        selection,
        environment=environment,
        run_config=run_config,
        tags=tags,
        job_name=job_name,
        runs_here=True,
        is_recorded=instance is not None,
        environments=environments,
        partitions=place.partitions,
        stale_by=instance.records(environments, environment) if instance is not None and place.stale_only else None,
    )
    local = build_local_run(definitions, environments, job_hooks=job_hooks)
    launch(local.store, local.signer, request)
    try:
        _work(local, request)
    except BaseException:
        _break_off(local, request)
        raise
    finally:
        local.close()
        if instance is not None:
            instance.record(request, local.store)
    assets = {key.parts: asset for asset in definitions.assets for key in asset.keys}
    graphs = {
        step.key.removesuffix("." + ".".join(step.node)): assets[step.owner].keys_by_output_name
        for step in request.plan.steps
        if step.node
    }
    result = ExecuteInProcessResult(request, local.store, local.values, local.errors, graphs)
    if raise_on_error and not result.success:
        raise result.first_error
    return result


def materialize_to_memory(
    assets: Sequence[AssetsDefinition | SourceAsset | AssetSpec],
    run_config: Mapping[str, Any] | RunConfig | None = None,
    resources: Mapping[str, Any] | None = None,
    raise_on_error: bool = True,
    tags: Mapping[str, str] | None = None,
    *,
    selection: Any = None,
    instance: DagsterInstance | None = None,
    partition_key: str | None = None,
    partitions: PartitionsAsked = None,
) -> ExecuteInProcessResult:
    """The same, with every value kept in memory: nothing is stored, and nothing stored is read.

    Args:
        resources: as for `materialize`; none of them, and none that the assets bring along, may be an IO manager.
        instance: the history in which the run is recorded.
        partition_key: the partition to make, of assets that are all divided in the same way.
        partitions: keys and ranges of the asset that comes first, or ``"all"``; see `submit`.

    Raises:
        InvariantViolationError: a resource is given where a value would be stored with it.
    """
    given = project_of(assets).definitions
    keys = sorted({key for asset in given.assets for key in asset.io_manager_keys})
    own = {key for asset in given.assets for key in asset.resource_defs} | set(resources or {})
    for key in keys:
        if key in own:
            raise InvariantViolationError(
                f"Attempted to call `materialize_to_memory` with a resource provided for io manager key '{key}'",
                fix="call materialize, or leave the resource out",
            )
    memory = ResourceDefinition.hardcoded_resource(InMemoryIOManager())
    every = {**(resources or {}), **dict.fromkeys([*keys, "io_manager"], memory)}
    definitions = _with_resources(assets, every)
    wanted = wanted_partitions(partition_key, partitions, _known(instance))
    place = _Place(env=DEFAULT_ENVIRONMENT, keeps_nothing=True, partitions=wanted)
    return _run(
        definitions,
        selection,
        run_config,
        raise_on_error,
        tags,
        given_to="materialize_to_memory",
        place=place,
        instance=instance,
    )


def _break_off(local: LocalRun, request: RunRequest) -> None:
    """End a run that was interrupted: nothing more is begun, and what is committed becomes visible."""
    local.store.cancel(request.run_id)
    for queue in _queues(request):
        local.slot.work(request.run_id, queue)


def _queues(request: RunRequest) -> dict[str, None]:
    return dict.fromkeys(step.queue for step in request.plan.steps)


def _work(local: LocalRun, request: RunRequest) -> None:
    queues = _queues(request)
    while not local.store.view(request.run_id, steps=False).status.is_terminal:
        for queue in queues:
            local.slot.work(request.run_id, queue)
        due = local.store.next_due(request.run_id)
        if due is not None:
            pause(max(0.0, due - local.store.now()))
