"""The short way of plain steps comes to what the long way comes to."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetflow import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetIn,
    AssetMaterialization,
    AssetsDefinition,
    BackfillPolicy,
    Config,
    DailyPartitionsDefinition,
    DataVersion,
    Field,
    MaterializeResult,
    MultiPartitionsDefinition,
    Nothing,
    Output,
    RetryPolicy,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
    asset,
    fs_io_manager,
    io_manager,
    materialize,
    success_hook,
)
from assetflow.definitions.plain_values import ODD, plain_values_of
from assetflow.io.filesystem import FilesystemIOManager
from assetflow.keys import AssetKey
from assetflow.runs.facts import FactKind, StepDetail

VERSION = re.compile("[0-9a-f]{16}-[0-9a-f]{8}")


class Sized(Config):
    size: int = 3


class Counting(FilesystemIOManager):
    """Counts how its values were loaded and stored."""

    def __init__(self, base_dir: str | Path) -> None:
        super().__init__(base_dir)
        self.plainly: list[str] = []

    def stage_plain(self, obj: Any, path: tuple[str, ...], version: str, run_id: str, title: str) -> Any:
        self.plainly.append(f"stage {'/'.join(path)}")
        return super().stage_plain(obj, path, version, run_id, title)

    def read_plain(self, path: tuple[str, ...], version: str) -> Any:
        self.plainly.append(f"read {'/'.join(path)}")
        return super().read_plain(path, version)


class Long(FilesystemIOManager):
    """Loads in its own way, which nobody may go round."""

    def load_input(self, context: Any) -> Any:
        return super().load_input(context)


def told(detail: StepDetail, folder: Path) -> dict[str, Any]:
    """What is told of a step, but for times and the names of versions."""
    found = msgspec.to_builtins(detail)
    for name in ("started", "seconds", "load", "store", "slot"):
        found.pop(name, None)
    for made in found.get("outputs", ()):
        made["version"] = "version" in made
        for item in made.get("metadata", {}).values():
            item["value"] = str(item["value"]).replace(str(folder), "BASE")
    if error := found.get("error"):
        error.pop("traceback", None)
        error.pop("pickled", None)
        error["message"] = VERSION.sub("VERSION", error["message"].replace(str(folder), "BASE"))
    return found


def outcome(
    assets: list[AssetsDefinition], manager: FilesystemIOManager, partitions: Any = None, **more: Any
) -> dict[str, Any]:
    """All that a run comes to."""
    result = materialize(assets, resources={"io_manager": manager, **more}, raise_on_error=False, partitions=partitions)
    steps = result.step_keys
    values: dict[tuple[str, str | None], Any] = {}
    for one in assets:
        parts = [None] if one.partitions_def is None else one.partitions_def.get_partition_keys()
        for key, part in ((key, part) for key in one.keys for part in parts):
            try:
                values[key.to_user_string(), part] = result.asset_value(key, part)
            except Exception as error:
                values[key.to_user_string(), part] = type(error).__name__
    folder = Path(manager.base_dir)
    stored = {}
    for kept in manager.kept():
        manifest = manager.manifest(kept.path, kept.version)
        stored["/".join(kept.path)] = (
            manifest.size,
            manifest.checksum,
            manifest.type,
            manifest.codec,
            bool(manifest.data_label),
            sorted(manifest.metadata),
            kept.is_published,
            kept.is_committed,
        )
    return {
        "success": result.success,
        "steps": [
            (fact.kind, [steps[index] for index in fact.steps], told(fact.told(), folder))
            for fact in result._facts
            if fact.steps and fact.kind is not FactKind.STEP_STARTED  # told of steps that take long, on a busy machine
        ],
        "values": repr(values),
        "stored": stored,
    }


def both_ways(assets: list[AssetsDefinition], **more: Any) -> tuple[dict[str, Any], list[str]]:
    """What it comes to, which has to be the same; and what was done plainly."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        counting = Counting(one)
        short = outcome(assets, counting, **more)
        long = outcome(assets, Long(other), **more)
        assert short == long
        return short, counting.plainly


NAMES = StaticPartitionsDefinition(["plain", "a/b", "..", "50%", "\N{GREEK SMALL LETTER PI}"])
DAYS = DailyPartitionsDefinition(start_date="2026-11-01", end_date="2026-11-05")
SHELVES = MultiPartitionsDefinition({"day": DAYS, "name": StaticPartitionsDefinition(["a/b", "c"])})

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner) | st.frozensets(st.text())
    ),
    max_leaves=8,
)


