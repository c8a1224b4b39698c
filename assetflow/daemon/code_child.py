"""What is done in a child of a process that holds users' code: evaluate a schedule or sensor, or start a run."""

from __future__ import annotations

import hashlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from assetflow.client import submit_project
from assetflow.config.environment import secret_values
from assetflow.daemon.code_jobs import (
    Answer,
    Decided,
    EvaluateJob,
    InstigatorAbout,
    Launched,
    LaunchJob,
    Order,
    PartitionsChange,
    PlannedRun,
)
from assetflow.definitions.bundle import Definitions
from assetflow.definitions.instigating import DefaultScheduleStatus, DefaultSensorStatus
from assetflow.definitions.run_request import RUN_KEY_TAG, SCHEDULE_TAG, SENSOR_TAG, TICK_TAG, RunRequest
from assetflow.definitions.schedule import ScheduleDefinition
from assetflow.definitions.schedule_context import ScheduleEvaluationContext
from assetflow.definitions.sensor import SensorDefinition
from assetflow.definitions.sensor_context import SensorEvaluationContext
from assetflow.errors import (
    AssetflowError,
    CheckError,
    ConflictError,
    HistoryUnreachableError,
    RunNotFoundError,
    ServiceUnreachableError,
)
from assetflow.instance import DagsterInstance
from assetflow.keys import AssetKey
from assetflow.partitions.partitions_definition import PartitionKeyRange
from assetflow.planning.targets import WantedPartitions
from assetflow.runs.masking import masked_text
from assetflow.runs.reported import reported
from assetflow.runs.ticks import AskedRun, InstigatorKind
from assetflow.submission import Project
from assetflow.wiring import Connection

if TYPE_CHECKING:
    from types import ModuleType

OpenConnection = Callable[[], Connection]


def about_all(definitions: Definitions) -> list[InstigatorAbout]:
    """What the daemon has to know of the schedules and sensors there are."""
    found = [
        InstigatorAbout(
            name=one.name,
            kind=InstigatorKind.SCHEDULE.value,
            runs=one.default_status is DefaultScheduleStatus.RUNNING,
            crons=one.crons,
            zone=str(one.zone),
            missed_ticks=one.catch_up.missed_ticks,
        )
        for one in definitions.schedules
    ]
    return found + [
        InstigatorAbout(
            name=one.name,
            kind=InstigatorKind.SENSOR.value,
            runs=one.default_status is DefaultSensorStatus.RUNNING,
            interval=float(one.minimum_interval_seconds),
        )
        for one in definitions.sensors
    ]


def files_of(modules: Sequence[ModuleType]) -> dict[str, float]:
    """The files that users may change, of modules that are loaded, and when each was changed last."""
    own = tuple(str(Path(prefix).resolve()) + os.sep for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix})
    found = {}
    for module in modules:
        file = getattr(module, "__file__", None)
        ours = module.__name__.partition(".")[0] == "assetflow"
        if file and not ours and not str(Path(file).resolve()).startswith(own):
            found[file] = changed(file)
    return found


def changed(file: str) -> float:
    """When a file was changed last; 0 if it is gone."""
    try:
        return os.stat(file).st_mtime
    except OSError:
        return 0.0


