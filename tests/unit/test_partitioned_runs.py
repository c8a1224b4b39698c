"""Runs that make partitions, in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assetflow import (
    AssetIn,
    AssetsDefinition,
    BackfillPolicy,
    DagsterInstance,
    DailyPartitionsDefinition,
    Definitions,
    FilesystemIOManager,
    IOManager,
    LastPartitionMapping,
    PartitionKeyRange,
    PartitionMapping,
    PartitionsDefinition,
    PartitionsSubset,
    SourceAsset,
    StaticPartitionsDefinition,
    UPathIOManager,
    asset,
    asset_check,
    build_asset_context,
    build_input_context,
    build_op_context,
    build_output_context,
    define_asset_job,
    graph_asset,
    materialize,
    materialize_to_memory,
    multi_asset,
    op,
)
from assetflow.definitions.checks import AssetCheckResult
from assetflow.definitions.outputs import AssetOut
from assetflow.errors import (
    CheckError,
    InvalidDefinitionError,
    InvalidInvocationError,
    InvariantViolationError,
    ParameterCheckError,
    UnknownPartitionError,
)
from tests.samples import partitioned as shop

DAYS = shop.DAYS


def run(folder: Path, *assets: Any, **asked: Any) -> Any:
    return materialize(assets, resources={"io_manager": FilesystemIOManager(folder)}, **asked)


def stored(folder: Path) -> list[str]:
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in found if ".versions" not in path.parts)


def test_one_partition_is_made_and_stored_on_its_own(tmp_path: Path) -> None:
    result = run(tmp_path, shop.orders, shop.paid, partition_key="2026-11-03")
    assert result.output_for_node("paid") == 30
    assert stored(tmp_path) == ["orders/2026-11-03", "paid/2026-11-03"]
    assert result.dagster_run.tags == {"assetflow/partition": "2026-11-03"}
    (made,) = result.asset_materializations_for_node("paid")
    assert (made.asset_key.to_user_string(), made.partition) == ("paid", "2026-11-03")


def test_what_is_not_selected_is_read_of_the_same_partition(tmp_path: Path) -> None:
    run(tmp_path, shop.orders, partition_key="2026-11-03")
    result = run(tmp_path, shop.orders, shop.paid, selection="paid", partition_key="2026-11-03")
    assert result.output_for_node("paid") == 30
    with pytest.raises(FileNotFoundError, match="orders/2026-11-04"):
        run(tmp_path, shop.orders, shop.paid, selection="paid", partition_key="2026-11-04")


def test_a_backfill_is_one_run_in_the_order_of_time(tmp_path: Path) -> None:
    range_ = PartitionKeyRange("2026-11-01", "2026-11-14")
    result = run(
        tmp_path, shop.orders, shop.paid, shop.total, shop.week, shop.summary, partitions=range_,
        selection=["orders", "paid", "total", "week", "summary"],
    )  # fmt: skip
    assert len(result.step_keys) == 3 * 14 + 2 + 1
    assert result.asset_value("total", partition_key="2026-11-14") == 10 * sum(range(1, 15))
    first, second = 10 * sum(range(1, 8)), 10 * sum(range(8, 15))
    assert result.asset_value("summary") == {"2026-11-01": first, "2026-11-08": second}
    assert result.dagster_run.tags == {"assetflow/backfill": "14 partitions"}


def test_dimensions_are_folders_in_each_other(tmp_path: Path) -> None:
    result = run(tmp_path, shop.orders, shop.paid, shop.sales, partitions=["2026-11-02"])
    assert result.asset_value("sales", partition_key="2026-11-02|south") == "south 2026-11-02 20"
    assert "sales/2026-11-02/north" in stored(tmp_path)


def test_one_step_makes_a_stretch_of_partitions_if_its_policy_says_so(tmp_path: Path) -> None:
    keys = ["2026-11-01", "2026-11-02", "2026-11-03", "2026-11-07"]
    result = run(tmp_path, shop.orders, shop.paid, shop.at_once, partitions=keys)
    steps = [key for key in result.step_keys if key.startswith("at_once")]
    assert steps == ["at_once[2026-11-01...2026-11-03]", "at_once[2026-11-07]"]
    assert [path for path in stored(tmp_path) if path.startswith("at_once")] == [f"at_once/{key}" for key in keys]
    made = [one.partition for one in result.asset_materializations_for_node("at_once")]
    assert sorted(made) == keys


def test_a_stretch_needs_the_value_of_each_partition(tmp_path: Path) -> None:
    @asset(partitions_def=DAYS, backfill_policy=BackfillPolicy.single_run())
    def half(context: Any) -> Any:
        return {context.partition_keys[0]: 1}

    @asset(partitions_def=DAYS, backfill_policy=BackfillPolicy.multi_run(2))
    def none(context: Any) -> Any:
        return len(context.partition_keys)

    asked = PartitionKeyRange("2026-11-01", "2026-11-03")
    with pytest.raises(InvariantViolationError, match=r"a dict without 2026-11-02, 2026-11-03"):
        run(tmp_path, half, partitions=asked)
    with pytest.raises(InvariantViolationError, match="its value is a int"):
        run(tmp_path, none, partitions=asked)
    with pytest.raises(InvariantViolationError, match="its value is a int"):  # also if there is only one
        run(tmp_path, none, partition_key="2026-11-03")
    assert stored(tmp_path) == []


class Together(IOManager):
    """Takes several partitions at once."""

    def __init__(self) -> None:
        self.rows: dict[str, Any] = {}
        self.asked: list[Any] = []

    def handle_output(self, context: Any, obj: Any) -> None:
        self.rows.update(dict.fromkeys(context.asset_partition_keys, obj))

    def load_input(self, context: Any) -> Any:
        window = context.asset_partitions_time_window
        self.asked.append((tuple(context.asset_partition_key_range), (window.end - window.start).days))
        return [self.rows[key] for key in context.asset_partition_keys]


def test_an_io_manager_of_ones_own_gets_all_partitions_in_one_call() -> None:
    manager = Together()

    @asset(partitions_def=DAYS, backfill_policy=BackfillPolicy.single_run())
    def many(context: Any) -> int:
        return len(context.partition_keys)

    @asset(partitions_def=shop.WEEKS)
    def weekly(many: list[int]) -> int:
        return sum(many)

    result = materialize([many, weekly], resources={"io_manager": manager}, partitions="all")
    assert result.success and manager.asked[0] == (("2026-11-01", "2026-11-07"), 7)
    assert manager.rows["2026-11-01"] == 14 * 7  # the week is stored under the same key


class Lines(UPathIOManager):
    extension = ".txt"

    def dump_to_path(self, context: Any, obj: Any, path: Any) -> None:
        path.write_text(str(obj))

    def load_from_path(self, context: Any, path: Any) -> str:
        return str(path.read_text())


def test_a_file_for_each_partition_needs_nothing_special(tmp_path: Path) -> None:
    @asset(partitions_def=DAYS)
    def note(context: Any) -> str:
        return str(context.partition_key)

    @asset
    def notes(note: dict[str, str]) -> int:
        return len(note)

    result = materialize([note, notes], resources={"io_manager": Lines(tmp_path)}, partitions="all")
    assert result.asset_value("notes") == 14
    assert (tmp_path / "note" / "2026-11-05.txt").read_text() == "2026-11-05"


def test_in_memory_partitions_are_told_apart() -> None:
    result = materialize_to_memory([shop.orders, shop.paid, shop.week], partitions="all")
    assert result.asset_value("week", partition_key="2026-11-08") == 10 * sum(range(8, 15))


def test_a_partition_that_fails_stops_what_needs_it_and_nothing_else(tmp_path: Path) -> None:
    @asset(partitions_def=DAYS)
    def risky(context: Any) -> str:
        if context.partition_key == "2026-11-02":
            raise ValueError("bad day")
        return str(context.partition_key)

    @asset(partitions_def=DAYS)
    def after(risky: str) -> str:
        return risky

    result = run(tmp_path, risky, after, partitions=PartitionKeyRange("2026-11-01", "2026-11-03"), raise_on_error=False)
    assert not result.success
    assert [path for path in stored(tmp_path) if path.startswith("after")] == ["after/2026-11-01", "after/2026-11-03"]


def test_the_last_partition_and_a_source_with_partitions(tmp_path: Path) -> None:
    run(tmp_path, shop.orders, partitions="all")
    source = SourceAsset("orders", partitions_def=DAYS)

    @asset(ins={"orders": AssetIn(partition_mapping=LastPartitionMapping())})
    def newest(orders: int) -> int:
        return orders

    assert run(tmp_path, source, newest).output_for_node("newest") == 14


class Both(PartitionMapping):
    def get_upstream_partitions_for_partitions(
        self, downstream_partitions_subset: PartitionsSubset | None, upstream_partitions_def: PartitionsDefinition
    ) -> PartitionsSubset:
        return upstream_partitions_def.subset_with_partition_keys(["2026-11-01", "2026-11-02"])


def test_a_mapping_of_ones_own_decides_what_is_read(tmp_path: Path) -> None:
    @asset(partitions_def=StaticPartitionsDefinition(["x"]), ins={"paid": AssetIn(partition_mapping=Both())})
    def pair(paid: dict[str, int]) -> int:
        return sum(paid.values())

    run(tmp_path, shop.orders, shop.paid, partitions="all")
    assert run(tmp_path, SourceAsset("paid", partitions_def=DAYS), pair, partition_key="x").asset_value("pair") == 30


def test_several_assets_of_one_function_and_the_ops_of_a_graph(tmp_path: Path) -> None:
    @multi_asset(outs={"one": AssetOut(), "two": AssetOut()}, partitions_def=DAYS)
    def both(context: Any) -> tuple[str, str]:
        assert context.asset_partition_key_for_output("two") == context.partition_key
        return context.partition_key, context.partition_key * 2

    @op
    def add(context: Any, one: str) -> str:
        return f"{one} {context.partition_key}"

    @op
    def shout(text: str) -> str:
        return text.upper()

    @graph_asset(partitions_def=DAYS)
    def loud(one: str) -> Any:
        return shout(add(one))

    result = run(tmp_path, both, loud, partitions=["2026-11-01", "2026-11-02"])
    assert result.asset_value("loud", partition_key="2026-11-02") == "2026-11-02 2026-11-02"
    assert len(result.step_keys) == 2 + 4


def test_a_check_looks_at_each_partition_and_holds_up_what_needs_it(tmp_path: Path) -> None:
    @asset_check(asset=shop.orders, blocking=True)
    def small(orders: int) -> AssetCheckResult:
        return AssetCheckResult(passed=orders != 2)

    @asset(partitions_def=DAYS)
    def after(orders: int) -> int:
        return orders

    definitions = Definitions(
        assets=[shop.orders, after], asset_checks=[small], resources={"io_manager": FilesystemIOManager(tmp_path)},
        jobs=[define_asset_job("everything")],
    )  # fmt: skip
    job = definitions.get_job_def("everything")
    for day, success in (("2026-11-01", True), ("2026-11-02", False)):
        assert job.execute_in_process(partition_key=day, raise_on_error=False).success is success
    assert [path for path in stored(tmp_path) if path.startswith("after")] == ["after/2026-11-01"]


def test_keys_that_cannot_be_names_of_files_are_written_so_that_they_can(tmp_path: Path) -> None:
    odd = ["a/b", "..", "50%", "München", ".versions", "x:y"]

    @asset(partitions_def=StaticPartitionsDefinition(odd))
    def thing(context: Any) -> str:
        return str(context.partition_key)

    result = run(tmp_path, thing, partitions="all")
    names = ["a%2Fb", "%2E%2E", "50%25", "München", "%2Eversions", "x:y"]
    assert stored(tmp_path) == sorted(f"thing/{name}" for name in names)
    assert [result.asset_value("thing", partition_key=key) for key in odd] == odd


def test_dynamic_partitions_are_added_by_a_step_and_planned_afterwards(tmp_path: Path) -> None:
    with DagsterInstance.ephemeral() as instance:
        run(tmp_path, shop.signups, instance=instance)
        assert list(instance.get_dynamic_partitions("customers")) == ["ann", "bob"]
        result = run(tmp_path, shop.letter, partitions="all", instance=instance)
        assert result.asset_value("letter", partition_key="bob") == "dear bob"
        instance.delete_dynamic_partition("customers", "ann")
        with pytest.raises(UnknownPartitionError, match="`ann`"):
            run(tmp_path, shop.letter, partition_key="ann", instance=instance)
        assert instance.get_materialization_count_by_partition(["letter"])[shop.letter.key] == {"ann": 1, "bob": 1}


def test_a_step_that_fails_adds_no_partitions(tmp_path: Path) -> None:
    @asset
    def hopeful(context: Any) -> None:
        context.instance.add_dynamic_partitions("customers", ["zoe"])
        raise ValueError("no")

    with DagsterInstance.ephemeral() as instance:
        run(tmp_path, hopeful, instance=instance, raise_on_error=False)
        assert not instance.has_dynamic_partition("customers", "zoe")


def itself(context: Any, itself: Any) -> None: ...


@pytest.mark.parametrize(
    ("ask", "error", "sentence"),
    [
        (lambda f: run(f, shop.orders), InvalidInvocationError, "orders has partitions, and it is not said which"),
        (lambda f: run(f, shop.orders, partition_key="1999-01-02"), UnknownPartitionError, "key `1999-01-02`"),
        (lambda f: run(f, shop.signups, partition_key="x"), ParameterCheckError, "none of the selected assets has"),
        (lambda f: run(f, shop.orders, partition_key="x", partitions="all"), InvalidInvocationError, "exclude each"),
        (lambda f: run(f, shop.orders, partitions=[]), ParameterCheckError, "partitions is empty"),
        (lambda f: run(f, shop.orders, partitions=[3]), ParameterCheckError, "partitions are keys, as str"),
        (
            lambda f: run(f, shop.orders, shop.paid, shop.week, partition_key="2026-11-01"),
            InvalidDefinitionError,
            "When an assets job contains multiple partitions assets, they must have the same",
        ),
        (lambda _: asset(partitions_def="daily")(lambda: 1), CheckError, "partitions_def is a PartitionsDefinition"),
        (lambda _: asset(backfill_policy=3)(lambda: 1), CheckError, "backfill_policy is a BackfillPolicy"),
        (lambda _: AssetIn(partition_mapping="same"), CheckError, "partition_mapping"),
        (lambda _: BackfillPolicy(0), CheckError, "a number from 1, or None"),
        (
            lambda _: asset(partitions_def=DailyPartitionsDefinition("2026-11-01"))(itself),
            InvalidDefinitionError,
            "Assets can only depend on themselves if they are time-partitioned",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(
    tmp_path: Path, ask: Any, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        ask(tmp_path)
    assert stored(tmp_path) == []


def test_what_is_divided_keeps_it_wherever_it_goes(tmp_path: Path) -> None:
    found = shop.orders.with_attributes(group_name="g")
    assert isinstance(found, AssetsDefinition) and found.partitions_def == DAYS
    assert found.to_source_asset().partitions_def == DAYS and found.get_asset_spec().partitions_def == DAYS
    assert shop.total.get_partition_mapping(shop.total.key) is not None


def test_an_asset_with_partitions_can_be_called_in_place() -> None:
    assert shop.orders(build_asset_context(partition_key="2026-11-07")) == 7

    @asset(partitions_def=DAYS)
    def hours(context: Any) -> float:
        context.instance.add_dynamic_partitions("customers", ["eve"])
        return (context.partition_time_window.end - context.partition_time_window.start).total_seconds() / 3600

    assert hours(build_op_context(partition_key="2026-11-07")) == 24
    with pytest.raises(InvariantViolationError, match="Cannot access partition_key for a non-partitioned run"):
        shop.orders(build_asset_context())


def test_contexts_of_io_managers_tell_partitions() -> None:
    output = build_output_context(asset_key="a", partition_key="2026-11-07", asset_partitions_def=DAYS)
    assert (output.has_partition_key, output.asset_partition_key, output.has_asset_partitions) == (
        True,
        "2026-11-07",
        True,
    )
    assert output.get_asset_identifier() == ["a", "2026-11-07"] and output.value_path == ("a", "2026-11-07")
    read = build_input_context(
        asset_key="a",
        asset_partitions_def=DAYS,
        asset_partition_key_range=PartitionKeyRange("2026-11-01", "2026-11-03"),
    )
    assert read.asset_partition_keys == ["2026-11-01", "2026-11-02", "2026-11-03"]
    assert read.asset_partitions_time_window.end.day == 4
    with pytest.raises(InvariantViolationError, match="there are 3 partitions"):
        _ = read.asset_partition_key
