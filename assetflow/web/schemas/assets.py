"""Assets: how they stand, what was made of them, and all that is said of one."""

from __future__ import annotations

from typing import Any, Literal

from assetflow.web.schemas.answer import Answer
from assetflow.web.schemas.definitions import Asset

AssetState = Literal["never", "materialized", "failed", "running", "queued", "skipped"]
MetaType = Literal[
    "int", "float", "text", "md", "url", "path", "json", "table", "asset", "bool", "null", "timestamp", "run",
    "column_schema", "column_lineage", "notebook",
]  # fmt: skip


class StaleCauseItem(Answer):
    """One reason why an asset is stale."""

    cause: Literal["code", "data", "deps", "upstream", "never"]
    detail: str


class PartitionTally(Answer):
    """How many partitions stand how."""

    total: int
    materialized: int
    failed: int
    running: int
    missing: int


class CheckTally(Answer):
    """How many checks stand how."""

    passed: int
    failed: int
    warned: int


class Status(Answer):
    """How an asset stands in an environment. It is fresh if `stale` is empty."""

    state: AssetState
    at: float | None
    run_id: str | None
    stale: list[StaleCauseItem]
    upstream_changed: bool
    partitions: PartitionTally | None
    checks: CheckTally | None
    duration: float | None
    from_env: str | None


class StatusesAnswer(Answer):
    """How all assets and sources stand."""

    version: str
    items: dict[str, Status]


class Meta(Answer):
    """A labelled value: `html` is there for markdown, `columns` and `rows` for tables."""

    label: str
    type: MetaType
    value: Any = None
    html: str | None = None
    columns: list[str] | None = None
    rows: list[list[Any]] | None = None


class InputRead(Answer):
    """What was read for a materialization."""

    key: str
    version: str | None
    data_version: str | None


class Materialization(Answer):
    """That a value exists. `id` is its number in the log."""

    id: int
    at: float
    run_id: str
    step: str
    partition: str | None
    duration: float | None
    uri: str | None
    size: int | None
    code_version: str | None
    data_version: str | None
    version: str | None
    inputs: list[InputRead]
    metadata: list[Meta]
    unchanged: bool
    env: str


class MaterializationList(Answer):
    """A page of materializations, newest first."""

    items: list[Materialization]
    next: str | None


class SourceCode(Answer):
    """Where an asset is defined, and how."""

    file: str
    line: int
    text: str


class DefinitionDetail(Answer):
    """What is defined of an asset."""

    metadata: list[Meta]
    source: SourceCode | None
    config_schema: dict[str, Any] | None
    type: str | None
    python_snippet: str


class AssetDetail(Asset):
    """All that is said of one asset; its description also as HTML in which nothing can run."""

    description_html: str | None
    status: Status
    definition: DefinitionDetail
    upstream: list[str]
    downstream: list[str]
    latest: Materialization | None


class PlotSeries(Answer):
    """A numeric metadata value over time: `[at, value, run id, partition]`, oldest first."""

    label: str
    points: list[tuple[float, float, str, str | None]]


class PlotsAnswer(Answer):
    """All numeric metadata of an asset."""

    series: list[PlotSeries]


class CheckRun(Answer):
    """What a check said once."""

    at: float
    run_id: str
    passed: bool
    severity: str


class CheckItem(Answer):
    """A check, and what it said last."""

    name: str
    blocking: bool
    severity: str | None
    passed: bool | None
    at: float | None
    run_id: str | None
    metadata: list[Meta]
    description: str
    history: list[CheckRun]


class CheckList(Answer):
    """The checks of an asset."""

    items: list[CheckItem]
    next: str | None = None
