"""What is told of a run: what happens in it, how far it is, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from assetflow.definitions.checks import AssetCheckEvaluation
from assetflow.keys import AssetKey
from assetflow.runs.displays import run_display
from assetflow.runs.facts import ErrorDetail, Fact, FactKind, StepDetail
from assetflow.runs.log_lines import LogLine
from assetflow.runs.materialization import Materialization
from assetflow.runs.states import RunStatus, StepState
from assetflow.runs.story import evaluation_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEvent:
    """One thing that happened in a run, with names in place of numbers.

    Attributes:
        id: ask ``events(after=id)`` for what came later.
        at: seconds since the epoch.
        steps: names of the steps it is about.
        assets: keys of the assets these steps make.
        detail: times, outputs, the error; as far as the kind has them.
    """

    id: str
    kind: FactKind
    at: float
    steps: tuple[str, ...]
    assets: tuple[AssetKey, ...]
    detail: StepDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is.

    Attributes:
        done: steps that are over.
        total: all steps.
        states: how many steps are in which state.
    """

    status: RunStatus
    done: int
    total: int
    states: dict[StepState, int]


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """How a run ended.

    Attributes:
        steps: step name to its final state.
        errors: step name to what it raised.
        error: why the run as a whole was given up, if it was.
        facts: of the steps that have ended.
        names: of the steps.
        read_logs: reads what a step has written, or all of them.
        seconds: from submission to the end.
    """

    run_id: str
    status: RunStatus
    seconds: float
    steps: dict[str, StepState] = field(default_factory=dict)
    errors: dict[str, ErrorDetail] = field(default_factory=dict)
    error: ErrorDetail | None = None
    facts: list[Fact] = field(default_factory=list, repr=False)
    names: tuple[str, ...] = field(default=(), repr=False)
    read_logs: Callable[[str | None], Iterator[LogLine]] | None = field(default=None, repr=False, compare=False)

    def logs(self, step: str | None = None) -> Iterator[LogLine]:
        """What the steps have written; see `RunHandle.logs`."""
        return iter(()) if self.read_logs is None else self.read_logs(step)

    @cached_property
    def unchanged(self) -> tuple[str, ...]:
        """Steps that were not run, because their inputs were what they had been before; they count as succeeded."""
        told = (fact for fact in self.facts if fact.kind is FactKind.STEP_SUCCEEDED and b'"unchanged":true' in fact.raw)
        return tuple(self.names[fact.steps[0]] for fact in told if fact.told().unchanged)

    @cached_property
    def materializations(self) -> dict[AssetKey, Materialization]:
        """Asset key to what was made, with its metadata; read from the facts when it is asked for."""
        told = (fact.told() for fact in self.facts if fact.kind is FactKind.STEP_SUCCEEDED)
        return {made.asset_key: made for detail in told for made in map(Materialization.of, detail.outputs)}

    @cached_property
    def checks(self) -> list[AssetCheckEvaluation]:
        """What the checks of assets said."""
        return [evaluation_of(check) for fact in self.facts for check in fact.told().checks]

    def _repr_html_(self) -> str:
        names = list(self.steps)
        told = ((names[fact.steps[0]], fact) for fact in self.facts)
        return run_display(self.run_id, self.status, self.steps, seconds=self.seconds, told=told, errors=self.errors)

    @property
    def success(self) -> bool:
        """Whether every step succeeded or was skipped."""
        return self.status is RunStatus.SUCCEEDED
