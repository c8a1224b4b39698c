"""What a run tells of an asset that it made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assetflow.definitions.metadata import MetadataValue
from assetflow.definitions.metadata_records import metadata_from_json
from assetflow.keys import AssetKey
from assetflow.runs.displays import record_display
from assetflow.runs.facts import OutputDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class Materialization:
    """An asset that a run made.

    Attributes:
        asset_key: of the asset.
        metadata: as it was recorded.
        version: name under which the value is kept; None where the IO manager keeps no versions.
        data_version: equal for equal data: as the function has said, else by content, else by version; None where an
            IO manager tells neither.
        tags: text to text.
    """

    asset_key: AssetKey
    metadata: Mapping[str, MetadataValue]
    version: str | None
    data_version: str | None
    tags: Mapping[str, str]

    def _repr_html_(self) -> str:
        about = [("version", self.version), ("data version", self.data_version)]
        return record_display(self.asset_key.to_user_string(), about, self.metadata)

    @staticmethod
    def of(output: OutputDetail) -> Materialization:
        """What a fact tells, in the words of the asset API."""
        return Materialization(
            asset_key=AssetKey(output.key),
            metadata=metadata_from_json(output.metadata),
            version=output.version,
            data_version=output.data_version,
            tags=dict(output.tags),
        )
