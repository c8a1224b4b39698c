"""``@multi_asset`` as it is defined and as it is called."""

from __future__ import annotations

import pytest

from assetflow import (
    AssetIn,
    AssetKey,
    AssetOut,
    CheckError,
    InvalidDefinitionError,
    InvariantViolationError,
    Output,
    StepOutputNotFoundError,
    TypeCheckDidNotPass,
    asset,
    build_op_context,
    materialize,
    multi_asset,
)

TWO = {"left": AssetOut(), "right": AssetOut()}


def run(tmp_path, monkeypatch, *assets, **arguments):
    monkeypatch.setenv("ASSETFLOW_HOME", str(tmp_path))
    return materialize(assets, **arguments)


# keys


@pytest.mark.parametrize(
    ("out", "key"),
    [
        (AssetOut(), ["left"]),
        (AssetOut(key="other"), ["other"]),
        (AssetOut(key=["a", "b"]), ["a", "b"]),
        (AssetOut(key=AssetKey(["a", "b"])), ["a", "b"]),
        (AssetOut(key="a/b"), ["a/b"]),
        (AssetOut(key_prefix="raw"), ["raw", "left"]),
        (AssetOut(key_prefix=["raw", "x"]), ["raw", "x", "left"]),
        (AssetOut(key_prefix="raw/x"), ["raw", "x", "left"]),
        (AssetOut(key_prefix="raw", key="wins"), ["wins"]),
    ],
)
def test_the_key_of_an_output(out, key):
    @multi_asset(outs={"left": out, "right": AssetOut()})
    def both():
        return 1, 2

    assert both.keys_by_output_name["left"] == AssetKey(key)


def test_what_a_definition_says_of_itself():
    @multi_asset(
        outs={
            "left": AssetOut(
                description="the left one", metadata={"unit": "m"}, code_version="7", io_manager_key="lake"
            ),
            "right": AssetOut(group_name="marts"),
        },
        ins={"up": AssetIn("source")},
        non_argument_deps={"raw/lock"},
        compute_kind="pandas",
        op_tags={"assetflow/queue": "large"},
        code_version="1",
    )
    def both(up):
        """Make both."""
        return up, up

    left, right = AssetKey("left"), AssetKey("right")
    assert both.op.name == "both" and both.keys == {left, right}
    assert both.dependency_keys == {AssetKey("source"), AssetKey(["raw", "lock"])}
    assert both.asset_deps == {left: set(both.dependency_keys), right: set(both.dependency_keys)}
    assert both.group_names_by_key == {left: "default", right: "marts"}
    assert both.metadata_by_key == {left: {"unit": "m"}}
    assert both.code_versions_by_key == {left: "7", right: "1"}
    assert both.descriptions_by_key == {left: "the left one", right: "Make both."}
    assert both.op.tags == {"kind": "pandas", "assetflow/queue": "large"}
    assert both.required_resource_keys == {"lake", "io_manager"}
    with pytest.raises(CheckError, match="several"):
        _ = both.key


def test_one_group_for_all():
    @multi_asset(outs=TWO, group_name="marts")
    def both():
        return 1, 2

    assert set(both.group_names_by_key.values()) == {"marts"}


# mistakes


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"outs": {}}, CheckError, "outs maps"),
        ({"outs": ["left"]}, CheckError, "outs maps"),
        ({"outs": {"left": AssetKey("x")}}, CheckError, "to AssetOut, not to AssetKey"),
        ({"outs": TWO, "config_schema": int}, CheckError, "Only dicts are supported for asset config_schema"),
        ({"outs": {"left": AssetOut(group_name="a")}, "group_name": "b"}, CheckError, "give it in one place"),
        ({"outs": TWO, "internal_asset_deps": {"up": set()}}, CheckError, "Invalid out key 'up'"),
        (
            {"outs": TWO, "internal_asset_deps": {"left": {AssetKey("nowhere")}, "right": set()}},
            CheckError,
            "Invalid asset dependencies: nowhere",
        ),
        ({"outs": TWO, "internal_asset_deps": {"left": set()}}, CheckError, "must equal.*missing: right"),
        ({"outs": {"two words": AssetOut()}}, InvalidDefinitionError, '"two words" is not a valid name'),
        ({"outs": TWO, "name": "a-b"}, InvalidDefinitionError, '"a-b" is not a valid name'),
        (
            {"outs": {"left": AssetOut(key="x"), "right": AssetOut(key="x")}},
            InvalidDefinitionError,
            "Duplicate asset key",
        ),
        ({"outs": TWO, "non_argument_deps": {"left"}}, InvalidDefinitionError, "'left' depends on itself"),
        ({"outs": TWO, "ins": {"nobody": AssetIn("x")}}, InvalidDefinitionError, "Key 'nobody' in provided ins"),
        ({"outs": TWO, "group_name": "two words"}, InvalidDefinitionError, "not a valid group name"),
        ({"outs": TWO, "required_resource_keys": "api"}, CheckError, "is a set"),
    ],
)
def test_mistakes_in_a_definition(arguments, error, message):
    with pytest.raises(error, match=message):

        @multi_asset(**arguments)
        def both():
            return 1, 2


# what the function gives


def test_a_tuple_in_the_order_of_outs(tmp_path, monkeypatch):
    @multi_asset(outs=TWO)
    def both():
        return 1, Output(2, metadata={"rows": 5})

    @asset
    def total(left, right):
        return left + right

    result = run(tmp_path, monkeypatch, both, total)
    assert result.output_for_node("both", "left") == 1
    assert result.asset_value("right") == 2 and result.asset_value("total") == 3
    left, right = result.asset_materializations_for_node("both")
    assert left.metadata.keys() == {"path"} and right.metadata["rows"].value == 5


