"""Checks of assets."""

import pytest

from assetflow import (
    AssetCheckFailedError,
    AssetCheckKey,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetIn,
    AssetKey,
    AssetOut,
    AssetSelection,
    CheckError,
    Definitions,
    FilesystemIOManager,
    InMemoryIOManager,
    InvalidDefinitionError,
    InvalidSubsetError,
    InvariantViolationError,
    MaterializeResult,
    Output,
    SourceAsset,
    StepOutputNotFoundError,
    StepState,
    asset,
    asset_check,
    build_op_context,
    materialize,
    materialize_to_memory,
    multi_asset,
    multi_asset_check,
)

WARN, ERROR = AssetCheckSeverity.WARN, AssetCheckSeverity.ERROR


@asset
def orders():
    return [1, 2, 3]


@asset
def report(orders):
    return len(orders)


def check_of_orders(passed, severity=ERROR, **options):
    @asset_check(asset=orders, **options)
    def is_fine(orders):
        """Whether it is fine."""
        return AssetCheckResult(
            passed=passed, severity=severity, metadata={"rows": len(orders)}, description="looked at it"
        )

    return is_fine


def said(result):
    return [(str(one.asset_check_key), one.passed, one.severity) for one in result.get_asset_check_evaluations()]


# --- a check is a step after its asset -------------------------------------------------------------------------------


def test_a_check_runs_after_its_asset():
    result = materialize_to_memory([orders, check_of_orders(True)])
    assert result.success
    [one] = result.get_asset_check_evaluations()
    assert one.asset_key == AssetKey("orders")
    assert one.check_name == "is_fine"
    assert one.passed
    assert one.metadata["rows"].value == 3
    assert one.description == "looked at it"
    assert not one.blocking
    assert result.state_of("orders_is_fine") is StepState.SUCCEEDED


@pytest.mark.parametrize("answer", [True, False])
def test_a_check_may_return_a_bool(answer):
    @asset_check(asset="orders")
    def simple():
        return answer

    assert said(materialize_to_memory([orders, simple])) == [("orders:simple", answer, ERROR)]


@pytest.mark.parametrize("answer", [None, 1, "yes", Output(True)])
def test_a_check_returns_nothing_else(answer):
    @asset_check(asset="orders")
    def simple():
        return answer

    with pytest.raises(InvariantViolationError, match="neither an AssetCheckResult nor a bool"):
        materialize_to_memory([orders, simple])


@pytest.mark.parametrize("wrong", [{"passed": 1}, {"passed": None}, {"passed": True, "severity": "ERROR"}])
def test_results_are_checked(wrong):
    with pytest.raises(CheckError):
        AssetCheckResult(**wrong)


@pytest.mark.parametrize("severity", [WARN, ERROR])
def test_a_check_that_fails_and_does_not_block_changes_nothing(severity):
    result = materialize_to_memory([orders, report, check_of_orders(False, severity)])
    assert result.success
    assert result.asset_value("report") == 3
    assert said(result) == [("orders:is_fine", False, severity)]


def test_a_blocking_check_that_fails_stops_what_needs_the_asset():
    result = materialize_to_memory([orders, report, check_of_orders(False, blocking=True)], raise_on_error=False)
    assert not result.success
    assert result.state_of("orders") is StepState.SUCCEEDED
    assert result.state_of("orders_is_fine") is StepState.FAILED
    assert result.state_of("report") is StepState.UPSTREAM_FAILED
    assert said(result) == [("orders:is_fine", False, ERROR)]


def test_a_blocking_check_that_fails_is_raised():
    with pytest.raises(AssetCheckFailedError, match=r"1 blocking asset check failed .*: orders:is_fine \(looked at"):
        materialize_to_memory([orders, report, check_of_orders(False, blocking=True)])


@pytest.mark.parametrize(("passed", "severity"), [(True, ERROR), (True, WARN), (False, WARN)])
def test_a_blocking_check_that_passes_or_only_warns_stops_nothing(passed, severity):
    result = materialize_to_memory([orders, report, check_of_orders(passed, severity, blocking=True)])
    assert result.success
    assert result.asset_value("report") == 3


