"""From what a user hands in to a request that can be launched."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from assetflow.code.bundle import modules_below, pack
from assetflow.code.installed import is_installed
from assetflow.code.modules import load_file, load_module
from assetflow.code.reference import CodeRef
from assetflow.definitions.asset_spec import AssetSpec
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.bundle import Definitions
from assetflow.definitions.job import IMPLICIT_JOB, JobDefinition
from assetflow.definitions.loading import definitions_from_module
from assetflow.definitions.run_config import RunConfig, look_up, read_run_config
from assetflow.definitions.source_asset import SourceAsset
from assetflow.engine.request import RunRequest
from assetflow.environments import Environments
from assetflow.errors import InvalidInvocationError, InvalidSubsetError, ParameterCheckError
from assetflow.keys import AssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.lineage.syntax import resolve_all, resolve_selection
from assetflow.overlay import overlaid
from assetflow.partitions.partitions_definition import BACKFILL_TAG, DynamicPartitionsStore, PartitionKeyRange
from assetflow.planning.makers import Makers
from assetflow.planning.plan import Plan
from assetflow.planning.planner import make_plan
from assetflow.planning.stale_plan import StalePlan, make_stale_plan
from assetflow.planning.staleness import Records
from assetflow.planning.step_names import own_names
from assetflow.planning.targets import WantedPartitions
from assetflow.run_ids import new_run_id

HIGHEST_PRIORITY = 1000

_RANGE_MARKS = ("...", "..")
PartitionsAsked = Sequence[str | PartitionKeyRange] | PartitionKeyRange | str | None
Target = Definitions | AssetsDefinition | ModuleType | str | Iterable[AssetsDefinition | SourceAsset | AssetSpec]


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Definitions, where they came from, and how they can be named to a worker.

    Attributes:
        module: name under which workers may import them; empty if only their code can be sent.
        by_value: modules whose code has to travel with them.
        label: what people are shown.
        given_to: what the user has called, and can give resources to.
    """

    definitions: Definitions
    module: str = ""
    by_value: tuple[ModuleType, ...] = ()
    label: str = ""
    given_to: str = "Definitions"

    def graph(self) -> AssetGraph:
        """Who needs whom, checked."""
        self.definitions.check_resources(self.given_to)
        graph: AssetGraph = self.definitions.graph()
        return graph

    def plan(
        self, selection: Any, *, with_code_versions: bool = True, partitions: WantedPartitions | None = None
    ) -> tuple[AssetGraph, Plan]:
        """What would be done for a selection; None selects everything.

        Args:
            with_code_versions: name the code that makes each asset.
            partitions: of the assets that have such, which.

        Raises:
            InvalidDefinitionError, InvalidSubsetError, CheckError: as graph and selection say.
        """
        graph = self.graph()
        chosen = resolve_all(graph, selection)
        return graph, make_plan(
            graph,
            chosen.assets,
            chosen.checks,
            chosen.observed,
            with_code_versions=with_code_versions,
            partitions=partitions,
        )

    def stale_plan(
        self,
        selection: Any,
        records: Records,
        run_config: Mapping[str, Any] | RunConfig | None = None,
        force: Collection[AssetKey] = (),
        partitions: WantedPartitions | None = None,
    ) -> tuple[AssetGraph, StalePlan]:
        """The same for what is stale of a selection.

        Args:
            records: what is remembered.
            run_config: what it speaks of is run in any case, since nobody has kept with which config it was run before.
            force: assets that are run in any case.
            partitions: of the assets that have such, which; all by default.
        """
        graph = self.graph()
        chosen = resolve_all(graph, selection)
        document = run_config.to_config_dict() if isinstance(run_config, RunConfig) else run_config or {}
        named = document.get("ops") or {}
        own = own_names(graph)
        wanted = {key for key, one in graph.assets_by_key.items() if own.get(one, one.node_def.name) in named}
        wanted.update(force)
        plan = make_stale_plan(
            graph, chosen.assets, chosen.checks, chosen.observed, records, wanted=wanted, partitions=partitions
        )
        return graph, plan


def project_of_module(name: str) -> Project:
    """The definitions of an importable module."""
    definitions = load_module(name)
    return Project(definitions=definitions, module=name, by_value=_neighbours(sys.modules[name]), label=name)


def project_of_file(path: Path) -> Project:
    """The definitions of a file; its code travels to the workers."""
    definitions, module = load_file(path)
    neighbours = (*modules_below(path.resolve().parent), module)
    return Project(definitions=definitions, by_value=tuple(dict.fromkeys(neighbours)), label=str(path))


