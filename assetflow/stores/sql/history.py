"""The history as a whole: its log and its catalog, on one database."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from assetflow.definitions.environment import DEFAULT_ENVIRONMENT
from assetflow.stores.sql.access import SqlAccess
from assetflow.stores.sql.alerts import SqlAlertLog
from assetflow.stores.sql.audit import SqlAuditLog, SqlPromotions
from assetflow.stores.sql.catalog import SqlCatalog
from assetflow.stores.sql.connection import Database, read_url
from assetflow.stores.sql.dynamic_partitions import SqlDynamicPartitions
from assetflow.stores.sql.event_log import SqlEventLog
from assetflow.stores.sql.leases import SqlLeases
from assetflow.stores.sql.tables import checks, materializations, observations
from assetflow.stores.sql.ticks import SqlTickStore, forget_ticks


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlHistory:
    """An open history; `environment` is the one that the catalog is asked about."""

    log: SqlEventLog
    catalog: SqlCatalog
    alerts: SqlAlertLog
    partitions: SqlDynamicPartitions
    database: Database
    environment: str = DEFAULT_ENVIRONMENT

    def catalog_of(self, environment: str) -> SqlCatalog:
        """The catalog of another environment."""
        return SqlCatalog(self.database, environment)

    def ticks_of(self, environment: str, location: str) -> SqlTickStore:
        """The ticks of an environment and code location."""
        return SqlTickStore(self.database, environment, location)

    def forget_ticks(self, ended_before: float, now: float, *, dry_run: bool = False) -> int:
        """Clear old ticks away; see `assetflow.stores.sql.ticks.forget_ticks`."""
        return forget_ticks(self.database, ended_before, now, dry_run=dry_run)

    def marker(self) -> str:
        """Another one whenever something was recorded of assets: what was made, seen or checked."""
        numbered = (materializations, observations, checks)
        newest = select(*(select(func.max(table.c.id)).scalar_subquery() for table in numbered))
        with self.database.reading() as connection:
            return repr(tuple(connection.execute(newest).one()))

    @property
    def access(self) -> SqlAccess:
        """Who may use the web server."""
        return SqlAccess(self.database)

    @property
    def audit(self) -> SqlAuditLog:
        """What was done there."""
        return SqlAuditLog(self.database)

    @property
    def promotions(self) -> SqlPromotions:
        """What was promoted there."""
        return SqlPromotions(self.database)

    @property
    def leases(self) -> SqlLeases:
        """The leases in it."""
        return SqlLeases(self.database)

    def close(self) -> None:
        """Let go of all connections."""
        self.database.close()


def open_history(
    url: str, where: str = "", *, create: bool = True, environment: str = DEFAULT_ENVIRONMENT
) -> SqlHistory | None:
    """The history at an address.

    Args:
        where: the address comes from, for errors.
        create: make a SQLite file that is not there; else there is no history, and the answer is None.
        environment: that the catalog is asked about.

    Raises:
        SettingsError: the address cannot be used.
        HistorySchemaError: the tables are of another version.
        HistoryUnreachableError: the database does not answer.
    """
    database = Database(read_url(url, where))
    if database.file is not None:
        if not create and not database.file.exists():
            return None
        database.file.parent.mkdir(parents=True, exist_ok=True)
    try:
        log = SqlEventLog(database)
    except BaseException:
        database.close()
        raise
    catalog = SqlCatalog(database, environment)
    return SqlHistory(
        log=log,
        catalog=catalog,
        alerts=SqlAlertLog(database),
        partitions=SqlDynamicPartitions(database),
        database=database,
        environment=environment,
    )
