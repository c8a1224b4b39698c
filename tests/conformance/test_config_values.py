"""Config reaches the asset as it was given, or is refused before anything runs."""

from __future__ import annotations

import enum
import math

import pytest

from assetflow import (
    Any,
    Config,
    ConfigurableResource,
    Definitions,
    Enum,
    EnvVar,
    Field,
    InMemoryIOManager,
    InvalidConfigError,
    InvalidDefinitionError,
    InvariantViolationError,
    Map,
    StringSource,
    asset,
    define_asset_job,
    materialize,
    resource,
)


class Color(str, enum.Enum):  # noqa: UP042 - a member is a str, and str() of it is not its value
    RED = "red"
    BLUE = "blue"


class Size(enum.Enum):
    LARGE = 1


class Share(float):
    """What numpy's float64 is: a float of another type."""


class Title(str):
    pass


class Paint(Config):
    color: Color = Color.BLUE


def got(schema, given):
    @asset(config_schema=schema, io_manager_key="memory")
    def a(context):
        return context.op_config

    config = {"ops": {"a": {"config": given}}}
    return materialize([a], run_config=config, resources={"memory": InMemoryIOManager()}).output_for_node("a")


def refusal(schema, given):
    with pytest.raises(InvalidConfigError) as caught:
        got(schema, given)
    assert str(caught.value).startswith("Error in config for job")
    assert len(caught.value.errors) == 1
    return caught.value.errors[0].message


@pytest.mark.parametrize("schema", [{"c": str}, {"c": Any}, None])
def test_a_member_of_an_enumeration_of_texts_arrives_as_its_text(schema):
    assert got(schema, {"c": Color.RED}) == {"c": "red"}


def test_a_member_given_for_a_choice_arrives_as_the_member():
    assert got({"c": Enum.from_python_enum(Color)}, {"c": Color.RED}) == {"c": Color.RED}
    assert got({"c": [Size]}, {"c": [Size.LARGE, "LARGE"]}) == {"c": [Size.LARGE, Size.LARGE]}


def test_a_member_given_for_a_field_of_a_config_class_arrives_as_the_member():
    @asset(io_manager_key="memory")
    def a(config: Paint):
        return config.color

    config = {"ops": {"a": {"config": {"color": Color.RED}}}}
    result = materialize([a], run_config=config, resources={"memory": InMemoryIOManager()})
    assert result.output_for_node("a") is Color.RED


def test_a_member_that_is_no_text_is_refused_where_anything_is_taken():
    message = refusal({"c": Any}, {"c": Size.LARGE})
    assert message.startswith("Value at path root:ops:a:config:c cannot be written down as config")
    assert "give Size.LARGE.name or Size.LARGE.value" in message


@pytest.mark.parametrize("schema", [{"n": float}, {"n": Any}, None])
def test_numbers_that_json_does_not_know_arrive(schema):
    assert math.isnan(got(schema, {"n": math.nan})["n"])
    assert got(schema, {"n": -math.inf}) == {"n": -math.inf}


@pytest.mark.parametrize("schema", [{"n": float, "t": str}, None])
def test_numbers_and_texts_of_derived_types_arrive_as_plain_ones(schema):
    found = got(schema, {"n": Share(1.5), "t": Title("x")})
    assert found == {"n": 1.5, "t": "x"}
    assert (type(found["n"]), type(found["t"])) == (float, str)


