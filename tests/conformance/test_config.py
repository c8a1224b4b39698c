"""Config: what fits a schema, what code gets of it, and what is said of everything else."""

from __future__ import annotations

import enum
from typing import Any as TypingAny
from typing import Optional

import pytest

from assetflow import (
    Any,
    Array,
    AssetOut,
    Bool,
    BoolSource,
    CheckError,
    ConfigErrorReason,
    ConfigMappingFunctionError,
    Definitions,
    Enum,
    EnumValue,
    Field,
    Float,
    InMemoryIOManager,
    Int,
    IntSource,
    InvalidConfigDefinitionError,
    InvalidConfigError,
    IOManager,
    Map,
    Noneable,
    ParameterCheckError,
    Permissive,
    ResourceDefinition,
    ScalarUnion,
    Selector,
    Shape,
    String,
    StringSource,
    asset,
    build_init_resource_context,
    build_op_context,
    build_resources,
    configured,
    io_manager,
    materialize,
    multi_asset,
    resource,
)

ABSENT = object()


class Color(enum.Enum):
    RED = 1
    BLUE = 2


def got(schema, given=ABSENT):
    """What an asset with this schema gets as its config."""

    @asset(config_schema=schema, io_manager_key="memory")
    def a(context):
        return context.op_config

    config = {} if given is ABSENT else {"ops": {"a": {"config": given}}}
    return materialize([a], run_config=config, resources={"memory": InMemoryIOManager()}).output_for_node("a")


def errors(schema, given=ABSENT):
    with pytest.raises(InvalidConfigError) as caught:
        got(schema, given)
    assert str(caught.value).startswith("Error in config for job\n    Error 1: ")
    return caught.value.errors


def error(schema, given=ABSENT):
    found = errors(schema, given)
    assert len(found) == 1, found
    return found[0].message


@pytest.mark.parametrize(
    ("schema", "given", "expected"),
    [
        (int, 3, 3),
        (Int, -3, -3),
        (float, 1.5, 1.5),
        (Float, 1, 1.0),
        (bool, True, True),
        (Bool, False, False),
        (str, "", ""),
        (String, "x", "x"),
        (list, [1, "a", None], [1, "a", None]),
        (dict, {"a": 1, "b": None}, {"a": 1, "b": None}),
        (Any, None, None),
        (TypingAny, {"a": [1]}, {"a": [1]}),
        ({"n": int}, {"n": 1}, {"n": 1}),
        (Shape({"n": int}), {"n": 1}, {"n": 1}),
        ({}, {}, {}),
        ({"n": {"m": [int]}}, {"n": {"m": [1, 2]}}, {"n": {"m": [1, 2]}}),
        ([int], [], []),
        ([int], [1, 2], [1, 2]),
        (Array(float), [1, 2.5], [1.0, 2.5]),
        (Array({"n": int}), [{"n": 1}], [{"n": 1}]),
        (list[int], [1], [1]),
        (dict[str, int], {"a": 1}, {"a": 1}),
        (Optional[int], None, None),
        (int | None, 3, 3),
        ({str: int}, {"a": 1, "b": 2}, {"a": 1, "b": 2}),
        ({str: int}, {}, {}),
        (Map(str, int), {"a": 1}, {"a": 1}),
        (Map(int, str), {1: "a"}, {1: "a"}),
        (Map(str, {"n": float}), {"a": {"n": 1}}, {"a": {"n": 1.0}}),
        (Permissive(), {"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 2}}),
        (Permissive({"n": int}), {"n": 1, "x": "y"}, {"n": 1, "x": "y"}),
        (Permissive({"n": Field(int, default_value=4)}), {"x": 1}, {"n": 4, "x": 1}),
        (Selector({"a": int, "b": str}), {"b": "x"}, {"b": "x"}),
        (Selector({"a": {"n": int}}), {"a": {"n": 1}}, {"a": {"n": 1}}),
        (Selector({"a": Field(int, default_value=3), "b": str}), {"a": None}, {"a": 3}),
        (Noneable(int), None, None),
        (Noneable(int), 1, 1),
        (Noneable({"n": int}), {"n": 1}, {"n": 1}),
        (Enum("Color", [EnumValue("RED"), EnumValue("BLUE", 7)]), "RED", "RED"),
        (Enum("Color", [EnumValue("RED"), EnumValue("BLUE", 7)]), "BLUE", 7),
        (Enum.from_python_enum(Color), "BLUE", Color.BLUE),
        (Color, Color.RED, Color.RED),
        (ScalarUnion(int, {"n": int}), 1, 1),
        (ScalarUnion(int, {"n": int}), {"n": 1}, {"n": 1}),
        (ScalarUnion(str, [str]), ["a"], ["a"]),
        (ScalarUnion(scalar_type=str, non_scalar_schema=Selector({"env": str})), {"env": "x"}, {"env": "x"}),
        (StringSource, "x", "x"),
        (IntSource, 3, 3),
        (BoolSource, False, False),
        (Field(int, description="how many"), 3, 3),
    ],
)  # fmt: skip
def test_what_fits(schema, given, expected):
    found = got(schema, given)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (Field(int, default_value=3), 3),
        (Field(int, is_required=False), None),
        (Noneable(int), None),
        ({"n": Noneable(int)}, {"n": None}),
        ({"n": Field(int, is_required=False)}, {}),
        ({"n": Field(Noneable(int), is_required=False)}, {}),
        ({"n": Field(int, default_value=3)}, {"n": 3}),
        ({"n": Field(float, default_value=3)}, {"n": 3.0}),
        ({"n": {"m": {"k": Field(str, "x")}}}, {"n": {"m": {"k": "x"}}}),
        ({"n": Field([int], default_value=[1])}, {"n": [1]}),
        ({"c": Field(Enum.from_python_enum(Color), default_value="BLUE")}, {"c": Color.BLUE}),
        ({"c": Field(Color, default_value=Color.RED)}, {"c": Color.RED}),
        (Selector({"only": Field(int, default_value=1)}), {"only": 1}),
        (Selector({"only": {"n": Field(int, default_value=1)}}), {"only": {"n": 1}}),
        ({"s": Selector({"only": {}})}, {"s": {"only": {}}}),
        (Permissive({"n": Field(int, default_value=1)}), {"n": 1}),
        (Permissive(), {}),
        ({}, {}),
        (None, None),
    ],
)
def test_what_stands_for_nothing(schema, expected):
    assert got(schema) == expected