@given(st.lists(VALUES, min_size=1, max_size=5))
def test_values_come_to_the_same(values: list[Any]) -> None:
    def make(number: int, value: Any) -> AssetsDefinition:
        names = [f"asset_{place}" for place in range(number) if place % 2 == number % 2]

        @asset(name=f"asset_{number}", ins={name: AssetIn(name) for name in names})
        def made(**inputs: Any) -> Any:
            return [value, inputs] if inputs else value

        return made

    found, plainly = both_ways([make(number, value) for number, value in enumerate(values)])
    assert found["success"]
    assert sum(one.startswith("stage") for one in plainly) == len(values)


def plain_pair(function: Callable[..., Any], **about: Any) -> list[AssetsDefinition]:
    """An asset of this function, and one that reads it."""

    @asset
    def after(made: Any) -> Any:
        return ["after", made]

    return [asset(name="made", **about)(function), after]


def _empty() -> list[int]:
    return []


def _generator() -> Iterator[Output[int]]:
    yield Output(5, metadata={"rows": 3})


async def _coroutine() -> int:
    await asyncio.sleep(0)
    return 7


def _raises() -> int:
    raise ValueError("not today")


def _odd_type() -> int:
    return "five"  # type: ignore[return-value]


def _cannot_be_pickled() -> Any:
    return {"a lambda": lambda: 1}


@pytest.mark.parametrize(
    ("function", "plainly"),
    [
        (lambda: 5, ["stage made", "read made", "stage after"]),
        (lambda: None, ["stage made", "read made", "stage after"]),
        (_empty, ["stage made", "read made", "stage after"]),
        (lambda: Output(5, metadata={"rows": 3}, data_version=DataVersion("v")), ["read made", "stage after"]),
        (lambda: MaterializeResult(value=5, metadata={"rows": 3}), ["read made", "stage after"]),
        (lambda: [MaterializeResult(value=5)], ["read made", "stage after"]),
        (lambda: MaterializeResult(metadata={"rows": 3}), ["read made"]),
        (lambda: AssetMaterialization("other"), []),
        (_generator, ["read made", "stage after"]),
        (_coroutine, ["read made", "stage after"]),
        (_raises, []),
        (_odd_type, []),
        (_cannot_be_pickled, ["stage made"]),
    ],
)
def test_what_a_function_does_comes_to_the_same(function: Callable[..., Any], plainly: list[str]) -> None:
    _, done = both_ways(plain_pair(function))
    assert done == plainly


def test_what_says_more_than_values_goes_the_long_way() -> None:
    heard: list[str] = []

    @success_hook
    def hear(context: Any) -> None:
        heard.append(context.op.name)

    @asset(hooks={hear})
    def with_hook() -> int:
        return 1

    @asset
    def with_context(context: Any) -> str:
        return str(context.op_def.name)

    @asset
    def with_config(config: Sized) -> int:
        return config.size

    @asset(required_resource_keys={"shelf"})
    def with_resource() -> int:
        return 1

    @asset(config_schema={"rows": Field(int, default_value=4)})
    def with_schema() -> int:
        return 1

    @asset(check_specs=[AssetCheckSpec("whole", asset="with_check")])
    def with_check() -> Any:
        return 1, AssetCheckResult(passed=True)

    @asset
    def returns_nothing() -> None:
        return None

    @asset(ins={"with_context": AssetIn(metadata={"columns": ["a"]})})
    def with_columns(with_context: Any) -> Any:
        return with_context

    assets = [with_hook, with_context, with_config, with_resource, with_schema, with_check, returns_nothing]
    found, plainly = both_ways(assets, shelf="oak")
    assert found["success"]
    assert plainly == []
    assert heard == ["with_hook", "with_hook"], "once in each way"
    assert both_ways([with_context, with_columns])[1] == []


def test_what_only_has_to_be_there_is_not_loaded_and_the_step_is_plain() -> None:
    @asset
    def first() -> int:
        return 1

    @asset(ins={"first": AssetIn(dagster_type=Nothing)})
    def after() -> int:
        return 2

    @asset(deps=["first"])
    def beside() -> int:
        return 3

    found, plainly = both_ways([first, after, beside])
    assert found["success"]
    assert plainly == ["stage first", "stage after", "stage beside"]


def test_what_another_run_has_made_is_read_with_a_context(tmp_path: Path) -> None:
    """Which version was read is told then."""

    @asset
    def first() -> int:
        return 1

    @asset
    def second(first: int) -> int:
        return first + 1

    manager = Counting(tmp_path)
    materialize([first], resources={"io_manager": manager})
    manager.plainly.clear()
    result = materialize([first, second], selection=[second.key], resources={"io_manager": manager})
    assert manager.plainly == []
    assert [read.key for fact in result._facts if fact.steps for read in fact.told().loaded] == [("first",)]


