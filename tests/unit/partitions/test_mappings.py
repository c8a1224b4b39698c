"""Which partitions need which."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetflow.errors import InvalidDefinitionError, InvariantViolationError
from assetflow.partitions.dimension_mappings import DimensionPartitionMapping, MultiPartitionMapping
from assetflow.partitions.mapping import (
    AllPartitionMapping,
    Edge,
    IdentityPartitionMapping,
    LastPartitionMapping,
    PartitionMapping,
    SpecificPartitionsPartitionMapping,
    StaticPartitionMapping,
)
from assetflow.partitions.mappings import (
    MultiToSingleDimensionPartitionMapping,
    TimeWindowPartitionMapping,
    default_mapping,
)
from assetflow.partitions.multi import MultiPartitionsDefinition
from assetflow.partitions.partitions_definition import PartitionsDefinition
from assetflow.partitions.static import StaticPartitionsDefinition
from assetflow.partitions.subset import PartitionsSubset
from assetflow.partitions.usual_windows import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    WeeklyPartitionsDefinition,
)

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
HOURS = HourlyPartitionsDefinition("2026-11-20-00:00")
DAYS = DailyPartitionsDefinition("2026-11-20")
WEEKS = WeeklyPartitionsDefinition("2026-11-01")
MONTHS = MonthlyPartitionsDefinition("2026-09-01")
BERLIN = DailyPartitionsDefinition("2026-11-20", timezone="Europe/Berlin")
ABC = StaticPartitionsDefinition(["a", "b", "c"])
TWO = MultiPartitionsDefinition({"day": DAYS, "letter": ABC})


def needs(
    upstream: PartitionsDefinition, downstream: PartitionsDefinition | None, key: str | None, mapping: Any = None
) -> tuple[list[str], bool]:
    edge = Edge(upstream=upstream, downstream=downstream, now=NOW)
    found = mapping or default_mapping(upstream, downstream)
    keys = list(found.upstream_of(key, edge))
    return keys, found.gives_one(edge, len(keys))


@pytest.mark.parametrize(
    ("upstream", "downstream", "key", "mapping", "expected", "one"),
    [
        (HOURS, DAYS, "2026-11-21", None, [f"2026-11-21-{hour:02}:00" for hour in range(24)], False),
        (DAYS, HOURS, "2026-11-21-03:00", None, ["2026-11-21"], True),
        (DAYS, DAYS, "2026-11-21", None, ["2026-11-21"], True),
        (DAYS, DAYS, "2026-11-21", TimeWindowPartitionMapping(-1, -1), ["2026-11-20"], True),
        (DAYS, DAYS, "2026-11-20", TimeWindowPartitionMapping(-1, -1), [], True),
        (DAYS, DAYS, "2026-11-21", TimeWindowPartitionMapping(-1, 0), ["2026-11-20", "2026-11-21"], False),
        (DAYS, WEEKS, "2026-11-15", None, ["2026-11-20", "2026-11-21"], False),
        (WEEKS, DAYS, "2026-11-20", None, ["2026-11-15"], True),
        (DAYS, MONTHS, "2026-10-01", None, [], False),
        (DAYS, BERLIN, "2026-11-21", None, ["2026-11-20", "2026-11-21"], False),
        (DAYS, None, None, None, [f"2026-11-2{day}" for day in range(6)], False),
        (DAYS, ABC, "a", LastPartitionMapping(), ["2026-11-25"], True),
        (ABC, ABC, "b", None, ["b"], True),
        (ABC, DAYS, "2026-11-21", AllPartitionMapping(), ["a", "b", "c"], False),
        (ABC, TWO, "2026-11-21|b", None, ["b"], True),
        (DAYS, TWO, "2026-11-21|b", None, ["2026-11-21"], True),
        (TWO, ABC, "b", None, [f"2026-11-2{day}|b" for day in range(6)], False),
        (TWO, DAYS, "2026-11-21", None, ["2026-11-21|a", "2026-11-21|b", "2026-11-21|c"], False),
        (TWO, TWO, "2026-11-21|c", None, ["2026-11-21|c"], True),
        (ABC, StaticPartitionsDefinition(["x", "y"]), "x", StaticPartitionMapping({"a": "x", "b": ["x", "y"]}),
         ["a", "b"], False),
    ],
)  # fmt: skip
def test_a_partition_needs(
    upstream: Any, downstream: Any, key: Any, mapping: Any, expected: list[str], one: bool
) -> None:
    assert needs(upstream, downstream, key, mapping) == (expected, one)


@given(
    st.sampled_from([HOURS, DAYS, WEEKS, BERLIN, ABC, TWO]),
    st.sampled_from([HOURS, DAYS, WEEKS, BERLIN, ABC, TWO]),
    st.integers(-2, 0),
    st.integers(0, 2),
    st.data(),
)
@settings(deadline=None, max_examples=60)
def test_what_needs_a_partition_is_what_says_that_it_does(
    upstream: PartitionsDefinition, downstream: PartitionsDefinition, start: int, length: int, data: st.DataObject
) -> None:
    mapping: PartitionMapping = default_mapping(upstream, downstream)
    if isinstance(mapping, TimeWindowPartitionMapping):
        mapping = TimeWindowPartitionMapping(start, min(start + length, 0))
    if isinstance(mapping, IdentityPartitionMapping) and upstream != downstream:
        return
    if isinstance(mapping, MultiToSingleDimensionPartitionMapping) and not {upstream, downstream} & {ABC, DAYS}:
        return
    edge = Edge(upstream=upstream, downstream=downstream, now=NOW)
    some = data.draw(st.lists(st.sampled_from(list(edge.upstream_keys())), max_size=5, unique=True))
    slow = [key for key in edge.downstream_keys() if set(mapping.upstream_of(key, edge)) & set(some)]
    assert sorted(mapping.downstream_of(some, edge)) == sorted(slow)


def test_the_same_key_has_to_be_there() -> None:
    with pytest.raises(InvariantViolationError, match="needs the partition of the same key of an upstream asset"):
        needs(ABC, StaticPartitionsDefinition(["a", "z"]), "z")


def test_a_dimension_that_cannot_be_told_has_to_be_named() -> None:
    twice = MultiPartitionsDefinition({"one": ABC, "other": ABC})
    with pytest.raises(InvalidDefinitionError, match="not said by which dimension"):
        needs(twice, ABC, "a")
    named = MultiToSingleDimensionPartitionMapping("other")
    assert needs(twice, ABC, "a", named)[0] == ["a|a", "b|a", "c|a"]
    with pytest.raises(InvalidDefinitionError, match="names the dimension 'third', which there is not"):
        needs(twice, ABC, "a", MultiToSingleDimensionPartitionMapping("third"))


def test_dimensions_go_by_each_other_one_by_one() -> None:
    above = MultiPartitionsDefinition({"letter": ABC, "when": DAYS})
    below = MultiPartitionsDefinition({"day": DAYS, "kind": StaticPartitionsDefinition(["x", "y"])})
    days = list(DAYS.get_partition_keys(NOW))
    mapping = MultiPartitionMapping({"when": DimensionPartitionMapping("day", TimeWindowPartitionMapping(-1, -1))})
    assert needs(above, below, f"{days[1]}|x", mapping)[0] == [f"{letter}|{days[0]}" for letter in "abc"]
    edge = Edge(upstream=above, downstream=below, now=NOW)
    assert mapping.downstream_of([f"b|{days[0]}"], edge) == [f"{days[1]}|x", f"{days[1]}|y"]
    assert not mapping.gives_one(edge, 3)
    whole = MultiPartitionMapping({"letter": DimensionPartitionMapping("l"), "when": DimensionPartitionMapping("d")})
    renamed = MultiPartitionsDefinition({"d": DAYS, "l": ABC})
    assert needs(above, renamed, f"{days[3]}|c", whole) == ([f"c|{days[3]}"], True)
    for wrong in ({"no": DimensionPartitionMapping("day")}, {"when": DimensionPartitionMapping("no")}):
        with pytest.raises(InvalidDefinitionError, match="names the dimension 'no', which there is not"):
            needs(above, below, f"{days[1]}|x", MultiPartitionMapping(wrong))
    with pytest.raises(InvalidDefinitionError, match="several dimensions on both sides"):
        needs(ABC, below, f"{days[1]}|x", mapping)


def test_the_same_ones_are_needed_whoever_needs_them() -> None:
    assert needs(ABC, DAYS, "2022-01-03", SpecificPartitionsPartitionMapping(["b"])) == (["b"], True)
    assert needs(ABC, DAYS, "2022-01-03", SpecificPartitionsPartitionMapping(["a", "c"])) == (["a", "c"], False)
    with pytest.raises(InvalidDefinitionError, match="names the partition 'z', which there is not"):
        needs(ABC, DAYS, "2022-01-03", SpecificPartitionsPartitionMapping(["z"]))


def test_a_static_mapping_that_names_what_is_not_there_is_refused() -> None:
    with pytest.raises(InvalidDefinitionError, match="names partitions that do not exist: d"):
        needs(ABC, ABC, "a", StaticPartitionMapping({"d": "a"}))


class Reversed(PartitionMapping):
    """A mapping of somebody's own."""

    def get_upstream_partitions_for_partitions(
        self, downstream_partitions_subset: PartitionsSubset | None, upstream_partitions_def: PartitionsDefinition
    ) -> PartitionsSubset:
        assert downstream_partitions_subset is not None
        keys = list(upstream_partitions_def.get_partition_keys())
        others = dict(zip(keys, reversed(keys), strict=True))
        return upstream_partitions_def.subset_with_partition_keys(
            others[key] for key in downstream_partitions_subset.get_partition_keys()
        )


def test_a_mapping_of_ones_own_says_one_way_and_is_asked_for_the_other() -> None:
    assert needs(ABC, ABC, "a", Reversed()) == (["c"], True)
    edge = Edge(upstream=ABC, downstream=ABC, now=NOW)
    assert list(Reversed().downstream_of(["c", "b"], edge)) == ["a", "b"]


def test_builtin_mappings_answer_for_subsets_too() -> None:
    some = DAYS.subset_with_partition_keys(["2026-11-21"])
    found = TimeWindowPartitionMapping(-1, 0).get_upstream_partitions_for_partitions(some, DAYS)
    assert found.get_partition_keys() == ["2026-11-20", "2026-11-21"]
    back = TimeWindowPartitionMapping(-1, -1).get_downstream_partitions_for_partitions(some, DAYS)
    assert back.get_partition_keys() == ["2026-11-22"]
    assert TimeWindowPartitionMapping(-1, 0) == TimeWindowPartitionMapping(-1, 0) != TimeWindowPartitionMapping()
    assert repr(TimeWindowPartitionMapping(-1, 0)).startswith("TimeWindowPartitionMapping(")
