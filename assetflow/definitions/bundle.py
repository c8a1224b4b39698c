"""Everything that belongs together: assets, sources and the resources they use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from assetflow.definitions.asset_spec import AssetSpec
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.check_decorator import AssetChecksDefinition
from assetflow.definitions.displays import definitions_display
from assetflow.definitions.environment import Environment, as_environments
from assetflow.definitions.hooks import HookDefinition
from assetflow.definitions.implicit_jobs import implicit_job
from assetflow.definitions.job import IMPLICIT_JOB, AssetJob, JobDefinition
from assetflow.definitions.named_jobs import find_by_name, named_jobs
from assetflow.definitions.op import OpDefinition
from assetflow.definitions.resource import ResourceDefinition, as_resources
from assetflow.definitions.resource_opening import opening_order
from assetflow.definitions.signature import EMPTY
from assetflow.definitions.source_asset import SourceAsset
from assetflow.definitions.travelling_assets import remade_together, taken_together
from assetflow.errors import (
    InvalidDefinitionError,
    InvalidInvocationError,
    InvariantViolationError,
    ParameterCheckError,
)
from assetflow.keys import AssetKey, CoercibleToAssetKey

if TYPE_CHECKING:
    from assetflow.definitions.instigators import Instigators
    from assetflow.definitions.schedule import ScheduleDefinition
    from assetflow.definitions.sensor import SensorDefinition
    from assetflow.values import AssetValueLoader

ALWAYS_PROVIDED = frozenset({"io_manager"})


class Definitions:
    """The assets of a project and what they need.

    Args:
        assets: assets, source assets, and specs of assets that others make; lists in it are taken apart.
        resources: values or ResourceDefinitions by key.
        jobs: from `define_asset_job`.
        asset_checks: from `asset_check` and `multi_asset_check`; they may be among the assets as well.
        environments: named sets of storage and resources that runs can be for.
        schedules: from `schedule` and ScheduleDefinition; their jobs need not be among the jobs.
        sensors: from `sensor` and its kin, in the same way.

    Raises:
        InvalidDefinitionError: two assets have one key, or two jobs, schedules or sensors one name.
        ParameterCheckError: something among the assets is none.
    """

    __slots__ = (
        "_graph", "_instigators", "assets", "environments", "jobs", "resources", "source_assets",
    )  # fmt: skip

    def __init__(
        self,
        assets: Iterable[Any] | None = None,
        resources: Mapping[str, Any] | None = None,
        jobs: Iterable[AssetJob] | None = None,
        asset_checks: Iterable[AssetsDefinition] | None = None,
        environments: Iterable[Environment] | None = None,
        schedules: Iterable[ScheduleDefinition] | None = None,
        sensors: Iterable[SensorDefinition] | None = None,
    ) -> None:
        checks = list(_flat(asset_checks or ()))
        for item in checks:
            if not isinstance(item, AssetChecksDefinition):
                raise ParameterCheckError(f"asset_checks is a list of what asset_check makes, not of {item!r}")
        found = dict.fromkeys([*_flat(assets or ()), *checks])
        self.assets = tuple(item for item in found if isinstance(item, AssetsDefinition))
        self.source_assets = tuple(
            SourceAsset.of_spec(item) if isinstance(item, AssetSpec) else item
            for item in found
            if isinstance(item, SourceAsset | AssetSpec)
        )
        self.resources = as_resources(resources)
        self.environments = as_environments(environments)
        self._graph: Any = None
        for key, places in _clashes(found):
            raise InvalidDefinitionError(
                f"Duplicate asset key: {key}", where=places, fix="rename one of them, or give it a key_prefix"
            )
        given = (list(schedules or ()), list(sensors or ()))
        automated = any(one.labels_by_key and one.automation_conditions_by_key for one in self.assets)
        # By name: most definitions have neither, and do without what they need.
        self._instigators: Instigators | None = (
            import_module("assetflow.definitions.instigators").Instigators(*given, has_conditions=automated)
            if any(given) or automated
            else None
        )
        self.jobs: dict[str, AssetJob] = named_jobs(jobs, self._instigators.jobs() if self._instigators else ())

    def _repr_html_(self) -> str:
        return definitions_display(self.assets, self.source_assets, self.jobs, self.resources)

    @staticmethod
    def merge(*definitions: Definitions) -> Definitions:
        """All of these together.

        Raises:
            InvalidDefinitionError: two of them have different assets, resources or jobs of one name.
        """
        resources: dict[str, ResourceDefinition] = {}
        for one in definitions:
            for key, found in one.resources.items():
                if resources.setdefault(key, found) is not found:
                    raise InvalidDefinitionError(
                        f"Definitions objects to be merged have different resources under the key {key!r}",
                        fix="give one of them another key, or share one object",
                    )
        assets = [item for one in definitions for item in (*one.assets, *one.source_assets)]
        jobs = dict.fromkeys(job for one in definitions for job in one.jobs.values())
        environments = dict.fromkeys(found for one in definitions for found in one.environments.values())
        return Definitions(
            assets=assets,
            resources=resources,
            jobs=jobs,
            environments=environments,
            schedules=dict.fromkeys(item for one in definitions for item in one.schedules),
            sensors=dict.fromkeys(
                item for one in definitions for item in one.sensors if not getattr(item, "is_default", False)
            ),
        )

    def get_job(self, name: str) -> JobDefinition:
        """The job of this name; ``__ASSET_JOB`` is that of all assets.

        Where some have partitions, ``__ASSET_JOB_0`` and so on are those that are divided in one way, with those that
        are not divided.

        Raises:
            InvariantViolationError: there is none.
            InvalidSubsetError: it selects what is not here.
        """
        self.check([name] if name in self.jobs else [])
        implicit = implicit_job(name, self.assets)
        if implicit is None and self._instigators is not None:
            implicit = self._instigators.job_of_selection(name)
        if implicit is not None:
            return JobDefinition(self, implicit)
        if name not in self.jobs:
            raise InvariantViolationError(
                f'Could not find job "{name}". There are: {", ".join(self.jobs) or "none"}',
                fix="define it with define_asset_job, and give it to Definitions(jobs=[...])",
            )
        return JobDefinition(self, self.jobs[name])

    get_job_def = get_job

    def has_job(self, name: str) -> bool:
        """Whether there is a job of this name."""
        return name in self.jobs or implicit_job(name, self.assets) is not None

    @property
    def schedules(self) -> tuple[ScheduleDefinition, ...]:
        """All schedules."""
        return () if self._instigators is None else tuple(self._instigators.schedules.values())

    @property
    def sensors(self) -> tuple[SensorDefinition, ...]:
        """All sensors."""
        return () if self._instigators is None else tuple(self._instigators.sensors.values())

    schedule_defs = schedules
    sensor_defs = sensors

    def get_schedule_def(self, name: str) -> ScheduleDefinition:
        """The schedule of this name; InvariantViolationError if there is none."""
        return find_by_name("schedule", name, {one.name: one for one in self.schedules})

    def get_sensor_def(self, name: str) -> SensorDefinition:
        """The sensor of this name; InvariantViolationError if there is none."""
        return find_by_name("sensor", name, {one.name: one for one in self.sensors})

    def get_all_jobs(self) -> list[JobDefinition]:
        """All jobs, with that of all assets."""
        return [self.get_job(name) for name in [IMPLICIT_JOB, *self.jobs]]

    def resource_defs_for(self, asset: AssetsDefinition) -> dict[str, ResourceDefinition]:
        """The resources an asset can use: its own come before those of all."""
        return {**self.resources, **asset.resource_defs}

    def load_asset_value(
        self,
        asset_key: CoercibleToAssetKey,
        *,
        python_type: Any = EMPTY,
        metadata: Mapping[str, Any] | None = None,
        resource_config: Mapping[str, Any] | None = None,
        version: str | None = None,
        env: str | None = None,
        partition_key: str | None = None,
    ) -> Any:
        """What is stored of an asset, loaded with its IO manager.

        Args:
            asset_key: a str is one segment.
            python_type: the type that is wanted.
            metadata: reaches the IO manager as ``InputContext.metadata``.
            resource_config: the ``resources`` part of a run config.
            version: its name, or the beginning of it; ``@-1`` is the one before what is published.
            env: name of the environment; by default that of the settings.
            partition_key: of an asset with partitions, which.

        Raises:
            KeyError: no asset has this key; a source asset is none.
            FileNotFoundError: it was never materialized; other IO managers raise what they raise.
        """
        with self.get_asset_value_loader(resource_config, env) as loader:
            return loader.load_asset_value(
                asset_key, python_type=python_type, metadata=metadata, version=version, partition_key=partition_key
            )

    def get_asset_value_loader(
        self, resource_config: Mapping[str, Any] | None = None, env: str | None = None
    ) -> AssetValueLoader:
        """A context manager whose ``load_asset_value`` loads several values with resources opened once."""
        # By name, like the package's front door: definitions know of no storage and no settings.
        loader: AssetValueLoader = import_module("assetflow.values").AssetValueLoader(self, resource_config, env)
        return loader

    def check_hooks(self, job: str, hooks: Iterable[HookDefinition], given_to: str = "Definitions") -> None:
        """Check that the resources of a job's hooks are there; InvalidDefinitionError if one is not."""
        for hook in hooks:
            for key in sorted(hook.required_resource_keys - self.resources.keys()):
                raise InvalidDefinitionError(
                    f"resource with key '{key}' required by hook '{hook.name}' attached to job '{job}' "
                    "was not provided",
                    fix=_give(key, given_to),
                )

    def check(self, jobs: Iterable[str] | None = None) -> None:
        """Resolve every input to the asset it means, and the selections of jobs to assets.

        Args:
            jobs: names of the jobs to look at; None for all.

        Raises:
            InvalidDefinitionError: an input means nothing that is here.
            CircularDependencyError: assets need each other in a circle.
            InvalidSubsetError: a job selects what is not here.
            InvalidDefinitionError: the assets of a job are divided in different ways, or a schedule or sensor names a
                job that is not here.
        """
        graph = self.graph()
        for name in self.jobs if jobs is None else jobs:
            job = self.jobs[name]
            import_module("assetflow.lineage.syntax").check_job(graph, name, job.selection, job.partitions_def)
        if jobs is None and self._instigators is not None:
            self._instigators.check(self.has_job)

    def graph(self) -> Any:
        """Which asset needs which: an AssetGraph, made when it is first asked for.

        Raises:
            InvalidDefinitionError: an input means nothing that is here.
            CircularDependencyError: assets need each other in a circle.
        """
        if self._graph is None:
            # By name: definitions know of no graph of assets.
            build = import_module("assetflow.lineage.asset_graph").AssetGraph.build
            self._graph = build(self.assets, self.source_assets)
        return self._graph

    def __getstate__(self) -> dict[str, Any]:
        # Whoever gets a copy makes its own graph.
        state = {name: None if name == "_graph" else getattr(self, name) for name in self.__slots__}
        return {**state, "assets": taken_together(self.assets)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, remade_together(value) if name == "assets" else value)

    def check_resources(self, given_to: str = "Definitions") -> None:
        """Check that everything that is required is there.

        Args:
            given_to: what the user has called, and can give resources to.

        Raises:
            InvalidDefinitionError: a resource or an IO manager is missing.
            InvalidInvocationError: there are two resources under one key.
        """
        self._check_conflicts()
        for source in self.source_assets:
            if source.io_manager_key not in {**self.resources, **source.resource_defs}.keys() | ALWAYS_PROVIDED:
                raise InvalidDefinitionError(
                    f"SourceAsset with asset key {source.key.to_user_string()} requires IO manager with key "
                    f"'{source.io_manager_key}', but none was provided.",
                    where=str(source.location),
                    fix=_give(source.io_manager_key, given_to),
                )
        for job in self.jobs.values():
            self.check_hooks(job.name, job.hooks, given_to)
        checked: set[str] = set()
        for asset in self.assets:
            available = self.resource_defs_for(asset) if asset.resource_defs else self.resources
            for op in asset.ops:
                _check_op(op, available, checked if not asset.resource_defs else set(), given_to)

    def _check_conflicts(self) -> None:
        found = dict(self.resources)
        items: tuple[AssetsDefinition | SourceAsset, ...] = (*self.assets, *self.source_assets)
        for item in items:
            own = item.resource_defs
            if not own:
                continue
            clash = sorted(key for key in own if found.setdefault(key, own[key]).identity != own[key].identity)
            if clash:
                raise InvalidInvocationError(
                    f"{item!r} has conflicting resource definitions for: {', '.join(clash)}",
                    where=str(item.location) if item.location else None,
                    fix="one key means one resource: leave out what the asset brings along or what is given beside it, "
                    "or give one of them another key",
                )


