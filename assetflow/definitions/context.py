"""What user code is told while it runs. Data: the executor fills it in."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from assetflow.definitions.events import AssetMaterialization, AssetObservation
from assetflow.definitions.metadata import MetadataValue, RawMetadata, normalize_metadata
from assetflow.errors import InvariantViolationError, UnknownResourceError
from assetflow.keys import AssetKey, Version

if TYPE_CHECKING:
    from assetflow.definitions.assets_definition import AssetsDefinition
    from assetflow.definitions.op import OpDefinition

Event = AssetMaterialization | AssetObservation
T = TypeVar("T")


class Resources:
    """Resources as attributes.

    Args:
        values: by key.
        declared: the keys that may be seen; None for all.
        owner: who asks, for the error.
    """

    __slots__ = ("_declared", "_owner", "_values")

    def __init__(self, values: Mapping[str, Any], declared: frozenset[str] | None, owner: str) -> None:
        self._values = values
        self._declared = declared
        self._owner = owner

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if (self._declared is not None and name not in self._declared) or name not in self._values:
            raise UnknownResourceError(
                f"Unknown resource `{name}`. Specify `{name}` as a required resource on {self._owner}",
                fix=f"@asset(required_resource_keys={{{name!r}}})",
            )
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return (key for key in self._values if self._declared is None or key in self._declared)


class _Telling:
    """Collects events that user code logs."""

    __slots__ = ("_events",)

    def __init__(self) -> None:
        self._events: list[Event] = []

    def log_event(self, event: Event) -> None:
        """Record a materialization or an observation of any asset."""
        if not isinstance(event, AssetMaterialization | AssetObservation):
            raise InvariantViolationError(
                f"log_event takes AssetMaterialization or AssetObservation, not {type(event).__name__}"
            )
        self._events.append(event)

    def take_events(self) -> list[Event]:
        """What was logged since this was asked last. For the executor."""
        events, self._events = self._events, []
        return events


class OpExecutionContext(_Telling):
    """The ``context`` argument of an asset.

    Attributes:
        resources: those the asset declares.
        op_config: its part of the run config, or None.
        log: a logger that says which step speaks.
        run_id: of the run.
        retry_number: 0 in the first try.
        run_config: the whole run config.
    """

    __slots__ = (
        "_assets_def", "_metadata", "_selected", "_yielded", "job_name", "log", "op_config", "op_def", "resources",
        "retry_number", "run_config", "run_id", "run_tags",
    )  # fmt: skip

    def __init__(
        self,
        *,
        run_id: str,
        op_def: OpDefinition | None,
        assets_def: AssetsDefinition | None = None,
        resources: Resources,
        op_config: Any = None,
        log: Any,
        retry_number: int = 0,
        run_tags: Mapping[str, str] | None = None,
        run_config: Mapping[str, Any] | None = None,
        job_name: str = "__ASSET_JOB",
        selected_output_names: frozenset[str] | None = None,
    ) -> None:
        super().__init__()
        self.run_id = run_id
        self.op_def = op_def
        self.resources = resources
        self.op_config = op_config
        self.log = log
        self.retry_number = retry_number
        self.run_tags = dict(run_tags or {})
        self.run_config = dict(run_config or {})
        self.job_name = job_name
        self._assets_def = assets_def
        self._selected = selected_output_names
        self._metadata: dict[str, dict[str, MetadataValue]] = {}

    def has_tag(self, key: str) -> bool:
        """Whether the run has this tag."""
        return key in self.run_tags

    def get_tag(self, key: str) -> str | None:
        """The run's tag, or None."""
        return self.run_tags.get(key)

    @property
    def selected_output_names(self) -> frozenset[str]:
        """The outputs that are asked for."""
        names = self._selected
        return names if names is not None else frozenset(self._assets().keys_by_output_name)

    @property
    def selected_asset_keys(self) -> frozenset[AssetKey]:
        """The assets that are asked for."""
        keys = self._assets().keys_by_output_name
        return frozenset(keys[name] for name in self.selected_output_names)

    @property
    def asset_key(self) -> AssetKey:
        """The asset being made, where it is only one."""
        return self._assets().key

    def asset_key_for_output(self, output_name: str = "result") -> AssetKey:
        """The asset an output makes."""
        return _found(self._assets().keys_by_output_name, output_name, "output")

    def asset_key_for_input(self, input_name: str) -> AssetKey:
        """The asset an input stands for."""
        return _found(self._assets().keys_by_input_name, input_name, "input")

    def add_output_metadata(self, metadata: RawMetadata, output_name: str | None = None) -> None:
        """Say something about an output before it is made; it wins over ``Output(metadata=...)``.

        Raises:
            InvariantViolationError: it was done before for this output, or there is no such output.
        """
        names = list(self.op_def.outs) if self.op_def else ["result"]
        name = output_name or names[0]
        if output_name is None and len(names) > 1:
            raise InvariantViolationError(
                "add_output_metadata needs output_name, because there are several outputs: " + ", ".join(names)
            )
        if name not in names:
            raise InvariantViolationError(f'there is no output "{name}"; there are: {", ".join(names)}')
        if name in self._metadata:
            raise InvariantViolationError(f"attempted to log metadata for output '{name}' more than once")
        self._metadata[name] = normalize_metadata(metadata)

    def get_output_metadata(self, output_name: str = "result") -> dict[str, Any]:
        """What `add_output_metadata` was given for this output."""
        return dict(self._metadata.get(output_name, {}))

    def _assets(self) -> AssetsDefinition:
        if self._assets_def is None:
            raise InvariantViolationError("this context belongs to no asset")
        return self._assets_def


