"""The seam to the durable history: what happened in runs, for ever, or until it is cleared away."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from assetflow.keys import AssetKey
from assetflow.runs.entries import (
    AttemptEntry,
    CheckEntry,
    Entries,
    LogEntry,
    MaterializationEntry,
    ObservationEntry,
    Place,
    RunEntry,
    StatusEntry,
)
from assetflow.runs.facts import Fact


class EventLog(Protocol):
    """The log of record. Written by the recorder alone; read by everybody.

    Attributes:
        identity: hex that tells this history from others; a copy of the database keeps it.
        is_shared: other hosts can reach it.

    All methods raise HistoryUnreachableError while the database does not answer.
    """

    @property
    def identity(self) -> str: ...  # noqa: D102 (above)

    @property
    def is_shared(self) -> bool: ...  # noqa: D102

    def places(self, run_ids: Collection[str]) -> dict[str, Place]:
        """How far the streams of these runs are recorded; runs of which nothing is recorded are not in it."""

    def record(self, entries: Entries) -> bool:
        """Add entries, all or none.

        Returns:
            False if another recorder has moved one of the streams on: then nothing was added.
        """

    def keep_code(self, name: str, body: bytes) -> None:
        """Keep a code bundle for as long as there are runs of it."""

    def code(self, name: str) -> bytes | None:
        """A code bundle, as it was sealed."""

    def run(self, run_id: str) -> RunEntry | None:
        """What is known of a run."""

    def runs(self, limit: int = 50, *, before: str | None = None, statuses: Collection[str] = ()) -> list[RunEntry]:
        """Runs, newest first, without their envelopes.

        Args:
            before: id of a run; only older ones.
            statuses: only runs that stand so.
        """

    def facts(self, run_id: str, after: str = "0", limit: int = 1000) -> list[Fact]:
        """What happened in a run after the fact with that id, in order."""

    def attempts(self, run_id: str, first: int = 0, count: int = 1000) -> list[AttemptEntry]:
        """All tries of so many steps from the one with index `first`, in order."""

    def logs(self, run_id: str) -> list[LogEntry]:
        """Where the logs of a run's steps are, in the order in which they ended."""

    def versions(self, run_id: str) -> dict[int, tuple[str | None, str | None]]:
        """Version and data version of each output that a run has made, by its index."""

    def data_versions(
        self, environment: str, keys: Collection[tuple[str, ...]], until: float
    ) -> dict[tuple[str, ...], str]:
        """What each source was last seen to hold, or each asset was last made of, by a time in seconds since 1970."""

    def over(self, run_id: str) -> set[int]:
        """The steps of a run that are over, by their index."""

    def ended(self, before: float, limit: int = 500) -> list[str]:
        """Runs that ended before that time, in seconds since the epoch."""

    def forget_runs(self, run_ids: Collection[str]) -> None:
        """Clear runs away that are over, with everything told of them but the newest of each asset."""

    def forget_codes(self, kept_before: float) -> None:
        """Clear code away that no run of the history uses, and that was kept before that time."""

    def count_ended(self, ended_before: float) -> int:
        """How many runs ended before that time, in seconds since the epoch."""

    def figures(self) -> dict[str, float | None]:
        """``runs``, ``materializations`` and ``assets``, the ``oldest`` run's time, and ``bytes`` of the database."""


class AssetState(NamedTuple):
    """How an asset, or one of its partitions, stands.

    Attributes:
        environment: that it stands so in.
        asset: the key, as a JSON list of its segments.
        times: how often it was materialized so far, cleared ones included.
        token, at, run_id, step, seconds, size, version, data_version, code_version: of the newest one.
    """

    environment: str
    asset: str
    partition: str
    times: int
    token: int
    at: float
    run_id: str
    step: int
    seconds: float
    size: int | None
    version: str | None
    data_version: str | None
    code_version: str | None


class Recorded(NamedTuple):
    """A materialization with its number in the log; later ones have higher numbers."""

    id: int
    entry: MaterializationEntry


class Observed(NamedTuple):
    """An observation with its number in the log."""

    id: int
    entry: ObservationEntry


class Checked(NamedTuple):
    """What a check said, with its number in the log."""

    id: int
    entry: CheckEntry


class Stood(NamedTuple):
    """That a run has come to stand in some way, with its number in the log, and the run as it is now."""

    id: int
    entry: StatusEntry
    run: RunEntry


