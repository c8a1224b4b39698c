"""Schedules, sensors and conditions: what they are, when they fire, and evaluating one now."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from cron_descriptor import CasingTypeEnum, Options, get_description

from assetflow.automation.condition_sensor import AutomationConditionSensorDefinition
from assetflow.daemon.code_child import CodeWork, about_all
from assetflow.daemon.code_jobs import EvaluateJob, InstigatorAbout, LaunchJob, Order, PlannedRun
from assetflow.desk.connecting import connection_for
from assetflow.desk.records import settings_of
from assetflow.errors import InvalidInvocationError
from assetflow.run_ids import new_run_id
from assetflow.runs.ticks import InstigatorKind
from assetflow.submission import Project

Record = dict[str, Any]
_COMING = 5
_SECONDS = 300.0


def instigators(project: Project, _arguments: Mapping[str, Any]) -> list[Record]:
    """All schedules and sensors, with their next fire times."""
    return [_told(project, about) for about in about_all(project.definitions)]


def evaluate(project: Project, arguments: Mapping[str, Any]) -> Record:
    """Evaluate one now, whether it is due or not, and start what it asks for.

    Raises:
        InvalidInvocationError: there is none of this name, or its function raised.
        ServiceUnreachableError: there is no cluster.
    """
    name = str(arguments["name"])
    about = next((one for one in about_all(project.definitions) if one.name == name), None)
    if about is None:
        raise InvalidInvocationError(f"there is no schedule or sensor {name!r:.100}")
    settings = settings_of(str(arguments["env"]))
    work = CodeWork(project, lambda: connection_for(settings))
    job = EvaluateJob(
        tick=0,
        name=name,
        kind=about.kind,
        at=time.time(),
        cursor=arguments.get("cursor"),
        last_run_key=arguments.get("last_run_key"),
        last_ended=arguments.get("last_ended"),
    )
    answer = work(Order(number=0, job=job, seconds=_SECONDS))
    if answer.error:
        raise InvalidInvocationError(answer.error.strip().splitlines()[-1], where=name)
    runs = [PlannedRun(asked=one, run_id=new_run_id()) for one in answer.asked]
    started: list[str] = []
    if runs:
        launched = work(Order(number=0, job=LaunchJob(name=name, runs=runs), seconds=_SECONDS))
        error = launched.error or next((one.error for one in launched.launched if one.error), "")
        if error:
            raise InvalidInvocationError(error, where=name)
        started = [one.run_id for one in launched.launched]
    return {"run_ids": started, "reason": answer.reason}


def _told(project: Project, about: InstigatorAbout) -> Record:
    definitions = project.definitions
    coming: list[float] = []
    if about.kind == InstigatorKind.SCHEDULE:
        found: Any = definitions.get_schedule_def(about.name)
        coming = [moment.timestamp() for moment in islice(found.fire_times(datetime.now(UTC)), _COMING)]
        job, description = found.job_name, getattr(found, "description", None)
    else:
        found = next((one for one in definitions.sensors if one.name == about.name), None)
        job, description = _job_of(found), getattr(found, "description", None)
    return {
        "name": about.name,
        "kind": "automation" if isinstance(found, AutomationConditionSensorDefinition) else about.kind,
        "default_running": about.runs,
        "cron": list(about.crons),
        "cron_words": _words(about),
        "timezone": about.zone if about.crons else None,
        "interval": None if about.crons else about.interval,
        "job": job,
        "description": description or "",
        "next": coming,
    }


def _job_of(sensor: Any) -> str | None:
    for name in ("job_name", "job_names"):
        found = getattr(sensor, name, None)
        if isinstance(found, str):
            return found
        if isinstance(found, list | tuple) and found:
            return ", ".join(map(str, found))
    return None


def _words(about: InstigatorAbout) -> str:
    """When it fires, in words."""
    if not about.crons:
        return f"every {about.interval:g} s"
    options = Options()
    options.casing_type = CasingTypeEnum.Sentence
    options.use_24hour_time_format = True
    options.verbose = False
    return " or ".join(get_description(cron, options) for cron in about.crons)
