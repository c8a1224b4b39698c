"""Old runs are cleared away by themselves, if the settings ask for it."""

from __future__ import annotations

import sys
from pathlib import Path

from assetflow import AssetKey, asset, submit
from assetflow.clock import wait_until
from tests.support.fleet import running_fleet


def test_old_runs_and_their_logs_are_cleared_away_but_none_of_the_last_hour(tmp_path: Path) -> None:
    @asset
    def loud() -> None:
        sys.stdout.write("something\n")

    with running_fleet(tmp_path) as (fleet, _):
        worker = fleet.start()
        old, young = submit([loud]), submit([loud])
        for handle in (old, young):
            handle.wait(30)

        def recorded() -> bool:
            found = fleet.connection().history()
            return found is not None and [run.status for run in found.log.runs()] == ["SUCCEEDED"] * 2

        assert wait_until(recorded, timeout=20)
        history = fleet.connection().history()
        assert history is not None
        files = {handle.id: Path(history.log.logs(handle.id)[0].uri) for handle in (old, young)}
        assert all(file.exists() for file in files.values())
        with history.database.writing() as connection:
            connection.exec_driver_sql("UPDATE runs SET ended = ended - 7200 WHERE run_id = ?", (old.id,))
        worker.stop()
        fleet.start(environment={"ASSETFLOW_RETENTION_DAYS": "0.01"})
        assert wait_until(lambda: [run.run_id for run in history.log.runs()] == [young.id], timeout=20)
        assert not files[old.id].parent.exists()
        assert files[young.id].exists(), "a hundredth of a day is over soon, and an hour is the least"
        assert len(history.catalog.materializations(AssetKey("loud"))) == 1