def test_what_needs_an_asset_waits_for_its_blocking_check():
    story = []

    @asset_check(asset="orders", blocking=True)
    def slow():
        story.append("check")
        return True

    @asset(deps=["orders"])
    def below():
        story.append("below")

    materialize_to_memory([orders, below, slow])
    assert story == ["check", "below"]


def test_a_check_that_raises_is_no_failed_check():
    @asset_check(asset="orders")
    def broken():
        raise ValueError("no")

    result = materialize_to_memory([orders, report, broken], raise_on_error=False)
    assert not result.success
    assert result.state_of("report") is StepState.SUCCEEDED
    assert said(result) == []


# --- what a check takes ----------------------------------------------------------------------------------------------


def test_the_argument_may_have_any_name():
    @asset_check(asset="orders")
    def has_rows(whatever):
        return whatever == [1, 2, 3]

    assert said(materialize_to_memory([orders, has_rows])) == [("orders:has_rows", True, ERROR)]


def test_other_assets_context_config_and_resources():
    @asset
    def limit():
        return 2

    @asset_check(
        asset="orders",
        additional_ins={"most": AssetIn("limit")},
        required_resource_keys={"unit"},
        config_schema={"more": int},
        name="named",
        description="described",
        metadata={"k": 1},
    )
    def compared(context, orders, most):
        return AssetCheckResult(
            passed=len(orders) > most + context.op_config["more"], metadata={"u": context.resources.unit}
        )

    config = {"ops": {"orders_named": {"config": {"more": 1}}}}
    result = materialize(
        [orders, limit, compared], resources={"unit": "g", "io_manager": InMemoryIOManager()}, run_config=config
    )
    assert said(result) == [("orders:named", False, ERROR)]
    [spec] = compared.check_specs
    assert (spec.name, spec.description, spec.metadata, spec.key) == (
        "named", "described", {"k": 1}, AssetCheckKey(AssetKey("orders"), "named")
    )  # fmt: skip


def test_additional_deps_only_order():
    story = []

    @asset
    def other():
        story.append("other")

    @asset_check(asset="orders", additional_deps=[other])
    def late():
        story.append("check")
        return True

    materialize_to_memory([orders, late, other])
    assert story == ["other", "check"]


def test_a_check_is_called_directly():
    @asset_check(asset="orders")
    def has_rows(context, orders):
        return AssetCheckResult(passed=len(orders) > context.op_config)

    assert has_rows(build_op_context(op_config=2), [1, 2, 3]).passed is True


def test_two_free_arguments():
    with pytest.raises(InvalidDefinitionError, match="the check two takes a, b, and checks one asset"):

        @asset_check(asset="orders")
        def two(a, b): ...


def test_the_checked_asset_in_additional_ins():
    with pytest.raises(InvalidDefinitionError, match="cannot be in additional_ins"):

        @asset_check(asset="orders", additional_ins={"orders": AssetIn("orders")})
        def two(orders): ...


@pytest.mark.parametrize("given", ["orders", AssetKey("orders"), ["orders"], orders, SourceAsset("orders")])
def test_ways_to_name_the_asset(given):
    @asset_check(asset=given)
    def simple():
        return True

    assert simple.check_keys == {AssetCheckKey(AssetKey("orders"), "simple")}
    assert simple.keys == frozenset()


def test_a_check_of_an_asset_that_is_not_there():
    @asset_check(asset="ordres")
    def simple():
        return True

    with pytest.raises(InvalidDefinitionError) as caught:
        materialize_to_memory([orders, simple])
    assert 'the check "ordres_simple" is of the asset ordres, which is not defined' in str(caught.value)
    assert "did you mean orders?" in str(caught.value)


def test_two_checks_of_one_name():
    with pytest.raises(InvalidDefinitionError, match="Duplicate asset check key: orders:is_fine"):
        materialize_to_memory([orders, check_of_orders(True), check_of_orders(False)])