def project_of(target: Target) -> Project:
    """The definitions in what a user hands to ``submit`` or ``materialize``.

    Raises:
        ParameterCheckError: it is nothing that holds assets.
    """
    if isinstance(target, str):
        return project_of_module(target)
    if isinstance(target, ModuleType):
        definitions = definitions_from_module(target)
        return Project(definitions=definitions, by_value=_neighbours(target), label=target.__name__)
    if isinstance(target, Definitions):
        return Project(definitions=target, by_value=_homes(target), label="definitions")
    items = [target] if isinstance(target, AssetsDefinition | SourceAsset) else target
    try:
        assets = list(items)
    except TypeError:
        assets = [items]
    for item in assets:
        if not isinstance(item, AssetsDefinition | SourceAsset | AssetSpec):
            raise ParameterCheckError(
                f"expected assets, a list of assets, Definitions or a module; got {type(item).__name__}: {item!r}"
            )
    definitions = Definitions(assets=assets)
    return Project(definitions=definitions, by_value=_homes(definitions), label="assets")


def make_request(
    project: Project,
    code: CodeRef,
    selection: Any,
    *,
    environment: str,
    run_config: Mapping[str, Any] | RunConfig | None = None,
    tags: Mapping[str, str] | None = None,
    job_name: str = IMPLICIT_JOB,
    priority: int = 0,
    runs_here: bool = False,
    is_recorded: bool = True,
    environments: Environments | None = None,
    stale_by: Records | None = None,
    force: Collection[AssetKey] = (),
    partitions: WantedPartitions | None = None,
    run_id: str | None = None,
) -> RunRequest:
    """A request under a new run id, or one that was chosen before.

    Args:
        runs_here: the code is going to run in this process, so that variables which config names can be looked up.
        is_recorded: a history will tell of the run, and names the code that makes its assets.
        environments: where it is looked up what the environment reads from others; None if it reads from none.
        stale_by: run only what is stale by these records; None runs everything.
        force: assets that are run even if they are not stale.
        partitions: of the assets that have such, which.

    Raises:
        InvalidConfigError: the run config does not fit.
        InvalidInvocationError: tags are not text, or the priority is none.
    """
    if isinstance(priority, bool) or not isinstance(priority, int) or abs(priority) > HIGHEST_PRIORITY:
        raise InvalidInvocationError(
            f"priority is a whole number from -{HIGHEST_PRIORITY} to {HIGHEST_PRIORITY}, not {priority!r}"
        )
    if stale_by is None:
        graph, plan = project.plan(selection, with_code_versions=is_recorded, partitions=partitions)
    else:
        graph, stale = project.stale_plan(selection, stale_by, run_config, force, partitions)
        plan = stale.plan
    makers = Makers(graph.assets_by_key, graph.checks_by_key, graph.observations_by_key, graph.sources_by_key)
    taking_part = {
        step.alias or maker.node_def.name: maker for step in plan.steps if (maker := makers.of(step)) is not None
    }
    document = read_run_config(project.definitions, taking_part, run_config)
    if runs_here:
        look_up(project.definitions, taking_part, document)
    if environments is not None:
        plan = overlaid(plan, graph, environments, environment, document)
    for label, value in (tags or {}).items():
        if not isinstance(label, str) or not isinstance(value, str):
            raise InvalidInvocationError(f"tags are text, not {label!r}: {value!r}", fix="turn the value into a str")
    return RunRequest(
        run_id=run_id or new_run_id(),
        code=code,
        plan=plan,
        environment=environment,
        selection=selection_text(selection),
        job_name=job_name,
        run_config=document,
        tags={**tags_of_partitions(graph, plan), **(tags or {})},
        priority=priority,
        stale_only=stale_by is not None,
    )


def read_partitions(texts: Collection[str]) -> WantedPartitions:
    """Keys and ranges as people write them: ``A``, ``A..B``, ``A...B``, ``all``.

    Raises:
        InvalidInvocationError: a range has one end only.
    """
    if "all" in texts:
        return WantedPartitions(keys=None)
    found: list[str | PartitionKeyRange] = []
    for text in texts:
        mark = next((mark for mark in _RANGE_MARKS if mark in text), None)
        first, _, last = (text, "", text) if mark is None else text.partition(mark)
        if not first or not last:
            raise InvalidInvocationError(f"{text!r} is no range: write A..B")
        found.append(text if mark is None else PartitionKeyRange(first, last))
    wanted = wanted_partitions(None, found)
    assert wanted is not None, "something was asked for"
    return wanted


def wanted_partitions(
    partition_key: str | None,
    partitions: PartitionsAsked | WantedPartitions = None,
    store: DynamicPartitionsStore | None = None,
    *,
    every: bool = False,
) -> WantedPartitions | None:
    """The partitions that a caller asks for; None if they ask for none.

    Args:
        partition_key: one, of assets that are all divided in the same way.
        partitions: keys and ranges of the asset that comes first, or ``"all"``.
        store: knows dynamic partitions.
        every: all are meant where none are asked for.

    Raises:
        InvalidInvocationError: both are given.
        ParameterCheckError: something is no key.
    """
    if partition_key is not None and partitions is not None:
        raise InvalidInvocationError("partition_key and partitions exclude each other", fix="give one of the two")
    if partition_key is not None:
        if not isinstance(partition_key, str):
            raise ParameterCheckError(f"partition_key is a str, not {partition_key!r}")
        return WantedPartitions(keys=(partition_key,), is_job=True, store=store)
    if partitions is None:
        return WantedPartitions(keys=None, store=store) if every else None
    if isinstance(partitions, WantedPartitions):
        return replace(partitions, store=partitions.store or store)
    if isinstance(partitions, str):
        return WantedPartitions(keys=None if partitions == "all" else (partitions,), store=store)
    keys = (partitions,) if isinstance(partitions, PartitionKeyRange) else tuple(partitions)
    for key in keys:
        if not isinstance(key, str | PartitionKeyRange):
            raise ParameterCheckError(f"partitions are keys, as str, and ranges, as PartitionKeyRange, not {key!r}")
    if not keys:
        raise ParameterCheckError("partitions is empty: name some, or leave it out")
    return WantedPartitions(keys=keys, store=store)


