"""One step at hand, with everything its execution needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assetflow.code.versions import CodeVersions
from assetflow.config.spec import ConfigSpec
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.hooks import HookDefinition
from assetflow.definitions.op import OpDefinition
from assetflow.definitions.run_config import entry_of, place_of_entry
from assetflow.definitions.source_asset import SourceAsset
from assetflow.definitions.value_partitions import ValuePartitions
from assetflow.errors import LoadError
from assetflow.execution.resources import Opened, ResourcesByEnvironment
from assetflow.execution.settled import Settled
from assetflow.keys import Version
from assetflow.log import StepLogger
from assetflow.planning.makers import Makers
from assetflow.planning.plan import Step, StepOutput
from assetflow.runs.claims import Claim
from assetflow.runs.facts import Read


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWork:
    """What all steps of a run are executed with.

    Attributes:
        makers: of the assets.
        outputs: for each output of the plan the step that makes it, and what the plan says of it.
        job_hooks: what is called after every step of the run.
        code_versions: of the code as it is here; None if it is what the plan was made with.
        values: where outputs are also kept in memory, or None.
    """

    run_id: str
    makers: Makers
    outputs: Mapping[int, tuple[Step, StepOutput]]
    resources: ResourcesByEnvironment
    run_config: Mapping[str, Any]
    tags: Mapping[str, str]
    job_name: str
    job_hooks: tuple[HookDefinition, ...] = ()
    code_versions: CodeVersions | None = None
    values: dict[int, Any] | None = None


@dataclass(slots=True)
class StepWork:
    """One step to be executed. Nobody changes it; frozen it would take ten times as long to make, for every step.

    Attributes:
        asset: the definition the step belongs to.
        op: that the step calls.
        version: of what it makes.
        versions: of the inputs that this run has made.
        settled: what else is known of them.
        partitions: that it makes or checks; None if it is for none.
        made: values of outputs by name, where hooks are to see them.
        loaded: what was read that another run has made.
    """

    run: RunWork
    step: Step
    asset: AssetsDefinition
    op: OpDefinition
    claim: Claim
    version: Version
    versions: Mapping[int, Version]
    settled: Settled
    log: StepLogger
    partitions: ValuePartitions | None = None
    made: dict[str, Any] = field(default_factory=dict)
    loaded: list[Read] = field(default_factory=list)

    def open(self, key: str, owner: AssetsDefinition | SourceAsset | None = None, environment: str = "") -> Opened:
        """The resource under a key, as the step's asset or another one sees it, in the run's environment or another."""
        return self.run.resources.of(environment).one(owner or self.asset, key, self.log)

    def partitions_read(self, name: str) -> ValuePartitions | None:
        """The partitions that are read of an input; None if the asset has none."""
        items = [item for item in self.step.inputs if item.name == name]
        if not items or not (items[0].partition or items[0].is_empty):
            return None
        key = self.run.makers.key(items[0].key)
        maker = self.run.makers.assets.get(key) or self.run.makers.sources.get(key)
        if maker is None or maker.partitions_def is None:
            raise LoadError(
                f"the plan reads partition {items[0].partition} of {key.to_user_string()}, which has no partitions in "
                "the code on this worker",
                fix="start the workers again, with the code the run was submitted with",
            )
        keys = tuple(item.partition for item in items if item.partition)
        return ValuePartitions(maker.partitions_def, keys, items[0].keyed)

    @property
    def config_path(self) -> tuple[str, ...]:
        """The names under which the run config speaks of the op."""
        return (self.step.alias or self.asset.node_def.name, *self.step.node)

    @property
    def config_entry(self) -> Mapping[str, Any]:
        """What the run config says of the op."""
        return {} if not self.run.run_config else entry_of(self.run.run_config, self.config_path)

    def op_config(self) -> Any:
        """The op's config; InvalidConfigError if it does not fit."""
        if self.op.config.takes_anything:
            return self.config_entry.get("config")
        return self.op.config.process(self.config_entry, place_of_entry(self.config_path), f'op "{self.op.name}"')

    def io_config(self, spec: ConfigSpec | None, direction: str, name: str) -> Any:
        """What the run config tells an IO manager about one output or input of the op; None if nothing.

        Args:
            spec: what it may be told.
            direction: ``outputs`` or ``inputs``.
            name: of the output or the input.
        """
        if spec is None or (spec.takes_anything and not self.run.run_config):
            return None
        entry = self.config_entry.get(direction) or {}
        if spec.takes_anything:
            return entry.get(name)
        place = f"{place_of_entry(self.config_path)}:{direction}"
        return spec.process(entry, place, f'op "{self.op.name}"', name)


def value_paths(
    run_id: str, step: Step, output: StepOutput, partitions: ValuePartitions | None
) -> tuple[tuple[str, ...], ...]:
    """The segments under which each value of an output is stored: those of asset and partition, else run and step."""
    if not output.key:
        return ((run_id, step.key, output.name),)
    if partitions is None:
        return (output.key,)
    return tuple((*output.key, *partitions.segments(key)) for key in partitions.keys)


def partitions_of(step: Step, makers: Makers) -> ValuePartitions | None:
    """The partitions that a step makes or checks; None if it is for none.

    Raises:
        LoadError: the code here divides the asset in no way.
    """
    if not step.partitions:
        return None
    maker = makers.assets.get(step.maker_key)
    if maker is None or maker.partitions_def is None:
        raise LoadError(
            f"the plan asks for partition {step.partitions[0]} of {step.maker_key.to_user_string()}, which has no "
            "partitions in the code on this worker",
            fix="start the workers again, with the code the run was submitted with",
        )
    return ValuePartitions(
        maker.partitions_def, step.partitions, maker.backfill_policy.makes_several and not step.check
    )


def definition_of(step: Step, makers: Makers) -> tuple[AssetsDefinition, OpDefinition]:
    """The definition a step belongs to, and the op it calls.

    Raises:
        LoadError: the code here has another one than the plan was made of.
    """
    asset = makers.of(step)
    if asset is None:
        raise LoadError(
            f"the plan asks for {f'the check {step.check} of ' * bool(step.check)}{step.maker_key.to_user_string()}, "
            "which the code on this worker does not define",
            fix="start the workers again, with the code the run was submitted with",
        )
    try:
        op = asset.op_at(step.node)
    except KeyError:
        raise LoadError(
            f"the plan asks for the op {'.'.join(step.node) or 'itself'} of {step.maker_key.to_user_string()}, which "
            "the code on this worker does not have",
            fix="start the workers again, with the code the run was submitted with",
        ) from None
    for item in step.inputs:
        if item.loads and item.name not in op.ins:
            needed = {one.name for one in step.inputs if one.loads}
            raise LoadError(
                f"{step.key} takes other inputs on this worker than in the plan: "
                f"{', '.join(sorted(needed ^ op.ins.keys()))}",
                fix="start the workers again, with the code the run was submitted with",
            )
    return asset, op
