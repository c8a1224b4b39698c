"""Resources that use each other, are given twice, or do not close."""

from __future__ import annotations

import logging

import cloudpickle
import pytest

from assetflow import (
    ConfigurableResource,
    Definitions,
    EnvVar,
    InMemoryIOManager,
    InvalidConfigError,
    InvalidDefinitionError,
    InvalidInvocationError,
    ParameterCheckError,
    ResourceDefinition,
    UnknownResourceError,
    asset,
    build_op_context,
    build_resources,
    io_manager,
    materialize,
    materialize_to_memory,
    repository,
    resource,
    with_resources,
)

log: list[str] = []


@pytest.fixture(autouse=True)
def empty_log():
    log.clear()


class Connection(ConfigurableResource):
    url: str = "here"

    def setup_for_execution(self, context):
        log.append(f"open {self.url}")

    def teardown_after_execution(self, context):
        log.append(f"close {self.url}")


class Store(ConfigurableResource):
    connection: Connection

    def setup_for_execution(self, context):
        log.append(f"open store at {self.connection.url}")


class Shop(ConfigurableResource):
    store: Store


@asset
def stocked(store: Store):
    return store.connection.url


@asset
def compared(store: Store, connection: Connection):
    return store.connection is connection


def test_a_nested_resource_may_be_configured_at_launch():
    later = Connection.configure_at_launch()
    resources = {"connection": later, "store": Store(connection=later)}
    config = {"resources": {"connection": {"config": {"url": "there"}}}}
    result = materialize_to_memory([stocked, compared], run_config=config, resources=resources)
    assert result.output_for_node("stocked") == "there"
    assert result.output_for_node("compared") is True
    assert log == ["open there", "open store at there", "close there"]


def test_one_that_is_configured_at_launch_needs_a_key():
    with pytest.raises(InvalidDefinitionError, match="has no key under which its config could be given"):
        Definitions(resources={"store": Store(connection=Connection.configure_at_launch())})


def test_one_object_nested_and_under_a_key_is_opened_once():
    shared = Connection(url="x")
    result = materialize_to_memory(
        [stocked, compared], resources={"store": Store(connection=shared), "connection": shared}
    )
    assert result.output_for_node("compared") is True
    assert log == ["open x", "open store at x", "close x"]


def test_it_is_shared_further_down_and_after_a_journey_too():
    shared = Connection(url="x")

    @asset
    def deep(shop: Shop, connection: Connection):
        return shop.store.connection is connection

    resources = {"shop": Shop(store=Store(connection=shared)), "connection": shared}
    defs = cloudpickle.loads(cloudpickle.dumps(Definitions(assets=[deep], resources=resources)))
    result = defs.get_job("__ASSET_JOB").execute_in_process(resources={"io_manager": InMemoryIOManager()})
    assert result.output_for_node("deep") is True


def test_the_path_of_a_variable_that_a_nested_resource_lacks_is_that_of_its_field(monkeypatch):
    monkeypatch.delenv("URL_THAT_IS_NOT_SET", raising=False)
    resources = {"store": Store(connection=Connection(url=EnvVar("URL_THAT_IS_NOT_SET")))}
    with pytest.raises(InvalidConfigError) as caught:
        materialize_to_memory([stocked], resources=resources)
    assert [error.path for error in caught.value.errors] == ["root:resources:store:config:connection:url"]


@pytest.mark.parametrize("raise_on_error", [True, False])
def test_a_resource_that_does_not_close_is_reported_and_takes_nothing_back(caplog, raise_on_error):
    @resource
    def stubborn():
        yield 1
        raise ValueError("it is stuck")

    @asset(required_resource_keys={"stubborn"})
    def a():
        return 1

    with caplog.at_level(logging.ERROR, "assetflow"):
        result = materialize_to_memory([a], resources={"stubborn": stubborn}, raise_on_error=raise_on_error)
    assert result.success
    assert 'the resource "stubborn" raised when it was closed' in caplog.text
    assert "it is stuck" in caplog.text


def test_a_block_that_opens_resources_itself_is_told_that_one_does_not_close():
    @resource
    def stubborn():
        yield 1
        raise ValueError("it is stuck")

    with pytest.raises(ValueError, match="stuck"), build_resources({"stubborn": stubborn}):
        pass


def with_two_managers():
    @resource
    def thing():
        log.append("thing")
        return 1

    @io_manager(required_resource_keys={"thing"})
    def manager():
        log.append("manager")
        return InMemoryIOManager()

    @asset(required_resource_keys={"thing"})
    def a():
        return 1

    @asset(required_resource_keys={"thing"})
    def b():
        return 2

    return with_resources([a, b], {"io_manager": manager, "thing": thing})


def test_resources_that_assets_bring_along_are_opened_once_for_a_run():
    assert materialize(with_two_managers()).success
    assert sorted(log) == ["manager", "thing"]


def test_resources_that_assets_bring_along_are_opened_once_for_a_loader():
    brought = with_two_managers()

    @repository
    def repo():
        return brought

    with repo.get_asset_value_loader() as loader:
        for key in ("a", "b"):
            with pytest.raises(Exception, match="not in memory"):
                loader.load_asset_value(key)
    assert sorted(log) == ["manager", "thing"]


def test_a_mock_stands_for_anything():
    @asset(required_resource_keys={"api"})
    def a(context):
        context.resources.api.send(5)
        return context.resources.api.send.call_args.args

    assert materialize_to_memory([a], resources={"api": ResourceDefinition.mock_resource()}).asset_value("a") == (5,)


def bringing(value, name="a"):
    @asset(name=name, resource_defs={"api": value})
    def a(context):
        return context.resources.api

    return a


def test_a_key_means_one_resource():
    four, nine = ResourceDefinition.hardcoded_resource(4), ResourceDefinition.hardcoded_resource(9)
    for run in (
        lambda: materialize_to_memory([bringing(four)], resources={"api": 9}),
        lambda: materialize_to_memory(with_resources([bringing(four)], {}), resources={"api": nine}),
        lambda: materialize_to_memory([bringing(four), bringing(nine, "b")]),
        lambda: (
            Definitions(assets=[bringing(four)], resources={"api": nine}).get_job("__ASSET_JOB").execute_in_process()
        ),
    ):
        with pytest.raises(InvalidInvocationError, match="has conflicting resource definitions for: api"):
            run()


def test_one_resource_may_be_given_twice():
    shared = Connection(url="x")
    result = materialize_to_memory([bringing(shared), bringing(shared, "b")], resources={"api": shared})
    assert result.success
    assert log == ["open x", "close x"]


@pytest.mark.parametrize("decorate", [resource, resource(), io_manager, io_manager(config_schema=int)])
def test_the_function_of_a_resource_takes_one_argument_at_most(decorate):
    def several(init, other):
        pass

    with pytest.raises(InvalidDefinitionError, match="expects only a single positional required argument"):
        decorate(several)


def test_a_class_is_no_resource():
    with pytest.raises(ParameterCheckError, match=r"give one, Connection\(...\)"):
        Definitions(resources={"connection": Connection})


@pytest.mark.parametrize(
    "build", [lambda given: build_op_context(resources=given), lambda given: Definitions(resources=given)]
)
def test_resources_come_by_key(build):
    with pytest.raises(ParameterCheckError, match="resources is a dict"):
        build([1])


def test_a_block_of_resources_names_those_it_has():
    with build_resources({"g": 3}) as opened, pytest.raises(UnknownResourceError, match="this context has g") as caught:
        opened.zz  # noqa: B018
    assert "required_resource_keys" not in str(caught.value)
