"""What every history does. SQLite and PostgreSQL pass the same suite."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from assetflow.engine.clearing import clear_all
from assetflow.errors import HistorySchemaError, HistoryUnreachableError, SettingsError
from assetflow.io.log_files import StoredLogFiles
from assetflow.keys import AssetKey
from assetflow.runs.entries import (
    AttemptEntry,
    CheckEntry,
    Entries,
    FactEntry,
    LogEntry,
    MaterializationEntry,
    Move,
    ObservationEntry,
    Place,
    RunChange,
    RunEntry,
)
from assetflow.runs.facts import FactKind
from assetflow.stores.sql.catalog import SqlCatalog
from assetflow.stores.sql.connection import Database, read_url
from assetflow.stores.sql.history import SqlHistory, open_history
from assetflow.stores.sql.schema import form_of, upgrade
from assetflow.stores.sql.tables import HEAD, metadata


def run_entry(run_id: str, **other: object) -> RunEntry:
    entry = RunEntry(
        run_id, "RUNNING", 10.0, None, None, "default", "job", "*", "mod", "", 3, 0, 0, "{}", None, b"\0plan"
    )  # fmt: skip
    return entry._replace(**other)


def made(asset: str, run_id: str, token: int, **other: object) -> MaterializationEntry:
    entry = MaterializationEntry(
        AssetKey(asset).to_string(), "default", "", run_id, 0, "step", token, 0, 0, token / 1e6, 0.5, 10, "file", "v",
        "d", "c", None, '{"rows": 1}', "{}", "[]",
    )  # fmt: skip
    return entry._replace(**other)


def move(run_id: str, after: str, before: str | None = None, born: int = 1) -> Move:
    return Move(run_id, None if before is None else Place(born, before), Place(born, after))


def test_what_is_recorded_can_be_read(history: SqlHistory) -> None:
    entries = Entries(moves=[move("R1", "5-1")], runs=[run_entry("R1")])
    entries.changes = [RunChange("R1", "SUCCEEDED", 11.0, 12.0, None, 2)]
    entries.facts = [
        FactEntry("R1", 1, 5, 1, 5.0, "step_succeeded", "0,1", 77, '{"seconds": 1}'),
        FactEntry("R1", 1, 5, 0, 5.0, "run_started", "", 0, "{}"),
    ]
    entries.attempts = [AttemptEntry("R1", 0, 77, "a", "failed", 0, "w:1", None, 5.0, 1.0, "ValueError: no")]
    entries.observations = [
        ObservationEntry(
            '["a"]', "default", "", "R1", 0, "a", 77, 0, 5.0, "observation", None, None, None, "seen", "{}", "{}"
        )
    ]
    entries.checks = [CheckEntry('["a"]', "default", "positive", "R1", 0, 77, 0, 5.0, False, "WARN", True, None, "{}")]
    entries.materializations = [made("a", "R1", 77)]
    assert history.log.record(entries)
    run = history.log.run("R1")
    assert run is not None
    assert (run.status, run.started, run.ended, run.done, run.envelope) == ("SUCCEEDED", 11.0, 12.0, 2, b"\0plan")
    assert [(fact.id, fact.kind) for fact in history.log.facts("R1")] == [
        ("5-0", FactKind.RUN_STARTED),
        ("5-1", FactKind.STEP_SUCCEEDED),
    ]
    assert history.log.facts("R1", after="5-0")[0].detail == {"seconds": 1}
    assert history.log.facts("R1", after="5-0")[0].steps == (0, 1)
    assert history.log.attempts("R1") == entries.attempts
    assert history.log.versions("R1") == {0: ("v", "d")}
    assert [found.entry for found in history.catalog.observations(AssetKey("a"))] == entries.observations
    assert [found.entry for found in history.catalog.checks(AssetKey("a"))] == entries.checks
    assert [found.entry for found in history.catalog.made_in("R1")] == entries.materializations
    assert history.log.places(["R1", "R2"]) == {"R1": Place(1, "5-1")}


def test_a_recorder_that_was_outpaced_adds_nothing(history: SqlHistory) -> None:
    assert history.log.record(Entries(moves=[move("R1", "1-0")], runs=[run_entry("R1")]))
    assert history.log.record(Entries(moves=[move("R1", "2-0", "1-0")], materializations=[made("a", "R1", 1)]))
    late = Entries(moves=[move("R1", "3-0", "1-0")], materializations=[made("b", "R1", 2)])
    assert not history.log.record(late)
    assert not history.log.record(Entries(moves=[move("R1", "1-0")], materializations=[made("b", "R1", 2)]))
    assert [state.asset for state in history.catalog.states()] == ['["a"]']
    assert history.log.places(["R1"])["R1"].after == "2-0"


def test_of_two_recorders_at_once_one_adds_its_entries(history: SqlHistory, history_url: str) -> None:
    history.log.record(Entries(moves=[move("R1", "0-1")], runs=[run_entry("R1")]))
    other = open_history(history_url)
    assert other is not None
    gate = threading.Barrier(2)
    won: list[int] = []

    def write(log: SqlHistory) -> None:
        for number in range(1, 31):
            gate.wait()
            entries = Entries(moves=[move("R1", f"{number}-1", f"{number - 1}-1")])
            entries.materializations = [made("a", "R1", number)]
            won.extend([number] * log.log.record(entries))

    threads = [threading.Thread(target=write, args=(log,)) for log in (history, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert sorted(won) == list(range(1, 31))
    assert history.catalog.states()[0].times == 30


def test_the_newest_materialization_is_the_one_with_the_highest_token(history: SqlHistory) -> None:
    history.log.record(Entries(moves=[move("R2", "1-0")], materializations=[made("a", "R2", 200, version="new")]))
    history.log.record(
        Entries(moves=[move("R1", "1-0")], materializations=[made("a", "R1", 100), made("b", "R1", 101)])
    )
    [state] = history.catalog.states([AssetKey("a")])
    assert (state.run_id, state.version, state.times) == ("R2", "new", 2)
    latest = history.catalog.latest([AssetKey("a"), AssetKey("b"), AssetKey("c")])
    assert {key.path[0]: found.entry.run_id for key, found in latest.items()} == {"a": "R2", "b": "R1"}


def test_partitions_have_states_of_their_own(history: SqlHistory) -> None:
    rows = [made("a", "R1", 1, partition="mon"), made("a", "R1", 2, partition="tue", output=1)]
    history.log.record(Entries(moves=[move("R1", "1-0")], materializations=rows))
    assert [(state.partition, state.token) for state in history.catalog.states()] == [("mon", 1), ("tue", 2)]
    assert history.catalog.latest([AssetKey("a")])[AssetKey("a")].entry.partition == "tue"
    assert history.catalog.latest([AssetKey("a")], partition="mon")[AssetKey("a")].entry.token == 1


def test_materializations_of_an_asset_are_paged_by_their_numbers(history: SqlHistory) -> None:
    rows = [made("a", "R1", token, output=token) for token in range(1, 8)]
    history.log.record(Entries(moves=[move("R1", "1-0")], materializations=rows))
    first = history.catalog.materializations(AssetKey("a"), limit=3)
    assert [found.entry.token for found in first] == [7, 6, 5]
    second = history.catalog.materializations(AssetKey("a"), limit=3, before=first[-1].id)
    assert [found.entry.token for found in second] == [4, 3, 2]
    up = history.catalog.materializations(AssetKey("a"), ascending=True, after=second[-1].id, limit=2)
    assert [found.entry.token for found in up] == [3, 4]
    assert [f.entry.token for f in history.catalog.materializations(AssetKey("a"), since=5e-6)] == [7, 6]


def test_what_is_told_last_of_a_try_counts(history: SqlHistory) -> None:
    lost = AttemptEntry("R1", 0, 5, "a", "lost", 0, "w:1", None, 1.0, 0.0, None)
    history.log.record(Entries(moves=[move("R1", "1-0")], attempts=[lost]))
    twice = [lost, lost._replace(outcome="succeeded")]
    history.log.record(Entries(moves=[move("R1", "2-0", "1-0")], attempts=twice))
    assert [attempt.outcome for attempt in history.log.attempts("R1")] == ["succeeded"]


def test_runs_are_listed_newest_first_and_by_status(history: SqlHistory) -> None:
    rows = [run_entry(f"R{number}", status="FAILED" if number == 2 else "SUCCEEDED") for number in range(1, 5)]
    history.log.record(Entries(moves=[move("R1", "1-0")], runs=rows))
    assert [run.run_id for run in history.log.runs(limit=2)] == ["R4", "R3"]
    assert [run.run_id for run in history.log.runs(before="R3")] == ["R2", "R1"]
    assert [run.run_id for run in history.log.runs(statuses=["FAILED"])] == ["R2"]
    assert history.log.runs()[0].envelope == b""


class RemovedFiles(StoredLogFiles):
    """Notes what it is told to remove."""

    def __init__(self) -> None:
        super().__init__()
        self.uris: list[str] = []

    def remove(self, uris: Sequence[str], run_id: str) -> None:
        self.uris += uris


def test_old_runs_are_cleared_away_but_the_newest_of_each_asset_stays(history: SqlHistory) -> None:
    rows = [run_entry(f"R{n}", ended=float(n), status="SUCCEEDED", bundle=f"code{n}") for n in (1, 2, 3)]
    mats = [made("a", "R1", 1), made("a", "R2", 2), made("b", "R1", 1, output=1)]
    facts = [FactEntry(f"R{n}", 1, 1, 0, 1.0, "run_started", "", 0, "{}") for n in (1, 2, 3)]
    moves = [move(f"R{n}", "1-0") for n in (1, 2, 3)]
    logs = [LogEntry(f"R{n}", 0, 7, "step", 0, 1.0, f"file{n}", 10, 0, 1, 5) for n in (1, 3)]
    history.log.record(Entries(moves=moves, runs=rows, facts=facts, materializations=mats, logs=logs))
    for number in (1, 2, 3):
        history.log.keep_code(f"code{number}", b"body")
    assert history.log.ended(2.5, limit=1) == ["R1"]
    assert history.log.logs("R1") == [logs[0]]
    removed = RemovedFiles()
    assert clear_all(history.log, removed, 2.5) == 2
    assert clear_all(history.log, removed, 2.5) == 0
    assert removed.uris == ["file1"]
    assert [history.log.logs(run) for run in ("R1", "R3")] == [[], [logs[1]]]
    assert [run.run_id for run in history.log.runs()] == ["R3"]
    assert history.log.facts("R1") == []
    assert [found.entry.run_id for found in history.catalog.materializations(AssetKey("a"))] == ["R2"]
    assert [found.entry.run_id for found in history.catalog.materializations(AssetKey("b"))] == ["R1"]
    assert history.catalog.states()[0].times == 2
    assert history.log.code("code3") == b"body"


def test_code_is_kept_for_the_runs_that_need_it(history: SqlHistory) -> None:
    history.log.keep_code("old", b"1")
    history.log.keep_code("old", b"2")
    assert history.log.code("old") == b"1"
    assert history.log.code("none") is None


def test_an_asset_that_is_wiped_was_never_materialized(history: SqlHistory) -> None:
    history.log.record(Entries(moves=[move("R1", "1-0")], materializations=[made("a", "R1", 1), made("b", "R1", 2)]))
    history.catalog.wipe(AssetKey("a"))
    assert history.catalog.materializations(AssetKey("a")) == []
    assert [state.asset for state in history.catalog.states()] == ['["b"]']


def test_a_history_keeps_its_identity(history: SqlHistory, history_url: str) -> None:
    again = open_history(history_url)
    assert again is not None
    assert again.log.identity == history.log.identity
    again.close()


def test_the_migrations_make_the_tables_that_the_code_knows(history_url: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    database = Database(read_url(history_url, ""))
    upgrade(database)
    with database.reading() as connection:
        assert form_of(connection) == HEAD
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    database.close()


def test_a_database_of_another_version_is_left_alone(history: SqlHistory, history_url: str) -> None:
    for form, message in (("9999", "later version"), ("0000", "assetflow history upgrade")):
        with history.database.writing() as connection:
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{form}'")
        with pytest.raises(HistorySchemaError) as caught:
            open_history(history_url)
        assert message in str(caught.value)


def test_several_processes_may_make_the_tables_at_once(history_url: str) -> None:
    opened: list[str] = []
    errors: list[Exception] = []

    def open_it() -> None:
        try:
            history = open_history(history_url)
            assert history is not None
            opened.append(history.log.identity)
            history.close()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not [error for error in errors if not isinstance(error, HistoryUnreachableError)]
    assert opened
    assert len(set(opened)) == 1


def test_a_password_is_in_no_message(tmp_path: Path) -> None:
    with pytest.raises(HistoryUnreachableError) as caught:
        open_history("postgresql://me:hidden@127.0.0.1:1/none")
    assert "hidden" not in str(caught.value)
    assert "127.0.0.1:1" in str(caught.value)
    for wrong in (
        "mysql://me:hidden@host/db",
        "nonsense hidden",
        "postgresql://me:hidden@one:1,two:2/db",
        "sqlite://hidden/history.db",
    ):
        with pytest.raises(SettingsError) as refused:
            open_history(wrong, "ASSETFLOW_DATABASE_URL")
        assert "hidden" not in str(refused.value)
        assert "sqlite:///" in str(refused.value)


def test_a_file_that_is_not_there_is_made_only_if_asked_for(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'deep' / 'history.db'}"
    assert open_history(url, create=False) is None
    assert not (tmp_path / "deep").exists()
    made_now = open_history(url)
    assert made_now is not None
    made_now.close()
    assert open_history(url, create=False) is not None


def test_a_file_that_cannot_be_written_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "history.db").write_text("no database at all, but some text that is long enough to be looked at" * 9)
    with pytest.raises((HistorySchemaError, HistoryUnreachableError), match="database"):
        open_history(f"sqlite:///{tmp_path / 'history.db'}")


def test_environments_are_told_apart(history: SqlHistory) -> None:
    entries = Entries(moves=[move("R1", "5-1")], runs=[run_entry("R1")])
    entries.materializations = [made("a", "R1", 1), made("a", "R1", 2, environment="staging", step=1, version="other")]
    assert history.log.record(entries)
    staging = SqlCatalog(history.database, "staging")
    [here], [there] = history.catalog.states(), staging.states()
    assert (here.times, here.version, there.times, there.version) == (1, "v", 1, "other")
    assert there.environment == "staging"
    key = AssetKey("a")
    assert [one.entry.version for one in staging.materializations(key)] == ["other"]
    assert (
        staging.latest([key])[key].entry.version == "other" and history.catalog.latest([key])[key].entry.version == "v"
    )
    staging.wipe(key)
    assert not staging.states() and len(history.catalog.materializations(key)) == 1


def seen(source: str, run_id: str, at: float, data_version: str | None, **other: object) -> ObservationEntry:
    entry = ObservationEntry(
        AssetKey(source).to_string(), "default", "", run_id, 0, "step", int(at), 0, at, "observation", None, None,
        data_version, None, "{}", "{}",
    )  # fmt: skip
    return entry._replace(**other)


def test_a_source_has_the_data_version_it_was_seen_with_last_by_then(history: SqlHistory) -> None:
    entries = Entries()
    entries.observations = [
        seen("feed", "R1", 10.0, "a"),
        seen("feed", "R2", 20.0, "b"),
        seen("feed", "R3", 21.0, None),
        seen("feed", "R4", 30.0, "c"),
        seen("feed", "R5", 15.0, "of others", environment="staging"),
        seen("other", "R6", 5.0, "o"),
    ]
    history.log.record(entries)
    keys = {("feed",), ("other",), ("unseen",)}
    assert history.log.data_versions("default", keys, 25.0) == {("feed",): "b", ("other",): "o"}
    assert history.log.data_versions("default", keys, 10.0) == {("feed",): "a", ("other",): "o"}
    assert history.log.data_versions("staging", keys, 99.0) == {("feed",): "of others"}
    assert history.log.data_versions("default", set(), 99.0) == {}
    later = Entries()
    later.materializations = [made("asset", "R7", 10, at=40.0, data_version="m")]
    history.log.record(later)
    assert history.log.data_versions("default", {("asset",), ("feed",)}, 50.0) == {("asset",): "m", ("feed",): "c"}
    assert history.log.data_versions("default", {("asset",)}, 39.0) == {}


def test_how_long_something_takes_is_the_middle_of_the_last_times(history: SqlHistory) -> None:
    entries = Entries()
    times = [100.0, 100.0, *([1.0, 2.0, 3.0] * 3)]
    entries.materializations = [
        made("a", f"R{number}", 10 + number, seconds=seconds) for number, seconds in enumerate(times)
    ]
    entries.materializations.append(made("a", "taken", 99, seconds=0.0, output=-1))
    entries.materializations.append(made("b", "R0", 10, seconds=7.0, step=1))
    history.log.record(entries)
    assert history.catalog.durations([AssetKey("a"), AssetKey("b"), AssetKey("c")]) == {
        AssetKey("a"): 2.0,
        AssetKey("b"): 7.0,
    }


def test_a_materialization_is_found_by_its_version(history: SqlHistory) -> None:
    entries = Entries()
    entries.materializations = [made("a", "R1", 10, version="v1"), made("a", "R2", 11, version="v2")]
    history.log.record(entries)
    found = history.catalog.made_as(AssetKey("a"), "v1")
    assert found is not None and found.entry.run_id == "R1"
    assert history.catalog.made_as(AssetKey("a"), "v3") is None
    assert history.catalog_of("staging").made_as(AssetKey("a"), "v1") is None


def test_of_an_asset_with_partitions_the_newest_is_found_and_they_are_counted(history: SqlHistory) -> None:
    days = [made("daily", "R1", token, partition=f"2026-11-{token:02}", output=token) for token in (3, 1, 2)]
    entries = Entries(moves=[move("R1", "1-0")], materializations=[*days, made("whole", "R1", 5)])
    history.log.record(entries)
    keys = [AssetKey("daily"), AssetKey("whole"), AssetKey("never")]
    newest = history.catalog.latest(keys)
    assert {key.path[0]: found.entry.partition for key, found in newest.items()} == {"daily": "2026-11-03", "whole": ""}
    assert history.catalog.partition_counts(keys) == {keys[0]: 3, keys[1]: 0, keys[2]: 0}
    assert sorted(history.catalog.partitions(keys[0])) == ["2026-11-01", "2026-11-02", "2026-11-03"]


def test_dynamic_partitions_stay_in_the_order_in_which_they_came(history: SqlHistory) -> None:
    known = history.partitions
    known.add("customers", ["bob", "ann"])
    known.add("customers", ["cid", "bob"])
    known.add("others", ["zoe"])
    assert list(known.get_dynamic_partitions("customers")) == ["bob", "ann", "cid"]
    known.remove("customers", ["bob", "nobody"])
    assert known.has_dynamic_partition("customers", "ann") and not known.has_dynamic_partition("customers", "bob")
    assert list(known.get_dynamic_partitions("none")) == []
