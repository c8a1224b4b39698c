"""Partitions that are named one by one, in several dimensions, or as time goes by."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetflow.errors import (
    CheckError,
    InvalidDefinitionError,
    InvalidInvocationError,
    InvariantViolationError,
    UnknownPartitionError,
)
from assetflow.partitions.dynamic import DynamicPartitionsDefinition
from assetflow.partitions.multi import MultiPartitionKey, MultiPartitionsDefinition
from assetflow.partitions.static import StaticPartitionsDefinition
from assetflow.partitions.subset import PartitionsSubset
from assetflow.partitions.usual_windows import DailyPartitionsDefinition

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
COLOURS = StaticPartitionsDefinition(["red", "green", "blue"])
DAYS = DailyPartitionsDefinition("2026-11-24")
TWO = MultiPartitionsDefinition({"day": DAYS, "colour": COLOURS})


class Customers:
    """Keeps dynamic partitions in memory."""

    def __init__(self, *keys: str) -> None:
        self.keys = list(keys)

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        assert partitions_def_name == "customers"
        return self.keys

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        return partition_key in self.get_dynamic_partitions(partitions_def_name)


def test_keys_that_are_named_come_in_their_order() -> None:
    assert list(COLOURS.get_partition_keys()) == ["red", "green", "blue"]
    assert COLOURS.has_partition_key("red") and not COLOURS.has_partition_key("pink")


@pytest.mark.parametrize(
    ("keys", "error"),
    [(["a...b"], InvalidDefinitionError), ([""], InvalidDefinitionError), ([3], CheckError), ("abc", CheckError)],
)
def test_what_cannot_be_a_key_is_refused(keys: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        StaticPartitionsDefinition(keys)


def test_an_unknown_key_is_told_with_those_that_look_like_it() -> None:
    with pytest.raises(UnknownPartitionError, match="did you mean green"):
        COLOURS.check_key("gren")


def test_two_dimensions_have_a_partition_for_each_combination() -> None:
    keys = TWO.get_partition_keys(NOW)
    assert list(keys[:3]) == ["red|2026-11-24", "red|2026-11-25", "green|2026-11-24"]
    assert TWO.get_num_partitions(NOW) == len(keys) == 6
    assert TWO.has_partition_key("blue|2026-11-25", NOW) and not TWO.has_partition_key("blue|2026-11-26", NOW)
    assert TWO.parsed("blue|2026-11-25").keys_by_dimension == {"colour": "blue", "day": "2026-11-25"}
    assert MultiPartitionKey({"day": "2026-11-25", "colour": "blue"}) == "blue|2026-11-25"
    assert TWO.tags_of("blue|2026-11-25") == {
        "assetflow/partition": "blue|2026-11-25",
        "assetflow/partition/colour": "blue",
        "assetflow/partition/day": "2026-11-25",
    }


def test_three_dimensions_go_too_and_one_does_not() -> None:
    three = MultiPartitionsDefinition({"a": COLOURS, "b": COLOURS, "c": COLOURS})
    assert three.get_num_partitions() == 27 and three.has_partition_key("red|green|blue")
    with pytest.raises(InvariantViolationError, match="at least 2 dimensions, and this one has 1"):
        MultiPartitionsDefinition({"a": COLOURS})
    with pytest.raises(InvalidDefinitionError, match="has several dimensions itself"):
        MultiPartitionsDefinition({"a": COLOURS, "b": TWO})


def test_a_key_in_several_dimensions_keeps_them_when_it_travels() -> None:
    key = MultiPartitionKey({"day": "d", "colour": "c"})
    again = pickle.loads(pickle.dumps(key))
    assert again == key and again.keys_by_dimension == key.keys_by_dimension
    with pytest.raises(CheckError, match=r"without '\|'"):
        MultiPartitionKey({"day": "a|b", "colour": "c"})


def test_dynamic_partitions_are_those_of_the_store() -> None:
    customers, store = DynamicPartitionsDefinition(name="customers"), Customers("ann", "bob")
    assert customers.get_partition_keys(dynamic_partitions_store=store) == ["ann", "bob"]
    assert customers.has_partition_key("bob", dynamic_partitions_store=store)
    with pytest.raises(InvalidInvocationError, match="kept by an instance, and none was given"):
        customers.get_partition_keys()
    request = customers.build_add_request(["cid"])
    assert (request.name, request.partition_keys, request.removes) == ("customers", ("cid",), False)


def test_dynamic_partitions_of_a_function_ask_it() -> None:
    found = DynamicPartitionsDefinition(lambda now: [f"{now:%Y}"])
    assert found.get_partition_keys(NOW) == ["2026"]
    with pytest.raises(CheckError, match="either a name or a partition_fn"):
        DynamicPartitionsDefinition()


@given(st.lists(st.booleans(), max_size=30), st.lists(st.sampled_from(["gone", "lost"]), unique=True))
def test_a_subset_comes_back_from_its_text(chosen: list[bool], unknown: list[str]) -> None:
    definition = StaticPartitionsDefinition([str(number) for number in range(len(chosen))])
    keys = [str(number) for number, wanted in enumerate(chosen) if wanted]
    subset = definition.subset_with_partition_keys([*keys, *unknown])
    assert PartitionsSubset.deserialize(definition, subset.serialize()) == subset
    assert len(subset.get_partition_key_ranges()) <= len(keys) + len(unknown)


def test_a_hundred_thousand_keys_are_as_short_as_two() -> None:
    many = StaticPartitionsDefinition([str(number) for number in range(100_000)])
    assert many.subset_with_partition_keys(many.get_partition_keys()).serialize() == '{"ranges":[["0","99999"]]}'