def _give(key: str, given_to: str) -> str:
    return f"{given_to}({'..., ' * (given_to != 'Definitions')}resources={{{key!r}: ...}})"


def _check_op(op: OpDefinition, available: Mapping[str, ResourceDefinition], checked: set[str], given_to: str) -> None:
    for name, out in op.outs.items():
        if out.io_manager_key not in available and out.io_manager_key not in ALWAYS_PROVIDED:
            raise InvalidDefinitionError(
                f"io manager with key '{out.io_manager_key}' required by output '{name}' of op '{op.name}' "
                "was not provided.",
                where=op.where,
                fix=_give(out.io_manager_key, given_to),
            )
    hooks = {key for hook in op.hooks for key in hook.required_resource_keys}
    for key in sorted(op.required_resource_keys | hooks):
        if key not in available:
            raise InvalidDefinitionError(
                f"resource with key '{key}' required by op '{op.name}' was not provided. "
                f"Provided: {', '.join(sorted(available)) or 'none'}.",
                where=op.where,
                fix=_give(key, given_to),
            )
        if key not in checked:
            checked.update(opening_order(available, [key]))
    for item in op.ins.values():
        if item.input_manager_key and item.input_manager_key not in available:
            raise InvalidDefinitionError(
                f"input manager with key '{item.input_manager_key}' required by input '{item.name}' of op "
                f"'{op.name}' was not provided.",
                where=op.where,
                fix=_give(item.input_manager_key, given_to),
            )


def _clashes(found: Iterable[AssetsDefinition | SourceAsset | AssetSpec]) -> Iterable[tuple[AssetKey, str | None]]:
    """Keys that are defined twice, and where. A source may have the key of an asset: then it is the asset's."""
    definers: dict[AssetKey, list[AssetsDefinition | AssetSpec]] = {}
    for item in found:
        if not isinstance(item, SourceAsset):
            for key in (item.key,) if isinstance(item, AssetSpec) else item.keys_by_output_name.values():
                definers.setdefault(key, []).append(item)
    for key, items in definers.items():
        if len(items) > 1:
            yield key, " and ".join(str(item.location) for item in items if item.location) or None


def _flat(items: Iterable[Any]) -> Iterable[AssetsDefinition | SourceAsset | AssetSpec]:
    if isinstance(items, AssetsDefinition | SourceAsset) or not isinstance(items, Iterable):
        raise ParameterCheckError(f"assets is a list of assets, not {items!r}")
    for item in items:
        if isinstance(item, AssetsDefinition | SourceAsset | AssetSpec):
            yield item
        elif isinstance(item, list | tuple):
            yield from _flat(item)
        else:
            raise ParameterCheckError(f"expected an asset, got {type(item).__name__}: {item!r}")
