"""What schedules and sensors answer: runs they ask for, or why they ask for none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assetflow.definitions.op import normalize_tags
from assetflow.errors import ParameterCheckError
from assetflow.keys import AssetKey, CoercibleToAssetKey

if TYPE_CHECKING:
    from assetflow.definitions.run_config import RunConfig
    from assetflow.partitions.partitions_definition import PartitionKeyRange

SCHEDULE_TAG = "assetflow/schedule_name"
SENSOR_TAG = "assetflow/sensor_name"
TICK_TAG = "assetflow/tick"
RUN_KEY_TAG = "assetflow/run_key"


class RunRequest:
    """A run that is asked for.

    Args:
        run_key: a name for it. A sensor's run is started once for each; of a schedule, once for each in a tick.
        run_config: in place of the job's.
        tags: of the run, in addition to those of the job; values that are no text become JSON.
        job_name: of the job that is to run, where a sensor has several.
        asset_selection: of the job's assets, those that are to be made.
        stale_assets_only: run only what is stale of it.
        partition_key: of assets with partitions, which.
        asset_partitions: the same for each asset of its own: of those of asset_selection that have partitions, ranges
            of keys. All of it is one run.

    Raises:
        CheckError: an argument is of another type.
    """

    __slots__ = (
        "asset_partitions", "asset_selection", "job_name", "partition_key", "run_config", "run_key",
        "stale_assets_only", "tags",
    )  # fmt: skip

    def __init__(
        self,
        run_key: str | None = None,
        run_config: Mapping[str, Any] | RunConfig | None = None,
        tags: Mapping[str, Any] | None = None,
        job_name: str | None = None,
        asset_selection: Iterable[CoercibleToAssetKey] | None = None,
        stale_assets_only: bool = False,
        partition_key: str | None = None,
        asset_partitions: Mapping[AssetKey, Sequence[PartitionKeyRange]] | None = None,
    ) -> None:
        for name, value in (("run_key", run_key), ("job_name", job_name), ("partition_key", partition_key)):
            if value is not None and not isinstance(value, str):
                raise ParameterCheckError(f"{name} of a RunRequest is a str, not {value!r:.200}")
        if run_config is not None and not isinstance(run_config, Mapping) and not hasattr(run_config, "to_config_dict"):
            raise ParameterCheckError(f"run_config of a RunRequest is a dict or a RunConfig, not {run_config!r:.200}")
        if not isinstance(stale_assets_only, bool):
            raise ParameterCheckError(f"stale_assets_only of a RunRequest is True or False, not {stale_assets_only!r}")
        if isinstance(asset_selection, str | AssetKey):
            raise ParameterCheckError(
                f"asset_selection of a RunRequest is a list of keys, not {asset_selection!r:.200}"
            )
        self.run_key = run_key
        self.run_config: dict[str, Any] = _plain(run_config)
        self.tags = normalize_tags(tags)
        self.job_name = job_name
        self.asset_selection = (
            None if asset_selection is None else [AssetKey.from_coercible(key) for key in asset_selection]
        )
        self.stale_assets_only = stale_assets_only
        self.partition_key = partition_key
        if asset_partitions and partition_key is not None:
            raise ParameterCheckError("partition_key and asset_partitions of a RunRequest exclude each other")
        self.asset_partitions = (
            None
            if asset_partitions is None
            else {AssetKey.from_coercible(key): [*ranges] for key, ranges in asset_partitions.items()}
        )

    def _told(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunRequest) and self._told() == other._told()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        given = {name: getattr(self, name) for name in ("run_key", *self.__slots__)}
        return f"RunRequest({', '.join(f'{name}={value!r}' for name, value in given.items() if value)})"


def _plain(config: Any) -> dict[str, Any]:
    return dict(config.to_config_dict() if hasattr(config, "to_config_dict") else config or {})


class SkipReason:
    """Why no run is asked for.

    Args:
        skip_message: a sentence for people.
    """

    __slots__ = ("skip_message",)

    def __init__(self, skip_message: str | None = None) -> None:
        if skip_message is not None and not isinstance(skip_message, str):
            raise ParameterCheckError(f"skip_message is a str, not {skip_message!r:.200}")
        self.skip_message = skip_message

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SkipReason) and self.skip_message == other.skip_message

    def __hash__(self) -> int:
        return hash(self.skip_message)

    def __repr__(self) -> str:
        return f"SkipReason({self.skip_message!r})"