def test_without_a_schema_any_config_is_taken():
    for value in (1, "x", [1], {"a": {"b": None}}, None):
        assert got(None, value) == value


@pytest.mark.parametrize(
    ("schema", "given", "message"),
    [
        (int, True, 'Invalid scalar at path root:ops:a:config. Value "True" of type "bool"'),
        (int, "1", 'Invalid scalar at path root:ops:a:config. Value "1" of type "str"'),
        (int, 1.0, 'not valid for expected type "Int"'),
        (float, "1.0", 'not valid for expected type "Float"'),
        (float, False, "Invalid scalar at path"),
        (bool, 1, 'not valid for expected type "Bool"'),
        (str, 1, 'not valid for expected type "String"'),
        (int, [1], "Invalid scalar at path"),
        (int, None, 'must not be None. Expected "Int"'),
        ({"n": int}, None, 'Value at path root:ops:a:config must not be None. Expected "{ n: Int }"'),
        ({"n": int}, {"n": None}, 'Value at path root:ops:a:config:n must not be None. Expected "Int"'),
        ({"n": int}, 3, 'Value at path root:ops:a:config must be dict. Expected: "{ n: Int }"'),
        ([int], 3, 'Value at path root:ops:a:config must be list. Expected: "[Int]"'),
        ({"n": [int]}, {"n": 3}, 'Value at path root:ops:a:config:n must be list. Expected: "[Int]"'),
        ({"n": [int]}, {"n": [1, "x"]}, "Invalid scalar at path root:ops:a:config:n[1]"),
        ({"n": {str: int}}, {"n": {"a": "x"}}, "Invalid scalar at path root:ops:a:config:n:'a':value"),
        ({"n": Map(int, int)}, {"n": {"a": 1}}, "Invalid scalar at path root:ops:a:config:n:'a':key"),
        ({"n": {str: int}}, {"n": 1}, 'Value at path root:ops:a:config:n must be dict. Expected: "{ [String]: Int }"'),
        (Map(str, int, key_label_name="name"), 1, 'Expected: "{ [name: String]: Int }"'),
        ({"n": int}, {"n": 1, "m": 2}, 'Received unexpected config entry "m" at path root:ops:a:config. Expected: "{ n: Int }".'),
        ({"n": int}, {"n": 1, "m": 2, "k": 3}, 'Received unexpected config entries "m", "k" at path root:ops:a:config'),
        ({"n": int}, {}, "Missing required config entry \"n\" at path root:ops:a:config. Sample config for missing entry: {'n': 0}"),
        ({"n": int, "m": str}, {}, 'Missing required config entries "n", "m" at path root:ops:a:config. Sample config for missing entries'),
        ({"n": {"m": int}}, {"n": {}}, 'Missing required config entry "m" at path root:ops:a:config:n'),
        (Permissive({"n": int}), {"x": 1}, 'Missing required config entry "n"'),
        (Enum.from_python_enum(Color), "GREEN", "not in enum type Color got GREEN"),
        (Enum.from_python_enum(Color), 1, "not in enum type Color got 1"),
        (Enum.from_python_enum(Color), None, 'must not be None. Expected "Color"'),
        (Selector({"a": int, "b": str}), {"a": 1, "b": "x"}, "You can only specify a single field at path root:ops:a:config"),
        (Selector({"a": int, "b": str}), {}, "Must specify a field at path root:ops:a:config if more than one field is defined"),
        (Selector({"a": int, "b": str}), {"c": 1}, 'Received unexpected config entry "c" at path root:ops:a:config. Expected: "{ a: Int | b: String }"'),
        (Selector({"a": int, "b": str}), {"a": "x"}, "Invalid scalar at path root:ops:a:config:a"),
        (Selector({"a": int, "b": str}), 5, "must be dict"),
        (Selector({"a": int, "b": str}), {"a": None}, 'root:ops:a:config:a must not be None. Expected "Int"'),
        (ScalarUnion(int, {"n": int}), "x", "Invalid scalar"),
        (ScalarUnion(int, {"n": int}), {"n": "x"}, "Invalid scalar at path root:ops:a:config:n"),
        (Noneable(int), "x", 'not valid for expected type "Int"'),
        (StringSource, 1, 'not valid for expected type "String"'),
        (StringSource, {"name": "X"}, 'unexpected config entry "name" at path root:ops:a:config. Expected: "(String | { env: String })"'),
        (IntSource, "1", 'not valid for expected type "Int"'),
        (BoolSource, {"env": 1}, "Invalid scalar at path root:ops:a:config:env"),
    ],
)  # fmt: skip
def test_what_does_not_fit(schema, given, message):
    assert message in error(schema, given)


