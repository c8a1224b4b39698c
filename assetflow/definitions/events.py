"""What user code can tell about assets while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from assetflow.definitions.metadata import MetadataValue, RawMetadata, normalize_metadata
from assetflow.errors import ParameterCheckError
from assetflow.keys import AssetKey, CoercibleToAssetKey


@dataclass(frozen=True, slots=True, init=False)
class _AssetEvent:
    """An event about an asset."""

    asset_key: AssetKey
    description: str | None = None
    metadata: dict[str, MetadataValue] = field(default_factory=dict)
    partition: str | None = None
    tags: dict[str, str] = field(default_factory=dict)

    def __init__(
        self,
        asset_key: CoercibleToAssetKey,
        description: str | None = None,
        metadata: RawMetadata | None = None,
        partition: str | None = None,
        tags: dict[str, str] | None = None,
    ) -> None:
        for what, value in (("description", description), ("partition", partition)):
            if value is not None and not isinstance(value, str):
                raise ParameterCheckError(f"{what} of an {type(self).__name__} is a text, not {value!r}")
        for label, value in (tags or {}).items():
            if not isinstance(label, str) or not isinstance(value, str):
                raise ParameterCheckError(f"tags of an {type(self).__name__} are text, not {label!r}: {value!r}")
        object.__setattr__(self, "asset_key", AssetKey.from_coercible(asset_key))
        object.__setattr__(self, "description", description)
        object.__setattr__(self, "metadata", normalize_metadata(metadata))
        object.__setattr__(self, "partition", partition)
        object.__setattr__(self, "tags", dict(tags or {}))


class AssetMaterialization(_AssetEvent):
    """An asset was made, by other means than an output."""


class AssetObservation(_AssetEvent):
    """Something was seen about an asset, which was not made by it."""


@dataclass(frozen=True, slots=True, init=False)
class ExpectationResult:
    """Whether something was as expected; it is recorded, and changes nothing."""

    success: bool
    label: str | None = None
    description: str | None = None
    metadata: dict[str, MetadataValue] = field(default_factory=dict)

    def __init__(
        self,
        success: bool,
        label: str | None = None,
        description: str | None = None,
        metadata: RawMetadata | None = None,
    ) -> None:
        object.__setattr__(self, "success", success)
        object.__setattr__(self, "label", label)
        object.__setattr__(self, "description", description)
        object.__setattr__(self, "metadata", normalize_metadata(metadata))
