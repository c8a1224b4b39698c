"""Resources, and the order in which they are opened and closed."""

from __future__ import annotations

import cloudpickle
import pytest

from assetflow import (
    InvariantViolationError,
    IOManager,
    IOManagerDefinition,
    ResourceDefinition,
    ResourceFunctionError,
    VersionedIOManager,
    build_output_context,
    io_manager,
    resource,
)
from assetflow.definitions.resource import as_resource
from assetflow.definitions.resource_opening import open_resources, opening_order
from assetflow.keys import Version


def told_resource(lines, name, needs=()):
    @resource(required_resource_keys=set(needs))
    def opened(init):
        lines.append(f"+{name}")
        yield name
        lines.append(f"-{name}")

    return opened


class Shelf(IOManager):
    def handle_output(self, context, obj):
        return None

    def load_input(self, context):
        return None


class Versioned(VersionedIOManager):
    def __init__(self) -> None:
        self.told: list[tuple] = []

    def stage(self, context, obj):
        self.told.append(("stage", context.version, obj))

    def publish(self, *, path, version, run_id):
        self.told.append(("publish", path, version, run_id))

    def discard(self, *, path, version):
        self.told.append(("discard", version))

    def load_input(self, context):
        return None


def opened_value(definition, config=None):
    with open_resources({"r": definition}, ["r"], config={"r": {"config": config}}) as opened:
        return opened["r"]


def test_the_decorator_is_used_bare_and_with_arguments():
    @resource
    def bare():
        """What it is."""
        return 1

    @resource(config_schema={"n": int}, description="d", version="2")
    def told(init):
        return init.resource_config

    assert isinstance(bare, ResourceDefinition)
    assert bare.description == "What it is."
    assert opened_value(bare) == 1
    assert (told.config.field.config_type.printed(), told.description, told.version) == ("{ n: Int }", "d", "2")
    assert opened_value(told, {"n": 1}) == {"n": 1}


def test_a_resource_function_takes_the_context_or_nothing():
    assert opened_value(ResourceDefinition(lambda: 1)) == 1
    assert opened_value(ResourceDefinition(lambda _: 2)) == 2
    assert opened_value(ResourceDefinition(lambda init: (init.run_id, init.log, init.resource_config))) == (
        None,
        None,
        None,
    )


def test_ready_made_resources():
    value = object()
    assert opened_value(ResourceDefinition.hardcoded_resource(value)) is value
    assert opened_value(ResourceDefinition.none_resource()) is None
    assert opened_value(ResourceDefinition.string_resource(), "text") == "text"
    assert opened_value(as_resource(value)) is value
    definition = ResourceDefinition.none_resource()
    assert as_resource(definition) is definition


def test_a_callable_value_is_the_resource_and_is_not_called():
    assert opened_value(as_resource(len)) is len


def test_resources_are_closed_in_reverse():
    lines: list[str] = []
    definitions = {
        "c": told_resource(lines, "c", ["a", "b"]),
        "b": told_resource(lines, "b", ["a"]),
        "a": told_resource(lines, "a"),
        "unused": told_resource(lines, "unused"),
    }
    with open_resources(definitions, ["c"]) as opened:
        assert opened == {"a": "a", "b": "b", "c": "c"}
    assert lines == ["+a", "+b", "+c", "-c", "-b", "-a"]


def test_what_was_opened_is_closed_when_a_later_one_fails():
    lines: list[str] = []

    @resource(required_resource_keys={"a"})
    def broken(init):
        raise KeyError("own")

    with pytest.raises(ResourceFunctionError, match="Error executing resource_fn on ResourceDefinition broken") as e:
        with open_resources({"a": told_resource(lines, "a"), "broken": broken}, ["broken"]):
            lines.append("never")
    assert isinstance(e.value.__cause__, KeyError)
    assert lines == ["+a", "-a"]


def test_what_was_opened_is_closed_when_the_block_fails():
    lines: list[str] = []
    with pytest.raises(ZeroDivisionError):
        with open_resources({"a": told_resource(lines, "a")}, ["a"]):
            raise ZeroDivisionError
    assert lines == ["+a", "-a"]


def test_a_resource_sees_only_what_it_requires():
    @resource
    def curious(init):
        return init.resources.a

    with pytest.raises(ResourceFunctionError, match="Unknown resource `a`"):
        with open_resources({"a": as_resource(1), "curious": curious}, ["a", "curious"]):
            pass


def test_a_generator_that_yields_nothing_is_no_resource():
    @resource
    def empty():
        yield from ()

    with pytest.raises(InvariantViolationError, match="yields nothing"):
        opened_value(empty)


def test_a_requirement_that_is_not_met_is_named_with_who_requires_it():
    with pytest.raises(
        InvariantViolationError, match="Resource with key 'b' required by resource with key 'a', but not provided"
    ):
        opening_order({"a": told_resource([], "a", ["b"])}, ["a"])
    with pytest.raises(InvariantViolationError, match="Resource with key 'a' was not provided"):
        opening_order({}, ["a"])


def test_resources_that_require_each_other_are_refused_with_the_circle():
    definitions = {name: told_resource([], name, [needs]) for name, needs in (("a", "b"), ("b", "c"), ("c", "b"))}
    with pytest.raises(InvariantViolationError, match="in a circle: b -> c -> b"):
        opening_order(definitions, ["a"])


def test_definitions_of_resources_travel():
    for definition in (ResourceDefinition.hardcoded_resource([1]), as_resource("x"), ResourceDefinition(lambda: 1)):
        copy = cloudpickle.loads(cloudpickle.dumps(definition))
        assert opened_value(copy) == opened_value(definition)


def test_an_io_manager_is_a_resource():
    @io_manager(required_resource_keys={"a"}, output_config_schema=int, input_config_schema=str)
    def shelf(init):
        return Shelf()

    @io_manager
    def bare():
        return Shelf()

    assert isinstance(shelf, IOManagerDefinition)
    assert shelf.required_resource_keys == {"a"}
    assert shelf.output_config.field.config_type.printed() == "Int"
    assert shelf.input_config.field.config_type.printed() == "String"
    assert isinstance(bare, ResourceDefinition)
    assert isinstance(opened_value(bare), Shelf)
    ready = Shelf()
    assert opened_value(IOManagerDefinition.hardcoded_io_manager(ready)) is ready


def test_an_io_manager_has_to_store_and_load():
    class Half(IOManager):
        def handle_output(self, context, obj):
            return None

    with pytest.raises(TypeError, match="load_input"):
        Half()


def test_handling_an_output_without_a_run_stages_and_publishes_one_version():
    manager = Versioned()
    context = build_output_context(asset_key="a", run_id="r")
    manager.handle_output(context, "value")
    assert isinstance(context.version, Version)
    assert manager.told == [
        ("stage", context.version, "value"),
        ("publish", ("a",), context.version, "r"),
    ]


def test_a_given_version_is_kept():
    manager = Versioned()
    version = Version(1, 2)
    manager.handle_output(build_output_context(asset_key="a", version=version), "value")
    assert manager.told[0] == ("stage", version, "value")
