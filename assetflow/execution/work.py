"""One step at hand, with everything its execution needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assetflow.definitions.assets_definition import AssetsDefinition
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
    log: StepLogger
    values: dict[int, Any] | None = None