@pytest.mark.parametrize(
    ("schema", "printed"),
    [
        ({"n": Field(int, is_required=False)}, "{ n?: Int }"),
        ({"n": Field(int, default_value=1), "m": [str]}, "{ n?: Int m: [String] }"),
        (Permissive({"n": int}), "{ n: Int ... }"),
        (Permissive(), "{ ... }"),
        (Noneable(int), "Int?"),
        (Array(Noneable({"a": Any})), "[{ a: Any }?]"),
        (ScalarUnion(int, [int]), "(Int | [Int])"),
        (IntSource, "(Int | { env: String })"),
    ],
)
def test_how_a_schema_is_printed(schema, printed):
    assert f'Expected: "{{ y: Int x: {printed} }}"' in error({"y": int, "x": Field(schema, is_required=True)}, 5)


def test_a_missing_config_is_told_from_the_top():
    assert error({"n": int}) == (
        'Missing required config entry "ops" at path root. Sample config for missing entry: '
        "{'ops': {'a': {'config': {'n': 0}}}}"
    )


def test_all_errors_are_told_at_once():
    found = errors({"n": int, "m": str, "deep": [int]}, {"n": "x", "o": 1, "deep": [True, 1, None]})
    assert [(item.reason, item.path) for item in found] == [
        (ConfigErrorReason.FIELD_NOT_DEFINED, "root:ops:a:config"),
        (ConfigErrorReason.MISSING_REQUIRED_FIELD, "root:ops:a:config"),
        (ConfigErrorReason.RUNTIME_TYPE_MISMATCH, "root:ops:a:config:n"),
        (ConfigErrorReason.RUNTIME_TYPE_MISMATCH, "root:ops:a:config:deep[0]"),
        (ConfigErrorReason.RUNTIME_TYPE_MISMATCH, "root:ops:a:config:deep[2]"),
    ]


def test_errors_of_several_assets_and_resources_come_together_and_nothing_runs():
    ran = []

    @resource(config_schema={"url": str})
    def api(init):
        ran.append("api")

    @asset(config_schema=int)
    def first(context):
        ran.append("first")

    @asset(config_schema=int, required_resource_keys={"api"})
    def second(first):
        ran.append("second")

    with pytest.raises(InvalidConfigError) as caught:
        materialize(
            [first, second],
            run_config={"ops": {"first": {"config": "x"}, "third": {}}, "resource": {}},
            resources={"api": api},
        )
    assert [item.path for item in caught.value.errors] == [
        "root",
        "root",
        "root:ops",
        "root:ops",
        "root:ops:first:config",
    ]
    assert "Error 5: Invalid scalar at path root:ops:first:config" in str(caught.value)
    assert ran == []


