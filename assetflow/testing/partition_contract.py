"""What every IO manager has to do with partitions: the part of `io_contract` that is about them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import pytest

from assetflow.definitions.io_manager import IOManager, VersionedIOManager
from assetflow.errors import AssetflowError, DamagedRecordError
from assetflow.keys import Version
from assetflow.partitions.multi import MultiPartitionKey, MultiPartitionsDefinition
from assetflow.partitions.partitions_definition import PartitionsDefinition
from assetflow.partitions.static import StaticPartitionsDefinition
from assetflow.testing.contexts import build_input_context, build_output_context

EARLY, LATE = Version(10, 1), Version(20, 2)
ODD_PARTITIONS: tuple[str, ...] = (
    "a/b", "a%2Fb", "..", ".", ".versions", ".assetflow", "50%", "x@1", "x!y", "über", "with space", "2026-11-01-01:00",
)  # fmt: skip
DAYS = StaticPartitionsDefinition(["2026-11-01", "2026-11-02", "2026-11-03"])
SHOPS = StaticPartitionsDefinition(["north", "south/west"])
_COMBINED = [(day, shop) for day in DAYS.get_partition_keys() for shop in SHOPS.get_partition_keys()]


class PartitionContract:
    """For every IO manager: each partition is stored and read on its own; or they are refused.

    Attributes:
        values: that it can store.
        odd_partitions: keys of partitions that it has to tell apart.
        has_partitions: whether it stores partitions at all; if not, it has to refuse them.
    """

    values: Sequence[Any]
    odd_partitions: Sequence[str] = ODD_PARTITIONS
    has_partitions: bool = True

    @abstractmethod
    def same(self, loaded: Any, stored: Any) -> bool:
        """Whether a value came back as it was."""

    @abstractmethod
    def load(self, manager: IOManager, key: Sequence[str] = ("shop", "sales"), version: Version | None = None) -> Any:
        """Load what is published of a whole asset, or a version of it."""

    def store_partition(
        self, manager: IOManager, value: Any, partition: str, definition: PartitionsDefinition = DAYS
    ) -> None:
        """Store the value of one partition of ``shop/sales``."""
        context = build_output_context(
            asset_key=["shop", "sales"], partition_key=partition, asset_partitions_def=definition, run_id="run"
        )
        manager.handle_output(context, value)

    def load_partition(
        self,
        manager: IOManager,
        partition: str,
        definition: PartitionsDefinition = DAYS,
        version: Version | None = None,
    ) -> Any:
        """Load what is published of one partition of ``shop/sales``, or a version of it."""
        return manager.load_input(
            build_input_context(
                asset_key=["shop", "sales"], asset_partition_keys=[partition], asset_partitions_def=definition,
                version=version,
            )
        )  # fmt: skip

    @pytest.fixture
    def divided(self, manager: IOManager) -> IOManager:
        """What `make_manager` makes, for tests of partitions."""
        if not self.has_partitions:
            pytest.skip("it stores no partitions")
        return manager

    def test_partitions_are_kept_or_refused(self, manager: IOManager) -> None:
        """And never taken for the whole asset."""
        if self.has_partitions:
            self.store_partition(manager, self.values[0], "2026-11-01")
            assert self.same(self.load_partition(manager, "2026-11-01"), self.values[0])
            return
        with pytest.raises(AssetflowError, match="sales"):
            self.store_partition(manager, self.values[0], "2026-11-01")
        with pytest.raises(Exception, match="sales"):
            self.load(manager)

    def test_each_partition_has_a_value_of_its_own(self, divided: IOManager) -> None:
        """One that is stored again leaves the others as they are, and one that never was is an error."""
        first, second, third = self.values[:3]
        self.store_partition(divided, first, "2026-11-01")
        self.store_partition(divided, second, "2026-11-02")
        with pytest.raises(Exception, match="2026-11-03"):
            self.load_partition(divided, "2026-11-03")
        self.store_partition(divided, third, "2026-11-01")
        assert self.same(self.load_partition(divided, "2026-11-01"), third)
        assert self.same(self.load_partition(divided, "2026-11-02"), second)

    def test_partitions_whose_keys_look_odd_are_told_apart(self, divided: IOManager) -> None:
        """Also from each other's written forms, and from what a storage keeps for itself."""
        odd = StaticPartitionsDefinition(self.odd_partitions)
        stored = {key: self.values[number % 3] for number, key in enumerate(self.odd_partitions)}
        for key, value in stored.items():
            with pytest.raises(Exception):  # noqa: B017 (each IO manager has its own for what is not there)
                self.load_partition(divided, key, odd)
            self.store_partition(divided, value, key, odd)
        for key, value in stored.items():
            assert self.same(self.load_partition(divided, key, odd), value), key

    def test_partitions_of_several_dimensions_are_told_apart(self, divided: IOManager) -> None:
        """Each combination has a value, whatever its keys have in them."""
        both = MultiPartitionsDefinition({"day": DAYS, "shop": SHOPS})
        keys = [str(MultiPartitionKey({"day": day, "shop": shop})) for day, shop in _COMBINED]
        for number, key in enumerate(keys):
            self.store_partition(divided, self.values[number % 3], key, both)
        for number, key in enumerate(keys):
            assert self.same(self.load_partition(divided, key, both), self.values[number % 3]), key

    def test_several_partitions_at_once_come_back_by_their_keys(self, divided: IOManager) -> None:
        """If it takes several; one with `takes_one_partition` is asked for each by itself, and says so if it is not."""
        keys = ["2026-11-01", "2026-11-02"]
        value = dict(zip(keys, self.values, strict=False))
        storing = build_output_context(
            asset_key=["shop", "sales"], asset_partition_keys=keys, asset_partitions_def=DAYS, run_id="run"
        )
        loading = build_input_context(asset_key=["shop", "sales"], asset_partition_keys=keys, asset_partitions_def=DAYS)
        if divided.takes_one_partition:
            with pytest.raises(AssetflowError):
                divided.handle_output(storing, value)
            with pytest.raises(Exception, match="sales"):
                self.load_partition(divided, keys[0])
            for key in keys:
                divided.handle_output(storing.of_partition(key), value[key])
                assert self.same(divided.load_input(loading.of_partition(key)), value[key])
            return
        divided.handle_output(storing, value)
        loaded = divided.load_input(loading)
        assert list(loaded) == keys and all(self.same(loaded[key], value[key]) for key in keys)


