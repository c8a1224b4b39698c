"""What would be done, and doing it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from assetflow.client import can_import, submit_project
from assetflow.code.reference import CodeRef
from assetflow.definitions.job import IMPLICIT_JOB
from assetflow.desk.config_schemas import schema_of
from assetflow.desk.connecting import connection_for
from assetflow.desk.definitions import known_key
from assetflow.desk.plan_words import command, reads_of, warnings_of
from assetflow.desk.questions import Asked, LaunchAsked
from assetflow.desk.records import history_in, records_in, settings_of
from assetflow.engine.latest import LatestRecords
from assetflow.environments import Environments
from assetflow.errors import ConflictError, InvalidConfigError, InvalidSubsetError
from assetflow.keys import AssetKey
from assetflow.known_partitions import KnownPartitions
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.lineage.syntax import resolve_selection
from assetflow.overlay import overlaid
from assetflow.planning.explain import StepExplanation, expected, explain, summed_up
from assetflow.planning.needs import Need
from assetflow.planning.plan import Plan
from assetflow.planning.staleness import AssetStatus, judge
from assetflow.planning.targets import WantedPartitions
from assetflow.settings import Settings
from assetflow.submission import Project, job_arguments, make_request, read_partitions, wanted_partitions

Record = dict[str, Any]
_MOST_STEPS = 2000  # that are listed one by one; partitions are summed up before


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan, and what it was made by.

    Attributes:
        plan: with the environments that it reads from.
        keys: assets that were asked for.
        skipped: those among them that are fresh.
    """

    plan: Plan
    graph: AssetGraph
    keys: list[AssetKey]
    skipped: list[AssetKey]
    statuses: Mapping[AssetKey, AssetStatus]
    records: LatestRecords


def plan(project: Project, arguments: Mapping[str, Any]) -> Record:
    """What a run would do, and why.

    Raises:
        InvalidSubsetError, InvalidInvocationError, CheckError: what is asked for is not there.
        HistoryUnreachableError: the history does not answer.
    """
    asked = msgspec.convert(arguments["asked"], Asked)
    settings = settings_of(asked.env)
    environments = Environments(settings, project.definitions)
    found = environments.get(asked.env)
    with history_in(settings) as history:
        planned = made(project, asked, settings, records_in(history, project, settings))
        keys = [key for step in planned.plan.steps for key in step.asset_keys]
        durations = planned.records.durations(keys)
        sizes = (
            {}
            if history is None
            else {
                AssetKey.from_db_string(state.asset): state.size for state in history.catalog.states(keys) if state.size
            }
        )
        steps = explain(planned.plan, planned.graph, planned.statuses, durations)
        lasts = expected(planned.plan, steps)
        reads = reads_of(planned.records, steps, asked.env)
    shown = summed_up(steps)
    skipped = [_skipped(key, planned.statuses.get(key)) for key in planned.skipped]
    maybe = sum(_action(step) == "maybe" for step in steps)
    return {
        "env": asked.env,
        "digest": digest_of(planned.plan),
        "steps": [
            {
                "step": step.step,
                "assets": [key.to_user_string() for key in step.assets],
                "checks": [str(check) for check in step.checks],
                "partition": _partition(step),
                "action": _action(step),
                "reason": _reason(step),
                "cause": _cause(planned, step),
                "reads": [reads[key] for key in (*step.reads_from_run, *step.reads_from_storage) if key in reads],
                "estimate": _estimate(step, sizes),
                "group": step.group,
                "queue": step.queue,
            }
            for step in shown[:_MOST_STEPS]
        ]
        + skipped,
        "totals": {"run": len(steps) - maybe, "maybe": maybe, "skip": len(skipped)},
        "estimate": {"seconds": lasts.total, "path_seconds": lasts.path, "unknown": lasts.unknown}
        if lasts.total
        else None,
        "warnings": warnings_of(planned.plan, planned.graph, settings, len(shown) - _MOST_STEPS),
        "cli": command(project, asked),
        "config_schema": _config_schema(project, planned),
        "config_errors": _config_errors(project, asked, settings),
        "needs_confirmation": asked.env if found.is_protected else None,
        "dimensions": _divided(planned),
    }


