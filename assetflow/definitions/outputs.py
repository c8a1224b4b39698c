"""What an asset makes."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from assetflow.definitions.arguments import Arguments
from assetflow.definitions.asset_spec import AssetSpec
from assetflow.definitions.checks import AssetCheckResult
from assetflow.definitions.data_version import DataVersion
from assetflow.definitions.labels import read_labels
from assetflow.definitions.materialize_result import MaterializeResult
from assetflow.definitions.metadata import RawMetadata, normalize_metadata
from assetflow.definitions.names import CoercibleToPrefix, check_group, read_prefix
from assetflow.definitions.signature import EMPTY
from assetflow.definitions.source_asset import DEFAULT_GROUP
from assetflow.errors import ParameterCheckError
from assetflow.keys import AssetKey, CoercibleToAssetKey

if TYPE_CHECKING:
    from assetflow.definitions.automation_condition import AutomationCondition
    from assetflow.definitions.freshness_policy import FreshnessPolicy

T = TypeVar("T")


class Output(Generic[T]):
    """A value, with what there is to say about it.

    Args:
        value: what is stored and handed on.
        output_name: which output it is; an asset's only one is ``result``.
        metadata: recorded with the materialization.
        data_version: of what was made; equal versions mean equal data. ``logical_version`` is its older name.
        tags: recorded with the materialization, text to text.

    Raises:
        InvalidMetadata: metadata of a kind that cannot be recorded.
    """

    __slots__ = ("data_version", "metadata", "output_name", "tags", "value")

    def __init__(
        self,
        value: T,
        output_name: str = "result",
        metadata: RawMetadata | None = None,
        *,
        data_version: DataVersion | None = None,
        logical_version: DataVersion | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        if not isinstance(output_name, str):
            raise ParameterCheckError(f"output_name is a str, not {output_name!r}")
        version = data_version or logical_version
        if version is not None and not isinstance(version, DataVersion):
            raise ParameterCheckError(f"data_version of an Output is a DataVersion, not {version!r}")
        if tags:
            Arguments("Output").labels(tags=tags)
        self.value = value
        self.output_name = output_name
        self.metadata = normalize_metadata(metadata) if metadata is not None else {}
        self.data_version = version
        self.tags = dict(tags) if tags else {}

    def __repr__(self) -> str:
        return f"Output({self.value!r}, output_name={self.output_name!r}, metadata={self.metadata!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Output) and (self.value, self.output_name, self.metadata) == (
            other.value,
            other.output_name,
            other.metadata,
        )

    __hash__ = None  # type: ignore[assignment]


class AssetOut:
    """Declares one of the assets that a function makes.

    Args:
        key_prefix: put before the output's name; a str is split at "/".
        key: the asset's key, in place of prefix and name; a str is one segment.
        dagster_type: the type of the value, in place of the return annotation.
        description: for people.
        is_required: False lets the function end without it: then whatever needs the asset is skipped.
        io_manager_key: the resource that stores the value.
        metadata: of the definition; any values.
        group_name: by default that of the others, or ``default``.
        code_version: a label of the code that makes it, given by hand.
        owners: email addresses, or ``team:`` and a name.
        tags: label to value.
        kinds: such as "pandas"; three at most.
        freshness_policy: how old the data may be that it is made of.
        automation_condition: when a daemon has it made by itself.
    """

    __slots__ = (
        "annotation", "code_version", "description", "group_name", "io_manager_key", "is_required", "key",
        "key_prefix", "labels", "metadata",
    )  # fmt: skip

    def __init__(
        self,
        key_prefix: CoercibleToPrefix | None = None,
        key: CoercibleToAssetKey | None = None,
        dagster_type: Any = None,
        description: str | None = None,
        is_required: bool = True,
        io_manager_key: str = "io_manager",
        metadata: Mapping[str, Any] | None = None,
        group_name: str | None = None,
        code_version: str | None = None,
        owners: Iterable[str] | None = None,
        tags: Mapping[str, str] | None = None,
        kinds: Iterable[str] | None = None,
        freshness_policy: FreshnessPolicy | None = None,
        automation_condition: AutomationCondition | None = None,
    ) -> None:
        arguments = Arguments("AssetOut")
        arguments.texts(description=description, io_manager_key=io_manager_key, code_version=code_version)
        arguments.flags(is_required=is_required)
        arguments.mappings(metadata=metadata)
        arguments.annotation(dagster_type=dagster_type)
        self.key = None if key is None else AssetKey.from_coercible(key)
        self.key_prefix = read_prefix(key_prefix)
        self.annotation = dagster_type
        self.description = description
        self.is_required = is_required
        self.io_manager_key = io_manager_key
        self.metadata = dict(metadata or {})
        self.group_name = None if group_name is None else check_group(group_name)
        self.code_version = code_version
        self.labels = read_labels(owners, tags, kinds, None, freshness_policy, automation_condition)

    @staticmethod
    def from_spec(spec: AssetSpec, dagster_type: Any = None, io_manager_key: str = "io_manager") -> AssetOut:
        """An output that makes the asset of a spec."""
        return AssetOut(
            key=spec.key,
            dagster_type=dagster_type,
            description=spec.description,
            is_required=not spec.skippable,
            io_manager_key=io_manager_key,
            metadata=spec.metadata,
            group_name=spec.group_name,
            code_version=spec.code_version,
            owners=spec.owners,
            tags=spec.tags,
            kinds=spec.kinds,
            freshness_policy=spec.freshness_policy,
            automation_condition=spec.automation_condition,
        )

    def resolve(self, output: str) -> AssetKey:
        """The key it means for an output of this name."""
        return self.key if self.key is not None else AssetKey((*self.key_prefix, output))


def groups_of(
    outs: Mapping[str, AssetOut], keys: Mapping[str, AssetKey], common: str | None, where: str | None
) -> dict[AssetKey, str]:
    """The group of each asset: the common one, or that of its own output.

    Raises:
        InvalidDefinitionError: a group's name is none.
    """
    found = {keys[output]: common if common is not None else out.group_name for output, out in outs.items()}
    return {key: DEFAULT_GROUP if group is None else check_group(group, where) for key, group in found.items()}


def value_annotation(annotation: Any) -> Any:
    """What a return annotation says of the value: ``Output[T]`` means T, and a generator's says nothing."""
    if annotation in (Output, MaterializeResult, AssetCheckResult):
        return EMPTY
    origin = typing.get_origin(annotation)
    if origin is Output:
        return value_annotation(typing.get_args(annotation)[0])
    if origin is MaterializeResult:
        return value_annotation(typing.get_args(annotation)[0])
    name = getattr(origin or annotation, "__name__", "")
    if name in ("Generator", "Iterator", "Iterable", "AsyncGenerator", "AsyncIterator", "Awaitable", "Coroutine"):
        return EMPTY
    return annotation


def value_annotations(returned: Any, count: int) -> tuple[Any, ...]:
    """What a return annotation says of each of several outputs; nothing where it is no tuple of as many."""
    parts = typing.get_args(returned) if typing.get_origin(returned) is tuple else ()
    if count == 1 and not parts:
        return (value_annotation(returned),)
    fitting = parts if len(parts) == count and Ellipsis not in parts else (EMPTY,) * count
    return tuple(map(value_annotation, fitting))


def is_self_stored(returned: Any) -> bool:
    """Whether a return annotation says that the function stores its asset by itself."""
    return MaterializeResult in (returned, typing.get_origin(returned))
