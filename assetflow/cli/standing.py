"""How the partitions stand that one function makes, while they are made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rich.text import Text

from assetflow.planning.plan import Step
from assetflow.runs.states import StepState

_BAR = 16
_TOLD = {
    StepState.CLAIMED: ("running", "cyan"),
    StepState.DELAYED: ("to be tried again", "yellow"),
    StepState.POOLED: ("waiting for a pool", "yellow"),
    StepState.FAILED: ("failed", "red"),
    StepState.UPSTREAM_FAILED: ("not run", "red"),
    StepState.CANCELLED: ("cancelled", "yellow"),
}


@dataclass(slots=True, kw_only=True)
class Standing:
    """How many partitions of one function are in which state."""

    states: Counter[StepState] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """How many partitions there are."""
        return self.states.total()

    @property
    def ended(self) -> int:
        """How many are over."""
        return sum(count for state, count in self.states.items() if state.is_terminal)

    @property
    def is_under_way(self) -> bool:
        """Whether some are over or running, and not all are over."""
        return self.ended < self.total and bool(self.ended or self.states[StepState.CLAIMED])

    def mark(self) -> tuple[str, str]:
        """A sign for all of them, and its style."""
        if self.states[StepState.FAILED]:
            return "✖", "red"
        if self.ended == self.total:
            return "✔", "green"
        return ("◐", "cyan") if self.is_under_way else ("◌", "dim")

    def bar(self) -> Text:
        """How many are over, as a picture."""
        return bar_text(self.ended, self.total, _BAR)

    def text(self) -> Text:
        """In words: ``80/154 partitions · 2 running · 1 failed``."""
        text = Text(f"{self.ended:,}/{self.total:,} partitions")
        for state, (word, style) in _TOLD.items():
            if self.states[state]:
                text.append(f" · {self.states[state]:,} {word}", style)
        return text


def divided_calls(steps: Iterable[Step]) -> dict[str, int]:
    """Names of the functions that make partitions in more than one step, and how many partitions these are."""
    totals: Counter[str] = Counter()
    times: Counter[str] = Counter()
    for step in steps:
        if step.partitions:
            totals[step.call] += len(step.partitions)
            times[step.call] += 1
    return {call: totals[call] for call, count in times.items() if count > 1}


def standings(steps: Sequence[Step], states: Sequence[StepState]) -> dict[str, Standing]:
    """How the functions stand that make partitions in more than one step, by their names."""
    found = {call: Standing() for call in divided_calls(steps)}
    for step, state in zip(steps, states, strict=True):
        if step.call in found:
            found[step.call].states[state] += len(step.partitions)
    return found


def bar_text(done: int, total: int, width: int) -> Text:
    """How much is done, as a picture."""
    filled = width * done // total if total else width
    return Text.assemble(("█" * filled, "green"), ("░" * (width - filled), "dim"))
