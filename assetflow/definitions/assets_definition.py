"""An op together with the assets it makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from assetflow.definitions.invocation import invoke
from assetflow.definitions.location import SourceLocation
from assetflow.definitions.op import OpDefinition
from assetflow.definitions.resource import ResourceDefinition
from assetflow.definitions.source_asset import DEFAULT_GROUP, SourceAsset
from assetflow.errors import CheckError, InvalidDefinitionError, InvalidInvocationError
from assetflow.keys import AssetKey, CoercibleToAssetKey

_NOTHING: Mapping[str, ResourceDefinition] = MappingProxyType({})


class AssetsDefinition:
    """What ``@asset`` makes of a function. Still callable: a direct call runs the function in place.

    Attributes:
        op: the function, with its inputs and outputs declared.
        keys_by_input_name: which asset each input stands for.
        keys_by_output_name: which asset each output makes.
        group_names_by_key: the group of each asset.
        metadata_by_key: definition metadata of each asset.
        resource_defs: resources that come with it.
        can_subset: whether it can make some of its assets without the others.
        asset_deps: for each asset it makes, the assets that one needs, its own among them.
    """

    __slots__ = (
        "_deps", "_resource_defs", "can_subset", "group_names_by_key", "keys_by_input_name", "keys_by_output_name",
        "metadata_by_key", "op",
    )  # fmt: skip

    def __init__(
        self,
        *,
        op: OpDefinition,
        keys_by_input_name: Mapping[str, AssetKey],
        keys_by_output_name: Mapping[str, AssetKey],
        group_names_by_key: Mapping[AssetKey, str],
        metadata_by_key: Mapping[AssetKey, Mapping[str, Any]],
        resource_defs: Mapping[str, ResourceDefinition] | None = None,
        can_subset: bool = False,
        asset_deps: Mapping[AssetKey, Iterable[AssetKey]] | None = None,
    ) -> None:
        self.op = op
        self.keys_by_input_name = keys_by_input_name
        self.keys_by_output_name = keys_by_output_name
        self.group_names_by_key = group_names_by_key
        self.metadata_by_key = metadata_by_key
        self._resource_defs = dict(resource_defs) if resource_defs else None
        self.can_subset = can_subset
        self._deps = {key: frozenset(deps) for key, deps in asset_deps.items()} if asset_deps else None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function here and now, and return exactly what it returns."""
        return invoke(self, args, kwargs)

    def __repr__(self) -> str:
        return f"AssetsDefinition({', '.join(sorted(key.to_user_string() for key in self.keys))})"

    @property
    def key(self) -> AssetKey:
        """The asset's key; CheckError if there are several."""
        if len(self.keys_by_output_name) != 1:
            raise CheckError(f"{self.op.name} makes several assets; ask for .keys")
        return next(iter(self.keys_by_output_name.values()))

    @property
    def keys(self) -> frozenset[AssetKey]:
        """The assets it makes."""
        return frozenset(self.keys_by_output_name.values())

    @property
    def node_def(self) -> OpDefinition:
        """The op, under the reference's name."""
        return self.op

    @property
    def location(self) -> SourceLocation | None:
        """Where the function is written."""
        return self.op.location

    @property
    def dependency_keys(self) -> frozenset[AssetKey]:
        """The assets it needs."""
        return frozenset(self.keys_by_input_name.values())

    @property
    def has_own_deps(self) -> bool:
        """Whether its assets need different ones, instead of all of them everything."""
        return self._deps is not None

    @property
    def asset_deps(self) -> dict[AssetKey, set[AssetKey]]:
        """For each asset it makes, the assets that one needs."""
        if self._deps is not None:
            return {key: set(deps) for key, deps in self._deps.items()}
        return {key: set(self.keys_by_input_name.values()) for key in self.keys_by_output_name.values()}

    @property
    def resource_defs(self) -> Mapping[str, ResourceDefinition]:
        """Resources that come with it."""
        return self._resource_defs or _NOTHING

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """Resources its function and its outputs need."""
        managers = {out.io_manager_key for out in self.op.outs.values()}
        hooks = {key for hook in self.op.hooks for key in hook.required_resource_keys}
        return self.op.required_resource_keys | managers | hooks

    @property
    def code_versions_by_key(self) -> dict[AssetKey, str | None]:
        """The code version its author gave."""
        versions = {name: out.code_version or self.op.code_version for name, out in self.op.outs.items()}
        return {key: versions[name] for name, key in self.keys_by_output_name.items()}

    @property
    def descriptions_by_key(self) -> dict[AssetKey, str | None]:
        """What there is to say about each asset: of its own output, else of the function."""
        texts = {name: out.description or self.op.description for name, out in self.op.outs.items()}
        return {key: texts[name] for name, key in self.keys_by_output_name.items()}

    def with_attributes(
        self, *, group_name: str | None = None, new_keys: Mapping[AssetKey, AssetKey] | None = None
    ) -> AssetsDefinition:
        """A copy in another group, or with other keys.

        Args:
            group_name: of all its assets.
            new_keys: old key to new key, for the assets it makes and those it needs.

        Raises:
            InvalidDefinitionError: one of its assets has a group already.
        """
        if group_name is not None:
            clash = sorted(key for key, group in self.group_names_by_key.items() if group != DEFAULT_GROUP)
            if clash:
                names = ", ".join(key.to_user_string() for key in clash)
                raise InvalidDefinitionError(f"Group name already exists on assets {names}", where=self.op.where)
        renamed = new_keys or {}

        def new(key: AssetKey) -> AssetKey:
            return renamed.get(key, key)

        return AssetsDefinition(
            op=self.op,
            keys_by_input_name={name: new(key) for name, key in self.keys_by_input_name.items()},
            keys_by_output_name={name: new(key) for name, key in self.keys_by_output_name.items()},
            group_names_by_key={new(key): group_name or group for key, group in self.group_names_by_key.items()},
            metadata_by_key={new(key): metadata for key, metadata in self.metadata_by_key.items()},
            resource_defs=self._resource_defs,
            can_subset=self.can_subset,
            asset_deps={new(key): map(new, deps) for key, deps in self._deps.items()} if self._deps else None,
        )

    def to_source_asset(self, key: CoercibleToAssetKey | None = None) -> SourceAsset:
        """One of its assets as a source, for others that only read it.

        Raises:
            CheckError: it makes several assets and no key is given, or does not make the given one.
        """
        if key is None and len(self.keys) > 1:
            raise CheckError(f"{self.op.name} makes several assets: give to_source_asset a key, or ask for all")
        wanted = self.key if key is None else AssetKey.from_coercible(key)
        for source in self.to_source_assets():
            if source.key == wanted:
                return source
        raise CheckError(f"{self.op.name} does not make {wanted.to_user_string()}")

    def to_source_assets(self) -> list[SourceAsset]:
        """All of its assets as sources."""
        found = []
        for name, key in self.keys_by_output_name.items():
            source = SourceAsset(
                key,
                metadata=dict(self.metadata_by_key.get(key) or {}),
                io_manager_key=self.op.outs[name].io_manager_key,
                description=self.descriptions_by_key[key],
                group_name=self.group_names_by_key[key],
                resource_defs=self.resource_defs,
            )
            source.location = self.location or source.location
            found.append(source)
        return found

    def with_resources(self, resource_defs: Mapping[str, ResourceDefinition]) -> AssetsDefinition:
        """A copy that brings these resources along.

        Raises:
            InvalidInvocationError: it brings other resources under the same keys already.
        """
        clash = sorted(key for key, own in self.resource_defs.items() if resource_defs.get(key, own) is not own)
        if clash:
            raise InvalidInvocationError(
                f"{self!r} has conflicting resource definitions for: {', '.join(clash)}", where=self.op.where
            )
        copy = self.with_attributes()
        copy._resource_defs = {**self.resource_defs, **resource_defs}
        return copy


def key_clashes(definitions: Iterable[AssetsDefinition]) -> list[tuple[AssetKey, list[AssetsDefinition]]]:
    """Keys that more than one of the definitions makes."""
    makers: dict[AssetKey, list[AssetsDefinition]] = {}
    for definition in definitions:
        for key in definition.keys_by_output_name.values():
            makers.setdefault(key, []).append(definition)
    return [(key, found) for key, found in makers.items() if len(found) > 1]