class OutputContext(_Telling):
    """What an IO manager is told of a value it stores.

    Attributes:
        metadata: of the definition, never of an event.
        version: the attempt under whose name the value is kept.
        collected_metadata: what the IO manager has added.
    """

    __slots__ = (
        "_asset_key", "_log", "_op_def", "_resources", "annotation", "collected_metadata", "config", "job_name",
        "metadata", "name", "resource_config", "run_id", "step_key", "version",
    )  # fmt: skip

    def __init__(
        self,
        *,
        asset_key: AssetKey | None = None,
        name: str = "result",
        step_key: str = "",
        run_id: str = "",
        job_name: str = "__ASSET_JOB",
        metadata: Mapping[str, Any] | None = None,
        annotation: Any = inspect.Parameter.empty,
        op_def: OpDefinition | None = None,
        resources: Resources | None = None,
        log: Any = None,
        version: Version | None = None,
        config: Any = None,
        resource_config: Any = None,
    ) -> None:
        super().__init__()
        self._asset_key = asset_key
        self._op_def = op_def
        self._resources = resources
        self._log = log
        self.name = name
        self.step_key = step_key
        self.run_id = run_id
        self.job_name = job_name
        self.metadata = metadata or {}
        self.annotation = annotation
        self.version = version
        self.config = config
        self.resource_config = resource_config
        self.collected_metadata: dict[str, MetadataValue] = {}

    @property
    def has_asset_key(self) -> bool:
        """Whether the value is an asset's."""
        return self._asset_key is not None

    @property
    def asset_key(self) -> AssetKey:
        """The asset's key."""
        return _set(self._asset_key, "asset_key")

    @property
    def op_def(self) -> OpDefinition:
        """The op that made the value."""
        return _set(self._op_def, "op_def")

    @property
    def resources(self) -> Resources:
        """Resources the IO manager may use."""
        return _set(self._resources, "resources")

    @property
    def log(self) -> Any:
        """A logger that says which step speaks."""
        return _set(self._log, "log")

    @property
    def dagster_type(self) -> Any:
        """The annotation, under the reference's name."""
        return self.annotation

    def get_identifier(self) -> list[str]:
        """Run id, step and output name."""
        return [self.run_id, self.step_key, self.name]

    def get_asset_identifier(self) -> list[str]:
        """The segments of the asset's key."""
        return self.asset_key.path

    def add_output_metadata(self, metadata: RawMetadata) -> None:
        """Add to what is recorded with the materialization."""
        self.collected_metadata.update(normalize_metadata(metadata))


class InputContext:
    """What an IO manager is told of a value it loads.

    Attributes:
        name: of the argument.
        metadata: of the AssetIn.
        upstream_output: how the value was stored.
        version: the exact version to load; None means the published one.
    """

    __slots__ = (
        "_asset_key", "_log", "_resources", "annotation", "collected_metadata", "config", "metadata", "name",
        "resource_config", "run_id", "step_key", "upstream_output", "version",
    )  # fmt: skip

    def __init__(
        self,
        *,
        name: str = "",
        asset_key: AssetKey | None = None,
        metadata: Mapping[str, Any] | None = None,
        upstream_output: OutputContext | None = None,
        annotation: Any = inspect.Parameter.empty,
        resources: Resources | None = None,
        log: Any = None,
        version: Version | None = None,
        config: Any = None,
        resource_config: Any = None,
        run_id: str | None = None,
        step_key: str | None = None,
    ) -> None:
        self._asset_key = asset_key
        self._resources = resources
        self._log = log
        self.name = name
        self.metadata = metadata or {}
        self.upstream_output = upstream_output
        self.annotation = annotation
        self.version = version
        self.config = config
        self.resource_config = resource_config
        self.run_id = run_id
        self.step_key = step_key
        self.collected_metadata: dict[str, MetadataValue] = {}

    @property
    def has_asset_key(self) -> bool:
        """Whether the value is an asset's."""
        return self._asset_key is not None

    @property
    def asset_key(self) -> AssetKey:
        """The asset's key."""
        return _set(self._asset_key, "asset_key")

    @property
    def resources(self) -> Resources:
        """Resources the IO manager may use."""
        return _set(self._resources, "resources")

    @property
    def log(self) -> Any:
        """A logger that says which step speaks."""
        return _set(self._log, "log")

    @property
    def dagster_type(self) -> Any:
        """The annotation, under the reference's name."""
        return self.annotation

    def get_identifier(self) -> list[str]:
        """Run id, step and output name of the value that is loaded."""
        return _set(self.upstream_output, "upstream_output").get_identifier()

    def get_asset_identifier(self) -> list[str]:
        """The segments of the asset's key."""
        return self.asset_key.path

    def add_input_metadata(self, metadata: RawMetadata) -> None:
        """Add to what is recorded of the loading."""
        self.collected_metadata.update(normalize_metadata(metadata))


def _set(value: T | None, name: str) -> T:
    if value is None:
        raise InvariantViolationError(
            f"Attempting to access {name}, but it was not provided when this context was made"
        )
    return value


def _found(keys: Mapping[str, AssetKey], name: str, what: str) -> AssetKey:
    if name not in keys:
        raise InvariantViolationError(f'there is no {what} "{name}"; there are: {", ".join(keys) or "none"}')
    return keys[name]