def test_an_unknown_op_names_the_nearest():
    @asset
    def daily_sales():
        return 1

    with pytest.raises(InvalidConfigError, match=r"did you mean daily_sales\?") as caught:
        materialize([daily_sales], run_config={"ops": {"dayly_sales": {"config": 1}}})
    assert 'Received unexpected config entry "dayly_sales" at path root:ops. Expected: ' in str(caught.value)


@pytest.mark.parametrize("config", [{"op": {}}, {"solids": {}}])
def test_an_unknown_part_of_the_run_config(config):
    @asset
    def a():
        return 1

    with pytest.raises(InvalidConfigError, match=r"Received unexpected config entry .* at path root"):
        materialize([a], run_config=config)


def test_what_cannot_be_written_down_is_no_config():
    with pytest.raises(InvalidConfigError, match=r"Value at path root:ops:a:config:n\[0\] cannot be written down"):
        got(Any, {"n": [object()]})


@pytest.mark.parametrize("config", [5, "ops", [{"ops": {}}]])
def test_a_run_config_is_a_dict(config):
    @asset
    def a():
        return 1

    with pytest.raises(ParameterCheckError, match="run_config is a dict"):
        materialize([a], run_config=config)


def test_only_the_selected_assets_are_asked_for_their_config():
    @asset(config_schema={"n": int})
    def a(context):
        return context.op_config

    @asset
    def b():
        return 1

    assert materialize([a, b], selection="b").success


@pytest.mark.parametrize("schema", [5, "int", [int, str], [], object, {"n": 5}, {1: int}, ("a",), Map, Shape])
def test_what_describes_no_config(schema):
    with pytest.raises(InvalidConfigDefinitionError, match=r"this describes no config|a list of config has one type"):

        @asset(config_schema=schema)
        def a():
            return 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: Map([int], int),
        lambda: ScalarUnion([int], {"n": int}),
        lambda: Shape(5),
        lambda: Selector([int]),
        lambda: Array(7),
        lambda: Noneable("x"),
    ],
)
def test_forms_that_cannot_be(make):
    with pytest.raises(InvalidConfigDefinitionError):
        make()


def test_a_field_checks_its_default():
    with pytest.raises(InvalidConfigError, match=r"Invalid default_value for Field\."):
        Field(int, default_value="x")
    with pytest.raises(CheckError):
        Field(int, default_value=1, is_required=True)
    assert Field(int, default_value=1).default_value == 1
    assert not Field(int, default_value=1).is_required
    assert Field(int).is_required
    assert not Field(int).default_provided
    with pytest.raises(CheckError):
        Field(int).default_value  # noqa: B018


@pytest.mark.parametrize("value", [["RED"], [5]])
def test_enum_values_are_declared(value):
    with pytest.raises(CheckError):
        Enum("Color", value)
    with pytest.raises(CheckError):
        EnumValue(5)


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        (StringSource, "hello", "hello"),
        (IntSource, "42", 42),
        (BoolSource, "true", True),
        (BoolSource, "False", False),
    ],
)
def test_values_from_the_environment_are_read_when_the_code_runs(monkeypatch, source, text, expected):
    monkeypatch.setenv("A_VALUE", text)
    assert got({"x": source}, {"x": {"env": "A_VALUE"}}) == {"x": expected}


@pytest.mark.parametrize(
    ("source", "text", "message"),
    [
        (StringSource, None, 'You have attempted to fetch the environment variable "A_VALUE" which is not set'),
        (IntSource, "4.5", "cannot be coerced into an int"),
        (BoolSource, "perhaps", "cannot be coerced into a bool"),
    ],
)
def test_values_from_the_environment_that_cannot_be_had(monkeypatch, source, text, message):
    monkeypatch.delenv("A_VALUE", raising=False)
    if text is not None:
        monkeypatch.setenv("A_VALUE", text)
    with pytest.raises(InvalidConfigError) as caught:
        got({"x": source}, {"x": {"env": "A_VALUE"}})
    assert message in str(caught.value)
    assert caught.value.errors[0].reason is ConfigErrorReason.FAILED_POST_PROCESSING
    assert caught.value.errors[0].path == "root:ops:a:config:x"


