"""Environments, how they differ, and promotions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from assetflow.web.schemas.answer import Answer
from assetflow.web.schemas.plans import MOST_KEYS, EnvName, Name
from assetflow.web.schemas.runs import RunSummary


class AssetCounts(Answer):
    """How many assets there are, were made here, and are stale here."""

    total: int
    own: int
    stale: int


class EnvironmentItem(Answer):
    """An environment."""

    name: str
    protected: bool
    reads_from: str | None
    writes_to: str
    assets: AssetCounts
    last_run: RunSummary | None


class EnvironmentList(Answer):
    """All environments."""

    items: list[EnvironmentItem]
    next: str | None = None


class MadeThere(Answer):
    """What an environment has made of an asset last."""

    version: str | None
    at: float
    data_version: str | None
    run_id: str | None
    partitions: int


class EnvironmentDiffItem(Answer):
    """How an asset stands in two environments."""

    key: str
    state: Literal["same", "differs", "only_a", "only_b"]
    a: MadeThere | None
    b: MadeThere | None


class EnvironmentDiff(Answer):
    """All assets that one of the two has made."""

    items: list[EnvironmentDiffItem]
    next: str | None = None


class PromotionAsked(BaseModel, extra="forbid"):
    """Publish in one environment what another has made."""

    selection: Annotated[str, Field(max_length=1_000_000)] | Annotated[list[Name], Field(max_length=MOST_KEYS)]
    from_: EnvName = Field(alias="from")
    to: EnvName
    confirm_env: str | None = None


class Promoted(Answer):
    """What was published, and what was there already or keeps nothing."""

    id: str
    promoted: list[str]
    kept: list[str]


class TakenBack(Answer):
    """When a promotion was taken back, by whom, and what was published again then."""

    at: float
    user: str
    restored: list[str] = Field(description="the first 20")
    restored_total: int


class PromotionItem(Answer):
    """A promotion: what was published, when and by whom, from where to where."""

    id: str
    at: float
    user: str
    from_: str = Field(alias="from")
    to: str
    assets: list[str] = Field(description="the first 20")
    assets_total: int
    new: list[str] = Field(description="the first 20 that were new there, wholly or in part: it stays if taken back")
    new_total: int
    replaced_total: int = Field(description="those of which something was replaced, which can be taken back")
    undone: TakenBack | None


class PromotionList(Answer):
    """A page of promotions, the latest first."""

    items: list[PromotionItem]
    next: str | None


class UndoAsked(BaseModel, extra="forbid"):
    """Go back from a promotion."""

    confirm_env: str | None = None


class Undone(Answer):
    """What was published again, and what was left: `new` then, or replaced since."""

    id: str
    restored: list[str]
    kept: list[str]
    new: list[str] = Field(description="of what was left, what had nothing before it; it stays published")
