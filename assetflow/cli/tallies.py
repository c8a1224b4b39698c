"""Runs of many partitions: one line for each function that makes them, in place of one for each partition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from rich.text import Text

from assetflow.cli.console import count_text
from assetflow.cli.standing import divided_calls
from assetflow.cli.step_lines import check_line, lines_of, missing_of
from assetflow.clock import seconds_text
from assetflow.planning.plan import Plan, Step
from assetflow.runs.facts import FactKind
from assetflow.runs.result import RunEvent
from assetflow.runs.states import StepState

_STATES = {
    FactKind.STEP_SUCCEEDED: StepState.SUCCEEDED,
    FactKind.STEP_FAILED: StepState.FAILED,
    FactKind.STEP_SKIPPED: StepState.SKIPPED,
    FactKind.STEP_UPSTREAM_FAILED: StepState.UPSTREAM_FAILED,
}
_WORDS = {
    StepState.FAILED: ("failed", "red"),
    StepState.UPSTREAM_FAILED: ("not run: an input failed", "red"),
    StepState.SKIPPED: ("skipped: an input was not made", "dim"),
    StepState.CANCELLED: ("cancelled", "yellow"),
}


@dataclass(slots=True, kw_only=True)
class Tally:
    """How the partitions stand that one function makes, in several steps.

    Attributes:
        name: of the function, as its steps are called.
        total: how many partitions there are.
        states: how many of them have ended, and how.
        unchanged: how many were not run, because their inputs are what they were.
        unmade: asset to the number of partitions that were not made on purpose.
        empty: how many partitions succeeded and made nothing.
        seconds: that the steps took, all of them together.
    """

    name: str
    total: int
    states: Counter[StepState] = field(default_factory=Counter)
    unchanged: int = 0
    unmade: Counter[str] = field(default_factory=Counter)
    empty: int = 0
    seconds: float = 0.0

    @property
    def ended(self) -> int:
        """How many partitions are over."""
        return self.states.total()

    def count(self, event: RunEvent, state: StepState, partitions: int) -> None:
        """Some of the partitions have ended so."""
        self.states[state] += partitions
        self.seconds += event.detail.seconds
        if event.detail.unchanged:
            self.unchanged += partitions
        elif state is StepState.SUCCEEDED and (missing := missing_of(event)):
            self.unmade.update(dict.fromkeys(missing, partitions))
            if not event.detail.outputs:
                self.empty += partitions

    def line(self) -> Text:
        """What came of all of them."""
        states = self.states
        made = states[StepState.SUCCEEDED] - self.unchanged - self.empty
        if states[StepState.FAILED]:
            mark = ("  ✖ ", "red")
        elif states[StepState.UPSTREAM_FAILED]:
            mark = ("  ⊘ ", "red")
        elif self.unchanged == self.total:
            mark = ("  ≡ ", "cyan")
        elif states[StepState.SUCCEEDED]:
            mark = ("  ✔ ", "green")
        else:
            mark = ("  ⊘ ", "dim")
        took = seconds_text(self.seconds) if self.seconds else ""
        line = Text.assemble(mark, f"{self.name:<28} {took:>9}   ", self._made(made))
        for said, style in self._rest():
            line.append("  ").append(said, style=style)
        return line

    def _made(self, made: int) -> str:
        every = count_text(self.total, "partition")
        return every if made == self.total else f"{made:,} of {every}"

    def _rest(self) -> Iterator[tuple[str, str]]:
        if self.unchanged:
            yield f"{self.unchanged:,} unchanged", "dim"
        for asset, count in self.unmade.items():
            yield f"{count:,} made no {asset}", "yellow"
        for state, (word, style) in _WORDS.items():
            if self.states[state]:
                yield f"{self.states[state]:,} {word}", style
        if self.ended < self.total:
            yield f"{self.total - self.ended:,} not begun", "yellow"


class Teller:
    """Tells what happens in a run: each step by itself, and those of many partitions together, failures at once.

    Args:
        is_quiet: say nothing of a step by itself that has succeeded.

    Attributes:
        tallies: of the functions that make partitions in several steps, by their names in the plan.
    """

    def __init__(self, plan: Plan, *, is_quiet: bool = False) -> None:
        divided = divided_calls(plan.steps)
        self.tallies = {call: Tally(name=call, total=total) for call, total in divided.items()}
        self._steps = {step.key: step for step in plan.steps if step.call in divided}
        self._is_quiet = is_quiet

    def lines(self, event: RunEvent) -> Iterator[Text]:
        """What a person reads of one event."""
        counted = [self._steps[name] for name in event.steps if name in self._steps]
        if not counted:
            if not (self._is_quiet and event.kind is FactKind.STEP_SUCCEEDED):
                yield from lines_of(event)
            return
        state = _STATES.get(event.kind)
        if state in (None, StepState.FAILED):
            yield from lines_of(event)
        elif state is StepState.SUCCEEDED:
            yield from (check_line(check, event.steps[0]) for check in event.detail.checks if not check.passed)
        elif len(counted) < len(event.steps):
            alone = tuple(name for name in event.steps if name not in self._steps)
            yield from lines_of(replace(event, steps=alone))
        if state is not None:
            yield from self._count(event, state, counted)

    def rest(self) -> Iterator[Text]:
        """Of a run that is over: what was begun and has not come to its end."""
        return (tally.line() for tally in self.tallies.values() if 0 < tally.ended < tally.total)

    def _count(self, event: RunEvent, state: StepState, steps: Iterable[Step]) -> Iterator[Text]:
        for step in steps:
            tally = self.tallies[step.call]
            tally.count(event, state, len(step.partitions))
            if tally.ended == tally.total:
                yield tally.line()