def test_a_check_of_a_source_runs_when_it_is_asked_for(tmp_path):
    manager = FilesystemIOManager(tmp_path)
    materialize([orders], resources={"io_manager": manager})

    @asset_check(asset="orders")
    def has_rows(orders):
        return len(orders) == 3

    result = materialize(
        [SourceAsset("orders"), has_rows],
        resources={"io_manager": manager},
        selection=AssetSelection.checks(has_rows),
    )
    assert said(result) == [("orders:has_rows", True, ERROR)]


# --- which checks run ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selection", "steps"),
    [
        (None, {"orders", "report", "orders_is_fine", "report_short"}),
        ("orders", {"orders", "orders_is_fine"}),
        (AssetSelection.all(), {"orders", "report", "orders_is_fine", "report_short"}),
        (AssetSelection.all().without_checks(), {"orders", "report"}),
        (AssetSelection.all_asset_checks(), {"orders_is_fine", "report_short"}),
        (AssetSelection.checks_for_assets(report), {"report_short"}),
        (AssetSelection.keys("orders") | AssetSelection.checks_for_assets(report), {"orders", "orders_is_fine", "report_short"}),
        (AssetSelection.all() - AssetSelection.checks_for_assets(report), {"orders", "report", "orders_is_fine"}),
        (AssetSelection.all() & AssetSelection.keys("report"), {"report", "report_short"}),
        (AssetSelection.keys("orders").downstream(), {"orders", "report", "orders_is_fine", "report_short"}),
        (AssetCheckKey(AssetKey("report"), "short"), {"report_short"}),
        ([orders, AssetCheckKey(AssetKey("report"), "short")], {"orders", "orders_is_fine", "report_short"}),
    ],
)  # fmt: skip
def test_selecting_checks(selection, steps, tmp_path):
    @asset_check(asset="report")
    def short(report):
        return report < 10

    definitions = [orders, report, check_of_orders(True), short]
    manager = {"io_manager": FilesystemIOManager(tmp_path)}
    materialize(definitions, resources=manager)
    result = materialize(definitions, resources=manager, selection=selection)
    assert set(result.step_keys) == steps


def test_selecting_a_check_that_is_not_there():
    with pytest.raises(InvalidSubsetError, match="there is no check orders:other"):
        materialize_to_memory(
            [orders, check_of_orders(True)], selection=AssetSelection.checks(AssetCheckKey(AssetKey("orders"), "other"))
        )


def test_definitions_take_checks():
    defs = Definitions(
        assets=[orders, report], asset_checks=[check_of_orders(True)], resources={"io_manager": InMemoryIOManager()}
    )
    result = defs.get_job("__ASSET_JOB").execute_in_process()
    assert said(result) == [("orders:is_fine", True, ERROR)]


# --- several checks of one function ----------------------------------------------------------------------------------


def test_multi_asset_check():
    @multi_asset_check(specs=[AssetCheckSpec("a", asset="orders"), AssetCheckSpec("b", asset="report", blocking=True)])
    def both():
        yield AssetCheckResult(passed=True, check_name="a")
        yield AssetCheckResult(passed=False, check_name="b", asset_key="report", severity=WARN)

    @asset
    def last(report):
        return report

    result = materialize_to_memory([orders, report, last, both])
    assert said(result) == [("orders:a", True, ERROR), ("report:b", False, WARN)]
    assert result.asset_value("last") == 3


@pytest.mark.parametrize(
    ("results", "error", "message"),
    [
        ([], StepOutputNotFoundError, "ended without a result of its check orders:a"),
        ([AssetCheckResult(True)], InvariantViolationError, "could be of several of its checks: orders:a, orders:b"),
        ([AssetCheckResult(True, check_name="c")], InvariantViolationError, "is of no check that it declares"),
        ([AssetCheckResult(True, check_name="a")] * 2, InvariantViolationError, "of the check orders:a multiple times"),
    ],
)
def test_results_that_do_not_fit(results, error, message):
    @multi_asset_check(specs=[AssetCheckSpec("a", asset="orders"), AssetCheckSpec("b", asset="orders")])
    def both():
        yield from results

    with pytest.raises(error, match=message):
        materialize_to_memory([orders, both])


