"""Software-defined assets, executed by Celery workers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Where each public name lives. Importing assetflow loads no broker, no store and no graph library; what
# needs them is loaded when it is first used.
_HOMES = {
    # defining assets
    "asset": "assetflow.definitions.asset",
    "multi_asset": "assetflow.definitions.multi_asset",
    "op": "assetflow.definitions.op_decorator",
    "In": "assetflow.definitions.op_decorator",
    "Out": "assetflow.definitions.op_decorator",
    "OpDefinition": "assetflow.definitions.op",
    "graph": "assetflow.definitions.graph_decorator",
    "GraphIn": "assetflow.definitions.graph_decorator",
    "GraphOut": "assetflow.definitions.graph_decorator",
    "GraphDefinition": "assetflow.definitions.graph_definition",
    "graph_asset": "assetflow.definitions.graph_asset",
    "graph_multi_asset": "assetflow.definitions.graph_asset",
    "Nothing": "assetflow.definitions.typecheck",
    "DagsterType": "assetflow.definitions.typecheck",
    "TypeCheck": "assetflow.definitions.typecheck",
    "AssetIn": "assetflow.definitions.inputs",
    "AssetOut": "assetflow.definitions.outputs",
    "AssetSpec": "assetflow.definitions.asset_spec",
    "AssetDep": "assetflow.definitions.asset_spec",
    "map_asset_specs": "assetflow.definitions.asset_spec",
    "MaterializeResult": "assetflow.definitions.materialize_result",
    "DataVersion": "assetflow.definitions.data_version",
    "LogicalVersion": "assetflow.definitions.data_version",
    "asset_check": "assetflow.definitions.check_decorator",
    "multi_asset_check": "assetflow.definitions.check_decorator",
    "AssetChecksDefinition": "assetflow.definitions.check_decorator",
    "AssetCheckEvaluation": "assetflow.definitions.checks",
    "AssetCheckKey": "assetflow.definitions.checks",
    "AssetCheckResult": "assetflow.definitions.checks",
    "AssetCheckSeverity": "assetflow.definitions.checks",
    "AssetCheckSpec": "assetflow.definitions.checks",
    "ExpectationResult": "assetflow.definitions.events",
    "AssetKey": "assetflow.keys",
    "AssetsDefinition": "assetflow.definitions.assets_definition",
    "Output": "assetflow.definitions.outputs",
    "SourceAsset": "assetflow.definitions.source_asset",
    "Definitions": "assetflow.definitions.bundle",
    "MetadataValue": "assetflow.definitions.metadata",
    "TableColumn": "assetflow.definitions.tables",
    "TableColumnConstraints": "assetflow.definitions.tables",
    "TableConstraints": "assetflow.definitions.tables",
    "TableRecord": "assetflow.definitions.tables",
    "TableSchema": "assetflow.definitions.tables",
    "repository": "assetflow.definitions.repository",
    "RepositoryDefinition": "assetflow.definitions.repository",
    "define_asset_job": "assetflow.definitions.job",
    "JobDefinition": "assetflow.definitions.job",
    "with_resources": "assetflow.definitions.with_resources",
    "AssetMaterialization": "assetflow.definitions.events",
    "AssetObservation": "assetflow.definitions.events",
    "RetryPolicy": "assetflow.definitions.retry",
    "RetryRequested": "assetflow.definitions.retry",
    "Backoff": "assetflow.definitions.retry",
    "Jitter": "assetflow.definitions.retry",
    "Failure": "assetflow.definitions.retry",
    "success_hook": "assetflow.definitions.hooks",
    "failure_hook": "assetflow.definitions.hooks",
    "HookContext": "assetflow.definitions.hooks",
    "HookDefinition": "assetflow.definitions.hooks",
    # contexts, resources and storage
    "AssetExecutionContext": "assetflow.definitions.context",
    "AssetCheckExecutionContext": "assetflow.definitions.context",
    "OpExecutionContext": "assetflow.definitions.context",
    "InputContext": "assetflow.definitions.io_context",
    "OutputContext": "assetflow.definitions.io_context",
    "InitResourceContext": "assetflow.definitions.resource",
    "ResourceDefinition": "assetflow.definitions.resource",
    "resource": "assetflow.definitions.resource",
    "IOManager": "assetflow.definitions.io_manager",
    "VersionedIOManager": "assetflow.definitions.io_manager",
    "IOManagerDefinition": "assetflow.definitions.io_manager",
    "InputManager": "assetflow.definitions.input_manager",
    "InputManagerDefinition": "assetflow.definitions.input_manager",
    "input_manager": "assetflow.definitions.input_manager",
    "UPathIOManager": "assetflow.io.upath",
    "io_manager": "assetflow.definitions.io_manager",
    "FilesystemIOManager": "assetflow.io.filesystem",
    "InMemoryIOManager": "assetflow.io.memory",
    "mem_io_manager": "assetflow.io.memory",
    "fs_io_manager": "assetflow.io.filesystem",
    # config
    "Any": "assetflow.config.names",
    "Array": "assetflow.config.collections",
    "Bool": "assetflow.config.names",
    "BoolSource": "assetflow.config.scalars",
    "Enum": "assetflow.config.scalars",
    "Config": "assetflow.config.config_class",
    "PermissiveConfig": "assetflow.config.config_class",
    "EnvVar": "assetflow.config.env_var",
    "ConfigurableResource": "assetflow.definitions.configurable",
    "ConfigurableResourceFactory": "assetflow.definitions.configurable",
    "ConfigurableIOManager": "assetflow.definitions.configurable",
    "ConfigurableIOManagerFactory": "assetflow.definitions.configurable",
    "ResourceParam": "assetflow.definitions.configurable",
    "RunConfig": "assetflow.definitions.run_config",
    "EnumValue": "assetflow.config.scalars",
    "Field": "assetflow.config.shapes",
    "Float": "assetflow.config.names",
    "Int": "assetflow.config.names",
    "IntSource": "assetflow.config.scalars",
    "Map": "assetflow.config.collections",
    "Noneable": "assetflow.config.collections",
    "Permissive": "assetflow.config.shapes",
    "ScalarUnion": "assetflow.config.scalars",
    "Selector": "assetflow.config.shapes",
    "Shape": "assetflow.config.shapes",
    "String": "assetflow.config.names",
    "StringSource": "assetflow.config.scalars",
    "configured": "assetflow.definitions.configured",
    # gathering and selecting
    "load_assets_from_modules": "assetflow.definitions.loading",
    "load_assets_from_current_module": "assetflow.definitions.loading",
    "load_assets_from_package_module": "assetflow.definitions.loading",
    "load_assets_from_package_name": "assetflow.definitions.loading",
    "AssetSelection": "assetflow.lineage.selection",
    # running
    "materialize": "assetflow.materializing",
    "materialize_to_memory": "assetflow.materializing",
    "AssetValueLoader": "assetflow.values",
    "ExecuteInProcessResult": "assetflow.in_process",
    "EventType": "assetflow.runs.story",
    "RunStoryEvent": "assetflow.runs.story",
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
    "build_init_resource_context": "assetflow.testing.contexts",
    "build_hook_context": "assetflow.testing.contexts",
    "build_resources": "assetflow.testing.contexts",
    # errors
    "AssetflowError": "assetflow.errors",
    "AssetCheckFailedError": "assetflow.errors",
    "CheckError": "assetflow.errors",
    "CircularDependencyError": "assetflow.errors",
    "ConfigError": "assetflow.errors",
    "ConfigErrorReason": "assetflow.errors",
    "ConfigMappingFunctionError": "assetflow.errors",
    "ConflictError": "assetflow.errors",
    "InvalidConfigDefinitionError": "assetflow.errors",
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
    from assetflow.definitions.events import AssetMaterialization as AssetMaterialization
    from assetflow.definitions.events import AssetObservation as AssetObservation
    from assetflow.definitions.inputs import AssetIn as AssetIn
    from assetflow.definitions.io_context import InputContext as InputContext
    from assetflow.definitions.io_context import OutputContext as OutputContext
    from assetflow.definitions.io_manager import IOManager as IOManager
    from assetflow.definitions.io_manager import IOManagerDefinition as IOManagerDefinition
    from assetflow.definitions.io_manager import VersionedIOManager as VersionedIOManager
    from assetflow.definitions.io_manager import io_manager as io_manager
    from assetflow.definitions.loading import load_assets_from_current_module as load_assets_from_current_module
    from assetflow.definitions.loading import load_assets_from_modules as load_assets_from_modules
    from assetflow.definitions.loading import load_assets_from_package_module as load_assets_from_package_module
    from assetflow.definitions.loading import load_assets_from_package_name as load_assets_from_package_name
    from assetflow.definitions.metadata import MetadataValue as MetadataValue
    from assetflow.definitions.multi_asset import multi_asset as multi_asset
    from assetflow.definitions.outputs import AssetOut as AssetOut
    from assetflow.definitions.outputs import Output as Output
    from assetflow.definitions.resource import InitResourceContext as InitResourceContext
    from assetflow.definitions.resource import ResourceDefinition as ResourceDefinition
    from assetflow.definitions.resource import resource as resource
    from assetflow.definitions.retry import Backoff as Backoff
    from assetflow.definitions.retry import Failure as Failure
    from assetflow.definitions.retry import Jitter as Jitter
    from assetflow.definitions.retry import RetryPolicy as RetryPolicy
    from assetflow.definitions.retry import RetryRequested as RetryRequested
    from assetflow.definitions.source_asset import SourceAsset as SourceAsset
    from assetflow.errors import AssetflowError as AssetflowError
    from assetflow.errors import CheckError as CheckError
    from assetflow.errors import CircularDependencyError as CircularDependencyError
    from assetflow.errors import ConflictError as ConflictError
    from assetflow.errors import InvalidConfigError as InvalidConfigError
    from assetflow.errors import InvalidDefinitionError as InvalidDefinitionError
    from assetflow.errors import InvalidInvocationError as InvalidInvocationError
    from assetflow.errors import InvalidMetadata as InvalidMetadata
    from assetflow.errors import InvalidSubsetError as InvalidSubsetError
    from assetflow.errors import InvariantViolationError as InvariantViolationError
    from assetflow.errors import LoadError as LoadError
    from assetflow.errors import ParameterCheckError as ParameterCheckError
    from assetflow.errors import ResourceFunctionError as ResourceFunctionError
    from assetflow.errors import RunFailed as RunFailed
    from assetflow.errors import RunNotFoundError as RunNotFoundError
    from assetflow.errors import ServiceUnreachableError as ServiceUnreachableError
    from assetflow.errors import SettingsError as SettingsError
    from assetflow.errors import SignatureError as SignatureError
    from assetflow.errors import StepLostError as StepLostError
    from assetflow.errors import StepOutputNotFoundError as StepOutputNotFoundError
    from assetflow.errors import TypeCheckDidNotPass as TypeCheckDidNotPass
    from assetflow.errors import UnknownResourceError as UnknownResourceError
    from assetflow.errors import UnserializableValueError as UnserializableValueError
    from assetflow.errors import WaitTimeout as WaitTimeout
    from assetflow.handle import RunHandle as RunHandle
    from assetflow.handle import RunResult as RunResult
    from assetflow.in_process import ExecuteInProcessResult as ExecuteInProcessResult
    from assetflow.io.filesystem import FilesystemIOManager as FilesystemIOManager
    from assetflow.io.filesystem import fs_io_manager as fs_io_manager
    from assetflow.io.memory import InMemoryIOManager as InMemoryIOManager
    from assetflow.io.memory import mem_io_manager as mem_io_manager
    from assetflow.keys import AssetKey as AssetKey
    from assetflow.lineage.selection import AssetSelection as AssetSelection
    from assetflow.local.cluster import local_cluster as local_cluster
    from assetflow.materializing import materialize as materialize
    from assetflow.materializing import materialize_to_memory as materialize_to_memory
    from assetflow.runs.states import RunStatus as RunStatus
    from assetflow.runs.states import StepState as StepState
    from assetflow.testing.contexts import build_asset_context as build_asset_context
    from assetflow.testing.contexts import build_init_resource_context as build_init_resource_context
    from assetflow.testing.contexts import build_input_context as build_input_context
    from assetflow.testing.contexts import build_op_context as build_op_context
    from assetflow.testing.contexts import build_output_context as build_output_context
    from assetflow.testing.contexts import build_resources as build_resources
    from assetflow.values import AssetValueLoader as AssetValueLoader


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'assetflow' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