def test_a_direct_call_processes_the_config_too(monkeypatch):
    @asset(config_schema={"n": int, "m": Field(str, default_value="x"), "s": Field(StringSource, is_required=False)})
    def a(context):
        return context.op_config

    monkeypatch.setenv("A_VALUE", "v")
    assert a(build_op_context(op_config={"n": 1})) == {"n": 1, "m": "x"}
    assert a(build_op_context(config={"n": 1, "s": {"env": "A_VALUE"}})) == {"n": 1, "m": "x", "s": "v"}
    with pytest.raises(InvalidConfigError, match='Missing required config entry "config"'):
        a(build_op_context())
    with pytest.raises(InvalidConfigError, match="Invalid scalar at path root:config:n"):
        a(build_op_context(op_config={"n": "1"}))


def test_a_multi_asset_has_a_config():
    @multi_asset(outs={"x": AssetOut(), "y": AssetOut()}, config_schema={"n": int})
    def both(context):
        return context.op_config["n"], 2

    done = materialize([both], run_config={"ops": {"both": {"config": {"n": 5}}}})
    assert done.output_for_node("both", "x") == 5
    with pytest.raises(InvalidConfigError):
        materialize([both])


# resources


@resource(config_schema={"url": StringSource, "retries": Field(int, default_value=3)})
def api(init):
    return dict(init.resource_config)


@asset(required_resource_keys={"api"})
def calls(context):
    return context.resources.api


def called(definition, config=ABSENT):
    given = {} if config is ABSENT else {"resources": {"api": {"config": config}}}
    return materialize([calls], run_config=given, resources={"api": definition}).output_for_node("calls")


def test_a_resource_gets_its_config():
    assert called(api, {"url": "u"}) == {"url": "u", "retries": 3}


def test_a_resource_reads_the_environment(monkeypatch):
    monkeypatch.setenv("API_URL", "u")
    assert called(api, {"url": {"env": "API_URL"}}) == {"url": "u", "retries": 3}
    monkeypatch.delenv("API_URL")
    with pytest.raises(InvalidConfigError, match='"API_URL" which is not set') as caught:
        called(api, {"url": {"env": "API_URL"}})
    assert caught.value.errors[0].path == "root:resources:api:config:url"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (ABSENT, 'Missing required config entry "resources" at path root'),
        ({}, 'Missing required config entry "url" at path root:resources:api:config'),
        ({"url": 1}, "Invalid scalar at path root:resources:api:config:url"),
        ({"url": "u", "x": 1}, 'Received unexpected config entry "x" at path root:resources:api:config'),
    ],
)
def test_a_resource_refuses_what_does_not_fit(config, message):
    with pytest.raises(InvalidConfigError) as caught:
        called(api, config)
    assert message in str(caught.value)


def test_a_resource_that_nobody_uses_needs_no_config():
    @asset
    def plain():
        return 1

    assert materialize([plain], resources={"api": api}).success


def test_a_required_resource_of_a_resource_needs_its_config():
    @resource(required_resource_keys={"api"})
    def client(init):
        return init.resources.api["url"]

    @asset(required_resource_keys={"client"})
    def uses(context):
        return context.resources.client

    with pytest.raises(InvalidConfigError, match='"resources"'):
        materialize([uses], resources={"api": api, "client": client})
    config = {"resources": {"api": {"config": {"url": "u"}}}}
    done = materialize([uses], run_config=config, resources={"api": api, "client": client})
    assert done.output_for_node("uses") == "u"


def test_a_string_resource_takes_its_text():
    assert called(ResourceDefinition.string_resource(), "hello") == "hello"
    with pytest.raises(InvalidConfigError):
        called(ResourceDefinition.string_resource())


def test_configured_with_a_config():
    made = api.configured({"url": "u", "retries": 1})
    assert called(made) == {"url": "u", "retries": 1}
    with pytest.raises(InvalidConfigError, match="unexpected config entry"):
        called(made, {"url": "v"})
    assert called(api, {"url": "w"})["url"] == "w"


def test_configured_checks_at_once():
    with pytest.raises(InvalidConfigError, match="Invalid scalar at path root:url"):
        api.configured({"url": 1})
    with pytest.raises(CheckError):
        api.configured({"url": "u"}, config_schema={"n": int})


def test_configured_with_a_function():
    made = api.configured(lambda config: {"url": f"https://{config['host']}"}, config_schema={"host": str})
    assert called(made, {"host": "h"}) == {"url": "https://h", "retries": 3}
    with pytest.raises(InvalidConfigError, match='Missing required config entry "host"'):
        called(made, {})