@pytest.mark.parametrize(("selection", "names"), [
    (AssetSelection.checks(AssetCheckKey(AssetKey("orders"), "a")), {"a"}),
    (AssetSelection.all_asset_checks(), {"a", "b"}),
    (None, {"a", "b"}),
])  # fmt: skip
def test_some_checks_of_a_function_without_the_others(selection, names, tmp_path):
    asked = []

    @multi_asset_check(
        specs=[AssetCheckSpec("a", asset="orders"), AssetCheckSpec("b", asset="orders", blocking=True)],
        can_subset=True,
    )
    def both(context):
        asked.append({key.name for key in context.selected_asset_check_keys})
        for name in asked[0]:
            yield AssetCheckResult(passed=True, check_name=name)

    result = materialize(
        [orders, report, both], resources={"io_manager": FilesystemIOManager(tmp_path)}, selection=selection
    )
    assert asked == [names]
    assert {name for name, _, _ in said(result)} == {f"orders:{name}" for name in names}


def test_a_result_of_a_check_that_was_not_asked_for_does_not_count():
    @multi_asset_check(
        specs=[AssetCheckSpec("a", asset="orders"), AssetCheckSpec("b", asset="orders")], can_subset=True
    )
    def both():
        yield AssetCheckResult(passed=True, check_name="a")
        yield AssetCheckResult(passed=False, check_name="b")

    only_a = AssetSelection.checks(AssetCheckKey(AssetKey("orders"), "a"))
    assert said(materialize_to_memory([orders, both], selection=only_a)) == [("orders:a", True, ERROR)]


def test_a_function_that_checks_its_own_assets_knows_the_selected_checks():
    asked = []

    @multi_asset(
        outs={"a": AssetOut(is_required=False), "b": AssetOut(is_required=False)},
        check_specs=[AssetCheckSpec("fine", asset="a"), AssetCheckSpec("fine", asset="b")],
        can_subset=True,
    )
    def both(context):
        asked.append(context.selected_asset_check_keys)
        yield Output(1, "a")
        yield AssetCheckResult(passed=True, asset_key="a")

    materialize_to_memory([both], selection="a")
    assert asked == [{AssetCheckKey(AssetKey("a"), "fine")}]


def test_a_check_of_a_source_runs_with_everything():
    @asset_check(asset=SourceAsset("given"))
    def there():
        return True

    assert said(materialize_to_memory([SourceAsset("given"), there])) == [("given:there", True, ERROR)]


def test_only_checks_are_asset_checks():
    with pytest.raises(CheckError, match="asset_checks is a list of what asset_check makes"):
        Definitions([orders], asset_checks=[report])


def test_a_result_of_another_asset_is_named():
    @asset_check(asset=orders)
    def fine():
        return AssetCheckResult(passed=True, asset_key="zz")

    with pytest.raises(
        InvariantViolationError, match='with asset_key "zz", which is of no check that it declares'
    ) as e:
        materialize_to_memory([orders, fine])
    assert e.value.fix == "leave asset_key and check_name out"


def test_two_specs_of_one_name():
    with pytest.raises(InvalidDefinitionError, match="have the same asset and name"):

        @multi_asset_check(specs=[AssetCheckSpec("a", asset="orders")] * 2)
        def both(): ...


@pytest.mark.parametrize("specs", [[], ["a"]])
def test_specs_are_specs(specs):
    with pytest.raises(CheckError, match="specs is a list of AssetCheckSpec"):
        multi_asset_check(specs=specs)


# --- checks that an asset does itself --------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["yielded", "returned"])
def test_an_asset_checks_itself(way):
    spec = AssetCheckSpec("positive", asset="own")

    @asset(check_specs=[spec])
    def own():
        if way == "returned":
            return MaterializeResult(value=4, check_results=[AssetCheckResult(passed=True, metadata={"n": 1})])
        return inner()

    def inner():
        yield Output(4)
        yield AssetCheckResult(passed=True, check_name="positive", metadata={"n": 1})

    result = materialize_to_memory([own])
    assert said(result) == [("own:positive", True, ERROR)]
    assert result.asset_value("own") == 4


