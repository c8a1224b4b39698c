"""What is known of the assets that are stored, without running anything: from the history, and from the disk."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from assetflow.cli.console import ERR
from assetflow.errors import HistoryUnreachableError, InvariantViolationError
from assetflow.io.manifests import Manifest
from assetflow.keys import AssetKey
from assetflow.runs.event_log import AssetState
from assetflow.settings import Settings
from assetflow.submission import Project
from assetflow.values import AssetValueLoader
from assetflow.wiring import open_history


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """The newest materialization of an asset.

    Attributes:
        at: seconds since the epoch.
        seconds: how long its step took, where the history tells.
        size: bytes, where somebody tells; of all partitions together.
        times: how often it was materialized, where the history tells; all partitions together.
        partition: that was materialized; empty of an asset without partitions.
    """

    at: float
    run_id: str
    size: int | None = None
    seconds: float | None = None
    version: str | None = None
    data_version: str | None = None
    times: int | None = None
    partition: str = ""

    def record(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "at": datetime.fromtimestamp(self.at, UTC).isoformat(timespec="seconds"),
            "run": self.run_id,
            "seconds": self.seconds,
            "size": self.size,
            "version": self.version,
            "data_version": self.data_version,
            "times": self.times,
            **({"partition": self.partition} if self.partition else {}),
        }


class Shelf:
    """What is stored, as far as it can be seen."""

    def __init__(self, project: Project, settings: Settings) -> None:
        self._loader = AssetValueLoader(project.definitions)
        self._states: dict[str, list[AssetState]] = {}
        self._settings = settings
        self._partitions: Mapping[AssetKey, int] = {}

    def look(self, keys: Collection[AssetKey]) -> None:
        """Ask the history about these, all at once; say so if it does not answer."""
        try:
            history = open_history(self._settings)
            if history is None:
                return
            try:
                self._partitions = history.catalog.partition_counts(keys)
                for state in history.catalog.states(keys):
                    self._states.setdefault(state.asset, []).append(state)
            finally:
                history.close()
        except HistoryUnreachableError as error:
            ERR.print(f"only what is on this disk: {error.message}", style="yellow")

    def partitions(self, key: AssetKey) -> int:
        """Of how many partitions of an asset the history has a materialization."""
        return self._partitions.get(key, 0)

    def stored(self, key: AssetKey) -> Manifest | None:
        """The published version; None if there is none, or its IO manager keeps no versions."""
        try:
            return self._loader.keeper(key).current(key.parts)
        except InvariantViolationError:
            return None

    def last(self, key: AssetKey, manifest: Manifest | None) -> Last | None:
        """The newest materialization: of the history, or, if it has not been recorded, of the disk."""
        states = self._states.get(key.to_string(), [])
        state = max(states, key=lambda one: one.token, default=None)
        if state is not None and (
            manifest is None or manifest.stored_at <= state.at + 1 or manifest.version == state.version
        ):
            return Last(
                at=state.at,
                run_id=state.run_id,
                size=_together(states),
                seconds=state.seconds,
                version=state.version,
                data_version=state.data_version,
                times=sum(one.times for one in states),
                partition=state.partition,
            )
        if manifest is None:
            return None
        return Last(at=manifest.stored_at, run_id=manifest.run_id, size=manifest.size, version=manifest.version)


def _together(states: list[AssetState]) -> int | None:
    """Bytes of all partitions; None if nobody tells."""
    known = [one.size for one in states if one.size is not None]
    return sum(known) if known else None
