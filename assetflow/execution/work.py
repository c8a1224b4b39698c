"""One step at hand, with everything its execution needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.io_manager import IOManagerDefinition
from assetflow.definitions.op import OpDefinition
from assetflow.definitions.run_config import entry_of
from assetflow.definitions.source_asset import SourceAsset
from assetflow.execution.resources import OpenResources
from assetflow.keys import AssetKey, Version
from assetflow.log import StepLogger
from assetflow.planning.plan import Step
from assetflow.runs.store import Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWork:
    """What executing one step needs.

    Attributes:
        versions: of the inputs that this run has made.
        made: values of outputs by name, where hooks are to see them.
        values: where outputs are also kept in memory, or None.
    """

    run_id: str
    step: Step
    claim: Claim
    versions: Mapping[int, Version]
    assets: Mapping[AssetKey, AssetsDefinition]
    sources: Mapping[AssetKey, SourceAsset]
    resources: OpenResources
    run_config: Mapping[str, Any]
    tags: Mapping[str, str]
    job_name: str
    log: StepLogger
    values: dict[int, Any] | None = None
    made: dict[str, Any] = field(default_factory=dict)

    def io_config(
        self, op: OpDefinition, owner: AssetsDefinition | SourceAsset, key: str, direction: str, name: str
    ) -> Any:
        """What the run config tells an IO manager about one output or input of an op; None if nothing.

        Args:
            owner: whose IO manager it is.
            key: of the IO manager.
            direction: ``outputs`` or ``inputs``.
            name: of the output or the input.
        """
        manager = self.resources.definition(owner, key)
        if not isinstance(manager, IOManagerDefinition):
            return None
        spec = manager.output_config if direction == "outputs" else manager.input_config
        told = entry_of(self.run_config, op).get(direction)
        return spec.process(told, f"root:ops:{op.name}:{direction}", f'op "{op.name}"', name)
