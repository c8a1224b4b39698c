"""Partitions, versions and comparisons of one asset."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from assetflow.web.schemas.answer import Answer
from assetflow.web.schemas.plans import EnvName, Name

PartitionState = Literal["missing", "materialized", "failed", "running", "skipped", "stale"]


class Dimension(Answer):
    """One way in which an asset is divided; `keys` are left out where there are very many."""

    name: str
    ranges: list[tuple[str, str]]
    keys_count: int
    keys: list[str] | None


class RunLengths(Answer):
    """The states of all partitions in order: `[[count, code], ...]`."""

    states: list[tuple[int, int]]


class PartitionsAnswer(Answer):
    """How the partitions of an asset stand; `codes` names the states."""

    dimensions: list[Dimension]
    total: int
    encoding: RunLengths
    codes: list[PartitionState]


class PartitionItem(Answer):
    """A partition, and when and by which run it was made or tried last."""

    key: str
    index: int
    state: PartitionState
    at: float | None
    run_id: str | None
    size: int | None


class PartitionPage(Answer):
    """Some partitions, and how many there are of those."""

    items: list[PartitionItem]
    total: int


class PartitionIndex(Answer):
    """The place of a partition among all."""

    index: int


class VersionItem(Answer):
    """A version that is kept."""

    version: str
    at: float
    run_id: str | None
    size: int
    published: bool
    type: str
    format: str
    code_version: str | None
    data_version: str | None
    restored_from: str | None
    promoted_from: str | None


class VersionList(Answer):
    """The versions of an asset that are kept, the latest first."""

    items: list[VersionItem]
    next: str | None = None


class RollbackAsked(BaseModel, extra="forbid"):
    """Publish an earlier version again."""

    key: Name
    version: Annotated[str, StringConstraints(min_length=2, max_length=100)]
    partition: Name | None = None
    env: EnvName | None = None
    confirm_env: str | None = None


class RolledBack(Answer):
    """The new version, which has the bytes of the earlier one."""

    key: str
    version: str
    restored_from: str


class ColumnChange(Answer):
    """How a column differs."""

    name: str
    change: Literal["same", "changed", "added", "removed", "type"]
    detail: str


class RowCounts(Answer):
    """Rows of the two, and how many differ."""

    a: int
    b: int
    added: int
    removed: int
    changed: int


class SampleRow(Answer):
    """A row that differs."""

    kind: str
    row: Any


class Comparing(Answer):
    """Two values are being compared, since then, in seconds since the epoch: ask again for what comes of it."""

    since: float


class DiffAnswer(Answer):
    """How two values of an asset differ; columns and rows only of tables."""

    same: bool
    summary: str
    details: list[str]
    columns: list[ColumnChange]
    rows: RowCounts | None
    sample: list[SampleRow]
    by: str = Field(description="how rows were told apart")
