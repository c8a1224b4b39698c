"""Checks of assets: what they are called, and what they say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from assetflow.definitions.metadata import MetadataValue, RawMetadata, normalize_metadata
from assetflow.definitions.names import check_name, read_key
from assetflow.errors import CheckError, InvalidDefinitionError
from assetflow.keys import AssetKey, CoercibleToAssetKey


class AssetCheckSeverity(StrEnum):
    """How bad it is that a check has failed."""

    WARN = "WARN"
    ERROR = "ERROR"


class AssetCheckKey(NamedTuple):
    """Which check of which asset."""

    asset_key: AssetKey
    name: str

    def __str__(self) -> str:
        return f"{self.asset_key.to_user_string()}:{self.name}"


@dataclass(frozen=True, slots=True, init=False)
class AssetCheckSpec:
    """Declares a check.

    Attributes:
        name: of the check, among those of its asset.
        asset_key: of the asset that is checked.
        description: for people.
        blocking: whether what needs the asset waits for the check, and is not made if it fails as an error.
        metadata: of the definition; any values.
    """

    name: str
    asset_key: AssetKey
    description: str | None
    blocking: bool
    metadata: Mapping[str, Any]

    def __init__(
        self,
        name: str,
        *,
        asset: Any,
        description: str | None = None,
        blocking: bool = False,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        object.__setattr__(self, "name", check_name(name, f'check "{name}"'))
        object.__setattr__(self, "asset_key", key_of(asset))
        object.__setattr__(self, "description", description)
        object.__setattr__(self, "blocking", blocking)
        object.__setattr__(self, "metadata", dict(metadata or {}))

    @property
    def key(self) -> AssetCheckKey:
        """Asset and name."""
        return AssetCheckKey(self.asset_key, self.name)

    def of(self, asset_key: AssetKey) -> AssetCheckSpec:
        """The same check of another asset."""
        return AssetCheckSpec(
            self.name, asset=asset_key, description=self.description, blocking=self.blocking, metadata=self.metadata
        )

    def get_python_identifier(self) -> str:
        """The name of the step that does nothing but this check."""
        return f"{self.asset_key.to_python_identifier()}_{self.name}"


@dataclass(frozen=True, slots=True, init=False)
class AssetCheckResult:
    """What a check says.

    Attributes:
        passed: whether all is well.
        asset_key: of the asset that was checked; only needed where several could be meant.
        check_name: of the check; only needed where several could be meant.
        metadata: recorded with the result.
        severity: of a check that has not passed; only errors block.
        description: of what was found.
    """

    passed: bool
    asset_key: AssetKey | None
    check_name: str | None
    metadata: dict[str, MetadataValue] = field(hash=False)
    severity: AssetCheckSeverity
    description: str | None

    def __init__(
        self,
        passed: bool,
        asset_key: CoercibleToAssetKey | None = None,
        check_name: str | None = None,
        metadata: RawMetadata | None = None,
        severity: AssetCheckSeverity = AssetCheckSeverity.ERROR,
        description: str | None = None,
    ) -> None:
        if not is_truth(passed):
            raise CheckError(f"passed is True or False, not {passed!r}")
        if not isinstance(severity, AssetCheckSeverity):
            raise CheckError(f"severity is an AssetCheckSeverity, not {severity!r}")
        object.__setattr__(self, "passed", bool(passed))
        object.__setattr__(self, "asset_key", None if asset_key is None else AssetKey.from_coercible(asset_key))
        object.__setattr__(self, "check_name", check_name)
        object.__setattr__(self, "metadata", normalize_metadata(metadata))
        object.__setattr__(self, "severity", severity)
        object.__setattr__(self, "description", description)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetCheckEvaluation:
    """A check that was done in a run, and what it said.

    Attributes:
        blocking: whether it could keep others from being made.
    """

    asset_key: AssetKey
    check_name: str
    passed: bool
    severity: AssetCheckSeverity = AssetCheckSeverity.ERROR
    description: str | None = None
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    blocking: bool = False

    @property
    def asset_check_key(self) -> AssetCheckKey:
        """Asset and name."""
        return AssetCheckKey(self.asset_key, self.check_name)


def read_check_specs(
    specs: Iterable[AssetCheckSpec] | None, made: Iterable[AssetKey], where: str | None
) -> dict[str, AssetCheckSpec]:
    """The checks that a function does of what it makes, by a name that is safe in Python.

    Raises:
        CheckError: something among them is no AssetCheckSpec.
        InvalidDefinitionError: one is of an asset that the function does not make, or comes twice.
    """
    keys = set(made)
    found: dict[str, AssetCheckSpec] = {}
    for spec in specs or ():
        if not isinstance(spec, AssetCheckSpec):
            raise CheckError(f"check_specs holds AssetCheckSpec, not {spec!r}")
        if spec.asset_key not in keys:
            raise InvalidDefinitionError(
                f"Invalid asset key {spec.asset_key.to_user_string()} in check spec {spec.name}: the function makes "
                f"{', '.join(sorted(key.to_user_string() for key in keys))}",
                where=where,
                fix="use @asset_check for a check of an asset that is made elsewhere",
            )
        if spec.get_python_identifier() in found:
            raise InvalidDefinitionError(f"Duplicate check specs: {spec.key}", where=where)
        found[spec.get_python_identifier()] = spec
    return found


def key_of(asset: Any, argument: str = "asset") -> AssetKey:
    """The key of an asset, a source, a spec, or something that can be a key.

    Raises:
        CheckError: there is none.
        InvalidDefinitionError: a text has a "/".
    """
    key = getattr(asset, "key", None)
    return key if isinstance(key, AssetKey) else read_key(asset, argument)


def is_truth(value: Any) -> bool:
    """Whether a value is True or False, also as numpy has them."""
    return isinstance(value, bool) or type(value).__name__ in ("bool_", "bool")
