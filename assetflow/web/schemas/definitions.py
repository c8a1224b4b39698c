"""Definitions and the graph."""

from __future__ import annotations

from typing import Any, Literal

from assetflow.web.schemas.answer import Answer


class PartitionsAbout(Answer):
    """How an asset is divided."""

    kind: Literal["static", "time_window", "multi", "dynamic"]
    dimensions: list[str]
    description: str


class Dep(Answer):
    """Something that an asset needs."""

    key: str
    argument: str | None
    mapping: str | None


class CheckAbout(Answer):
    """A check of an asset."""

    name: str
    blocking: bool
    description: str


class Asset(Answer):
    """What lists show of an asset or a source."""

    key: str
    group: str
    description: str
    kinds: list[str]
    compute_kind: str
    owners: list[str]
    tags: dict[str, str]
    is_source: bool
    is_executable: bool
    is_partitioned: bool
    partitions: PartitionsAbout | None
    op: str | None
    code_version: str | None
    pool: str
    queue: str
    io_manager_key: str
    required_resources: list[str]
    skippable: bool
    deps: list[Dep]
    checks: list[CheckAbout]
    step: str | None
    automation: str | None
    freshness: str | None
    config_required: bool


class Group(Answer):
    """A group, and how many assets and sources are in it."""

    name: str
    assets: int


class ResourceAbout(Answer):
    """A resource of the project."""

    key: str
    description: str
    config_schema: dict[str, Any] | None = None


class DefinitionsAnswer(Answer):
    """All that is defined."""

    version: str
    assets: list[Asset]
    groups: list[Group]
    jobs: list[str]
    resources: list[ResourceAbout]
    label: str
    module: str | None


class GraphAnswer(Answer):
    """Who needs whom.

    Nodes are `[key, group, flags]`, edges are pairs of places in the list of nodes. Flags: 1 source, 2 partitioned,
    4 may be left out, 8 has checks.
    """

    version: str
    nodes: list[tuple[str, str, int]]
    edges: list[tuple[int, int]]


class SelectionAnswer(Answer):
    """What a selection means."""

    keys: list[str]
    error: str | None
