"""Assets that others make: they are loaded, never executed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from assetflow.definitions.asset_spec import IO_MANAGER_KEY, AssetSpec
from assetflow.definitions.io_manager import IOManagerDefinition
from assetflow.definitions.location import SourceLocation
from assetflow.definitions.metadata import MetadataValue, RawMetadata, normalize_metadata
from assetflow.definitions.names import check_group
from assetflow.definitions.resource import ResourceDefinition, as_resource, as_resources
from assetflow.errors import CheckError, InvalidDefinitionError, InvalidMetadata
from assetflow.keys import AssetKey, CoercibleToAssetKey
from assetflow.partitions.partitions_definition import PartitionsDefinition

DEFAULT_GROUP = "default"


class SourceAsset:
    """Something in storage that assets read and that no asset makes.

    Args:
        key: a str is one segment.
        metadata: of the definition.
        io_manager_key: which IO manager loads it; by default ``io_manager``.
        io_manager_def: the IO manager itself.
        description: for people.
        partitions_def: how it is divided.
        group_name: by default ``default``.
        resource_defs: resources that come with it.
        observe_fn: says which data it holds now; see `observable_source_asset`.
        required_resource_keys: resources that this function uses.
    """

    __slots__ = (
        "description", "group_name", "io_manager_key", "key", "location", "observe_fn", "partitions_def",
        "raw_metadata", "required_resource_keys", "resource_defs",
    )  # fmt: skip

    def __init__(
        self,
        key: CoercibleToAssetKey,
        metadata: RawMetadata | None = None,
        io_manager_key: str | None = None,
        io_manager_def: IOManagerDefinition | None = None,
        description: str | None = None,
        partitions_def: PartitionsDefinition | None = None,
        group_name: str | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        observe_fn: Callable[..., Any] | None = None,
        required_resource_keys: Iterable[str] | None = None,
    ) -> None:
        if partitions_def is not None and not isinstance(partitions_def, PartitionsDefinition):
            raise CheckError(f"partitions_def of a SourceAsset is a PartitionsDefinition, not {partitions_def!r:.200}")
        self.partitions_def = partitions_def
        self.key = AssetKey.from_coercible(key)
        self.raw_metadata = dict(metadata or {})
        self.description = description
        self.group_name = DEFAULT_GROUP if group_name is None else check_group(group_name)
        self.resource_defs = as_resources(resource_defs)
        self.observe_fn = observe_fn
        self.required_resource_keys = frozenset(required_resource_keys or ())
        if io_manager_def is not None:
            name = io_manager_key or f"{self.key.to_python_identifier()}__io_manager"
            own = as_resource(io_manager_def)
            if self.resource_defs.setdefault(name, own) is not own:
                raise InvalidDefinitionError(
                    f"SourceAsset {self.key.to_user_string()}: io_manager_def and resource_defs give different "
                    f"definitions for the key {name!r}"
                )
            self.io_manager_key = name
        else:
            self.io_manager_key = io_manager_key or "io_manager"
        caller = sys._getframe(1)
        self.location = SourceLocation(caller.f_code.co_filename, caller.f_lineno)

    @property
    def io_manager_def(self) -> ResourceDefinition | None:
        """The IO manager it brings along, if any."""
        return self.resource_defs.get(self.io_manager_key)

    @property
    def is_observable(self) -> bool:
        """Whether there is a function that says which data it holds now."""
        return self.observe_fn is not None

    @property
    def metadata(self) -> dict[str, MetadataValue]:
        """The metadata, as far as it is of a kind that can be recorded."""
        found = {}
        for label, value in self.raw_metadata.items():
            try:
                found.update(normalize_metadata({label: value}))
            except InvalidMetadata:
                found[label] = MetadataValue("text", str(value))
        return found

    @staticmethod
    def of_spec(spec: AssetSpec) -> SourceAsset:
        """The asset of a spec, which others make."""
        source = SourceAsset(
            spec.key,
            metadata=spec.metadata,
            io_manager_key=spec.metadata.get(IO_MANAGER_KEY),
            description=spec.description,
            group_name=spec.group_name,
            partitions_def=spec.partitions_def,
        )
        source.location = spec.location
        return source

    def with_resources(self, resource_defs: Mapping[str, ResourceDefinition]) -> SourceAsset:
        """A copy that brings these resources along."""
        copy = self.with_attributes()
        copy.resource_defs = {**self.resource_defs, **resource_defs}
        return copy

    def with_group_name(self, group_name: str) -> SourceAsset:
        """A copy in another group; InvalidDefinitionError if it has a group already."""
        return self.with_attributes(group_name=group_name)

    def with_attributes(self, *, group_name: str | None = None) -> SourceAsset:
        """A copy in another group.

        Raises:
            InvalidDefinitionError: it has a group already.
        """
        if group_name is not None and self.group_name != DEFAULT_GROUP:
            raise InvalidDefinitionError(
                f"A group name has already been provided to source asset {self.key.to_user_string()}",
                where=str(self.location),
            )
        copy = SourceAsset.__new__(SourceAsset)
        for name in self.__slots__:
            setattr(copy, name, getattr(self, name))
        copy.group_name = self.group_name if group_name is None else check_group(group_name)
        return copy

    def __repr__(self) -> str:
        return f"SourceAsset({self.key.to_user_string()!r})"
