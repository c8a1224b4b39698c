"""What is said of schemas that describe no config, and of config that almost fits."""

from __future__ import annotations

import pickle
from typing import Annotated, Literal

import pytest
from pydantic import Field as PydanticField
from pydantic import ValidationError

from assetflow import (
    Any,
    Array,
    BoolSource,
    Config,
    Enum,
    EnumValue,
    EnvVar,
    Field,
    IntSource,
    InvalidConfigDefinitionError,
    InvalidConfigError,
    Map,
    Noneable,
    Selector,
    StringSource,
    asset,
    materialize_to_memory,
    resource,
)


def asset_with(schema):
    @asset(config_schema=schema)
    def a(context):
        return context.op_config

    return a


def said(schema, given):
    with pytest.raises(InvalidConfigError) as caught:
        materialize_to_memory([asset_with(schema)], run_config={"ops": {"a": {"config": given}}})
    [error] = caught.value.errors
    return error.message


@pytest.mark.parametrize(
    ("schema", "path", "fix"),
    [
        ({"a": {"b": [{"c": 5}]}}, "a.b[].c", "give its type: int"),
        ({"a": Map(str, Any), "b": {str: "text"}}, "b{}", "give its type: str"),
        ({"a": [int, str]}, "a", "give one"),
        ({"a": {5: int, 6: str}}, "a", "give texts as names"),
        ({"a": {"b": [Field(int, default_value=3)]}}, "a.b[]", "Field of the name around it"),
    ],
)
def test_a_schema_that_describes_no_config_is_told_with_path_and_place(schema, path, fix):
    with pytest.raises(InvalidConfigDefinitionError) as caught:
        asset_with(schema)
    text = str(caught.value)
    assert f"(at {path} of the schema)" in text
    assert "test_config_schemas.py:" in text
    assert fix in text


def test_the_place_of_a_resource_is_told_too():
    def api(_init):
        pass

    with pytest.raises(InvalidConfigDefinitionError, match=r"test_config_schemas.py:\d+"):
        resource(config_schema={"n": 5})(api)


def test_such_an_error_travels_between_processes():
    with pytest.raises(InvalidConfigDefinitionError) as caught:
        asset_with({"n": 5})
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Field(Field(int, default_value=3)),
        lambda: Array(Field(int, default_value=3)),
        lambda: Noneable(Field(int, is_required=False)),
        lambda: Map(str, Field(int, is_required=True)),
    ],
)
def test_a_field_without_a_name_says_nothing_of_defaults(make):
    with pytest.raises(InvalidConfigDefinitionError, match="says this of a name, and there is none here"):
        make()


def test_a_plain_field_without_a_name_is_its_type():
    assert repr(Array(Field(int))) == "[Int]"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Map(Enum("x", [EnumValue("A")]), str), "keys of a Map are texts or numbers"),
        (lambda: Map([int], str), "keys of a Map are texts or numbers"),
        (lambda: Enum("x", [EnumValue("A"), EnumValue("A")]), "Enum x has the value A twice"),
        (lambda: Enum("x", []), "Enum x has no value"),
        (lambda: Selector({}), "Selector without fields"),
    ],
)
def test_forms_that_take_nothing_or_too_much_are_refused(make, message):
    with pytest.raises(InvalidConfigDefinitionError, match=message):
        make()


def test_a_selector_of_one_field_does_not_speak_of_several():
    message = said(Selector({"x": {"n": int}}), {})
    assert message == "Must specify a field at path root:ops:a:config. The available fields are x"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"env": 5}, 'Invalid scalar at path root:ops:a:config:v:env. Value "5" of type "int"'),
        ({"env": "S", "x": 1}, "You can only specify a single field at path root:ops:a:config:v. You specified env, x"),
        ({}, "Must specify a field at path root:ops:a:config:v"),
        ({"var": "S"}, 'Received unexpected config entry "var" at path root:ops:a:config:v'),
    ],
)
@pytest.mark.parametrize("source", [StringSource, IntSource, BoolSource])
def test_a_variable_that_is_named_the_wrong_way(source, given, message):
    assert said({"v": source}, {"v": given}).startswith(message)


@pytest.mark.parametrize("make", [EnvVar, EnvVar.int])
@pytest.mark.parametrize(("schema", "hint"), [(str, "StringSource"), (int, "IntSource"), (Any, "Config class")])
def test_a_field_that_takes_no_variable_says_which_does(make, schema, hint):
    variable = make("A_NAME")
    message = said({"v": schema}, {"v": variable})
    assert message.startswith(f"Value at path root:ops:a:config:v is {variable!r}, a variable of the environment")
    assert hint in message


def test_a_source_takes_a_variable(monkeypatch):
    monkeypatch.setenv("A_NAME", "7")
    config = {"ops": {"a": {"config": {"s": EnvVar("A_NAME"), "n": EnvVar.int("A_NAME")}}}}
    result = materialize_to_memory([asset_with({"s": StringSource, "n": IntSource})], run_config=config)
    assert result.output_for_node("a") == {"s": "7", "n": 7}


class Cat(Config):
    kind: Literal["cat"] = "cat"
    meows: int


class Dog(Config):
    kind: Literal["dog"] = "dog"
    barks: int


class Home(Config):
    pet: Annotated[Cat | Dog, PydanticField(discriminator="kind")]


@asset
def housed(config: Home):
    return config.pet


@pytest.mark.parametrize("given", [{"cat": {"meows": 1}}, {"kind": "cat", "meows": 1}])
def test_a_choice_between_classes_is_written_with_its_tag_around_or_inside(given):
    result = materialize_to_memory([housed], run_config={"ops": {"housed": {"config": {"pet": given}}}})
    assert result.output_for_node("housed") == Cat(meows=1)


def test_a_tag_that_is_none_of_the_choices_shows_them():
    with pytest.raises(InvalidConfigError, match="'cat', 'dog'"):
        materialize_to_memory([housed], run_config={"ops": {"housed": {"config": {"pet": {"cow": {}}}}}})


def test_a_config_does_not_change():
    config = Cat(meows=1)
    with pytest.raises(ValidationError, match="frozen"):
        config.meows = 2
