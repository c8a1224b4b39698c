"""What user code is told while it runs. Data: the executor fills it in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from assetflow.definitions.absent import hint_for, no_instance
from assetflow.definitions.metadata import MetadataValue, RawMetadata, normalize_metadata
from assetflow.definitions.partitioned_context import PartitionedContext
from assetflow.definitions.signature import EMPTY
from assetflow.definitions.step_instance import StepInstance
from assetflow.definitions.telling import Telling
from assetflow.definitions.value_partitions import ValuePartitions
from assetflow.definitions.visible_resources import Resources
from assetflow.errors import InvariantViolationError
from assetflow.keys import AssetKey, CoercibleToAssetKey

if TYPE_CHECKING:
    from assetflow.definitions.assets_definition import AssetsDefinition
    from assetflow.definitions.checks import AssetCheckKey
    from assetflow.definitions.op import OpDefinition

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A run, as the code that runs in it sees it."""

    run_id: str
    job_name: str
    tags: Mapping[str, str]
    run_config: Mapping[str, Any]


class OpExecutionContext(Telling, PartitionedContext):
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
        "_assets_def", "_input_partitions", "_instance", "_job_name", "_keys_by_input", "_keys_by_output",
        "_load_value", "_metadata", "_partitions", "_selected", "_step_key", "_yielded", "log", "op_config", "op_def",
        "resources", "retry_number", "run_config", "run_id", "run_tags",
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
        keys_by_output_name: Mapping[str, AssetKey] | None = None,
        keys_by_input_name: Mapping[str, AssetKey] | None = None,
        step_key: str = "",
        load_value: Callable[..., Any] | None = None,
        partitions: ValuePartitions | None = None,
        input_partitions: Callable[[str], ValuePartitions | None] | None = None,
        instance: StepInstance | None = None,
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
        self._job_name = job_name
        self._assets_def = assets_def
        self._step_key = step_key
        self._load_value = load_value
        self._partitions = partitions
        self._input_partitions = input_partitions
        self._instance = instance
        self._selected = selected_output_names
        self._keys_by_output = keys_by_output_name
        self._keys_by_input = keys_by_input_name
        self._metadata: dict[str, dict[str, MetadataValue]] = {}
        self._yielded: set[str] = set()

    @property
    def run(self) -> RunInfo:
        """What there is to say of the run as a whole."""
        return RunInfo(self.run_id, self.job_name, self.run_tags, self.run_config)

    @property
    def dagster_run(self) -> RunInfo:
        """The same, under the reference's name."""
        return self.run

    @property
    def step_key(self) -> str:
        """The name of the step."""
        return self._step_key

    @property
    def job_name(self) -> str:
        """The name of the job that the run is of."""
        return self._job_name

    @property
    def instance(self) -> StepInstance:
        """Adds and removes dynamic partitions; InvariantViolationError outside of runs."""
        if self._instance is None:
            no_instance(self)
        return self._instance

    def get_mapping_key(self) -> None:
        """None: ops are not mapped over dynamic outputs."""

    def get_asset_provenance(self, asset_key: CoercibleToAssetKey) -> None:
        """None: nothing is remembered of what an asset was made from before."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            hint = hint_for(name)
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}{f': {hint}' if hint else ''}"
            )

    @property
    def has_assets_def(self) -> bool:
        """Whether the step makes assets."""
        return self._assets_def is not None

    @property
    def assets_def(self) -> AssetsDefinition:
        """The definition the step belongs to."""
        return self._assets()

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
        return names if names is not None else frozenset(self._made())

    @property
    def selected_asset_keys(self) -> frozenset[AssetKey]:
        """The assets that are asked for."""
        keys = self._made()
        return frozenset(keys[name] for name in self.selected_output_names if name in keys)

    @property
    def selected_asset_check_keys(self) -> frozenset[AssetCheckKey]:
        """The checks that are asked for."""
        op = self.op_def
        if op is None:
            return frozenset()
        if op.only_checks:
            names = op.checks.keys() if self._selected is None else self._selected
            return frozenset(spec.key for name, spec in op.checks.items() if name in names)
        keys = self.selected_asset_keys
        return frozenset(spec.key for spec in op.checks.values() if spec.asset_key in keys)

    @property
    def asset_key(self) -> AssetKey:
        """The asset being made, where it is only one."""
        return self._assets().key

    def asset_key_for_output(self, output_name: str = "result") -> AssetKey:
        """The asset an output makes."""
        return _found(self._made(), output_name, "output")

    def asset_key_for_input(self, input_name: str) -> AssetKey:
        """The asset an input stands for."""
        given = self._keys_by_input
        return _found(self._assets().keys_by_input_name if given is None else given, input_name, "input")

    def load_asset_value(
        self,
        asset_key: CoercibleToAssetKey,
        *,
        python_type: Any = EMPTY,
        metadata: Mapping[str, Any] | None = None,
        partition_key: str | None = None,
    ) -> Any:
        """What is stored of an asset, loaded with its IO manager.

        Name the asset in ``deps`` if this run may make it, so that it is made before.

        Args:
            asset_key: a str is one segment.
            python_type: the type that is wanted.
            metadata: reaches the IO manager as ``InputContext.metadata``.
            partition_key: of an asset with partitions, which.

        Raises:
            KeyError: no asset has this key.
            InvariantViolationError: the asset stores nothing, or there is no run that could load it.
        """
        if self._load_value is None:
            raise InvariantViolationError(
                "load_asset_value loads in runs only: a direct call knows of no storage",
                fix="take the asset as an argument, or call Definitions.load_asset_value",
            )
        return self._load_value(asset_key, python_type=python_type, metadata=metadata, partition_key=partition_key)

    def show_metadata_of(self, other: OpExecutionContext) -> None:
        """From now on, show what is said with the other. For direct calls."""
        self._metadata = other._metadata

    def close_output(self, name: str) -> None:
        """From now on, take no metadata of this output: it was yielded. For the executor."""
        self._yielded.add(name)

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
        if name in self._yielded:
            raise InvariantViolationError(
                f"attempted to log metadata for output '{name}' which has already been yielded",
                fix="call add_output_metadata before the Output is yielded, or give it to Output(metadata=...)",
            )
        if name in self._metadata:
            raise InvariantViolationError(f"attempted to log metadata for output '{name}' more than once")
        self._metadata[name] = normalize_metadata(metadata)

    def add_asset_metadata(self, metadata: RawMetadata, asset_key: CoercibleToAssetKey | None = None) -> None:
        """The same, with the asset's key in place of the output's name.

        Raises:
            InvariantViolationError: this step does not make the asset, or makes several and none is named.
        """
        made = self._made()
        if asset_key is None:
            self.add_output_metadata(metadata, next(iter(made)) if len(made) == 1 else None)
            return
        key = AssetKey.from_coercible(asset_key)
        names = [name for name, found in made.items() if found == key]
        if not names:
            known = ", ".join(found.to_user_string() for found in made.values())
            raise InvariantViolationError(f"this step does not make {key.to_user_string()}; it makes: {known}")
        self.add_output_metadata(metadata, names[0])

    def get_output_metadata(self, output_name: str = "result") -> dict[str, Any]:
        """What `add_output_metadata` was given for this output."""
        return dict(self._metadata.get(output_name, {}))

    def _made(self) -> Mapping[str, AssetKey]:
        return self._assets().keys_by_output_name if self._keys_by_output is None else self._keys_by_output

    def _assets(self) -> AssetsDefinition:
        if self._assets_def is None:
            raise InvariantViolationError("this context belongs to no asset")
        return self._assets_def


def _found(keys: Mapping[str, AssetKey], name: str, what: str) -> AssetKey:
    if name not in keys:
        raise InvariantViolationError(f'there is no {what} "{name}"; there are: {", ".join(keys) or "none"}')
    return keys[name]


AssetExecutionContext = OpExecutionContext
"""The ``context`` argument of an asset: another name of `OpExecutionContext`."""

AssetCheckExecutionContext = OpExecutionContext
"""The ``context`` argument of a check: another name of `OpExecutionContext`."""
