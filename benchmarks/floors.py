"""What a release must not fall below, and whether a measurement does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """The bound of one figure.

    Attributes:
        figure: its name.
        what: in words.
        bound: the least it may be; the most, where less is better.
        less_is_better: of times and sizes.
    """

    figure: str
    what: str
    bound: float
    less_is_better: bool = False

    def holds(self, value: float) -> bool:
        """Whether a figure is good enough."""
        return value <= self.bound if self.less_is_better else value >= self.bound


FLOORS = (
    Floor(figure="W1", what="times raw Celery's group", bound=5),
    Floor(figure="W2", what="times raw Celery's chain", bound=10),
    Floor(figure="W3", what="times raw Celery's counters", bound=6),
    Floor(figure="W4", what="times raw Celery's round trip", bound=2, less_is_better=True),
    Floor(figure="W7 accepted", what="seconds until a run of 10,000 steps is accepted", bound=2, less_is_better=True),
    Floor(figure="W6", what="seconds for 50,000 assets", bound=5, less_is_better=True),
    Floor(figure="W6 memory", what="MB for 50,000 assets", bound=500, less_is_better=True),
)


def show_floors(console: Console, figures: Mapping[str, float]) -> bool:
    """Print what was measured beside its floor; whether all of them hold."""
    table = Table(title="floors", title_justify="left", box=None, padding=(0, 3, 0, 0))
    for name in ("figure", "measured", "floor", "", ""):
        table.add_column(name, justify="right" if name in ("measured", "floor") else "left")
    judged = [(floor, figures[floor.figure]) for floor in FLOORS if floor.figure in figures]
    for floor, value in judged:
        bound = f"{'at most' if floor.less_is_better else 'at least'} {floor.bound:g}"
        word = "holds" if floor.holds(value) else "[bold red]BROKEN[/]"
        table.add_row(floor.figure, f"{value:.2f}" if value < 100 else f"{value:.0f}", bound, floor.what, word)
    if judged:
        console.print(table)
    return all(floor.holds(value) for floor, value in judged)