class CodeWork:
    """Does jobs.

    Args:
        project: whose schedules and sensors they are.
        connect: to the server that carries runs.
    """

    def __init__(self, project: Project, connect: OpenConnection) -> None:
        self._project = project
        self._connect = connect

    def __call__(self, order: Order) -> Answer:
        """Do one; what goes wrong is in the answer."""
        try:
            if isinstance(order.job, EvaluateJob):
                return self._evaluate(order.job)
            if isinstance(order.job, LaunchJob):
                return self._launch(order.job)
            return Answer(error=f"a daemon's code answers no questions such as {order.job.name}")
        except (ServiceUnreachableError, HistoryUnreachableError) as error:
            return Answer(error=str(error), passes=True)
        except AssetflowError as error:
            return Answer(error=f"{type(error).__name__}: {error}")
        except BaseException:
            return Answer(error=_told(traceback.format_exc()))

    def _evaluate(self, job: EvaluateJob) -> Answer:
        definitions = self._project.definitions
        if job.kind == InstigatorKind.SCHEDULE:
            return self._of_schedule(definitions.get_schedule_def(job.name), job)
        return self._of_sensor(definitions.get_sensor_def(job.name), job)

    def _of_schedule(self, schedule: ScheduleDefinition, job: EvaluateJob) -> Answer:
        os.environ.update(schedule.environment_vars)
        at = datetime.fromtimestamp(job.at, schedule.zone)
        context = ScheduleEvaluationContext(DagsterInstance.get, at, self._project.definitions)
        data = schedule.evaluate_tick(context)
        asked = [
            _asked(request, schedule.job_name, {SCHEDULE_TAG: job.name}, job, f"tick:{at.isoformat()}:{key}")
            for key, request in _named(data.run_requests)
        ]
        return Answer(asked=asked, reason=data.skip_message)

    def _of_sensor(self, sensor: SensorDefinition, job: EvaluateJob) -> Answer:
        context = SensorEvaluationContext(
            DagsterInstance.get,
            job.cursor,
            job.last_run_key,
            job.last_ended,
            self._project.definitions,
            datetime.fromtimestamp(job.at, UTC),
        )
        data = sensor.evaluate_tick(context)
        asked = [
            _asked(
                request,
                sensor.target_of(request) or "",
                {SENSOR_TAG: job.name},
                job,
                f"tick:{job.at!r}:{key}" if request.run_key is None else f"key:{request.run_key}",
            )
            for key, request in _named(data.run_requests)
        ]
        return Answer(
            asked=asked,
            reason=data.skip_message,
            cursor=data.cursor,
            error="\n".join(data.errors),
            changes=[
                PartitionsChange(definition=one.name, keys=list(one.partition_keys), removes=one.removes)
                for one in data.dynamic_partitions_requests
            ],
            events=[reported(event) for event in data.asset_events],
            decisions=[
                Decided(asset=one.asset_key.to_string(), requested=one.requested, tree=one.tree)
                for one in data.decisions
            ],
        )

    def _launch(self, job: LaunchJob) -> Answer:
        connection = self._connect()
        return Answer(launched=[self._launch_one(connection, job.name, run) for run in job.runs])

    def _launch_one(self, connection: Connection, name: str, run: PlannedRun) -> Launched:
        try:
            connection.store.view(run.run_id, steps=False)
            return Launched(run_id=run.run_id)
        except RunNotFoundError:
            pass
        asked = run.asked
        selection = asked.asset_selection
        whole = f"{self._project.label}\0{name}\0{asked.run_key}"
        try:
            handle = submit_project(
                connection,
                self._project,
                None if selection is None else [AssetKey(key) for key in selection],
                run_config=asked.run_config,
                tags=asked.tags,
                run_key=f"tick:{hashlib.sha256(whole.encode()).hexdigest()}",
                job=asked.job_name,
                durable=True,
                yes=True,  # whoever has started the daemon has said so
                stale_only=asked.stale_only,
                partition_key=asked.partition_key,
                partitions=_partitions_of(asked),
                run_id=run.run_id,
            )
        except (ServiceUnreachableError, HistoryUnreachableError):
            raise
        except ConflictError as error:  # it was started by code that has changed since
            return Launched(run_id=error.run_id)
        except (AssetflowError, CheckError) as error:  # the others can be started all the same
            return Launched(error=f"{type(error).__name__}: {error}")
        return Launched(run_id=handle.id)


def _asked(request: RunRequest, job_name: str, tags: dict[str, str], job: EvaluateJob, run_key: str) -> AskedRun:
    own = {} if request.run_key is None else {RUN_KEY_TAG: request.run_key}
    selection = request.asset_selection
    return AskedRun(
        run_key=run_key,
        job_name=job_name,
        run_config=request.run_config or None,
        tags={**request.tags, **tags, **own, **({TICK_TAG: str(job.tick)} if job.tick else {})},
        asset_selection=None if selection is None else [key.path for key in selection],
        stale_only=request.stale_assets_only,
        partition_key=request.partition_key,
        asset_partitions=None
        if request.asset_partitions is None
        else [(key.path, [(one[0], one[1]) for one in ranges]) for key, ranges in request.asset_partitions.items()],
    )


def _partitions_of(asked: AskedRun) -> WantedPartitions | None:
    if asked.asset_partitions is None:
        return None
    return WantedPartitions(
        keys=(),
        exact={
            AssetKey(key): [PartitionKeyRange(first, last) for first, last in ranges]
            for key, ranges in asked.asset_partitions
        },
    )


def _named(requests: Sequence[RunRequest]) -> list[tuple[str, RunRequest]]:
    """Each with its run key, or its number where it has none."""
    return [(request.run_key or f"#{number}", request) for number, request in enumerate(requests)]


def _told(trace: str) -> str:
    """A traceback from the first line on that is the user's own."""
    lines = trace.splitlines()
    here = str(Path(__file__).parents[1])
    frames = [number for number, line in enumerate(lines) if line.startswith('  File "') and here not in line]
    text = "\n".join([lines[0], *lines[frames[0] :]] if frames else lines)
    return masked_text(text, secret_values())
