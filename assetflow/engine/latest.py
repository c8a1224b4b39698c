"""The records of the history, as staleness asks for them: of an environment, and of those that it reads from."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from assetflow.definitions.checks import AssetCheckKey
from assetflow.keys import AssetKey
from assetflow.planning.staleness import Latest, Seen
from assetflow.runs.event_log import Catalog, Recorded


class LatestRecords:
    """What is remembered of assets, sources and checks.

    Args:
        catalogs: by the name of the environment, the nearest first.
    """

    def __init__(self, catalogs: Mapping[str, Catalog]) -> None:
        self._catalogs = catalogs

    def latest(self, keys: Collection[AssetKey]) -> dict[AssetKey, Latest]:
        """See Records.latest."""
        found: dict[AssetKey, Latest] = {}
        for environment, catalog in self._layers():
            missing = [key for key in keys if key not in found]
            for key, one in catalog.latest(missing, partition="").items() if missing else ():
                found[key] = replace(latest_of(one), environment=environment)
        return found

    def latest_partitions(self, key: AssetKey) -> dict[str, Latest]:
        """See Records.latest_partitions."""
        found: dict[str, Latest] = {}
        for environment, catalog in self._layers():
            for partition, one in catalog.latest_partitions(key).items():
                if partition not in found:
                    found[partition] = replace(latest_of(one), environment=environment)
        return found

    def seen(self, keys: Collection[AssetKey]) -> dict[AssetKey, Seen]:
        """See Records.seen."""
        found: dict[AssetKey, Seen] = {}
        for _, catalog in self._layers():
            for key in keys:
                if key not in found:
                    told = catalog.observations(key, limit=20)
                    labelled = [one.entry for one in told if one.entry.data_version is not None]
                    if labelled:
                        found[key] = Seen(at=labelled[0].at, data_version=labelled[0].data_version)
        return found

    def checked(self, keys: Collection[AssetCheckKey]) -> dict[AssetCheckKey, Seen]:
        """See Records.checked."""
        found: dict[AssetCheckKey, Seen] = {}
        for _, catalog in self._layers():
            for key in keys:
                if key not in found:
                    for one in catalog.checks(key.asset_key, key.name, limit=1):
                        entry = one.entry
                        stops = entry.blocking and not entry.passed and entry.severity == "ERROR"
                        found[key] = Seen(at=entry.at, stops=stops)
        return found

    def durations(self, keys: Sequence[AssetKey]) -> dict[AssetKey, float]:
        """How long the steps took that made these assets lately, in seconds: the middle one of some."""
        found: dict[AssetKey, float] = {}
        for _, catalog in self._layers():
            missing = [key for key in keys if key not in found]
            found.update(catalog.durations(missing) if missing else {})
        return found

    def _layers(self) -> list[tuple[str, Catalog]]:
        """The catalogs, and what their environments are called by a run of the nearest one."""
        return [(name if place else "", catalog) for place, (name, catalog) in enumerate(self._catalogs.items())]


def latest_of(recorded: Recorded) -> Latest:
    """A materialization as staleness sees it."""
    entry = recorded.entry
    read = [(AssetKey(key), version, data, *part) for key, version, data, *part in json.loads(entry.inputs)]
    return Latest(
        at=entry.at,
        run_id=entry.run_id,
        token=entry.token,
        version=entry.version,
        data_version=entry.data_version,
        code_version=entry.code_version,
        inputs={key: (version, data) for key, version, data, *_ in read},
        reads={(key, part[0] if part else ""): (version, data) for key, version, data, *part in read},
    )
