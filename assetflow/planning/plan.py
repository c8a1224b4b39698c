"""What would be done: the immutable description of one run's work.

A plan holds no callable and no value. It is JSON, made once by the planner, read by every worker,
and the only thing both sides of the wire must agree on. Nothing in it can refer to what holds it, so the garbage
collector need not look through its thousands of parts (``gc=False``).
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from assetflow.errors import DamagedRecordError
from assetflow.keys import AssetKey

FIRST = 1
SCHEMA = 2
"""The newest form that is read."""
COMPARED = 2
"""Of plans with steps that compare their inputs with earlier ones; others have the first form."""


class StepInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One input of a step.

    Attributes:
        name: the input's name in the op.
        key: segments of the upstream asset's key; empty for what another op of the same graph makes.
        output: index of the output of this plan that supplies it; None where the value is already
            in storage (a source asset, or an upstream that was not selected).
        io_manager_key: the resource key of the manager that loads it.
        loads: False for a dependency that only orders the steps (``non_argument_deps``).
        listed: the input is a list; all inputs of this name are its items, in order.
        environment: another than the run's own that the value is read from.
        partition: of the asset that is read; empty if it has none. Each that is read has an input of its own.
        keyed: the input is a dict: key of a partition to its value.
        is_empty: the asset has partitions, and none of them is needed.
        version: name of the version that is read of what is in storage; empty for the published one.
    """

    name: str
    key: tuple[str, ...]
    output: int | None = None
    io_manager_key: str = "io_manager"
    loads: bool = True
    listed: bool = False
    environment: str = ""
    partition: str = ""
    keyed: bool = False
    is_empty: bool = False
    version: str = ""


class StepOutput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One output of a step.

    Attributes:
        index: position among all outputs of the plan, counted from 0.
        name: the output's name in the op.
        key: segments of the asset's key; empty for what is only there for other ops of the same graph.
        required: False where the step may end without it, which prunes what needs it.
        io_manager_key: the resource key of the manager that stores it.
        code_version: of the code that makes the asset, where it was planned; None if nobody has looked.
    """

    index: int
    key: tuple[str, ...]
    name: str = "result"
    required: bool = True
    io_manager_key: str = "io_manager"
    code_version: str | None = None


class StepRetry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How often a step that raised is tried again.

    Attributes:
        max_retries: further tries after the first.
        delay: seconds before the first retry.
        backoff: ``linear``, ``exponential`` or None for a constant delay.
        jitter: ``full``, ``plus_minus`` or None.
    """

    max_retries: int
    delay: float = 0.0
    backoff: str | None = None
    jitter: str | None = None


