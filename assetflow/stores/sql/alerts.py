"""The AlertLog in a SQL database."""

from __future__ import annotations

from sqlalchemy import func, select, update

from assetflow.runs.alert_log import DueAlert
from assetflow.runs.entries import AlertEntry, AttemptEntry, RunEntry
from assetflow.stores.sql.connection import Database
from assetflow.stores.sql.tables import alerts, attempts, runs

_FAILURES_TOLD = 10


class SqlAlertLog:
    """Alerts that wait, and that were sent.

    Args:
        database: whose tables are there.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, now: float, until: float) -> DueAlert | None:
        """See AlertLog.take."""
        first = select(alerts).where(alerts.c.due <= now).order_by(alerts.c.due).limit(1)
        with self._database.reading() as connection:
            if connection.execute(first).first() is None:
                return None
        with self._database.writing() as connection:
            row = connection.execute(first.with_for_update(skip_locked=True)).first()
            if row is None:
                return None
            alert = AlertEntry(*row)
            mine = alerts.c.run_id == alert.run_id
            connection.execute(update(alerts).where(mine).values(due=until, tries=alerts.c.tries + 1))
            run = connection.execute(select(runs).where(runs.c.run_id == alert.run_id)).first()
            if run is None:  # it was cleared away
                connection.execute(update(alerts).where(mine).values(due=None, error="its run is not known any more"))
                return None
            failed = (attempts.c.run_id == alert.run_id) & (attempts.c.outcome == "failed")
            told = select(attempts).where(failed).order_by(attempts.c.ended, attempts.c.step).limit(_FAILURES_TOLD)
            failures = [AttemptEntry(*one) for one in connection.execute(told)]
            count = connection.execute(select(func.count()).select_from(attempts).where(failed)).scalar() or 0
        return DueAlert(alert._replace(tries=alert.tries + 1), RunEntry(*run), failures, int(count))

    def sent(self, run_id: str, at: float) -> None:
        """See AlertLog.sent."""
        with self._database.writing() as connection:
            connection.execute(update(alerts).where(alerts.c.run_id == run_id).values(due=None, sent=at, error=None))

    def failed(self, run_id: str, due: float | None, error: str) -> None:
        """See AlertLog.failed."""
        with self._database.writing() as connection:
            connection.execute(update(alerts).where(alerts.c.run_id == run_id).values(due=due, error=error[:1000]))

    def all(self, limit: int = 50) -> list[AlertEntry]:
        """See AlertLog.all."""
        query = select(alerts).order_by(alerts.c.at.desc(), alerts.c.run_id.desc()).limit(limit)
        with self._database.reading() as connection:
            return [AlertEntry(*row) for row in connection.execute(query)]