@pytest.mark.parametrize(
    ("schema", "given", "said"),
    [
        ({"n": float}, 10**400, "It is too large a number"),
        ({"n": int}, 2**64, "numbers in a config have 64 bits"),
        ({"n": str}, "\ud800", "is no text that can be sent"),
        ({"n": Any}, (1, 2), "give a list"),
        ({"n": Any}, {1}, "give a list"),
        ({"n": Any}, b"x", "cannot be written down as config: bytes"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_path(schema, given, said):
    message = refusal(schema, {"n": given})
    assert "at path root:ops:a:config:n" in message
    assert said in message


@pytest.mark.parametrize("schema", [{"a": dict}, dict, {"a": Any}, None])
def test_keys_that_are_numbers_stay_numbers(schema):
    assert got(schema, {"a": {1: 2, 7: {2.5: 3}}}) == {"a": {1: 2, 7: {2.5: 3}}}


def test_keys_of_a_map_are_as_strict_as_values():
    assert got(Map(int, str), {2: "b"}) == {2: "b"}
    assert 'Value "2" of type "str" is not valid for expected type "Int"' in refusal(Map(int, str), {"2": "b"})


class Recipe(Config):
    flour: int
    name: str = EnvVar("RECIPE_NAME")


class Store(ConfigurableResource):
    url: str = EnvVar("STORE_URL")


def test_the_default_of_the_argument_config_counts_field_by_field():
    @asset(io_manager_key="memory")
    def a(config: Recipe = Recipe(flour=9, name="bread")):  # noqa: B008
        return (config.flour, config.name)

    def run(**ops):
        result = materialize([a], run_config={"ops": ops}, resources={"memory": InMemoryIOManager()})
        return result.output_for_node("a")

    assert run() == (9, "bread")
    assert run(a={"config": {"flour": 1}}) == (1, "bread")
    assert a() == (9, "bread")
    assert a(config=Recipe(flour=2, name="cake")) == (2, "cake")


def test_the_default_of_the_argument_config_may_be_of_any_type():
    @asset(io_manager_key="memory")
    def a(config: int = 5):
        return config

    assert a() == 5
    assert materialize([a], resources={"memory": InMemoryIOManager()}).output_for_node("a") == 5


def test_a_default_that_does_not_fit_is_noticed_at_definition():
    with pytest.raises(InvalidDefinitionError, match="default of the argument config does not fit"):

        @asset
        def a(config: Recipe = 5):
            pass


def test_variables_that_a_class_names_as_defaults_are_looked_up(monkeypatch):
    monkeypatch.setenv("RECIPE_NAME", "rye")
    monkeypatch.setenv("STORE_URL", "db.example")

    @asset(io_manager_key="memory")
    def a(config: Recipe, store: Store):
        return (config.name, store.url)

    result = materialize(
        [a],
        run_config={"ops": {"a": {"config": {"flour": 1}}}},
        resources={"memory": InMemoryIOManager(), "store": Store()},
    )
    assert result.output_for_node("a") == ("rye", "db.example")
    assert a(config=Recipe(flour=1), store=Store()) == ("rye", "db.example")


def test_a_variable_that_a_class_names_and_nobody_sets_is_told(monkeypatch):
    monkeypatch.delenv("STORE_URL", raising=False)

    @asset(io_manager_key="memory")
    def a(store: Store):
        return store.url

    with pytest.raises(InvalidConfigError, match='"STORE_URL" which is not set'):
        materialize([a], resources={"memory": InMemoryIOManager(), "store": Store()})


@pytest.mark.parametrize("use", [str, "{}".format, lambda name: "http://" + name, lambda name: name + "/x"])
def test_the_name_of_a_variable_does_not_pass_for_its_value(use):
    with pytest.raises(InvariantViolationError, match=r"EnvVar\('STORE_URL'\).get_value\(\)"):
        use(Store().url)


def test_a_variable_that_holds_a_number_is_no_number_yet():
    with pytest.raises(InvariantViolationError, match="has no value here"):
        EnvVar.int("PORT") + 1


def test_a_field_default_is_not_changed_with_the_object_it_was_given_as():
    given = [1]
    field = Field([int], default_value=given)
    given.append("x")
    assert field.default_value == [1]


def test_a_variable_that_is_not_set_is_told_before_anything_runs(monkeypatch):
    monkeypatch.delenv("A_TOKEN", raising=False)
    ran = []

    @asset(io_manager_key="memory")
    def first():
        ran.append("first")

    @asset(config_schema={"token": StringSource}, deps=["first"], io_manager_key="memory")
    def second():
        ran.append("second")

    @resource(config_schema={"token": StringSource})
    def api():
        return 1

    @asset(required_resource_keys={"api"}, deps=["second"], io_manager_key="memory")
    def third():
        ran.append("third")

    token = {"config": {"token": {"env": "A_TOKEN"}}}
    with pytest.raises(InvalidConfigError) as caught:
        materialize(
            [first, second, third],
            run_config={"ops": {"second": token}, "resources": {"api": token}},
            resources={"memory": InMemoryIOManager(), "api": api},
        )
    assert [error.path for error in caught.value.errors] == [
        "root:ops:second:config:token",
        "root:resources:api:config:token",
    ]
    assert ran == []


def test_a_config_function_that_returns_what_does_not_fit_stops_the_run_before_it_begins():
    ran = []

    @resource(config_schema={"n": int})
    def api():
        return 1

    @asset(io_manager_key="memory")
    def first():
        ran.append("first")

    @asset(required_resource_keys={"api"}, deps=["first"], io_manager_key="memory")
    def second():
        pass

    wrong = api.configured(lambda text: {"n": text}, config_schema=str)
    with pytest.raises(InvalidConfigError, match='the resource "api", as its config function returned it'):
        materialize(
            [first, second],
            run_config={"resources": {"api": {"config": "x"}}},
            resources={"memory": InMemoryIOManager(), "api": wrong},
        )
    assert ran == []


def test_a_resource_that_no_asset_of_the_run_needs_may_lack_its_variable(monkeypatch):
    monkeypatch.delenv("STORE_URL", raising=False)

    @asset(io_manager_key="memory")
    def a():
        return 1

    assert materialize([a], resources={"memory": InMemoryIOManager(), "store": Store()}).success


def same_name(name, schema, prefix=None):
    @asset(name=name, key_prefix=prefix, config_schema=schema, io_manager_key="memory")
    def a(context):
        return context.op_config

    return a


def test_assets_whose_ops_have_one_name_have_config_of_their_own():
    dashed, plain = same_name("c-c", {"n": int}), same_name("c_c", {"m": str})
    given = {"ops": {"c_c": {"config": {"n": 1}}, "c_c_2": {"config": {"m": "x"}}}}
    result = materialize([plain, dashed], run_config=given, resources={"memory": InMemoryIOManager()})
    assert result.output_for_node("c_c") == result.asset_value("c-c") == {"n": 1}
    assert result.output_for_node("c_c_2") == result.asset_value("c_c") == {"m": "x"}


def test_the_names_of_such_assets_do_not_change_with_what_is_selected():
    assets = [same_name("c-c", {"n": int}), same_name("c_c", {"m": str})]
    config = {"ops": {"c_c": {"config": {"n": 1}}, "c_c_2": {"config": {"m": "x"}}}}
    defs = Definitions(
        assets=assets, jobs=[define_asset_job("j", config=config)], resources={"memory": InMemoryIOManager()}
    )
    result = defs.get_job("j").execute_in_process(asset_selection=["c_c"])
    assert result.output_for_node("c_c_2") == {"m": "x"}
