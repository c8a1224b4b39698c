"""What a function says that looks at a source."""

from __future__ import annotations

from collections.abc import Mapping

from assetflow.definitions.data_version import DataVersion
from assetflow.definitions.metadata import MetadataValue, RawMetadata, normalize_metadata
from assetflow.errors import CheckError

OBSERVATION = "observation"


class ObserveResult:
    """What was seen of a source.

    Args:
        metadata: recorded with the observation.
        data_version: of what is there now; equal versions mean equal data.
        tags: recorded with the observation, text to text.
    """

    __slots__ = ("data_version", "metadata", "tags")

    def __init__(
        self,
        *,
        metadata: RawMetadata | None = None,
        data_version: DataVersion | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        if data_version is not None and not isinstance(data_version, DataVersion):
            raise CheckError(f"data_version is a DataVersion, not {data_version!r}")
        self.metadata: dict[str, MetadataValue] = normalize_metadata(metadata)
        self.data_version = data_version
        self.tags = dict(tags or {})