class Update(NamedTuple):
    """That an asset, or a partition of it, was made, or a source was seen.

    Attributes:
        asset: the key, as a JSON list of its segments.
        number: in the log of materializations, or in that of observations.
        at: when, in seconds since the epoch.
        seconds: how long its step took.
    """

    asset: str
    partition: str
    number: int
    run_id: str
    data_version: str | None
    at: float
    seconds: float


class Newest(NamedTuple):
    """How far the logs have come.

    Attributes:
        made, seen: numbers of the newest materialization, and of the newest observation; 0 for none.
        at: when the former was made, in seconds since the epoch.
    """

    made: int = 0
    seen: int = 0
    at: float = 0.0


class Unmade(NamedTuple):
    """That an asset, or a partition of it, was not made by the last try, and was not materialized since.

    Attributes:
        outcome: ``failed``, ``upstream failed`` or ``skipped``.
        at: seconds since the epoch.
    """

    asset: str
    partition: str
    outcome: str
    run_id: str
    at: float


class Catalog(Protocol):
    """What is known of assets in one environment, from the same database.

    All methods raise HistoryUnreachableError while the database does not answer.
    """

    def states(self, keys: Collection[AssetKey] | None = None) -> list[AssetState]:
        """How assets stand; of all that were ever materialized if no keys are given."""

    def partition_counts(self, keys: Collection[AssetKey]) -> dict[AssetKey, int]:
        """Of how many partitions of each there is a materialization."""

    def partitions(self, key: AssetKey) -> list[str]:
        """The partitions of an asset that were materialized, in no order."""

    def latest(self, keys: Sequence[AssetKey], partition: str | None = None) -> dict[AssetKey, Recorded]:
        """The newest materialization of each; assets that were never materialized are not in it.

        Args:
            partition: only of this one; by default of whichever.
        """

    def latest_partitions(self, key: AssetKey) -> dict[str, Recorded]:
        """The newest materialization of each partition of an asset."""

    def materializations(
        self,
        key: AssetKey,
        *,
        limit: int = 50,
        partitions: Collection[str] | None = None,
        before: int | None = None,
        after: int | None = None,
        ascending: bool = False,
        since: float | None = None,
        until: float | None = None,
    ) -> list[Recorded]:
        """Materializations of an asset, newest first unless `ascending`.

        Args:
            before, after: numbers in the log, exclusive.
            since, until: seconds since the epoch, exclusive.
        """

    def made_as(self, key: AssetKey, version: str, partition: str = "") -> Recorded | None:
        """The materialization of an asset, or a partition of it, that is kept under this version; None if unknown."""

    def observations(
        self,
        key: AssetKey,
        *,
        limit: int = 50,
        partitions: Collection[str] | None = None,
        before: int | None = None,
        after: int | None = None,
        ascending: bool = False,
        since: float | None = None,
        until: float | None = None,
    ) -> list[Observed]:
        """Observations of an asset, in the same way."""

    def checks(self, key: AssetKey, name: str | None = None, *, limit: int = 50) -> list[Checked]:
        """What the checks of an asset said, newest first."""

    def latest_checks(self, keys: Collection[AssetKey] | None = None) -> list[Checked]:
        """What each check of these assets, or of all, said last."""

    def durations(self, keys: Sequence[AssetKey]) -> dict[AssetKey, float]:
        """How long making each took lately, in seconds: the middle one of the last few times."""

    def made_in(self, run_id: str) -> list[Recorded]:
        """What a run has materialized."""

    def run_statuses(
        self, statuses: Collection[str], *, after: int | None = None, limit: int = 50, ascending: bool = True
    ) -> list[Stood]:
        """How runs have come to stand, without their envelopes.

        Args:
            statuses: only in one of these ways.
            after: number in the log, exclusive.
        """

    def newest(self) -> Newest:
        """The newest materialization, and the newest observation, of whichever asset."""

    def updates(self, keys: Collection[AssetKey], after: int, until: int, *, observed: bool = False) -> list[Update]:
        """What was materialized of some assets, in order.

        Args:
            after, until: numbers in the log; the first is exclusive.
            observed: what was seen of sources, instead.
        """

    def unmade(self, keys: Collection[AssetKey]) -> list[Unmade]:
        """What the last try did not make of some assets, whole or in partitions."""

    def wipe(self, key: AssetKey) -> None:
        """Forget everything about an asset but that runs have made it."""
