"""The tables of the history. Columns stand in the order of the fields of the entries.

What a schema change needs: the table here, and a step in ``migrations/versions``; a test holds both together.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, LargeBinary, MetaData, Table, Text

HEAD = "0008"  # the newest migration

metadata = MetaData()
LONG = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts rows only in a column of that name


def _text(name: str, *, none: bool = False) -> Column[str]:
    return Column(name, Text, nullable=none)


def _long(name: str, *, none: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=none)


def _double(name: str, *, none: bool = False) -> Column[float]:
    return Column(name, Double, nullable=none)


identity = Table(
    "history",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    _text("uuid"),
    _double("made"),
)  # one row, in which `number` is 1

offsets = Table(
    "recorder_offsets", metadata, Column("run_id", Text, primary_key=True), _long("born"), _text("after_id"),
    sqlite_with_rowid=False,
)  # fmt: skip

runs = Table(
    "runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    _text("status"),
    _double("created"),
    _double("started", none=True),
    _double("ended", none=True),
    _text("environment"),
    _text("job_name"),
    _text("selection"),
    _text("code"),
    _text("bundle"),
    _long("steps"),
    _long("done"),
    _long("priority"),
    _text("tags"),
    _text("error", none=True),
    Column("envelope", LargeBinary, nullable=False),
)
Index("runs_by_status", runs.c.status, runs.c.run_id)

codes = Table(
    "codes",
    metadata,
    Column("name", Text, primary_key=True),
    _double("kept"),
    Column("body", LargeBinary, nullable=False),
)

facts = Table(
    "facts",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("born", BigInteger, primary_key=True),
    Column("ms", BigInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    _double("at"),
    _text("kind"),
    _text("steps"),
    _long("token"),
    _text("detail"),
    sqlite_with_rowid=False,
)

attempts = Table(
    "attempts",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("step", BigInteger, primary_key=True),
    Column("token", BigInteger, primary_key=True),
    _text("key"),
    _text("outcome"),
    _long("retry"),
    _text("slot"),
    _double("started", none=True),
    _double("ended"),
    _double("seconds"),
    _text("error", none=True),
    sqlite_with_rowid=False,
)

materializations = Table(
    "materializations",
    metadata,
    Column("id", LONG, primary_key=True, autoincrement=True),
    _text("asset"),
    _text("environment"),
    _text("partition"),
    _text("run_id"),
    _long("step"),
    _text("step_key"),
    _long("token"),
    _long("output"),
    _long("seq"),
    _double("at"),
    _double("seconds"),
    _long("size", none=True),
    _text("uri", none=True),
    _text("version", none=True),
    _text("data_version", none=True),
    _text("code_version", none=True),
    _text("description", none=True),
    _text("metadata"),
    _text("tags"),
    _text("inputs"),
)
Index(
    "materializations_once",
    *(materializations.c[name] for name in ("run_id", "step", "token", "output", "seq")),
    unique=True,
)
Index("materializations_of_asset", materializations.c.environment, materializations.c.asset, materializations.c.id)

observations = Table(
    "observations",
    metadata,
    Column("id", LONG, primary_key=True, autoincrement=True),
    _text("asset"),
    _text("environment"),
    _text("partition"),
    _text("run_id"),
    _long("step"),
    _text("step_key"),
    _long("token"),
    _long("seq"),
    _double("at"),
    _text("kind"),
    _text("label", none=True),
    Column("success", Boolean, nullable=True),
    _text("data_version", none=True),
    _text("description", none=True),
    _text("metadata"),
    _text("tags"),
)
Index("observations_once", *(observations.c[name] for name in ("run_id", "step", "token", "seq")), unique=True)
Index("observations_of_asset", observations.c.environment, observations.c.asset, observations.c.id)

checks = Table(
    "checks",
    metadata,
    Column("id", LONG, primary_key=True, autoincrement=True),
    _text("asset"),
    _text("environment"),
    _text("name"),
    _text("run_id"),
    _long("step"),
    _long("token"),
    _long("seq"),
    _double("at"),
    Column("passed", Boolean, nullable=False),
    _text("severity"),
    Column("blocking", Boolean, nullable=False),
    _text("description", none=True),
    _text("metadata"),
)
Index("checks_once", *(checks.c[name] for name in ("run_id", "step", "token", "seq")), unique=True)
Index("checks_of_asset", checks.c.environment, checks.c.asset, checks.c.name, checks.c.id)

assets = Table(
    "assets",
    metadata,
    Column("environment", Text, primary_key=True),
    Column("asset", Text, primary_key=True),
    Column("partition", Text, primary_key=True),
    _long("times"),
    _long("token"),
    _double("at"),
    _text("run_id"),
    _long("step"),
    _double("seconds"),
    _long("size", none=True),
    _text("version", none=True),
    _text("data_version", none=True),
    _text("code_version", none=True),
)

unmade = Table(
    "unmade",
    metadata,
    Column("environment", Text, primary_key=True),
    Column("asset", Text, primary_key=True),
    Column("partition", Text, primary_key=True),
    _text("outcome"),
    _text("run_id"),
    _long("step"),
    _double("at"),
    sqlite_with_rowid=False,
)  # what the last try did not make; it counts until it is materialized later

logs = Table(
    "logs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("step", BigInteger, primary_key=True),
    Column("token", BigInteger, primary_key=True),
    _text("key"),
    _long("retry"),
    _double("at"),
    _text("uri"),
    _long("size"),
    _long("left_out"),
    _long("lines"),
    _long("stored"),
    sqlite_with_rowid=False,
)

alerts = Table(
    "alerts",
    metadata,
    Column("run_id", Text, primary_key=True),
    _double("at"),
    _double("due", none=True),
    _long("tries"),
    _double("sent", none=True),
    _text("error", none=True),
    sqlite_with_rowid=False,
)
Index("alerts_by_due", alerts.c.due)

dynamic_partitions = Table(
    "dynamic_partitions",
    metadata,
    Column("definition", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    _double("added"),
    sqlite_with_rowid=False,
)

run_statuses = Table(
    "run_statuses",
    metadata,
    Column("id", LONG, primary_key=True, autoincrement=True),
    _text("run_id"),
    _text("status"),
    _double("at"),
)
Index("run_statuses_once", *(run_statuses.c[name] for name in ("run_id", "status", "at")), unique=True)
Index("run_statuses_by_status", run_statuses.c.status, run_statuses.c.id)
