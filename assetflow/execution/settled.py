"""What a run has settled so far, for steps that are run only if their inputs are not what they were."""

from __future__ import annotations

from assetflow.execution.outcome import StepResult
from assetflow.keys import Version
from assetflow.planning.plan import Plan, SettledOutput, Step
from assetflow.runs.facts import FactKind, StepDetail
from assetflow.runs.store import RunStore


class Settled:
    """The outputs of a run as its steps have told of them.

    Args:
        plan: of the run; nothing is looked up for one whose steps are all run in any case.

    Attributes:
        is_asked: some steps are not.
    """

    def __init__(self, store: RunStore, run_id: str, plan: Plan) -> None:
        self._store = store
        self._run_id = run_id
        self._after = "0"
        self._found: dict[int, SettledOutput] = {}
        # Outputs that may be those of an earlier run, and what is known of these.
        self._earlier = {
            output.output: output for step in plan.steps if step.baseline for output in step.baseline.outputs
        }
        self.is_asked = any(step.baseline is not None for step in plan.steps)

    def look(self) -> None:
        """Read what was told since the last time."""
        if not self.is_asked:
            return
        while facts := self._store.facts(self._run_id, self._after):
            self._after = facts[-1].id
            for fact in facts:
                if fact.kind is FactKind.STEP_SUCCEEDED:
                    self.add(fact.told())

    def add(self, detail: StepDetail) -> None:
        """A step has succeeded."""
        if self.is_asked:
            for made in detail.outputs:
                self._found[made.output] = SettledOutput(made.output, made.version, made.data_version)
            self._found.update((kept.output, kept) for kept in detail.kept)

    def forget(self) -> None:
        """Something that was added does not count: others have told of it, and are heard again from the beginning."""
        self._found.clear()
        self._after = "0"

    def of(self, output: int) -> SettledOutput | None:
        """What is known of an output; None if nothing is, or nobody needs to know."""
        return self._found.get(output)

    def kept(self, output: int) -> SettledOutput | None:
        """What is known of an output that its step has left as it was; None if it has made another."""
        told, earlier = self._found.get(output), self._earlier.get(output)
        return earlier if told is not None and told == earlier else None

    def corrected(self, versions: dict[int, Version]) -> dict[int, Version]:
        """The versions that inputs are read in: of what a step has left as it was, those that were there before."""
        if not self._earlier:
            return versions
        found = dict(versions)
        for output in versions.keys() & self._earlier.keys():
            if output not in self._found and found[output].name == self._earlier[output].version:
                self._found[output] = self._earlier[output]  # of a run that was brought back; its facts were not
            kept = self.kept(output)
            if kept is not None:
                found.pop(output)
                if kept.version is not None:
                    found[output] = Version.parse(kept.version)
        return found


def is_unchanged(step: Step, settled: Settled) -> bool:
    """Whether all that a step reads of this run is the data that it had read before."""
    if step.baseline is None:
        return False
    told = ((settled.of(output), data_version) for output, data_version in step.baseline.reads)
    return all(found is not None and found.data_version == data_version for found, data_version in told)


def left_as_it_was(step: Step, detail: StepDetail) -> StepResult:
    """The end of a step that need not be run: it has made what it had made before."""
    assert step.baseline is not None, "it was compared with it"
    detail.unchanged = True
    detail.kept = list(step.baseline.outputs)
    kept = {output.output for output in detail.kept}
    inner = [output.index for output in step.outputs if not output.key]  # nobody reads these: none of the graph is run
    detail.inner = [(index, None) for index in inner]
    emitted = [output.index for output in step.outputs if output.index in kept or output.index in inner]
    return StepResult(succeeded=True, emitted=emitted, publishes=[], detail=detail)