class VersionedPartitionContract(PartitionContract):
    """For IO managers with stage, publish and discard: each partition has versions of its own."""

    @abstractmethod
    def damage(self, manager: VersionedIOManager, path: tuple[str, ...], version: Version) -> None:
        """Change a byte of a stored version."""

    def stage_partition(self, manager: VersionedIOManager, value: Any, partition: str, version: Version) -> None:
        """Stage the value of a partition of ``shop/sales``."""
        manager.stage(
            build_output_context(
                asset_key=["shop", "sales"], partition_key=partition, asset_partitions_def=DAYS, version=version,
                run_id="run",
            ),
            value,
        )  # fmt: skip

    def publish_partition(self, manager: VersionedIOManager, partition: str, version: Version) -> None:
        """Publish it."""
        manager.publish(path=("shop", "sales", partition), version=version, run_id="run")

    def test_one_attempt_stages_partitions_that_are_published_each_on_its_own(
        self, divided: VersionedIOManager
    ) -> None:
        """They have one version, as a step that makes several gives them; a reader sees those that are published."""
        first, second = self.values[:2]
        self.stage_partition(divided, first, "2026-11-01", EARLY)
        self.stage_partition(divided, second, "2026-11-02", EARLY)
        self.publish_partition(divided, "2026-11-02", EARLY)
        assert self.same(self.load_partition(divided, "2026-11-02"), second)
        assert self.same(self.load_partition(divided, "2026-11-01", version=EARLY), first)
        with pytest.raises(FileNotFoundError, match="2026-11-01"):
            self.load_partition(divided, "2026-11-01")
        self.publish_partition(divided, "2026-11-01", EARLY)
        assert self.same(self.load_partition(divided, "2026-11-01"), first)

    def test_the_higher_token_stays_in_each_partition_by_itself(self, divided: VersionedIOManager) -> None:
        """A late one of a partition says nothing of the others."""
        first, second, third = self.values[:3]
        for partition, value, version in (
            ("2026-11-01", first, EARLY),
            ("2026-11-01", second, LATE),
            ("2026-11-02", third, EARLY),
        ):
            self.stage_partition(divided, value, partition, version)
        for partition, version in (("2026-11-01", LATE), ("2026-11-02", EARLY), ("2026-11-01", EARLY)):
            self.publish_partition(divided, partition, version)
        assert self.same(self.load_partition(divided, "2026-11-01"), second)
        assert self.same(self.load_partition(divided, "2026-11-02"), third)
        assert self.same(self.load_partition(divided, "2026-11-01", version=EARLY), first), "every version is kept"

    def test_discarding_a_version_of_one_partition_leaves_that_of_the_others(self, divided: VersionedIOManager) -> None:
        """Though both were staged by one attempt."""
        first, second = self.values[:2]
        self.stage_partition(divided, first, "2026-11-01", EARLY)
        self.stage_partition(divided, second, "2026-11-02", EARLY)
        divided.discard(path=("shop", "sales", "2026-11-01"), version=EARLY)
        with pytest.raises(FileNotFoundError):
            self.publish_partition(divided, "2026-11-01", EARLY)
        self.publish_partition(divided, "2026-11-02", EARLY)
        assert self.same(self.load_partition(divided, "2026-11-02"), second)

    def test_damaged_bytes_of_a_partition_are_noticed_and_others_are_read(self, divided: VersionedIOManager) -> None:
        """By who loads the version of that partition."""
        for partition, version in (("2026-11-01", EARLY), ("2026-11-02", LATE)):
            self.stage_partition(divided, self.values[0], partition, version)
            self.publish_partition(divided, partition, version)
        self.damage(divided, ("shop", "sales", "2026-11-01"), EARLY)
        with pytest.raises(DamagedRecordError, match="2026-11-01"):
            self.load_partition(divided, "2026-11-01", version=EARLY)
        assert self.same(self.load_partition(divided, "2026-11-02"), self.values[0])