def tags_of_partitions(graph: AssetGraph, plan: Plan) -> dict[str, str]:
    """The tags of a run that say for which partition it is, or that it is for many."""
    keys = {step.partitions for step in plan.steps if step.partitions}
    if not keys:
        return {}
    if len(keys) > 1 or len(min(keys)) > 1:
        return {BACKFILL_TAG: f"{len({key for some in keys for key in some})} partitions"}
    step = next(step for step in plan.steps if step.partitions)
    definition = graph.assets_by_key[step.maker_key].partitions_def
    assert definition is not None, "the plan was made of this graph"
    return dict(definition.tags_of(step.partitions[0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class JobArguments:
    """What is asked of one run of a job: what the user gave, and what the job says besides."""

    selection: Any
    run_config: Mapping[str, Any] | RunConfig | None
    tags: Mapping[str, str]
    job_name: str


def job_arguments(
    job: JobDefinition,
    selection: Any,
    run_config: Mapping[str, Any] | RunConfig | None,
    tags: Mapping[str, str] | None,
) -> JobArguments:
    """The arguments of a run of a job: what was given, and what the job says of the rest.

    Args:
        selection: some of the job's assets; None for all of them.

    Raises:
        InvalidSubsetError: an asset that is not in the job.
    """
    both = {**job.tags, **(tags or {})}
    if selection is None or (job.selection is None and job.config is None):
        config = job.config if run_config is None else run_config
        return JobArguments(
            selection=job.selection if selection is None else selection, run_config=config, tags=both, job_name=job.name
        )
    graph = Project(definitions=job.definitions).graph()
    selected = resolve_selection(graph, job.selection)
    wanted = resolve_selection(graph, selection)
    for key in wanted:
        if key not in selected:
            raise InvalidSubsetError(
                f"AssetKey(s) {{{key!r}}} were selected, but the job {job.name} does not materialize them",
                fix=f"its assets are: {', '.join(one.to_user_string() for one in selected)}",
            )
    if run_config is None and job.config is not None:
        # The job's config is for all of its assets; this run is asked for those that take part.
        own = own_names(graph)
        left = {graph.assets_by_key[key] for key in set(selected)} - {graph.assets_by_key[key] for key in wanted}
        absent = {own.get(asset, asset.node_def.name) for asset in left}
        document = job.config.to_config_dict() if isinstance(job.config, RunConfig) else job.config
        ops = {name: entry for name, entry in (document.get("ops") or {}).items() if name not in absent}
        run_config = {**document, "ops": ops}
    return JobArguments(selection=wanted, run_config=run_config, tags=both, job_name=job.name)


def bundled(project: Project) -> tuple[str, bytes]:
    """The project's code as bytes, and their sha256."""
    return pack(project.definitions, by_value=project.by_value)


def selection_text(selection: Any) -> str:
    """A selection in words."""
    if selection is None:
        return "*"
    if isinstance(selection, str):
        return selection
    if isinstance(selection, list | tuple | set | frozenset):
        return ", ".join(selection_text(item) for item in selection)
    key = getattr(selection, "key", selection)
    return key.to_user_string() if hasattr(key, "to_user_string") else str(selection)


def _homes(definitions: Definitions) -> tuple[ModuleType, ...]:
    """Modules that define the assets and are not installed: workers may not have them."""
    functions = [op.compute_fn for asset in definitions.assets for op in asset.ops]
    functions += [source.observe_fn for source in definitions.source_assets if source.observe_fn is not None]
    names = {function.__module__ for function in functions}
    modules = [sys.modules[name] for name in sorted(names) if name in sys.modules]
    found = [near for module in modules for near in _neighbours(module)]
    return tuple(dict.fromkeys(found))


def _neighbours(module: ModuleType) -> tuple[ModuleType, ...]:
    """The module, and those of its package, unless it is an installed package."""
    file = getattr(module, "__file__", None)
    if not file or module.__name__ == "__main__" or is_installed(file):
        return ()
    top = _package_of(module.__name__, file)
    if top is None:
        return (module,)
    return tuple(near for near in modules_below(top) if near.__name__.split(".")[0] == module.__name__.split(".")[0])


@lru_cache(maxsize=4096)
def _package_of(name: str, file: str) -> Path | None:
    """The folder of the outermost package that a module is in; None if it is in none."""
    path = Path(file).resolve()
    depth = name.count(".") + (1 if path.name == "__init__.py" else 0)
    return path.parents[depth - 1] if depth else None
