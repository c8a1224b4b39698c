"""The short way of a step that is as plain as most are.

Its function takes values and returns one. The values are assets, or single partitions of such, that this run has made,
and IO managers keep them that take plain values. Then nobody would look at a context, and none is made. The long way,
in `step`, comes to the same; whatever turns out to be odd goes on there.
"""

from __future__ import annotations

import time
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any

from assetflow.definitions.checks import AssetCheckResult
from assetflow.definitions.events import AssetMaterialization, AssetObservation, ExpectationResult
from assetflow.definitions.materialize_result import MaterializeResult
from assetflow.definitions.outputs import Output
from assetflow.definitions.plain_values import ODD, TakesPlainValues
from assetflow.execution.compute import check_output
from assetflow.execution.inputs import check_input, made_by, path_of
from assetflow.execution.storing import Staged, stage
from assetflow.execution.work import StepWork, value_paths
from assetflow.planning.plan import StepInput, StepOutput
from assetflow.runs.facts import OutputDetail, StepDetail, worth_telling

_SAYS_MORE = (
    *(Output, MaterializeResult, AssetCheckResult, AssetMaterialization, AssetObservation, ExpectationResult),
    *(GeneratorType, CoroutineType, AsyncGeneratorType),
)


class PlainStep:
    """A plain step with its inputs loaded.

    Attributes:
        inputs: values by name.
    """

    __slots__ = ("_manager", "_output", "_work", "inputs")

    def __init__(self, work: StepWork, output: StepOutput, manager: TakesPlainValues, inputs: dict[str, Any]) -> None:
        self._work = work
        self._output = output
        self._manager = manager
        self.inputs = inputs

    def store(self, value: Any, detail: StepDetail) -> tuple[list[int], list[Staged]]:
        """Stage what the function has returned; see `execute_step`."""
        work, output, manager = self._work, self._output, self._manager
        run, index, version = work.run, output.index, work.version.name
        (path,) = value_paths(run.run_id, work.step, output, work.partitions)
        title = f'{"asset" if work.partitions is None else "partition"} "{"/".join(path)}"'
        check_output(work.op, output.name, value)
        if run.values is not None:
            run.values[index] = value
        staged = Staged(index, manager, (path,))
        began = time.perf_counter()
        try:
            try:
                told = stage(manager.stage_plain, value, path, version, run.run_id, title)
            finally:
                detail.store = worth_telling(time.perf_counter() - began)
            made = OutputDetail(
                output=index,
                key=output.key,
                version=version,
                metadata=told.metadata,
                data_version=told.data_version,
                size=told.size,
            )
            code = None if run.code_versions is None else run.code_versions.of(run.makers.key(output.key))
            if code is not None and code != output.code_version:
                made.code_version = code
            detail.outputs.append(made)
        except BaseException:  # it can be told to stop at any of these lines
            if run.values is not None:
                del run.values[index]
            detail.outputs.clear()
            staged.discard(work.version)
            raise
        return [index], [staged]


def plain_step(work: StepWork) -> PlainStep | None:
    """The step with its inputs loaded; None if it is not plain, or something about a stored value is odd.

    Raises:
        TypeCheckDidNotPass: a value does not fit the argument's annotation.
        whatever opening an IO manager raises.
    """
    step, op = work.step, work.op
    if not op.is_plain or len(step.outputs) != 1:
        return None
    divided = work.partitions
    if divided is not None and (divided.keyed or len(divided.keys) != 1):
        return None
    if work.settled.is_asked or work.run.job_hooks:
        return None
    output = step.outputs[0]
    declared = op.outs.get(output.name)
    if declared is None or declared.may_be_none or not output.key:
        return None
    manager = work.open(output.io_manager_key).plain
    if manager is None:
        return None
    inputs: dict[str, Any] = {}
    for item in step.inputs:
        if item.loads:
            value = _load(work, item)
            if value is ODD:
                return None
            inputs[item.name] = value
        elif item.name in op.ins and not op.ins[item.name].is_nothing:
            return None
    for name, value in inputs.items():
        check_input(op, name, value)
    return PlainStep(work, output, manager, inputs)


def _load(work: StepWork, item: StepInput) -> Any:
    """A plain value; `ODD` for one that is not."""
    declared = work.op.ins[item.name]
    version = None if item.output is None else work.versions.get(item.output)
    if version is None or not item.key or item.listed or item.keyed or item.is_empty or item.environment:
        return ODD
    if declared.input_manager_key or declared.metadata:
        return ODD
    key, maker = made_by(work, item)
    path = item.key
    if item.partition:
        if key is None or maker is None or maker.partitions_def is None:
            return ODD
        path = path_of(maker, key, item.partition)
    manager = work.open(item.io_manager_key, maker).plain
    return ODD if manager is None else manager.read_plain(path, version.name)


def says_more(returned: Any) -> bool:
    """Whether what a function has returned is more than a value to store."""
    if isinstance(returned, list | tuple):
        return len(returned) > 0 and isinstance(returned[0], MaterializeResult)
    return isinstance(returned, _SAYS_MORE)
