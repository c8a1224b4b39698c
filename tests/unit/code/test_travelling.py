from __future__ import annotations

import pickle
import re
from typing import Any

import cloudpickle
import pytest

from assetflow import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetIn,
    AssetKey,
    AssetOut,
    AssetsDefinition,
    DataVersion,
    Output,
    RetryPolicy,
    SourceAsset,
    asset,
    asset_check,
    graph_asset,
    multi_asset,
    observable_source_asset,
    op,
)
from assetflow.definitions.observable import observation_of


@asset(
    key_prefix="warehouse",
    group_name="sales",
    ins={"raw": AssetIn("raw", metadata={"columns": ["a"]})},
    deps=["before"],
    metadata={"owner": "x"},
    retry_policy=RetryPolicy(max_retries=2),
    required_resource_keys={"db"},
    resource_defs={"db": 1},
    owners=["team:data"],
    tags={"tier": "1"},
    pool="db",
    code_version="3",
)
def plain(context: Any, raw: int = 3) -> int:
    """Daily."""
    return raw


@multi_asset(
    outs={"one": AssetOut(is_required=False), "two": AssetOut(key_prefix="p", metadata={"k": 1})},
    internal_asset_deps={"one": {AssetKey("source")}, "two": {AssetKey("one")}},
    can_subset=True,
    check_specs=[AssetCheckSpec("good", asset="one", blocking=True)],
)
def several(source: int) -> Any:
    yield Output(source, "one")


@op
def double(x: int) -> int:
    return 2 * x


@graph_asset
def graphed(raw: int) -> int:
    return double(double(raw))


@asset_check(asset="raw", blocking=True)
def looks_right(raw: int) -> AssetCheckResult:
    return AssetCheckResult(passed=raw > 0)


@observable_source_asset
def watched() -> DataVersion:
    return DataVersion("1")


def told(definition: AssetsDefinition) -> dict[str, Any]:
    """Everything there is to say of assets."""
    found = {name: getattr(definition, name) for name in AssetsDefinition.__slots__}
    found["_resource_defs"] = sorted(definition.resource_defs)
    return {**found, "ops": [told_of(one) for one in definition.ops], "node_def": definition.node_def.name}


def shown(value: Any) -> str:
    """Without the addresses of objects."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def told_of(one: Any) -> dict[str, Any]:
    found = {name: getattr(one, name) for name in one.__dataclass_fields__}
    return {**found, "compute_fn": one.compute_fn.__qualname__}


@pytest.mark.parametrize(
    "definition",
    [plain, several, graphed, looks_right, observation_of(watched)],
    ids=["asset", "multi_asset", "graph_asset", "check", "observation"],
)
def test_a_definition_says_the_same_on_the_other_side(definition: AssetsDefinition) -> None:
    found = pickle.loads(cloudpickle.dumps(definition))
    assert type(found) is type(definition)
    before, after = told(definition), told(found)
    assert before.keys() == after.keys()
    for name in before:
        assert shown(after[name]) == shown(before[name]), name


def test_an_op_that_two_assets_share_is_shared_on_the_other_side() -> None:
    one = AssetsDefinition.from_op(double, keys_by_output_name={"result": "a"})
    two = AssetsDefinition.from_op(double, keys_by_output_name={"result": "b"})
    first, second = pickle.loads(cloudpickle.dumps([one, two]))
    assert first.node_def is second.node_def


def test_a_source_keeps_its_function_on_the_other_side() -> None:
    found: SourceAsset = pickle.loads(cloudpickle.dumps(watched))
    assert found.key == watched.key and found.is_observable
