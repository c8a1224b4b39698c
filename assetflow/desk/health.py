"""Looking at the set-up, as `assetflow doctor` does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assetflow.desk.records import settings_of
from assetflow.doctor.examination import Patient, examine
from assetflow.local.discovery import running_cluster
from assetflow.local.valkey import find_server
from assetflow.submission import Project
from assetflow.wiring import for_cluster


def doctor(project: Project, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All findings."""
    settings = settings_of(str(arguments["env"]))
    if settings.redis_url is None and (url := running_cluster(settings.home)):
        settings = for_cluster(settings, redis_url=url)
    patient = Patient(settings=settings, load=lambda: project, environment=settings.env, find_server=find_server)
    return [
        {"level": one.level.value, "area": one.area, "message": one.message, "fix": one.fix or None}
        for one in examine(patient)
    ]
