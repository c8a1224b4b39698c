"""Software-defined assets, executed by Celery workers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Where each public name lives. Importing assetflow loads no broker, no store and no graph library; what
# needs them is loaded when it is first used.
_HOMES = {
    # defining assets
    "asset": "assetflow.definitions.asset",
    "AssetIn": "assetflow.definitions.inputs",
    "AssetKey": "assetflow.keys",
    "AssetsDefinition": "assetflow.definitions.assets_definition",
    "Output": "assetflow.definitions.outputs",
    "SourceAsset": "assetflow.definitions.source_asset",
    "Definitions": "assetflow.definitions.bundle",
    "MetadataValue": "assetflow.definitions.metadata",
    "AssetMaterialization": "assetflow.definitions.events",
    "AssetObservation": "assetflow.definitions.events",
    "RetryPolicy": "assetflow.definitions.retry",
    "RetryRequested": "assetflow.definitions.retry",
    "Backoff": "assetflow.definitions.retry",
    "Jitter": "assetflow.definitions.retry",
    "Failure": "assetflow.definitions.retry",
    # contexts, resources and storage
    "OpExecutionContext": "assetflow.definitions.context",
    "InputContext": "assetflow.definitions.context",
    "OutputContext": "assetflow.definitions.context",
    "InitResourceContext": "assetflow.definitions.resource",
    "ResourceDefinition": "assetflow.definitions.resource",
    "resource": "assetflow.definitions.resource",
    "IOManager": "assetflow.definitions.io_manager",
    "VersionedIOManager": "assetflow.definitions.io_manager",
    "IOManagerDefinition": "assetflow.definitions.io_manager",
    "io_manager": "assetflow.definitions.io_manager",
    "FilesystemIOManager": "assetflow.io.filesystem",
    "fs_io_manager": "assetflow.io.filesystem",
    # gathering and selecting
    "load_assets_from_modules": "assetflow.definitions.loading",
    "load_assets_from_current_module": "assetflow.definitions.loading",
    "load_assets_from_package_module": "assetflow.definitions.loading",
    "load_assets_from_package_name": "assetflow.definitions.loading",
    "AssetSelection": "assetflow.graph.selection",
    # running
    "materialize": "assetflow.materialize",
    "ExecuteInProcessResult": "assetflow.in_process",
    "submit": "assetflow.client",
    "local_cluster": "assetflow.local.cluster",
    "RunHandle": "assetflow.handle",
    "RunResult": "assetflow.handle",
    "RunStatus": "assetflow.runs.states",
    "StepState": "assetflow.runs.states",
    # testing
    "build_op_context": "assetflow.testing.contexts",
    "build_asset_context": "assetflow.testing.contexts",
    "build_input_context": "assetflow.testing.contexts",
    "build_output_context": "assetflow.testing.contexts",
    # errors
    "AssetflowError": "assetflow.errors",
    "CheckError": "assetflow.errors",
    "CircularDependencyError": "assetflow.errors",
    "ConflictError": "assetflow.errors",
    "InvalidConfigError": "assetflow.errors",
    "InvalidDefinitionError": "assetflow.errors",
    "InvalidInvocationError": "assetflow.errors",
    "InvalidMetadata": "assetflow.errors",
    "InvalidSubsetError": "assetflow.errors",
    "InvariantViolationError": "assetflow.errors",
    "LoadError": "assetflow.errors",
    "ParameterCheckError": "assetflow.errors",
    "ResourceFunctionError": "assetflow.errors",
    "RunFailed": "assetflow.errors",
    "RunNotFoundError": "assetflow.errors",
    "ServiceUnreachableError": "assetflow.errors",
    "SettingsError": "assetflow.errors",
    "SignatureError": "assetflow.errors",
    "StepLostError": "assetflow.errors",
    "StepOutputNotFoundError": "assetflow.errors",
    "TypeCheckDidNotPass": "assetflow.errors",
    "UnknownResourceError": "assetflow.errors",
    "UnserializableValueError": "assetflow.errors",
    "WaitTimeout": "assetflow.errors",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605

if TYPE_CHECKING:
    from assetflow.client import submit as submit
    from assetflow.definitions.asset import asset as asset
    from assetflow.definitions.assets_definition import AssetsDefinition as AssetsDefinition
    from assetflow.definitions.bundle import Definitions as Definitions
    from assetflow.definitions.context import OpExecutionContext as OpExecutionContext
    from assetflow.definitions.inputs import AssetIn as AssetIn
    from assetflow.definitions.io_manager import IOManager as IOManager
    from assetflow.definitions.io_manager import io_manager as io_manager
    from assetflow.definitions.outputs import Output as Output
    from assetflow.definitions.resource import resource as resource
    from assetflow.definitions.retry import RetryPolicy as RetryPolicy
    from assetflow.definitions.source_asset import SourceAsset as SourceAsset
    from assetflow.keys import AssetKey as AssetKey
    from assetflow.local.cluster import local_cluster as local_cluster
    from assetflow.materialize import materialize as materialize


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'assetflow' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
