"""The history for Python users: what was materialized, by which run, when, with what metadata."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from assetflow.code.signing import Signer
from assetflow.definitions.bundle import Definitions
from assetflow.definitions.checks import AssetCheckEvaluation
from assetflow.definitions.events import AssetMaterialization, AssetObservation
from assetflow.engine.latest import LatestRecords
from assetflow.engine.recording_at_once import record_at_once
from assetflow.engine.request import RunRequest
from assetflow.engine.standings import Standings
from assetflow.environments import Environments
from assetflow.errors import ParameterCheckError, RunNotFoundError, SettingsError
from assetflow.keys import AssetKey, CoercibleToAssetKey
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.overlay import records_of
from assetflow.partitions.static import check_partition_key
from assetflow.planning.staleness import AssetStatus, judge
from assetflow.run_ids import new_run_id
from assetflow.runs.facts import Fact
from assetflow.runs.log_records import (
    AssetRecord,
    EventLogEntry,
    EventLogRecord,
    EventRecordsFilter,
    RunStatusRecord,
    RunSummary,
    asset_record,
    materialization_record,
    observation_record,
    run_status_record,
    summary_of,
)
from assetflow.runs.reported import entries_of, reported
from assetflow.runs.states import RunStatus
from assetflow.runs.store import RunStore
from assetflow.runs.story import EventType, RunStoryEvent, tell
from assetflow.settings import Settings
from assetflow.wiring import current_settings, open_history, signer_for

if TYPE_CHECKING:
    from assetflow.stores.sql.history import SqlHistory

_ALL = 1_000_000


class DagsterInstance:
    """A history: the one of this project (`get`), or one that is gone with the process (`ephemeral`).

    ``materialize(..., instance=instance)`` records there; runs on workers are recorded by the workers.
    Its methods raise HistoryUnreachableError while its database does not answer.
    """

    def __init__(self, history: SqlHistory, signer: Signer) -> None:
        self._history = history
        self._signer = signer

    @staticmethod
    def get(env: str | None = None) -> DagsterInstance:
        """The history of the settings: ``.assetflow/history.db``, unless they say something else.

        Args:
            env: name of the environment whose assets are asked about; by default that of the settings.

        Raises:
            SettingsError: the settings say that none is kept.
        """
        settings = _settings_of(env)
        history = open_history(settings, create=True)
        if history is None:
            raise SettingsError("no history is kept here", where=settings.where("database_url"))
        return DagsterInstance(history, signer_for(settings))

    @staticmethod
    def ephemeral(env: str | None = None) -> DagsterInstance:
        """A history in memory.

        Args:
            env: as for `get`.
        """
        return _at("sqlite://", Signer(b"a history in this process"), env)

    @staticmethod
    def local_temp(tempdir: str | Path, env: str | None = None) -> DagsterInstance:
        """A history in a folder.

        Args:
            tempdir: made if it is not there; it stays.
            env: as for `get`.
        """
        return _at(f"sqlite:///{Path(tempdir).resolve() / 'history.db'}", Signer(b"a history in a folder"), env)

    def __enter__(self) -> DagsterInstance:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.dispose()

    def __repr__(self) -> str:
        return f"DagsterInstance({self._history.database.title!r})"

    def dispose(self) -> None:
        """Let go of the database; what is only in memory is gone."""
        self._history.close()

    # --- assets ----------------------------------------------------------------------------------

    def get_asset_keys(self, prefix: Sequence[str] | None = None, limit: int | None = None) -> list[AssetKey]:
        """Assets that were ever materialized, in order.

        Args:
            prefix: only of keys that begin with these segments.
        """
        keys = sorted({AssetKey.from_db_string(state.asset) for state in self._history.catalog.states()})
        wanted = tuple(prefix or ())
        return [key for key in keys if key.parts[: len(wanted)] == wanted][:limit]

    all_asset_keys = get_asset_keys

    def has_asset_key(self, asset_key: CoercibleToAssetKey) -> bool:
        """Whether the asset was ever materialized."""
        return bool(self._history.catalog.states([AssetKey.from_coercible(asset_key)]))

    def get_latest_materialization_event(self, asset_key: CoercibleToAssetKey) -> EventLogEntry | None:
        """The newest materialization of an asset; None if there is none."""
        return self.get_latest_materialization_events([asset_key])[AssetKey.from_coercible(asset_key)]

    def get_latest_materialization_events(
        self, asset_keys: Iterable[CoercibleToAssetKey]
    ) -> dict[AssetKey, EventLogEntry | None]:
        """The newest materialization of each asset; None where there is none."""
        keys = [AssetKey.from_coercible(key) for key in asset_keys]
        found = self._history.catalog.latest(keys)
        return {key: materialization_record(found[key]).event_log_entry if key in found else None for key in keys}

    def get_asset_records(self, asset_keys: Iterable[CoercibleToAssetKey] | None = None) -> list[AssetRecord]:
        """How assets stand; those that were never materialized are left out.

        Args:
            asset_keys: by default all.
        """
        keys = None if asset_keys is None else [AssetKey.from_coercible(key) for key in asset_keys]
        times: dict[AssetKey, int] = {}
        states = self._history.catalog.states(keys)
        for state in states:
            key = AssetKey.from_db_string(state.asset)
            times[key] = times.get(key, 0) + state.times
        newest = self._history.catalog.latest(sorted(times))
        by_key = {AssetKey.from_db_string(state.asset): state for state in states}
        return [
            asset_record(by_key[key]._replace(times=count), newest[key])
            for key, count in sorted(times.items())
            if key in newest
        ]

    def get_event_records(
        self, event_records_filter: EventRecordsFilter, limit: int | None = None, ascending: bool = False
    ) -> list[EventLogRecord]:
        """Materializations or observations of an asset, newest first.

        Args:
            limit: how many at most; None for all.
            ascending: oldest first.
        """
        wanted = event_records_filter
        key = AssetKey.from_coercible(wanted.asset_key)
        partitions, catalog = wanted.asset_partitions, self._history.catalog
        before, after = wanted.before_cursor, wanted.after_cursor
        since, until, most = wanted.after_timestamp, wanted.before_timestamp, _ALL if limit is None else limit
        if wanted.event_type is EventType.ASSET_MATERIALIZATION:
            made = catalog.materializations(
                key, limit=most, partitions=partitions, before=before, after=after, ascending=ascending, since=since,
                until=until,
            )  # fmt: skip
            return [materialization_record(one) for one in made]
        seen = catalog.observations(
            key, limit=most, partitions=partitions, before=before, after=after, ascending=ascending, since=since,
            until=until,
        )  # fmt: skip
        return [observation_record(one) for one in seen]

    def get_materialization_count_by_partition(
        self, asset_keys: Iterable[CoercibleToAssetKey]
    ) -> dict[AssetKey, dict[str, int]]:
        """How often each partition of the assets was materialized."""
        keys = [AssetKey.from_coercible(key) for key in asset_keys]
        found: dict[AssetKey, dict[str, int]] = {key: {} for key in keys}
        for state in self._history.catalog.states(keys):
            if state.partition:
                found[AssetKey.from_db_string(state.asset)][state.partition] = state.times
        return found

    # --- partitions ------------------------------------------------------------------------------

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """The keys of dynamic partitions, in the order in which they were added.

        Args:
            partitions_def_name: name of their definition.
        """
        return self._history.partitions.get_dynamic_partitions(partitions_def_name)

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Whether there is a dynamic partition of this key."""
        return self._history.partitions.has_dynamic_partition(partitions_def_name, partition_key)

    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Iterable[str]) -> None:
        """Add dynamic partitions; those that are there stay where they are.

        Raises:
            CheckError, InvalidDefinitionError: something cannot be a key.
        """
        keys = [check_partition_key(key) for key in partition_keys]
        self._history.partitions.add(partitions_def_name, keys)

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Remove a dynamic partition. What was made of it stays."""
        self._history.partitions.remove(partitions_def_name, [partition_key])

    def wipe_assets(self, asset_keys: Iterable[CoercibleToAssetKey]) -> None:
        """Forget that these assets were materialized. What is stored of them stays, and so do the runs."""
        for key in asset_keys:
            self._history.catalog.wipe(AssetKey.from_coercible(key))

    def report_runless_asset_event(
        self, asset_event: AssetMaterialization | AssetObservation | AssetCheckEvaluation
    ) -> None:
        """Tell of an asset that others make, outside of any run: that it was made, seen, or checked.

        Raises:
            ParameterCheckError: it is no such event.
        """
        if not isinstance(asset_event, AssetMaterialization | AssetObservation | AssetCheckEvaluation):
            raise ParameterCheckError(
                f"report_runless_asset_event takes an AssetMaterialization, an AssetObservation or an "
                f"AssetCheckEvaluation, not {asset_event!r:.200}"
            )
        teller = f"told-{new_run_id()}"
        here = self._history.environment
        self._history.log.record(entries_of([reported(asset_event)], teller=teller, environment=here, at=time.time()))

    def get_asset_statuses(
        self,
        definitions: Definitions,
        asset_keys: Iterable[CoercibleToAssetKey] | None = None,
        env: str | None = None,
    ) -> dict[AssetKey, AssetStatus]:
        """Which assets are stale, and why: never materialized, other code, other inputs, or inputs that are stale.

        Args:
            definitions: the project as it is now.
            asset_keys: which; by default all. What these need is in the answer too.
            env: name of the environment; by default that of the settings. What it has not made counts as it is where
                the environment reads from.

        Raises:
            InvalidInvocationError: there is no such environment.
            KeyError: nothing makes one of the assets.
        """
        settings = _settings_of(env)
        graph: AssetGraph = definitions.graph()
        keys = None if asset_keys is None else [AssetKey.from_coercible(key) for key in asset_keys]
        for key in keys or ():
            if key not in graph.assets_by_key:
                raise KeyError(f"there is no asset {key.to_user_string()}")
        return judge(graph, self.records(Environments(settings, definitions), settings.env), keys)

    def records(self, environments: Environments, name: str) -> LatestRecords:
        """What is remembered in an environment, and in those that it reads from."""
        return records_of(self._history, environments, name)

    # --- how assets stand ------------------------------------------------------------------------

    @property
    def standings(self) -> Standings:
        """How assets and their partitions stand: made, failed, skipped, being made, or missing."""
        history = self._history

        def opened(envelope: bytes, run_id: str) -> RunRequest:
            return RunRequest.opened(self._signer, envelope, run_id)

        return Standings(history.log, history.catalog, opened, history.environment)

    @property
    def latest_records(self) -> LatestRecords:
        """What is remembered in this environment alone."""
        return LatestRecords({self._history.environment: self._history.catalog})

    # --- runs ------------------------------------------------------------------------------------

    def get_runs(
        self, statuses: Iterable[RunStatus] = (), limit: int | None = None, cursor: str | None = None
    ) -> list[RunSummary]:
        """Runs, newest first.

        Args:
            statuses: only those that stand so.
            limit: how many at most; None for all.
            cursor: id of a run; only older ones.
        """
        most = _ALL if limit is None else limit
        found = self._history.log.runs(most, before=cursor, statuses=[RunStatus(status).value for status in statuses])
        return [summary_of(entry) for entry in found]

    def get_run_status_records(
        self,
        statuses: Iterable[RunStatus],
        after_cursor: int | None = None,
        limit: int | None = None,
        ascending: bool = True,
    ) -> list[RunStatusRecord]:
        """How runs of this environment have come to stand, in the order in which it was recorded.

        Args:
            statuses: only in one of these ways.
            after_cursor: storage id, exclusive.
            limit: how many at most; None for all.
        """
        wanted = [RunStatus(status).value for status in statuses]
        most = _ALL if limit is None else limit
        found = self._history.catalog.run_statuses(wanted, after=after_cursor, limit=most, ascending=ascending)
        return [run_status_record(one) for one in found]

    def get_run_by_id(self, run_id: str) -> RunSummary | None:
        """A run; None if it is not known."""
        entry = self._history.log.run(run_id)
        return None if entry is None else summary_of(entry)

    def has_run(self, run_id: str) -> bool:
        """Whether a run is known."""
        return self._history.log.run(run_id) is not None

    def all_logs(self, run_id: str, of_type: EventType | None = None) -> list[RunStoryEvent]:
        """Everything that happened in a run, in order.

        Args:
            of_type: only events that tell this.

        Raises:
            RunNotFoundError: it is not known.
            SignatureError: it was signed with another key.
        """
        entry = self._history.log.run(run_id)
        if entry is None:
            raise RunNotFoundError(f"the history does not know run {run_id}")
        plan = RunRequest.opened(self._signer, entry.envelope, run_id).plan
        facts: list[Fact] = []
        while page := self._history.log.facts(run_id, facts[-1].id if facts else "0"):
            facts += page
        return [event for event in tell(plan, facts) if of_type is None or event.event_type is of_type]

    def record(self, request: RunRequest, store: RunStore) -> None:
        """Add a run of this process, as far as it has come."""
        facts: list[Fact] = []
        while page := store.facts(request.run_id, facts[-1].id if facts else "0"):
            facts += page
        record_at_once(self._history.log, request, request.sealed(self._signer), int(time.time() * 1000), facts)


def _settings_of(env: str | None) -> Settings:
    settings = current_settings()
    return settings if env is None else replace(settings, env=env)


def _at(url: str, signer: Signer, env: str | None) -> DagsterInstance:
    from assetflow.stores.sql.history import open_history as open_sql

    history = open_sql(url, environment=_settings_of(env).env)
    assert history is not None, "it is made if it is not there"
    return DagsterInstance(history, signer)