def test_configured_as_a_decorator():
    @configured(api, config_schema=str)
    def hosted(config):
        return {"url": f"https://{config}", "retries": 0}

    @configured(hosted)
    def always(_):
        return "here"

    assert called(hosted, "h") == {"url": "https://h", "retries": 0}
    assert called(always) == {"url": "https://here", "retries": 0}
    with pytest.raises(CheckError):
        configured(5)


def test_a_config_function_gets_what_was_checked_and_is_checked_itself(monkeypatch):
    monkeypatch.setenv("A_HOST", "h")
    seen = []

    def mapping(config):
        seen.append(config)
        return {"url": 5}

    made = api.configured(mapping, config_schema={"host": StringSource, "port": Field(int, default_value=80)})
    with pytest.raises(InvalidConfigError, match="as its config function returned it"):
        called(made, {"host": {"env": "A_HOST"}})
    assert seen == [{"host": "h", "port": 80}]


def test_a_config_function_that_raises():
    made = api.configured(lambda config: config["nothing"], config_schema=dict)
    with pytest.raises(ConfigMappingFunctionError, match="the config function of the resource") as caught:
        called(made, {})
    assert isinstance(caught.value.__cause__, KeyError)


def test_resources_built_in_tests_are_configured_too():
    with build_resources({"api": api}, resource_config={"api": {"config": {"url": "u"}}}) as opened:
        assert opened.api == {"url": "u", "retries": 3}
    with pytest.raises(InvalidConfigError), build_resources({"api": api}):
        pass
    made = build_op_context(resources={"api": api}, resources_config={"api": {"config": {"url": "u"}}})
    assert calls(made) == {"url": "u", "retries": 3}
    assert api.make(build_init_resource_context(config={"url": "x"})) == {"url": "x"}


# IO managers


class Telling(IOManager):
    def __init__(self, seen):
        self.seen = seen

    def handle_output(self, context, obj):
        self.seen.append(("out", context.name, context.config, context.resource_config))

    def load_input(self, context):
        self.seen.append(("in", context.name, context.config, context.resource_config))
        return 1


def telling(seen):
    @io_manager(
        config_schema={"place": Field(str, default_value="here")},
        output_config_schema={"format": str},
        input_config_schema={"rows": Field(int, default_value=10)},
    )
    def manager(init):
        return Telling(seen)

    return manager


@asset
def wheat():
    return 1


@asset
def flour(wheat):
    return wheat


def test_io_managers_are_told_their_config():
    seen = []
    config = {
        "ops": {
            "wheat": {"outputs": {"result": {"format": "csv"}}},
            "flour": {"outputs": {"result": {"format": "txt"}}, "inputs": {"wheat": {"rows": 3}}},
        },
        "resources": {"io_manager": {"config": {"place": "there"}}},
    }
    materialize([wheat, flour], run_config=config, resources={"io_manager": telling(seen)})
    place = {"place": "there"}
    assert seen == [
        ("out", "result", {"format": "csv"}, place),
        ("in", "wheat", {"rows": 3}, place),
        ("out", "result", {"format": "txt"}, place),
    ]


def test_io_managers_ask_for_their_config():
    with pytest.raises(InvalidConfigError, match=r"Missing required config entry .*wheat.*flour"):
        materialize([wheat, flour], resources={"io_manager": telling([])})
    config = {"ops": {"wheat": {"outputs": {"result": {"format": 5}, "other": {}}}}}
    with pytest.raises(InvalidConfigError) as caught:
        materialize([wheat], run_config=config, resources={"io_manager": telling([])})
    assert [item.path for item in caught.value.errors] == [
        "root:ops:wheat:outputs",
        "root:ops:wheat:outputs:result:format",
    ]


def test_the_default_storage_can_be_put_elsewhere(tmp_path, monkeypatch):
    from assetflow import fs_io_manager

    monkeypatch.setenv("LAKE", str(tmp_path / "lake"))
    config = {"resources": {"io_manager": {"config": {"base_dir": {"env": "LAKE"}}}}}
    materialize([wheat], run_config=config, resources={"io_manager": fs_io_manager})
    assert (tmp_path / "lake" / "wheat").exists()
    defs = Definitions(
        [wheat], resources={"io_manager": fs_io_manager.configured({"base_dir": str(tmp_path / "lake")})}
    )
    assert defs.load_asset_value("wheat") == 1
