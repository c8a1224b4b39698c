"""What every IO manager has to do, as tests for your own: derive a class, say how yours is made, and run pytest.

::

    from assetflow.testing.io_contract import VersionedIOManagerContract

    class TestMyIOManager(VersionedIOManagerContract):
        def make_manager(self, folder):
            return MyIOManager(folder)

        def damage(self, manager, path, version):
            ...  # change one byte of what is stored

pytest has to be installed; assetflow itself does not need it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from assetflow.definitions.io_manager import IOManager, VersionedIOManager
from assetflow.errors import AssetflowError, DamagedRecordError
from assetflow.keys import Version
from assetflow.testing.contexts import build_input_context, build_output_context
from assetflow.testing.partition_contract import EARLY, LATE, PartitionContract, VersionedPartitionContract

ODD_KEYS: tuple[tuple[str, ...], ...] = (
    ("with space",),
    ("a+b&c=d?e#f",),
    ("100%", "%2e%2e"),
    ("über", "名前"),
    ("a@b", "c@0000000000000001-00000001"),
    ("a!b",),
    ("-dash", "_under", "dot.ted"),
    ("CON",),
    ("s" * 200,),
)
ESCAPES: tuple[tuple[str, ...], ...] = (
    ("..", "x"),
    ("a", ".."),
    ("a", "."),
    ("",),
    ("a", ""),
    ("/etc", "passwd"),
    ("a/../../b",),
    ("nul\0",),
    ("s" * 300,),
)


class IOManagerContract(PartitionContract):
    """For every IO manager: what was stored comes back, under every key, and what was not stored is an error.

    What it says of partitions, and how to leave them out, stands in `PartitionContract`.

    Attributes:
        values: that it can store.
        odd_keys: that it has to tell apart.
    """

    values: Sequence[Any] = ({"rows": 3, "names": ["a", None]}, "text", "", 0, [1.5, True], b"\x00\xff")
    odd_keys: Sequence[tuple[str, ...]] = ODD_KEYS

    @abstractmethod
    def make_manager(self, folder: Path) -> IOManager:
        """The IO manager to be tested, with nothing in it.

        Args:
            folder: an empty one, of this test only.
        """

    @pytest.fixture
    def manager(self, tmp_path: Path) -> IOManager:
        """What `make_manager` makes."""
        return self.make_manager(tmp_path)

    def same(self, loaded: Any, stored: Any) -> bool:
        """Whether a value came back as it was; override it for values that ``==`` does not tell."""
        return type(loaded) is type(stored) and bool(loaded == stored)

    def store(self, manager: IOManager, value: Any, key: Sequence[str] = ("shop", "sales")) -> None:
        """Store a value as callers without a run do."""
        manager.handle_output(build_output_context(asset_key=list(key), run_id="run"), value)

    def load(self, manager: IOManager, key: Sequence[str] = ("shop", "sales"), version: Version | None = None) -> Any:
        """Load what is published, or a version."""
        return manager.load_input(build_input_context(asset_key=list(key), version=version))

    def test_what_was_stored_comes_back(self, manager: IOManager) -> None:
        """For each of `values`."""
        for number, value in enumerate(self.values):
            key = ("values", f"number{number}")
            self.store(manager, value, key)
            loaded = self.load(manager, key)
            assert self.same(loaded, value), f"{value!r} came back as {loaded!r}"

    def test_a_value_stored_later_takes_the_place_of_the_one_before(self, manager: IOManager) -> None:
        """Under the same key."""
        for value in self.values[:3]:
            self.store(manager, value)
            assert self.same(self.load(manager), value)

    def test_another_manager_finds_what_one_has_stored(self, manager: IOManager, tmp_path: Path) -> None:
        """As another process would; a manager that keeps values to itself overrides this."""
        self.store(manager, self.values[0])
        assert self.same(self.load(self.make_manager(tmp_path)), self.values[0])

    def test_keys_that_look_odd_are_told_apart(self, manager: IOManager) -> None:
        """Each has its own value."""
        value = self.values[0]
        for key in self.odd_keys:
            with pytest.raises(Exception):  # noqa: B017 (each IO manager has its own for what is not there)
                self.load(manager, key)
            self.store(manager, value, key)
        for key in self.odd_keys:
            assert self.same(self.load(manager, key), value), key

    def test_a_value_that_was_never_stored_is_an_error_that_names_it(self, manager: IOManager) -> None:
        """And not None."""
        with pytest.raises(Exception, match="sales"):
            self.load(manager)


class VersionedIOManagerContract(IOManagerContract, VersionedPartitionContract):
    """For IO managers with stage, publish and discard: readers see only what is published, and the later one stays."""

    def damage(self, manager: VersionedIOManager, path: tuple[str, ...], version: Version) -> None:
        """Change a byte of a stored version; without it, the test of damaged bytes is skipped."""
        pytest.skip(f"nothing says how version {version.name} of {path} in {manager} is damaged")

    def stage(self, manager: VersionedIOManager, value: Any, version: Version) -> None:
        """Stage a value of ``shop/sales``."""
        manager.stage(build_output_context(asset_key=["shop", "sales"], version=version, run_id="run"), value)

    def publish(self, manager: VersionedIOManager, version: Version) -> None:
        """Publish it."""
        manager.publish(path=("shop", "sales"), version=version, run_id="run")

    def test_a_staged_value_is_seen_by_its_version_only(self, manager: VersionedIOManager) -> None:
        """Until it is published."""
        self.stage(manager, self.values[0], EARLY)
        assert self.same(self.load(manager, version=EARLY), self.values[0])
        with pytest.raises(FileNotFoundError, match="sales"):
            self.load(manager)
        self.publish(manager, EARLY)
        assert self.same(self.load(manager), self.values[0])

    def test_the_higher_token_stays_whichever_is_published_first(self, manager: VersionedIOManager) -> None:
        """And publishing twice changes nothing."""
        first, second = self.values[:2]
        self.stage(manager, first, EARLY)
        self.stage(manager, second, LATE)
        for version in (LATE, EARLY, LATE):
            self.publish(manager, version)
            assert self.same(self.load(manager), second)
        assert self.same(self.load(manager, version=EARLY), first), "every version is kept"

    def test_publishing_in_order_shows_each(self, manager: VersionedIOManager) -> None:
        """The later one after the earlier one."""
        for number, value in enumerate(self.values):
            version = Version(100 + number, number)
            self.stage(manager, value, version)
            self.publish(manager, version)
            assert self.same(self.load(manager), value)

    def test_a_discarded_version_is_gone_and_what_is_published_stays(self, manager: VersionedIOManager) -> None:
        """Discarding twice, or what was never staged, is no error."""
        first, second = self.values[:2]
        self.stage(manager, first, EARLY)
        self.publish(manager, EARLY)
        self.stage(manager, second, LATE)
        for _ in range(2):
            manager.discard(path=("shop", "sales"), version=LATE)
        with pytest.raises(FileNotFoundError):
            self.load(manager, version=LATE)
        assert self.same(self.load(manager), first)

    def test_what_was_never_staged_cannot_be_published(self, manager: VersionedIOManager) -> None:
        """Nor what was discarded."""
        with pytest.raises(FileNotFoundError):
            self.publish(manager, EARLY)
        with pytest.raises(FileNotFoundError):
            self.load(manager)

    def test_damaged_bytes_are_noticed(self, manager: VersionedIOManager) -> None:
        """By who loads the version, and by who loads what is published."""
        self.stage(manager, self.values[0], EARLY)
        self.publish(manager, EARLY)
        self.damage(manager, ("shop", "sales"), EARLY)
        with pytest.raises(DamagedRecordError, match="sales"):
            self.load(manager, version=EARLY)

    def test_a_key_that_leads_elsewhere_is_refused(self, manager: VersionedIOManager) -> None:
        """Before anything is stored."""
        for key in ESCAPES:
            with pytest.raises((AssetflowError, ValueError)):
                self.store(manager, self.values[0], key)