def launch(project: Project, arguments: Mapping[str, Any]) -> Record:
    """Start a run.

    Raises:
        ConflictError: the plan is not the one that was shown any more, or the run key means another request.
        ServiceUnreachableError, HistoryUnreachableError: there is no server to carry it, or no history.
    """
    wanted = msgspec.convert(arguments["launch"], LaunchAsked)
    asked = wanted.asked
    settings = settings_of(asked.env)
    if wanted.digest:
        with history_in(settings) as history:
            now = made(project, asked, settings, records_in(history, project, settings))
        if digest_of(now.plan) != wanted.digest:
            raise ConflictError(
                "the plan has changed since it was shown: other code, or other data", fix="look at the new plan"
            )
    connection = connection_for(settings)
    handle = submit_project(
        connection,
        project,
        _selection(project, asked),
        run_config=asked.config,
        tags=wanted.tags,
        run_key=wanted.run_key,
        job=asked.job,
        durable=True,
        ship_code=not can_import(connection, project),
        env=asked.env,
        yes=wanted.yes,
        stale_only=asked.stale_only,
        force=_forced(project, asked),
        partition_key=asked.partition,
        partitions=_partitions(asked),
    )
    return {"run_id": handle.id}


def made(project: Project, asked: Asked, settings: Settings, records: LatestRecords) -> Planned:
    """The plan of what is asked for.

    Raises:
        InvalidSubsetError: nothing is.
    """
    environments = Environments(settings, project.definitions)
    job = project.definitions.get_job(asked.job or IMPLICIT_JOB).for_partition(asked.partition)
    given = job_arguments(job, _selection(project, asked), asked.config, None)
    partitions = wanted_partitions(
        asked.partition,
        _partitions(asked),
        KnownPartitions(settings),
        every=asked.stale_only,
    )
    skipped: list[AssetKey] = []
    if asked.stale_only:
        forced = _forced(project, asked)
        graph, stale = project.stale_plan(given.selection, records, given.run_config, forced, partitions)
        plan, skipped = stale.plan, [key for key, need in stale.needs.items() if need is Need.SKIP]
    else:
        graph, plan = project.plan(given.selection, partitions=partitions)
    keys = resolve_selection(graph, given.selection)
    if not keys and given.selection is not None:
        raise InvalidSubsetError("the selection means no asset", fix="choose some, or clear the box for all of them")
    return Planned(
        plan=overlaid(plan, graph, environments, asked.env),
        graph=graph,
        keys=keys,
        skipped=skipped,
        statuses=judge(graph, records, keys),
        records=records,
    )


def digest_of(plan: Plan) -> str:
    """Equal for plans that do the same."""
    return hashlib.sha256(plan.to_json()).hexdigest()


def _partitions(asked: Asked) -> WantedPartitions | None:
    """What is asked for, as people write it; None if nothing is."""
    given = asked.partitions
    return None if given is None else read_partitions([given] if isinstance(given, str) else given)


def _selection(project: Project, asked: Asked) -> Any:
    """The selection without what is left out; keys are taken as they are."""
    given: Any = asked.selection
    if isinstance(given, list):
        given = [known_key(project.graph(), text) for text in given]
    if isinstance(given, str) and not given.strip():
        given = None
    if not asked.exclude:
        return given
    out = {known_key(project.graph(), text) for text in asked.exclude}
    graph = project.graph()
    if given is None and asked.job:
        given = project.definitions.get_job(asked.job).selection
    left = [key for key in resolve_selection(graph, given) if key not in out]
    if not left:
        raise InvalidSubsetError("everything is left out, so there is nothing to run", fix="leave less out")
    return left


def _forced(project: Project, asked: Asked) -> list[AssetKey]:
    """What is run in any case."""
    return [known_key(project.graph(), text) for text in asked.force]


def _action(step: StepExplanation) -> str:
    return "maybe" if step.need is Need.MAYBE or step.conditional_on else "run"