class SettledOutput(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is known of an output that was made.

    Attributes:
        output: its index.
        version: name of the version under which it is kept; None where the IO manager keeps none.
        data_version: equal for equal data; None if nothing is known of the data.
        environment: another than the run's own that it is kept in.
    """

    output: int
    version: str | None = None
    data_version: str | None = None
    environment: str = ""


class StepBaseline(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How a step was run last. If its inputs are that data again, it is not run, and its outputs stay what they are.

    Attributes:
        reads: inputs that this run makes: index of the output, and data version that was read.
        outputs: what it has made.
    """

    reads: tuple[tuple[int, str], ...]
    outputs: tuple[SettledOutput, ...] = ()


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One call of one op.

    Attributes:
        index: position in the plan; every step comes after the steps it needs.
        key: the step's name, unique in the plan, safe as an identifier.
        inputs: what it needs, in the order of the op's parameters.
        outputs: what it makes.
        queue: the Celery queue whose workers may take it.
        rank: length of the longest chain of steps that starts here; higher goes first.
        line: the step that needs this one and nothing else in the plan, if this step's only
            dependant is that step and both use one queue; such a pair may run as one batch.
        pool: the pool that bounds how many such steps run at once; empty for none.
        timeout: seconds after which it is stopped; None for none.
        retry: what happens when it raises.
        owner: an asset of the graph it belongs to; empty for a function that makes its assets itself.
        node: names that lead to its op in that graph.
        alias: what its function or graph is called in this run; empty if that is its own name.
        check: a check of the owner that the step does; empty for a step that makes assets.
        observes: whether it looks at the owner, which is a source.
        baseline: what it compares its inputs with before it is run; None if it is run in any case.
        partitions: keys of those that it makes; none of what has no partitions.
    """

    index: int
    key: str
    outputs: tuple[StepOutput, ...]
    inputs: tuple[StepInput, ...] = ()
    queue: str = "default"
    rank: int = 1
    line: int | None = None
    pool: str = ""
    timeout: float | None = None
    retry: StepRetry | None = None
    owner: tuple[str, ...] = ()
    node: tuple[str, ...] = ()
    alias: str = ""
    check: str = ""
    observes: bool = False
    baseline: StepBaseline | None = None
    partitions: tuple[str, ...] = ()

    @property
    def maker_key(self) -> AssetKey:
        """One of the assets whose definition this step belongs to."""
        return AssetKey.of_parts(self.owner or self.outputs[0].key)

    @property
    def call(self) -> str:
        """The name that it shares with the other steps that call the same op for other partitions."""
        return self.key.partition("[")[0] if self.partitions else self.key

    @property
    def asset_keys(self) -> tuple[AssetKey, ...]:
        """The assets it makes; none if what it makes is only there for other ops of its graph."""
        return tuple(AssetKey.of_parts(output.key) for output in self.outputs if output.key)


class Plan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The steps of a run, in an order in which they could be run one after the other."""

    steps: tuple[Step, ...]
    schema: int = msgspec.field(default_factory=lambda: FIRST)  # a default would not be written

    @property
    def output_count(self) -> int:
        """How many outputs all steps have together."""
        return sum(len(step.outputs) for step in self.steps)

    def to_json(self) -> bytes:
        """The plan as JSON bytes, the same for the same plan."""
        return msgspec.json.encode(self)

    @staticmethod
    def from_json(raw: bytes) -> Plan:
        """Read a plan back.

        Raises:
            DamagedRecordError: it is malformed; says where.
        """
        try:
            return msgspec.json.decode(raw, type=Plan)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise DamagedRecordError(f"a plan cannot be read: {error}") from None


def producers_of(plan: Plan) -> list[int]:
    """For each output index, the step that makes it."""
    found = [0] * plan.output_count
    for step in plan.steps:
        for made in step.outputs:
            found[made.index] = step.index
    return found


def waits_of(plan: Plan) -> list[int]:
    """For each step, the number of steps it waits for."""
    made_by = producers_of(plan)
    return [len({made_by[item.output] for item in step.inputs if item.output is not None}) for step in plan.steps]


class Topology:
    """Who is waited for by whom, derived once from a plan.

    Attributes:
        producer: for each output index, the step that makes it.
        children: for each step, its dependants and which of the step's outputs each of them needs.
    """

    __slots__ = ("children", "producer")

    def __init__(self, plan: Plan) -> None:
        producer = self.producer = producers_of(plan)
        children: list[dict[int, set[int]]] = [{} for _ in plan.steps]
        for step in plan.steps:
            index = step.index
            for item in step.inputs:
                output = item.output
                if output is None:
                    continue
                needs = children[producer[output]]
                known = needs.get(index)
                if known is None:
                    needs[index] = {output}
                else:
                    known.add(output)
        self.children: list[Mapping[int, set[int]]] = list(children)

    def descendants(self, starts: list[int]) -> list[int]:
        """The given steps and everything that needs them, directly or not, in plan order."""
        seen = set(starts)
        stack = list(starts)
        while stack:
            for child in self.children[stack.pop()]:
                if child not in seen:
                    seen.add(child)
                    stack.append(child)
        return sorted(seen)