def test_a_value_that_was_damaged_is_found_out_as_ever(tmp_path: Path) -> None:
    class Damaging(Counting):
        def stage_plain(self, obj: Any, path: tuple[str, ...], version: str, run_id: str, title: str) -> Any:
            told = super().stage_plain(obj, path, version, run_id, title)
            if path == ("made",):
                file = next((Path(self.base_dir) / ".versions").glob("made@*"))
                file.write_bytes(file.read_bytes().replace(b"K\x05", b"K\x06"))
            return told

    manager = Damaging(tmp_path)
    result = materialize(plain_pair(lambda: [5]), resources={"io_manager": manager}, raise_on_error=False)
    assert "read made" in manager.plainly
    assert "the stored value of asset" in str(result.first_error)
    assert "is not what was written" in str(result.first_error)


def test_whatever_is_odd_about_a_file_is_left_to_the_long_way(tmp_path: Path) -> None:
    manager = FilesystemIOManager(tmp_path)
    path, name = ("a", "b"), "0000000000000001-00000002"
    file = tmp_path / "a" / ".versions" / f"b@{name}"
    assert manager.read_plain(path, name) is ODD, "there is none"
    manager.stage_plain([1, "two"], path, name, "RUN", "a value")
    sound = file.read_bytes()
    assert manager.read_plain(path, name) == [1, "two"]
    assert manager.read_plain(path, "0000000000000001-00000003") is ODD
    for at in range(len(sound)):
        file.write_bytes(sound[:at])
        assert manager.read_plain(path, name) is ODD, f"cut at {at}"
    for at in range(sound.index(b"{")):
        file.write_bytes(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
        assert manager.read_plain(path, name) is ODD, f"another byte at {at}"
    for wrong in (b'"key":["b"]', b'"size":1', b'"version":"0000000000000001-00000009"', b'"codec":"json"', b'"key":7'):
        label = wrong.partition(b":")[0]
        text = msgspec.json.decode(sound[sound.index(b"{") : sound.rindex(b"}") + 1])
        text.update(msgspec.json.decode(b"{" + wrong + b"}"))
        told = msgspec.json.encode(text)
        behind = sound[sound.rindex(b"}") + 1 + 8 :]
        file.write_bytes(sound[: sound.index(b"{")] + told + len(told).to_bytes(8, "big") + behind)
        assert manager.read_plain(path, name) is ODD, label
    file.unlink()
    file.mkdir()
    assert manager.read_plain(path, name) is ODD, "a folder"


def test_large_arrays_are_read_to_where_they_stay(tmp_path: Path) -> None:
    manager = FilesystemIOManager(tmp_path)
    manager.stage_plain(numpy.arange(100_000), ("a",), "0000000000000001-00000002", "RUN", "a value")
    assert manager.read_plain(("a",), "0000000000000001-00000002") is ODD


def test_an_attempt_that_fails_after_it_was_staged_leaves_nothing(tmp_path: Path) -> None:
    class Failing(Counting):
        def stage_plain(self, obj: Any, path: tuple[str, ...], version: str, run_id: str, title: str) -> Any:
            super().stage_plain(obj, path, version, run_id, title)
            raise OSError("the disk went away")

    @asset(retry_policy=RetryPolicy(max_retries=1))
    def made() -> int:
        return 5

    manager = Failing(tmp_path)
    result = materialize([made], resources={"io_manager": manager}, raise_on_error=False)
    assert not result.success
    assert manager.plainly == ["stage made", "stage made"]
    assert list(manager.kept()) == []


def test_an_attempt_that_is_stopped_right_after_it_was_staged_leaves_nothing(tmp_path: Path) -> None:
    class Stopped(BaseException):
        pass

    class Late:
        data_version, metadata = "", {}  # type: ignore[var-annotated]

        @property
        def size(self) -> int:
            raise Stopped

    class Stopping(Counting):
        def stage_plain(self, obj: Any, path: tuple[str, ...], version: str, run_id: str, title: str) -> Any:
            super().stage_plain(obj, path, version, run_id, title)
            return Late()

    manager = Stopping(tmp_path)
    with pytest.raises(Stopped):
        materialize([asset(name="made")(lambda: 5)], resources={"io_manager": manager})
    assert manager.plainly == ["stage made"]
    assert list(manager.kept()) == []


def test_a_manager_that_stores_or_loads_in_its_own_way_is_asked_in_its_own_way(tmp_path: Path) -> None:
    class Storing(FilesystemIOManager):
        def stage(self, context: Any, obj: Any) -> None:
            super().stage(context, obj)

    class Handling(FilesystemIOManager):
        def handle_output(self, context: Any, obj: Any) -> Any:
            return super().handle_output(context, obj)

    class Named(FilesystemIOManager):
        name = "a class that changes nothing"

    assert plain_values_of(FilesystemIOManager(tmp_path)) is not None
    assert plain_values_of(Named(tmp_path)) is not None
    single = FilesystemIOManager(tmp_path)
    single.load_input = lambda context: context.name  # type: ignore[method-assign]
    for own in (Storing(tmp_path), Handling(tmp_path), Long(tmp_path), Long, single):
        assert plain_values_of(own) is None


def test_managers_of_single_assets_are_their_own(tmp_path: Path) -> None:
    one, other = Counting(tmp_path / "one"), Counting(tmp_path / "other")

    @io_manager
    def elsewhere() -> Any:
        return other

    @asset(io_manager_def=elsewhere)
    def made() -> int:
        return 5

    @asset
    def after(made: int) -> int:
        return made + 1

    result = materialize([made, after], resources={"io_manager": one})
    assert result.asset_value("after") == 6
    assert (one.plainly, other.plainly) == (["stage after"], ["stage made", "read made"])


def test_config_for_what_a_manager_is_told_of_each_value_goes_the_long_way(tmp_path: Path) -> None:
    heard: list[Any] = []

    class Hearing(FilesystemIOManager):
        def stage(self, context: Any, obj: Any) -> None:
            heard.append(context.config)
            super().stage(context, obj)

    @io_manager(output_config_schema={"rows": Field(int, default_value=3)})
    def hearing() -> Any:
        return Hearing(tmp_path)

    @asset
    def made() -> int:
        return 5

    assert materialize([made], resources={"io_manager": hearing}).success
    assert heard == [{"rows": 3}]
    assert materialize([made], resources={"io_manager": fs_io_manager.configured({"base_dir": str(tmp_path)})}).success
    assert AssetKey("made") in {AssetKey(list(kept.path)) for kept in Hearing(tmp_path).kept()}


def test_partitions_come_to_the_same_wherever_they_are_kept() -> None:
    @asset(partitions_def=NAMES, key_prefix="deep")
    def made() -> list[int]:
        return [5]

    @asset(partitions_def=NAMES, ins={"made": AssetIn(key_prefix="deep")})
    def after(made: list[int]) -> list[int]:
        return [*made, 6]

    found, plainly = both_ways([made, after], partitions="all")
    assert found["success"]
    assert plainly.count("stage after/%2E%2E") == plainly.count("read deep/made/a%2Fb") == 1
    assert len(plainly) == 3 * len(NAMES.get_partition_keys())
    assert found["values"].count("[5, 6]") == len(NAMES.get_partition_keys())


def test_partitions_of_several_dimensions_come_to_the_same() -> None:
    @asset(partitions_def=SHELVES)
    def made() -> int:
        return 5

    @asset(partitions_def=SHELVES)
    def after(made: int) -> int:
        return made + 1

    found, plainly = both_ways([made, after], partitions="all")
    assert found["success"]
    assert plainly.count("read made/2026-11-03/a%2Fb") == 1


def test_a_partition_that_reads_a_whole_asset_or_the_day_before_is_plain_and_what_reads_several_is_not() -> None:
    @asset
    def whole() -> int:
        return 100

    @asset(partitions_def=DAYS)
    def daily(whole: int) -> int:
        return whole + 1

    @asset(
        partitions_def=DAYS,
        ins={
            "total": AssetIn(partition_mapping=TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)),
            "daily": AssetIn(),
        },
    )
    def total(daily: int, total: int | None) -> int:
        return daily + (total or 0)

    @asset
    def all_of_it(daily: dict[str, int]) -> int:
        return sum(daily.values())

    found, plainly = both_ways([whole, daily, total, all_of_it], partitions="all")
    assert found["success"]
    assert plainly.count("stage daily/2026-11-02") == plainly.count("read whole") - 3 == 1
    assert plainly.count("stage total/2026-11-02") == plainly.count("read total/2026-11-01") == 1
    assert "stage total/2026-11-01" not in plainly, "there is no day before: it is told so"
    assert "stage all_of_it" not in plainly
    assert "'all_of_it', None): 404" in found["values"]


def test_several_partitions_at_once_are_made_and_read_with_a_context() -> None:
    @asset(partitions_def=NAMES, backfill_policy=BackfillPolicy.single_run())
    def made(context: Any) -> dict[str, int]:
        return dict.fromkeys(context.partition_keys, 5)

    @asset(partitions_def=NAMES, backfill_policy=BackfillPolicy.single_run())
    def after(made: dict[str, int]) -> dict[str, int]:
        return {key: value + 1 for key, value in made.items()}

    found, plainly = both_ways([made, after], partitions="all")
    assert found["success"]
    assert plainly == []


@pytest.mark.parametrize("function", [_generator, _raises, _odd_type, _cannot_be_pickled, lambda: None])
def test_what_the_function_of_a_partition_does_comes_to_the_same(function: Callable[..., Any]) -> None:
    @asset(partitions_def=DAYS)
    def after(made: Any) -> Any:
        return ["after", made]

    made = asset(name="made", partitions_def=DAYS)(function)
    both_ways([made, after], partitions=["2026-11-02", "2026-11-03"])