def _reason(step: StepExplanation) -> str:
    if step.need is not Need.RUN:
        names = ", ".join(key.to_user_string() for key in step.if_changed)
        return f"only if {names} {'changes' if len(step.if_changed) == 1 else 'change'}"
    if step.conditional_on:
        names = ", ".join(key.to_user_string() for key in step.conditional_on)
        return f"{step.reason or 'asked for'}; only if {names} {'is' if len(step.conditional_on) == 1 else 'are'} made"
    return step.reason or "asked for"


def _cause(planned: Planned, step: StepExplanation) -> str:
    """The first cause in one word, as in statuses."""
    for key in step.assets:
        if key in planned.statuses:
            for cause in planned.statuses[key].causes:
                return {"MISSING": "never", "CODE": "code", "DEPENDENCIES": "deps", "DATA": "data"}.get(
                    cause.category.value, "upstream"
                )
    return "asked"


def _partition(step: StepExplanation) -> str | None:
    if not step.partitions:
        return None
    first, last = step.partitions[0], step.partitions[-1]
    return first if first == last else f"{first}..{last}"


def _estimate(step: StepExplanation, sizes: Mapping[AssetKey, int | None]) -> Record | None:
    if step.seconds is None:
        return None
    known = [size for key in step.assets if (size := sizes.get(key)) is not None]
    return {"seconds": step.seconds, "bytes": sum(known) if known else None}


def _skipped(key: AssetKey, status: AssetStatus | None) -> Record:
    latest = None if status is None else status.latest
    return {
        "step": key.to_python_identifier(), "assets": [key.to_user_string()], "checks": [], "partition": None,
        "action": "skip", "reason": "fresh", "cause": "fresh", "reads": [], "estimate": None, "group": "", "queue": "",
        "made_at": None if latest is None else latest.at,
    }  # fmt: skip


def _config_schema(project: Project, planned: Planned) -> Record | None:
    """The form of the run config of what takes part, as far as it is declared."""
    ops: Record = {}
    required = []
    for step in planned.plan.steps:
        maker = planned.graph.assets_by_key.get(step.maker_key) if step.outputs and not step.check else None
        if maker is None or not maker.ops or len(maker.ops) > 1:
            continue
        spec, name = maker.ops[0].config, step.alias or maker.node_def.name
        if (schema := schema_of(spec)) is not None and name not in ops:
            ops[name] = {"type": "object", "properties": {"config": schema}, "additionalProperties": False}
            if spec.field.is_required:
                ops[name]["required"] = ["config"]
                required.append(name)
    resources = {
        key: {"type": "object", "properties": {"config": schema}, "additionalProperties": False}
        for key, found in project.definitions.resources.items()
        if (schema := schema_of(found.config)) is not None
    }
    if not ops and not resources:
        return None
    inside: Record = {"type": "object", "properties": ops}
    return {
        "type": "object",
        "properties": {
            "ops": {**inside, "required": required} if required else inside,
            "resources": {"type": "object", "properties": resources},
        },
        **({"required": ["ops"]} if required else {}),
    }


def _config_errors(project: Project, asked: Asked, settings: Settings) -> list[Record]:
    """What is wrong with the config; nothing if a run could begin."""
    job = project.definitions.get_job(asked.job or IMPLICIT_JOB).for_partition(asked.partition)
    given = job_arguments(job, _selection(project, asked), asked.config, None)
    partitions = _partitions(asked)
    try:
        make_request(
            project,
            CodeRef(),
            given.selection,
            environment=asked.env,
            run_config=given.run_config,
            is_recorded=False,
            partitions=wanted_partitions(
                asked.partition, partitions, KnownPartitions(settings), every=asked.stale_only
            ),
        )
    except InvalidConfigError as error:
        if not error.errors:
            return [{"path": "root", "message": error.message, "reason": ""}]
        return [{"path": one.path, "message": one.message, "reason": one.reason.value} for one in error.errors]
    return []


def _divided(planned: Planned) -> bool:
    """Whether something of it has partitions, so that some have to be chosen."""
    return any(step.partitions for step in planned.plan.steps)