def test_outputs_yielded_in_any_order(tmp_path, monkeypatch):
    @multi_asset(outs=TWO)
    def both(context):
        context.add_output_metadata({"from": "context"}, output_name="left")
        yield Output(2, "right")
        yield Output(1, "left")

    result = run(tmp_path, monkeypatch, both)
    assert (result.asset_value("left"), result.asset_value("right")) == (1, 2)


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        (5, InvariantViolationError, "has multiple outputs, but only one output was returned"),
        ((1, 2, 3), InvariantViolationError, "Length mismatch between returned tuple of outputs"),
        ((1,), InvariantViolationError, "Length mismatch between returned tuple of outputs"),
        ((Output(1, "right"), Output(2, "left")), InvariantViolationError, 'named "right" where "left" was expected'),
        (([Output(1, "left"), Output(2, "left")],), InvariantViolationError, 'output "left" multiple times'),
        (([Output(1, "left")],), StepOutputNotFoundError, 'non-optional output "right"'),
        (([Output(1, "up")],), InvariantViolationError, "which it does not declare; it declares: left, right"),
    ],
)
def test_what_does_not_fit_the_outs(tmp_path, monkeypatch, values, error, message):
    if isinstance(values, tuple) and isinstance(values[0], list):

        @multi_asset(outs=TWO)
        def both():
            yield from values[0]
    else:

        @multi_asset(outs=TWO)
        def both():
            return values

    with pytest.raises(error, match=message):
        run(tmp_path, monkeypatch, both)


def test_types_of_a_tuple_are_checked_one_by_one(tmp_path, monkeypatch):
    @multi_asset(outs=TWO)
    def both() -> tuple[int, Output[str]]:
        return 1, 2  # type: ignore[return-value]

    with pytest.raises(TypeCheckDidNotPass, match='step output "right" of op "both": expected str, got int'):
        run(tmp_path, monkeypatch, both)
    with pytest.raises(TypeCheckDidNotPass, match='op "both" output "right"'):
        both()


def test_the_type_of_an_out_wins_over_the_annotation(tmp_path, monkeypatch):
    @multi_asset(outs={"left": AssetOut(dagster_type=str), "right": AssetOut()})
    def both() -> tuple[int, int]:
        return "text", 2  # type: ignore[return-value]

    assert run(tmp_path, monkeypatch, both).success


def test_an_optional_output_that_does_not_come_prunes_only_its_own_children(tmp_path, monkeypatch):
    @multi_asset(outs={"left": AssetOut(is_required=False), "right": AssetOut(is_required=False)})
    def both():
        yield Output(1, "right")

    @asset
    def of_left(left):
        return left

    @asset
    def of_right(right):
        return right

    @asset
    def of_both(left, right):
        return left, right

    result = run(tmp_path, monkeypatch, both, of_left, of_right, of_both)
    assert result.success
    assert {name: result.state_of(name).label for name in ("both", "of_left", "of_right", "of_both")} == {
        "both": "succeeded",
        "of_left": "skipped",
        "of_right": "succeeded",
        "of_both": "skipped",
    }
    assert not (tmp_path / "storage" / "left").exists()


# some of the assets


def test_a_part_of_it_is_refused_unless_it_says_that_it_can(tmp_path, monkeypatch):
    from assetflow import InvalidSubsetError

    @multi_asset(outs=TWO)
    def both():
        return 1, 2

    with pytest.raises(InvalidSubsetError, match=r"does not support subsetting.*both also makes: right"):
        run(tmp_path, monkeypatch, both, selection="left")


def test_a_part_of_it_is_told_what_is_wanted(tmp_path, monkeypatch):
    seen = []

    @multi_asset(
        outs={"left": AssetOut(is_required=False), "right": AssetOut(is_required=False, key_prefix="x")},
        can_subset=True,
    )
    def both(context):
        seen.append((context.selected_output_names, context.selected_asset_keys))
        for name in sorted(context.selected_output_names):
            yield Output(name, name)

    result = run(tmp_path, monkeypatch, both, selection="x/right")
    assert seen == [({"right"}, {AssetKey(["x", "right"])})]
    assert result.asset_value(["x", "right"]) == "right"
    assert not (tmp_path / "storage" / "left").exists()


def test_what_was_not_asked_for_is_not_stored_even_if_it_comes(tmp_path, monkeypatch):
    @multi_asset(outs=TWO, can_subset=True)
    def both():
        return 1, 2

    assert run(tmp_path, monkeypatch, both, selection="left").success
    assert (tmp_path / "storage" / "left").exists() and not (tmp_path / "storage" / "right").exists()


# direct calls


def test_a_direct_call_gives_back_what_the_function_gives():
    @multi_asset(outs=TWO)
    def both(context, up=3):
        return up, context.selected_output_names

    assert both(build_op_context()) == (3, {"left", "right"})
    assert both(build_op_context(), up=4)[0] == 4


@pytest.mark.parametrize("value", [5, (1,), None])
def test_a_direct_call_checks_that_all_is_there(value):
    @multi_asset(outs=TWO)
    def both():
        return value

    with pytest.raises(InvariantViolationError):
        both()


def test_a_generator_that_is_called_is_checked_while_it_is_read():
    @multi_asset(outs=TWO)
    def both():
        yield Output(1, "left")

    items = both()
    assert next(items).value == 1
    with pytest.raises(InvariantViolationError, match='required output "right"'):
        next(items)