def test_an_asset_whose_blocking_check_fails_is_not_published(tmp_path):
    good = True

    @asset(check_specs=[AssetCheckSpec("fine", asset="own", blocking=True)])
    def own():
        yield Output(5 if good else -5)
        yield AssetCheckResult(passed=good)

    manager = FilesystemIOManager(tmp_path)
    assert materialize([own], resources={"io_manager": manager}).success
    good = False
    result = materialize([own], resources={"io_manager": manager}, raise_on_error=False)
    assert not result.success
    assert result.asset_materializations_for_node("own") == []
    assert Definitions(assets=[own], resources={"io_manager": manager}).load_asset_value("own") == 5


def test_a_step_whose_own_check_fails_has_made_no_value():
    @asset(check_specs=[AssetCheckSpec("fine", asset="own", blocking=True)])
    def own():
        yield Output(5)
        yield AssetCheckResult(passed=False)

    result = materialize_to_memory([own], raise_on_error=False)
    for ask in (lambda: result.asset_value("own"), lambda: result.output_for_node("own")):
        with pytest.raises(InvariantViolationError):
            ask()


def test_results_of_checks_in_a_returned_tuple():
    @asset(check_specs=[AssetCheckSpec("fine", asset="own")])
    def own():
        return 4, AssetCheckResult(passed=True)

    @multi_asset(outs={"a": AssetOut(), "b": AssetOut()}, check_specs=[AssetCheckSpec("fine", asset="b")])
    def both():
        return 1, 2, AssetCheckResult(passed=False)

    result = materialize_to_memory([own, both])
    assert said(result) == [("own:fine", True, ERROR), ("b:fine", False, ERROR)]
    assert [result.asset_value(key) for key in ("own", "a", "b")] == [4, 1, 2]
    assert own() == (4, AssetCheckResult(passed=True))


def test_a_returned_result_is_no_value():
    @asset
    def own():
        return AssetCheckResult(passed=True)

    with pytest.raises(InvariantViolationError, match="is of no check that it declares: none"):
        materialize_to_memory([own])


def test_a_check_that_is_declared_has_to_be_done():
    @asset(check_specs=[AssetCheckSpec("fine", asset="own")])
    def own():
        return 1

    with pytest.raises(StepOutputNotFoundError, match="ended without a result of its check own:fine"):
        materialize_to_memory([own])


def test_a_result_that_is_not_declared():
    @asset
    def own():
        yield Output(1)
        yield AssetCheckResult(passed=True, check_name="fine")

    with pytest.raises(InvariantViolationError, match="is of no check that it declares: none"):
        materialize_to_memory([own])


def test_check_specs_of_another_asset():
    with pytest.raises(InvalidDefinitionError, match="Invalid asset key other in check spec fine"):

        @asset(check_specs=[AssetCheckSpec("fine", asset="other")])
        def own(): ...


def test_check_specs_twice():
    with pytest.raises(InvalidDefinitionError, match="Duplicate check specs: own:fine"):

        @asset(check_specs=[AssetCheckSpec("fine", asset="own")] * 2)
        def own(): ...


def test_a_multi_asset_checks_what_it_makes():
    @multi_asset(
        outs={"a": AssetOut(), "b": AssetOut()},
        check_specs=[AssetCheckSpec("fine", asset="a"), AssetCheckSpec("fine", asset="b")],
    )
    def both():
        yield MaterializeResult(asset_key="a", value=1, check_results=[AssetCheckResult(passed=True)])
        yield Output(2, "b")
        yield AssetCheckResult(passed=False, asset_key="b", check_name="fine")

    result = materialize_to_memory([both])
    assert said(result) == [("a:fine", True, ERROR), ("b:fine", False, ERROR)]
    assert (result.asset_value("a"), result.asset_value("b")) == (1, 2)


@pytest.mark.parametrize("name", ["two words", "class", "a/b"])
def test_names_of_checks(name):
    with pytest.raises(InvalidDefinitionError, match="not a valid name"):
        AssetCheckSpec(name, asset="a")
