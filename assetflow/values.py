"""Reading what is stored, outside of a run."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any

from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.bundle import Definitions
from assetflow.definitions.resource_opening import check_config_keys
from assetflow.definitions.signature import EMPTY
from assetflow.environments import Environments
from assetflow.errors import InvariantViolationError
from assetflow.execution.inputs import load_stored, output_name, path_of, stored_partition
from assetflow.io.history import find_version
from assetflow.io.kept_versions import KeepsVersions
from assetflow.io.manifests import Manifest
from assetflow.keys import AssetKey, CoercibleToAssetKey
from assetflow.known_partitions import KnownPartitions
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.log import step_logger
from assetflow.overlay import Shelves
from assetflow.wiring import current_settings


class AssetValueLoader:
    """Loads values of assets with their IO managers; resources are opened once, and closed with the block.

    Args:
        resource_config: the ``resources`` part of a run config.
        env: name of the environment; by default that of the settings. What it has not, is read where it reads from.
    """

    def __init__(
        self, definitions: Definitions, resource_config: Mapping[str, Any] | None = None, env: str | None = None
    ) -> None:
        self._assets = {key: asset for asset in definitions.assets for key in asset.keys}
        self._sources = definitions.source_assets
        settings = current_settings()
        self._known = KnownPartitions(settings)
        environments = Environments(settings, definitions)
        chain = environments.chain(env or settings.env)
        shared = environments.resources(chain[0])
        every = {**shared, **{key: one for asset in definitions.assets for key, one in asset.resource_defs.items()}}
        check_config_keys(every, resource_config)
        self._shelves = Shelves(environments, chain, {"resources": resource_config or {}})
        self._closed = False

    def __enter__(self) -> AssetValueLoader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        self._shelves.close()

    def load_asset_value(
        self,
        asset_key: CoercibleToAssetKey,
        *,
        python_type: Any = EMPTY,
        metadata: Mapping[str, Any] | None = None,
        version: str | None = None,
        partition_key: str | None = None,
    ) -> Any:
        """What is stored of an asset, or of one of its partitions.

        Args:
            asset_key: a str is one segment.
            python_type: the type that is wanted; IO managers see it as ``InputContext.dagster_type``.
            metadata: reaches the IO manager as ``InputContext.metadata``.
            version: its name, or the beginning of it; ``@-1`` is the one before what is published. By default what is
                published.
            partition_key: of an asset with partitions, which.

        Raises:
            KeyError: no asset has this key; a source asset is none.
            InvalidInvocationError: the asset has partitions and none is named, or the other way round.
            TypeCheckDidNotPass: the value is not of the type that is wanted.
            FileNotFoundError: it was never materialized; other IO managers raise what they raise.
            InvariantViolationError: the asset stores nothing, its IO manager keeps no such version, or the block of the
                loader has ended.
        """
        key, asset = self._asset_of(asset_key)
        chosen = None
        if version is not None:
            chosen = find_version(self.keeper(key), path_of(asset, key, partition_key or ""), version)
        return load_stored(
            self._shelves.of(key, asset, partition_key or ""),
            asset,
            key,
            run_id="",
            log=step_logger("", "load_asset_value"),
            annotation=python_type,
            metadata=metadata,
            version=chosen,
            partition_key=partition_key,
        )

    def load_published(self, asset_key: CoercibleToAssetKey, partition_key: str | None = None) -> Any:
        """What this very environment has published of an asset, or a partition, and not one that it reads from."""
        key, asset = self._asset_of(asset_key)
        return load_stored(
            self._shelves.own,
            asset,
            key,
            run_id="",
            log=step_logger("", "load_published"),
            annotation=EMPTY,
            metadata=None,
            partition_key=partition_key,
        )

    def keeper(self, asset_key: CoercibleToAssetKey) -> KeepsVersions:
        """The IO manager of an asset, which can tell the versions it keeps.

        Raises:
            KeyError: no asset has this key.
            InvariantViolationError: its IO manager keeps no versions, or the asset stores nothing.
        """
        key, asset = self._asset_of(asset_key)
        out = asset.node_def.outs[output_name(asset, key)]
        if not out.is_nothing:
            manager = self._shelves.own.one(asset, out.io_manager_key, step_logger("", "versions")).value
            if isinstance(manager, KeepsVersions):
                return manager
        raise InvariantViolationError(
            f"asset {key.to_user_string()} has no versions: "
            + ("it stores nothing" if out.is_nothing else f"its IO manager, a {type(manager).__name__}, keeps none"),
            where=asset.node_def.where,
            fix="FilesystemIOManager and S3IOManager keep versions",
        )

    def path(self, asset_key: CoercibleToAssetKey, partition_key: str | None = None) -> tuple[str, ...]:
        """The segments under which an asset, or one of its partitions, is kept.

        Raises:
            KeyError: no asset has this key.
            UnknownPartitionError: the asset has no such partition.
            InvalidInvocationError: the asset has partitions and none is named, or the other way round.
        """
        key, asset = self._asset_of(asset_key)
        stored_partition(asset, key, partition_key)  # says what is wrong with it
        return path_of(asset, key, partition_key or "")

    def published(self, asset_key: CoercibleToAssetKey) -> dict[str, Manifest]:
        """What this very environment has published of an asset: of each partition by its key, else of "".

        Raises:
            KeyError: no asset has this key.
            InvariantViolationError: its IO manager keeps no versions, or the asset stores nothing.
        """
        key, asset = self._asset_of(asset_key)
        keeper, definition = self.keeper(key), asset.partitions_def
        every = [""] if definition is None else definition.get_partition_keys(dynamic_partitions_store=self._known)
        told = ((partition, keeper.current(path_of(asset, key, partition))) for partition in every)
        return {partition: manifest for partition, manifest in told if manifest is not None}

    def _asset_of(self, asset_key: CoercibleToAssetKey) -> tuple[AssetKey, AssetsDefinition]:
        if self._closed:
            raise InvariantViolationError(
                "the block of this loader has ended, and its resources are closed", fix="load inside of the block"
            )
        key = AssetKey.from_coercible(asset_key)
        asset = self._assets.get(key)
        if asset is None:
            raise KeyError(self._unknown(key))
        return key, asset

    def _unknown(self, key: AssetKey) -> str:
        name = key.to_user_string()
        if any(source.key == key for source in self._sources):
            return f"{name} is a source asset, which others make: only assets of one's own can be loaded"
        if "/" in name and len(key.parts) == 1 and AssetKey.from_user_string(name) in self._assets:
            return f"there is no asset of one segment {name!r}; did you mean AssetKey({name.split('/')!r})?"
        near = AssetGraph.names_near(name, self._assets)
        return f"there is no asset {name}" + (f"; did you mean {' or '.join(near)}?" if near else "")
