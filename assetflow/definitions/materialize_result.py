"""What a function returns that has stored its asset by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Generic, TypeVar

from assetflow.definitions.arguments import Arguments
from assetflow.definitions.checks import AssetCheckResult
from assetflow.definitions.data_version import DataVersion
from assetflow.definitions.metadata import MetadataValue, RawMetadata, normalize_metadata
from assetflow.errors import CheckError
from assetflow.keys import AssetKey, CoercibleToAssetKey

T = TypeVar("T")


class _NoValue:
    """Stands for the value of an output that the function has stored by itself."""

    def __repr__(self) -> str:
        return "NO_VALUE"

    def __reduce__(self) -> str:
        return "NO_VALUE"


NO_VALUE: Final = _NoValue()


class MaterializeResult(Generic[T]):
    """Says that an asset was made. Without a value no IO manager is involved.

    Args:
        asset_key: which asset, if the function makes several.
        metadata: recorded with the materialization.
        check_results: of checks that the function has done, as declared in ``check_specs``.
        data_version: of what was made; equal versions mean equal data.
        tags: recorded with the materialization, text to text.
        value: stored with the asset's IO manager, if given.
    """

    __slots__ = ("asset_key", "check_results", "data_version", "metadata", "tags", "value")

    def __init__(
        self,
        *,
        asset_key: CoercibleToAssetKey | None = None,
        metadata: RawMetadata | None = None,
        check_results: Iterable[AssetCheckResult] | None = None,
        data_version: DataVersion | None = None,
        tags: Mapping[str, str] | None = None,
        value: T | _NoValue = NO_VALUE,
    ) -> None:
        arguments = Arguments("MaterializeResult")
        arguments.labels(tags=tags)
        arguments.sets(check_results=check_results)
        if data_version is not None and not isinstance(data_version, DataVersion):
            arguments.refuse("data_version", data_version, "a DataVersion")
        self.asset_key: AssetKey | None = None if asset_key is None else AssetKey.from_coercible(asset_key)
        self.metadata: dict[str, MetadataValue] = normalize_metadata(metadata)
        self.check_results: tuple[AssetCheckResult, ...] = tuple(check_results or ())
        for result in self.check_results:
            if not isinstance(result, AssetCheckResult):
                raise CheckError(f"check_results holds AssetCheckResult, not {result!r}")
        self.data_version = data_version
        self.tags: dict[str, str] = dict(tags or {})
        self.value: Any = value

    def __repr__(self) -> str:
        about = "" if self.asset_key is None else f"asset_key={self.asset_key.to_user_string()!r}, "
        return f"MaterializeResult({about}metadata={self.metadata!r})"
