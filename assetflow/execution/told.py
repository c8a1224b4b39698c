"""What user code has told of assets, as it travels in facts."""

from __future__ import annotations

from typing import Any

from assetflow.definitions.events import AssetMaterialization, ExpectationResult
from assetflow.definitions.metadata_records import metadata_to_json
from assetflow.definitions.unfolding import Event


def event_record(event: Event) -> dict[str, Any]:
    """One event as JSON takes it."""
    if isinstance(event, ExpectationResult):
        about: dict[str, Any] = {"kind": "expectation", "label": event.label, "success": event.success}
    else:
        kind = "materialization" if isinstance(event, AssetMaterialization) else "observation"
        about = {"kind": kind, "key": list(event.asset_key.parts), "partition": event.partition, "tags": event.tags}
    return {**about, "description": event.description, "metadata": metadata_to_json(event.metadata)}
