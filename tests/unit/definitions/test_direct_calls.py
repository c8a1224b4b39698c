"""Calling an asset like the function it is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from assetflow import (
    AssetMaterialization,
    InvalidDefinitionError,
    InvalidInvocationError,
    InvariantViolationError,
    Output,
    ResourceDefinition,
    TypeCheckDidNotPass,
    asset,
    build_asset_context,
    build_op_context,
    resource,
)


@asset
def total(first, second: int = 2) -> int:
    return first + second


@asset(required_resource_keys={"api"}, non_argument_deps={"lock"})
def fetched(context, up):
    return context.resources.api, up


@asset(output_required=False)
def conditional(wanted):
    if wanted:
        yield Output(wanted)


def test_a_call_returns_what_the_function_returns():
    output = Output(3, metadata={"rows": 1})
    assert total(1) == 3
    assert total(1, 5) == 6
    assert total(second=3, first=1) == 4
    assert asset(name="x")(lambda: output)() is output


def test_a_python_default_counts_in_direct_calls():
    assert total(first=1) == 3


def test_a_missing_input_is_named():
    with pytest.raises(InvalidInvocationError, match='No value provided for required input "first"'):
        total()


@pytest.mark.parametrize(("args", "kwargs"), [((1, 2, 3), {}), ((1,), {"third": 3}), ((1,), {"first": 3})])
def test_too_many_inputs_are_refused(args, kwargs):
    with pytest.raises(InvalidInvocationError, match="Too many input arguments were provided for op 'total'"):
        total(*args, **kwargs)


def test_a_context_that_is_needed_has_to_be_given():
    with pytest.raises(InvalidInvocationError, match="has context argument, but no context was provided"):
        fetched(3)
    with pytest.raises(InvalidInvocationError, match="has context argument, but no context was provided"):
        fetched(up=3)


@pytest.mark.parametrize("call", [lambda context: total(1, context=context), lambda context: total(context, 1)])
def test_a_context_that_is_not_wanted_is_refused(call):
    with pytest.raises(InvalidInvocationError, match="has no context argument, but context was provided"):
        call(build_op_context())


def test_the_context_comes_first_or_by_name():
    context = build_op_context(resources={"api": "here"})
    assert fetched(context, 3) == ("here", 3)
    assert fetched(context, up=3) == ("here", 3)
    assert fetched(up=3, context=context) == ("here", 3)


def test_a_value_for_an_order_is_refused():
    context = build_op_context(resources={"api": "here"})
    with pytest.raises(InvalidInvocationError, match="Attempted to provide value for nothing input 'lock'"):
        fetched(context, 3, lock=1)


def test_refusals_say_where_the_asset_is_written():
    with pytest.raises(InvalidInvocationError) as caught:
        total()
    assert caught.value.where is not None
    assert "test_direct_calls.py:" in caught.value.where
    assert caught.value.fix is not None


def test_a_declared_resource_has_to_be_there():
    with pytest.raises(InvalidDefinitionError, match="resource with key 'api' required by op 'fetched' was not"):
        fetched(build_op_context(), 3)


def test_all_resources_of_the_context_are_visible():
    @asset
    def undeclared(context):
        return context.resources.api

    assert undeclared(build_op_context(resources={"api": 3})) == 3


def test_resources_that_come_with_the_asset_are_opened_and_closed():
    told = []

    @resource(required_resource_keys={"name"})
    def connection(init):
        told.append("opened")
        yield init.resources.name
        told.append("closed")

    @asset(resource_defs={"db": connection, "name": ResourceDefinition.hardcoded_resource("own")})
    def made(context):
        told.append("used")
        return context.resources.db

    @asset(resource_defs=made.resource_defs)
    def yielding(context):
        yield Output(context.resources.db)
        told.append("used late")

    assert made(build_op_context()) == "own"
    assert told == ["opened", "used", "closed"]
    assert made(build_op_context(resources={"name": "given"})) == "given"
    told.clear()
    assert made(build_op_context(resources={"db": "stub", "name": "stub"})) == "stub"
    assert told == ["used"]
    told.clear()
    assert [item.value for item in yielding(build_op_context())] == ["own"]
    assert told == ["opened", "used late", "closed"]


def test_config_reaches_the_asset():
    @asset
    def made(context):
        return context.op_config

    assert made(build_op_context(op_config={"n": 1})) == {"n": 1}
    assert made(build_asset_context(asset_config={"n": 2})) == {"n": 2}
    assert made(build_op_context()) is None


def test_the_context_knows_the_asset():
    @asset(key_prefix="a")
    def made(context, up):
        return context.asset_key, context.asset_key_for_input("up"), context.run_id, context.selected_asset_keys

    assert made(build_op_context(), 1) == (
        made.key,
        made.keys_by_input_name["up"],
        "EPHEMERAL",
        frozenset({made.key}),
    )


def test_what_the_asset_logs_stays_out_of_the_given_context():
    @asset
    def made(context):
        context.log_event(AssetMaterialization("other"))
        context.add_output_metadata({"rows": 3})
        return 1

    context = build_op_context()
    assert made(context) == 1
    assert context.get_events() == []
    assert context.get_output_metadata("result") == {}
    assert made(context) == 1  # so that one context serves several calls


def test_inputs_and_outputs_are_checked_against_their_annotations():
    with pytest.raises(TypeCheckDidNotPass, match='Type check failed for op "total" input "second"'):
        total(1, "2")
    with pytest.raises(TypeCheckDidNotPass, match='Type check failed for op "total" output "result"'):
        total(1.5, 2)


def test_an_output_is_checked_by_its_value():
    @asset
    def made() -> Output[int]:
        return Output("text")  # type: ignore[arg-type]

    with pytest.raises(TypeCheckDidNotPass, match='output "result"'):
        made()


def test_an_asset_annotated_with_none_returns_none():
    @asset
    def made(value) -> None:
        return value

    assert made(None) is None
    with pytest.raises(TypeCheckDidNotPass):
        made(3)


def test_a_generator_stays_one_and_checks_what_it_yields():
    @asset
    def made() -> Iterator[Output[int]]:
        yield AssetMaterialization("other")  # type: ignore[misc]
        yield Output(3)

    assert list(made()) == [AssetMaterialization("other"), Output(3)]
    assert isinstance(conditional(3), Iterator)


def test_a_generator_may_end_without_an_output_if_it_is_not_required():
    assert list(conditional(0)) == []
    assert list(conditional(1)) == [Output(1)]


def yields_bare():
    yield 3


def yields_twice():
    yield Output(1)
    yield Output(2)


def yields_nothing():
    yield from ()


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (yields_bare, "yielded a value of type <class 'int'> rather than an instance of Output"),
        (yields_twice, 'returned an output "result" multiple times'),
        (yields_nothing, 'gave nothing for its required output "result"'),
    ],
)
def test_a_generator_is_held_to_the_rules_of_a_run(function, message):
    with pytest.raises(InvariantViolationError, match=message):
        list(asset(function)())


def test_a_coroutine_is_awaited_by_the_caller_and_checked():
    told = []

    @resource
    def connection():
        yield "db"
        told.append("closed")

    @asset(resource_defs={"db": connection})
    async def made(context, value) -> int:
        assert context.resources.db == "db"
        assert told == []
        return value

    assert asyncio.run(made(build_op_context(), 3)) == 3
    assert told == ["closed"]
    told.clear()
    with pytest.raises(TypeCheckDidNotPass):
        asyncio.run(made(build_op_context(), "text"))


def test_an_async_generator_is_checked_too():
    @asset
    async def made(values):
        for value in values:
            yield value

    async def gathered(values: list[Any]) -> list[Any]:
        return [item async for item in made(values)]

    assert asyncio.run(gathered([Output(1)])) == [Output(1)]
    with pytest.raises(InvariantViolationError, match="rather than an instance of Output"):
        asyncio.run(gathered([1]))
    with pytest.raises(InvariantViolationError, match="gave nothing"):
        asyncio.run(gathered([]))


def test_errors_of_the_function_travel_as_they_are():
    @asset
    def made():
        raise KeyError("own")

    with pytest.raises(KeyError, match="own"):
        made()
