"""Recording on a real server and real databases: each fact once, whoever records, whenever it stops."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
import redis

from assetflow.code.reference import CodeRef
from assetflow.engine.recorder import FACTS_KEPT
from assetflow.errors import HistoryUnreachableError, ServiceUnreachableError
from assetflow.keys import AssetKey
from assetflow.planning.plan import StepBaseline
from assetflow.runs.facts import Fact, FactKind
from assetflow.stores.redis.connection import connect
from assetflow.stores.sql.history import SqlHistory, open_history
from tests.support.postgres import Postgres
from tests.support.recording import Bench, record_all, row_of
from tests.support.rollback import roll_back
from tests.support.servers import running_valkey


@pytest.fixture
def bench(redis_client: redis.Redis) -> Bench:
    return Bench(redis_client)


def told(bench: Bench, run_id: str) -> list[Fact]:
    """All facts of a run as the run store has them."""
    found: list[Fact] = []
    while page := bench.store.facts(run_id, found[-1].id if found else "0"):
        found += page
    return found


def kept(history: SqlHistory, run_id: str) -> list[Fact]:
    """All facts of a run as the history has them."""
    found: list[Fact] = []
    while page := history.log.facts(run_id, found[-1].id if found else "0"):
        found += page
    return found


def test_a_run_is_recorded_as_it_was_told(bench: Bench, history: SqlHistory) -> None:
    run_id = bench.launch(row_of(40))
    recorder = bench.recorder(history)
    record_all(recorder)
    entry = history.log.run(run_id)
    assert entry is not None
    assert (entry.status, entry.steps, entry.done) == ("RUNNING", 40, 0)
    bench.work(run_id)
    record_all(recorder)
    assert kept(history, run_id) == told(bench, run_id)
    entry = history.log.run(run_id)
    assert entry is not None
    assert (entry.status, entry.done) == ("SUCCEEDED", 40)
    assert entry.envelope == bench.store.envelope(run_id)
    made = {found.entry.asset: found.entry for found in history.catalog.made_in(run_id)}
    assert len(made) == 40
    second = made['["s1"]']
    assert (second.size, second.code_version, second.seconds) == (7, "7", 0.5)
    first = made['["s0"]']
    assert json.loads(second.inputs) == [[["s0"], first.version, first.version]], "no content is known of it"
    assert [attempt.outcome for attempt in history.log.attempts(run_id)] == ["succeeded"] * 40


def test_a_hundred_runs_that_end_at_once_are_recorded_in_one_turn(bench: Bench, history: SqlHistory) -> None:
    run_ids = [bench.launch(row_of(1)) for _ in range(100)]
    for run_id in run_ids:
        bench.work(run_id)
    recorder = bench.recorder(history)
    assert recorder.is_mine()
    assert not recorder.turn()
    assert [kept(history, run_id) for run_id in run_ids] == [told(bench, run_id) for run_id in run_ids]


def test_of_a_recorder_that_took_over_nobody_can_tell(bench: Bench, history: SqlHistory) -> None:
    run_id = bench.launch(row_of(300))
    first, second = bench.recorder(history), bench.recorder(history)
    while not bench.store.view(run_id).status.is_terminal:
        bench.work(run_id, seconds=0.02)
        record_all(first)
        first, second = second, first  # the other one still believes what it knew
    record_all(first)
    assert kept(history, run_id) == told(bench, run_id)
    made = history.catalog.made_in(run_id)
    assert len(made) == 300
    assert all(found.entry.version in made[at + 1].entry.inputs for at, found in enumerate(made[:-1]))


def test_two_recorders_at_once_lose_and_double_nothing(bench: Bench, history: SqlHistory) -> None:
    runs = [bench.launch(row_of(60)) for _ in range(6)]
    done = threading.Event()
    failures: list[Exception] = []

    def record() -> None:
        recorder = bench.recorder(history)
        try:
            while not done.is_set():
                record_all(recorder)
            record_all(recorder)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=record) for _ in range(2)]
    for thread in threads:
        thread.start()
    for run_id in runs:
        bench.work(run_id)
    done.set()
    for thread in threads:
        thread.join()
    assert not failures
    for run_id in runs:
        assert kept(history, run_id) == told(bench, run_id)
        entry = history.log.run(run_id)
        assert entry is not None
        assert entry.done == 60
    assert all(state.times == 6 for state in history.catalog.states())


def test_a_recorded_run_goes_and_an_unrecorded_one_stays(bench: Bench, history: SqlHistory) -> None:
    recorder = bench.recorder(history, keep_seconds=60)
    first = bench.launch(row_of(2))
    bench.work(first)
    record_all(recorder)
    second = bench.launch(row_of(2))
    bench.work(second)
    assert bench.client.ttl(f"af:{first}:meta") <= 60
    assert bench.client.ttl(f"af:{second}:meta") > 86_400
    assert bench.client.zrange("af:unrecorded", 0, -1) == [second.encode()]
    record_all(recorder)
    assert bench.client.ttl(f"af:{second}:meta") <= 60
    assert bench.client.zcard("af:unrecorded") == 0


def test_runs_from_before_there_was_a_history_are_recorded_too(bench: Bench, history: SqlHistory) -> None:
    ended, live = bench.launch(row_of(2)), bench.launch(row_of(2))
    bench.work(ended)
    record_all(bench.recorder(history))
    assert {run.run_id: run.status for run in history.log.runs()} == {ended: "SUCCEEDED", live: "RUNNING"}


def test_long_runs_are_trimmed_behind_what_is_recorded_and_never_before(bench: Bench, history: SqlHistory) -> None:
    run_id = bench.launch(row_of(1))
    recorder = bench.recorder(history)
    total = FACTS_KEPT + 2500
    for number in range(total):
        bench.store.note(run_id, FactKind.STEP_STARTED, [0], f'{{"retry":{number}}}')
    assert bench.client.xlen(f"af:{run_id}:facts") == total + 1
    record_all(recorder)
    left = bench.client.xlen(f"af:{run_id}:facts")
    assert FACTS_KEPT <= left < total
    numbers = [fact.detail["retry"] for fact in kept(history, run_id) if fact.kind is FactKind.STEP_STARTED]
    assert numbers == list(range(total))


def test_what_steps_compare_with_is_not_trimmed_while_the_run_goes_on(bench: Bench, redis_client: redis.Redis) -> None:
    history = open_history("sqlite://")
    assert history is not None
    plan = row_of(2)
    first, second = plan.steps
    compared = msgspec.structs.replace(second, baseline=StepBaseline(reads=((0, "d"),)))
    run_id = bench.launch(msgspec.structs.replace(plan, steps=(first, compared)))
    total = FACTS_KEPT + 2500
    for number in range(total):
        bench.store.note(run_id, FactKind.STEP_STARTED, [0], f'{{"retry":{number}}}')
    record_all(bench.recorder(history))
    assert redis_client.xlen(f"af:{run_id}:facts") == total + 1
    history.close()


def test_a_server_that_was_wiped_is_recorded_on(bench: Bench, history: SqlHistory) -> None:
    recorder = bench.recorder(history)
    run_id = bench.launch(row_of(3))
    record_all(recorder)
    bench.client.flushall()
    bench.client.hset("af:q", "default", 1)
    again = bench.launch(row_of(3), run_id=run_id)
    assert again == run_id
    bench.work(run_id)
    record_all(recorder)
    entry = history.log.run(run_id)
    assert entry is not None
    assert entry.status == "SUCCEEDED"
    kinds = [fact.kind for fact in kept(history, run_id)]
    assert kinds.count(FactKind.RUN_STARTED) == 2
    assert kinds.count(FactKind.STEP_SUCCEEDED) == 3


def test_another_history_is_refused_until_it_is_adopted(bench: Bench, history: SqlHistory, tmp_path: Path) -> None:
    record_all(bench.recorder(history))
    run_id = bench.launch(row_of(1))
    record_all(bench.recorder(history))
    other = open_history(f"sqlite:///{tmp_path / 'other.db'}")
    assert other is not None
    stranger = bench.recorder(other)
    bench.work(run_id)
    assert not stranger.is_mine()
    assert stranger.is_elsewhere
    assert other.log.runs() == []
    other.close()


def test_a_history_that_is_not_on_this_machine_is_not_made(bench: Bench, history: SqlHistory) -> None:
    bench.launch(row_of(1))
    record_all(bench.recorder(history))
    elsewhere = bench.recorder(None)
    assert not elsewhere.is_mine()
    assert elsewhere.is_elsewhere


def test_code_that_was_sent_along_is_kept(bench: Bench, history: SqlHistory) -> None:
    bench.codes.put("sha", b"sealed code")
    bench.client.set("af:code:sha", "sealed code")
    run_id = bench.launch(row_of(1), code=CodeRef(bundle="sha", label="here"))
    record_all(bench.recorder(history))
    entry = history.log.run(run_id)
    assert entry is not None
    assert (entry.bundle, entry.code) == ("sha", "here")
    assert history.log.code("sha") == b"sealed code"


def test_of_a_run_with_a_strange_signature_the_plain_facts_are_kept(bench: Bench, history: SqlHistory) -> None:
    run_id = bench.launch(row_of(2))
    bench.work(run_id)
    bench.client.set(f"af:{run_id}:plan", b"AF1 something else")
    bench.store.note(run_id, FactKind.STEP_STARTED, [0], '{"seconds":"no number"}')
    bench.client.xadd(f"af:{run_id}:facts", {"k": "from_the_future", "s": "", "t": 0, "d": "{}"})
    record_all(bench.recorder(history))
    known = kept(history, run_id)
    assert [fact.kind for fact in known].count(FactKind.STEP_SUCCEEDED) == 2
    entry = history.log.run(run_id)
    assert entry is not None
    assert entry.status == "SUCCEEDED"


def test_nothing_is_recorded_that_the_server_could_still_forget(tmp_path: Path) -> None:
    """With one sync a second: after a power cut the history has nothing that the server does not know."""
    with running_valkey("everysec") as server:
        client = connect(server.url)
        bench = Bench(client)
        history = open_history(f"sqlite:///{tmp_path / 'h.db'}")
        assert history is not None
        recorder = bench.recorder(history)
        run_id = bench.launch(row_of(6000))
        over = threading.Event()

        def record() -> None:
            while not over.is_set():
                with suppress(ServiceUnreachableError):
                    record_all(recorder)

        threads = [threading.Thread(target=record), threading.Thread(target=bench.work, args=(run_id,))]
        for thread in threads:
            thread.start()
        cut = roll_back(server, seconds=1.0)
        assert cut.cut > 100_000, "nothing that was told went lost"
        threads[1].join()
        over.set()
        threads[0].join()
        record_all(recorder)
        assert kept(history, run_id) == told(bench, run_id), "the history shows what was rolled back"
        assert len(history.catalog.made_in(run_id)) == 6000
        history.close()


def test_a_database_that_is_away_is_told_and_costs_nothing(bench: Bench, postgres: Postgres) -> None:
    url = postgres.new_database()
    history = open_history(url)
    assert history is not None
    recorder = bench.recorder(history)
    run_id = bench.launch(row_of(30))
    record_all(recorder)
    postgres.stop()
    try:
        bench.work(run_id)
        with pytest.raises(HistoryUnreachableError, match="catches up"):
            recorder.turn()
    finally:
        postgres.start()
    record_all(recorder)
    assert kept(history, run_id) == told(bench, run_id)
    assert len(history.catalog.materializations(AssetKey("s29"))) == 1
    history.close()
