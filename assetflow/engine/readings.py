"""What the steps of a run have read, as it is kept with what they made."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping

from assetflow.planning.plan import Plan, SettledOutput, Step
from assetflow.runs.facts import Read

Parts = tuple[str, ...]
Versions = dict[int, tuple[str | None, str | None]]
# Told an environment, keys, and a time: the data versions that these assets and sources had by then.
LookUp = Callable[[str, Collection[Parts], float], Mapping[Parts, str]]

_Place = tuple[Parts, str]  # an asset and one of its partitions; empty if it has none
_Known = dict[_Place, tuple[str | None, str | None]]
_MOST_PARTITIONS = 100  # of one input that are kept one by one


class Readings:
    """Versions and data versions of inputs: of this run as they were settled, of others as they were found.

    Args:
        plan: of the run.
        versions: version and data version of the outputs that were made so far.
        environment: that the run is for.
        look_up: says what stood in the history of what is read and told no data version.
    """

    def __init__(self, plan: Plan, versions: Versions, environment: str, look_up: LookUp) -> None:
        self._versions: Versions = dict(versions)
        self._environment = environment
        self._look_up = look_up
        self._stored = _stored_inputs(plan)
        self._makers = _makers_inside(plan)
        self._is_compared = any(step.baseline is not None for step in plan.steps)
        self._inside: dict[int, _Known] = {}  # by step of a graph whose value goes to others of it: what it has read
        self._seen: dict[Parts, list[tuple[float, str]]] | None = None

    @property
    def passes_on(self) -> bool:
        """Whether what one step has told matters for what others have read, besides what it has made."""
        return bool(self._makers) or self._is_compared

    def made(self, output: int, version: str | None, data_version: str | None) -> None:
        """An output is settled."""
        self._versions[output] = (version, data_version)

    def seen(self, source: Parts, at: float, data_version: str) -> None:
        """A step of this run has observed a source."""
        self._observations(at).setdefault(source, []).append((at, data_version))

    def settled(self, step: Step, loaded: Iterable[Read], started: float, kept: Iterable[SettledOutput] = ()) -> None:
        """A step has succeeded.

        Args:
            loaded: what it has read that other runs have made.
            started: when it began, in seconds since the epoch.
            kept: what it has left as it was.
        """
        for output in kept:
            self.made(output.output, output.version, output.data_version)
        # Of a graph's op whose value goes to others of the same graph: what it has read counts as theirs.
        if self._makers and any(output.index in self._makers for output in step.outputs):
            self._inside[step.index] = self._of(step, loaded, started)

    def of(self, step: Step, loaded: Iterable[Read], started: float) -> str:
        """All that a step has read, as JSON: ``[key, version, data version]`` of each, and the partition if it is one.

        Of more than a hundred partitions of an asset it is only said that there were.
        """
        read = self._of(step, loaded, started)
        if not read:
            return "[]"
        counts = Counter(key for key, partition in read if partition) if len(read) > _MOST_PARTITIONS else {}
        many = {key for key, count in counts.items() if count > _MOST_PARTITIONS}
        told: list[tuple[object, ...]] = [
            (key, *seen, partition) if partition else (key, *seen)
            for (key, partition), seen in read.items()
            if key not in many
        ]
        told += [(key, None, None, f"{counts[key]} partitions") for key in sorted(many)]
        return json.dumps(told)

    def _of(self, step: Step, loaded: Iterable[Read], started: float) -> _Known:
        found = {(one.key, one.partition): (one.version, one.data_version) for one in loaded}
        read: _Known = {}
        for item in step.inputs:
            if not item.key:
                if item.output is not None:
                    read.update(self._inside.get(self._makers.get(item.output, -1), {}))
            elif item.output is not None:
                read[item.key, item.partition] = self._versions.get(item.output, (None, None))
            elif not item.is_empty:
                version, data_version = found.get((item.key, item.partition)) or (None, None)
                if data_version is None and not item.partition:
                    data_version = self._seen_by(item.key, started)
                read[item.key, item.partition] = (version, data_version)
        return read

    def _seen_by(self, key: Parts, started: float) -> str | None:
        """The data version that a source was seen with, or an asset had, before a step began."""
        told = [one for one in self._observations(started).get(key, ()) if one[0] <= started]
        return max(told)[1] if told else None

    def _observations(self, now: float) -> dict[Parts, list[tuple[float, str]]]:
        """What the run reads that others make, when it was seen, and how; what others have told is looked up once."""
        if self._seen is None:
            self._seen = {}
            for environment, keys in self._stored.items():
                for key, version in self._look_up(environment or self._environment, keys, now).items():
                    self._seen.setdefault(key, []).append((0.0, version))
        return self._seen


def _stored_inputs(plan: Plan) -> dict[str, set[Parts]]:
    """What the run reads that it does not make, by the environment it is read from."""
    found: dict[str, set[Parts]] = defaultdict(set)
    for step in plan.steps:
        for item in step.inputs:
            if item.output is None and item.key:
                found[item.environment].add(item.key)
    return found


def _makers_inside(plan: Plan) -> dict[int, int]:
    """The step that makes each output which is only there for other ops of its graph."""
    ops = [step for step in plan.steps if step.node and not step.check]
    passed_on = {item.output for step in ops for item in step.inputs if not item.key}
    return {output.index: step.index for step in ops for output in step.outputs if output.index in passed_on}
