"""A garden: a little of everything that the page shows."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from assetflow import (
    AssetCheckResult,
    AssetIn,
    Config,
    DailyPartitionsDefinition,
    Output,
    SourceAsset,
    asset,
    asset_check,
)

FACTOR = 2
DAYS = DailyPartitionsDefinition("2026-03-01", end_date="2026-04-10")
almanac = SourceAsset("almanac", group_name="sky", description="When to sow.")


class Wish(Config):
    """How much is wanted."""

    kilos: int = 5


@asset(group_name="soil", compute_kind="python")
def seeds() -> list[int]:
    """Seeds by bed."""
    return [3, 1, 2]


@asset(group_name="soil", compute_kind="python", owners=["team:garden"], tags={"tier": "gold"})
def beds(seeds: list[int]) -> list[int]:
    """What grows. **Twice** what was sown."""
    return [each * FACTOR for each in seeds]


@asset(group_name="market", compute_kind="pandas")
def harvest(beds: list[int]) -> Output[pd.DataFrame]:
    """Kilos by bed."""
    table = pd.DataFrame({"bed": ["north", "east", "south"], "kilos": beds})
    return Output(table, metadata={"rows": len(table), "kilos": float(table["kilos"].sum())})


@asset(group_name="market")
def stall(harvest: pd.DataFrame) -> str:
    """What is sold."""
    return f"{harvest['kilos'].sum()} kilos"


@asset(group_name="market", non_argument_deps={"harvest"})
def order(config: Wish) -> int:
    """What is bought elsewhere."""
    return config.kilos


@asset(group_name="sky", output_required=False)
def frost() -> Iterator[Output[str]]:
    """Only on cold nights."""
    yield from ()


@asset(group_name="sky")
def warning(frost: str) -> str:
    """What is told when there is frost."""
    return frost


@asset(group_name="diary", partitions_def=DAYS)
def diary() -> str:
    """A page a day."""
    return "rain"


@asset(group_name="diary", ins={"pages": AssetIn("diary")})
def book(pages: dict[str, str]) -> int:
    """All pages."""
    return len(pages)


@asset_check(asset=harvest, blocking=True, description="There is something to sell.")
def has_kilos(harvest: pd.DataFrame) -> AssetCheckResult:
    return AssetCheckResult(passed=bool(harvest["kilos"].sum() > 0), metadata={"kilos": float(harvest["kilos"].sum())})
