"""The decorator."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import cloudpickle
import pytest

from assetflow import (
    AssetIn,
    AssetKey,
    AssetOut,
    AssetsDefinition,
    CheckError,
    InvalidDefinitionError,
    InvalidInvocationError,
    Output,
    ParameterCheckError,
    ResourceDefinition,
    RetryPolicy,
    SourceAsset,
    asset,
    multi_asset,
)
from assetflow.definitions.io_manager import IOManager, IOManagerDefinition

EMPTY = inspect.Parameter.empty


class Nowhere(IOManager):
    def handle_output(self, context, obj):
        return None

    def load_input(self, context):
        return None


def test_the_decorator_is_used_bare_and_with_parentheses():
    @asset
    def bare():
        return 1

    @asset()
    def called():
        return 2

    assert isinstance(bare, AssetsDefinition)
    assert bare.key == AssetKey("bare")
    assert called.keys == {AssetKey("called")}
    assert (bare(), called()) == (1, 2)


def test_a_name_takes_the_place_of_the_functions_name():
    @asset(name="other")
    def function():
        return 1

    assert function.key == AssetKey("other")
    assert function.op.name == "other"


@pytest.mark.parametrize(
    ("prefix", "path"),
    [
        ("a", ["a", "x"]),
        ("a/b", ["a", "b", "x"]),
        ("/a//b/", ["a", "b", "x"]),
        (["a", "b"], ["a", "b", "x"]),
        (["a/b"], None),
        ([], ["x"]),
        ("", ["x"]),
        (["a", ""], ["a", "x"]),
    ],
)
def test_a_prefix_is_split_where_it_is_a_text(prefix, path):
    def make():
        return asset(key_prefix=prefix, name="x")(lambda: 1)

    if path is None:
        with pytest.raises(InvalidDefinitionError):
            make()
    else:
        assert make().key.path == path
        assert make().op.name == "__".join(path)


@pytest.mark.parametrize("prefix", [3, {"a": 1}, [["a"]], [1]])
def test_a_prefix_of_another_kind_is_refused(prefix):
    with pytest.raises(ParameterCheckError, match="key_prefix"):
        asset(key_prefix=prefix, name="x")(lambda: 1)


@pytest.mark.parametrize(
    "name", ["two words", "class", "a/b", "", "..", "dict", "context", "config", "input", "type", "ü", "a\n", "a\0"]
)
def test_a_name_that_cannot_be_an_identifier_is_refused(name):
    with pytest.raises(InvalidDefinitionError, match="not a valid name"):
        asset(name=name)(lambda: 1)


def test_a_dash_stays_in_the_key_and_leaves_the_op():
    made = asset(name="dash-ed")(lambda: 1)
    assert made.key.path == ["dash-ed"]
    assert made.op.name == "dash_ed"


def test_a_refusal_says_where_the_asset_is_written():
    def here():
        return 1

    with pytest.raises(InvalidDefinitionError) as caught:
        asset(name="two words")(here)
    assert caught.value.where is not None
    assert caught.value.where.endswith(f"test_asset.py:{here.__code__.co_firstlineno}")


@pytest.mark.parametrize("name", ["context", "_context", "context_", "_"])
def test_four_names_of_the_first_parameter_mean_the_context(name):
    namespace: dict[str, Any] = {}
    exec(f"def made({name}, up): return up", namespace)
    made = asset(namespace["made"])
    assert made.op.context_name == name
    assert made.op.takes_context
    assert made.keys_by_input_name == {"up": AssetKey("up")}


def test_a_context_that_is_not_first_is_an_upstream():
    @asset
    def made(up, context):
        return up

    assert not made.op.takes_context
    assert list(made.keys_by_input_name) == ["up", "context"]


def test_arguments_keep_their_order_and_orders_come_last():
    @asset(non_argument_deps={"z", "a/b"})
    def made(second, first):
        return 1

    assert list(made.op.ins) == ["second", "first", "a__b", "z"]
    assert [item.is_nothing for item in made.op.ins.values()] == [False, False, True, True]
    assert made.keys_by_input_name["a__b"] == AssetKey(["a", "b"])
    assert made.dependency_keys == {AssetKey("second"), AssetKey("first"), AssetKey("z"), AssetKey(["a", "b"])}
    assert made.asset_deps == {AssetKey("made"): set(made.dependency_keys)}


def test_a_default_does_not_make_an_upstream_optional():
    @asset
    def made(up=3, *, only=4):
        return up

    assert made.op.defaults == {"up", "only"}
    assert set(made.keys_by_input_name) == {"up", "only"}


def test_ins_say_which_asset_an_argument_stands_for():
    @asset(
        ins={
            "a": AssetIn(["x", "y"]),
            "b": AssetIn(key_prefix="one/two"),
            "c": AssetIn("x/y"),
            "d": AssetIn(metadata={"rows": 3}, input_manager_key="other"),
            "e": AssetIn(asset_key="elsewhere"),
        }
    )
    def made(a, b, c, d, e):
        return 1

    assert [key.path for key in made.keys_by_input_name.values()] == [
        ["x", "y"],
        ["one", "two", "b"],
        ["x/y"],
        ["d"],
        ["elsewhere"],
    ]
    assert made.op.ins["d"].metadata == {"rows": 3}
    assert made.op.ins["d"].input_manager_key == "other"


def test_ins_may_fill_keyword_arguments():
    @asset(ins={"x": AssetIn("elsewhere")})
    def made(**inputs):
        return inputs

    assert made.keys_by_input_name == {"x": AssetKey("elsewhere")}
    assert made(x=3) == {"x": 3}


def test_ins_without_an_argument_are_refused_with_the_arguments_that_exist():
    with pytest.raises(InvalidDefinitionError, match=r"Key 'x' in provided ins dict .* up, other"):

        @asset(ins={"x": AssetIn("a")})
        def made(up, other):
            return 1


def test_ins_of_another_kind_are_refused():
    with pytest.raises(CheckError, match="AssetIn"):
        asset(name="x", ins={"up": "key"})(lambda up: up)  # type: ignore[dict-item]


def test_a_key_and_a_prefix_exclude_each_other():
    with pytest.raises(CheckError, match="key and key_prefix cannot both be set"):
        AssetIn("a", key_prefix="b")


def test_an_asset_does_not_depend_on_itself():
    with pytest.raises(InvalidDefinitionError, match="can only depend on themselves if they are time-partitioned"):

        @asset
        def made(made):
            return made


@pytest.mark.parametrize("given", ["abc", AssetKey("abc")])
def test_a_single_order_is_no_set_of_orders(given):
    with pytest.raises(CheckError, match="non_argument_deps is a set"):
        asset(name="x", non_argument_deps=given)(lambda: 1)


def test_an_order_that_is_no_key_is_refused():
    with pytest.raises(ParameterCheckError, match="non_argument_deps"):
        asset(name="x", non_argument_deps={3})(lambda: 1)  # type: ignore[arg-type]


def test_an_order_may_have_the_name_of_an_argument():
    made = asset(name="x", non_argument_deps={"up"}, ins={"up": AssetIn("other")})(lambda up: up)
    assert sorted(key.path[0] for key in made.keys_by_input_name.values()) == ["other", "up"]


def positional(a, /):
    return a


def several(*rest):
    return rest


def only_by_name(*, context):
    return context


@pytest.mark.parametrize(("function", "named"), [(positional, "a"), (several, r"\*rest"), (only_by_name, "context")])
def test_parameters_that_stand_for_no_asset_are_refused(function, named):
    with pytest.raises(InvalidDefinitionError, match=f"stand for no input: {named}"):
        asset(function)


def test_a_context_may_be_positional_only():
    @asset
    def made(context, /, up):
        return up

    assert list(made.op.ins) == ["up"]


class Callable:
    def method(self, up: int):
        return up

    def __call__(self, other: int):
        return other


def test_methods_partials_and_callable_objects_can_be_assets():
    assert list(asset(Callable().method).op.ins) == ["up"]
    assert list(asset(name="object")(Callable()).op.ins) == ["other"]
    assert asset(name="object")(Callable()).op.ins["other"].annotation is int
    assert asset(name="part")(functools.partial(Callable().method))(up=3) == 3


def test_a_wrapped_function_has_the_parameters_it_wraps():
    def wrapped(function):
        @functools.wraps(function)
        def inner(*args, **kwargs):
            return function(*args, **kwargs) + 1

        return inner

    @asset
    @wrapped
    def made(context, up):
        return up

    assert made.op.takes_context
    assert list(made.op.ins) == ["up"]


@pytest.mark.parametrize("thing", [Callable, int])
def test_a_class_is_no_asset(thing):
    with pytest.raises(CheckError, match="not the class"):
        asset(thing)


def test_what_cannot_be_called_is_no_asset():
    with pytest.raises(CheckError, match="decorates a function"):
        asset(3)  # type: ignore[call-overload]


def test_an_object_without_a_name_has_to_be_given_one():
    with pytest.raises(InvalidDefinitionError, match="no name"):
        asset(Callable())


def test_the_docstring_is_the_description():
    @asset
    def told():
        """What it is."""

    @asset(description="Otherwise.")
    def overridden():
        """What it is."""

    assert told.op.description == "What it is."
    assert overridden.op.description == "Otherwise."


def test_definition_metadata_may_be_anything():
    thing = object()
    made = asset(name="x", metadata={"thing": thing, "tuple": (1,)})(lambda: 1)
    assert made.metadata_by_key == {AssetKey("x"): {"thing": thing, "tuple": (1,)}}
    assert made.op.outs["result"].metadata["thing"] is thing


def test_the_group_is_default_unless_it_is_named():
    assert asset(name="x")(lambda: 1).group_names_by_key == {AssetKey("x"): "default"}
    assert asset(name="x", group_name="marts")(lambda: 1).group_names_by_key == {AssetKey("x"): "marts"}


@pytest.mark.parametrize("group", ["two words", "a/b", "a-b"])
def test_a_group_is_letters_digits_and_underscores(group):
    with pytest.raises(InvalidDefinitionError, match="not a valid group name"):
        asset(name="x", group_name=group)(lambda: 1)


def test_tags_are_text_or_json_and_the_kind_is_one_of_them():
    made = asset(name="x", compute_kind="pandas", op_tags={"a": "text", "b": {"c": [1]}})(lambda: 1)
    assert made.op.tags == {"kind": "pandas", "a": "text", "b": '{"c": [1]}'}
    assert asset(name="x", compute_kind="pandas", op_tags={"kind": "sql"})(lambda: 1).op.tags == {"kind": "sql"}


@pytest.mark.parametrize("value", [object(), (1, 2), {1: 2}])
def test_tags_that_do_not_survive_json_are_refused(value):
    with pytest.raises(InvalidDefinitionError, match="the tag 'a'"):
        asset(name="x", op_tags={"a": value})(lambda: 1)


def test_the_io_manager_is_named_or_given_but_not_both():
    plain = asset(name="x")(lambda: 1)
    named = asset(name="x", io_manager_key="lake")(lambda: 1)
    definition = IOManagerDefinition(lambda: Nowhere())
    given = asset(name="x", key_prefix="a", io_manager_def=definition)(lambda: 1)
    assert plain.op.outs["result"].io_manager_key == "io_manager"
    assert named.op.outs["result"].io_manager_key == "lake"
    assert named.required_resource_keys == {"lake"}
    assert given.op.outs["result"].io_manager_key == "a__x__io_manager"
    assert given.resource_defs == {"a__x__io_manager": definition}
    assert given.op.required_resource_keys == frozenset()
    with pytest.raises(CheckError, match="Both io_manager_key and io_manager_def"):
        asset(name="x", io_manager_key="lake", io_manager_def=definition)(lambda: 1)


def test_resources_that_come_along_are_required_too():
    definition = ResourceDefinition.hardcoded_resource(1)
    made = asset(name="x", required_resource_keys={"a"}, resource_defs={"b": definition})(lambda: 1)
    assert made.op.required_resource_keys == {"a", "b"}
    assert made.resource_defs == {"b": definition}
    assert made.required_resource_keys == {"a", "b", "io_manager"}


def test_required_resources_are_a_set():
    with pytest.raises(CheckError, match="required_resource_keys is a set"):
        asset(name="x", required_resource_keys="api")(lambda: 1)


def test_other_arguments_are_kept():
    policy = RetryPolicy(max_retries=2)
    made = asset(
        name="x", retry_policy=policy, code_version="7", config_schema={"n": int}, output_required=False, metadata={}
    )(lambda: 1)
    assert made.op.retry_policy is policy
    assert made.code_versions_by_key == {AssetKey("x"): "7"}
    assert made.op.config.field.config_type.printed() == "{ n: Int }"
    assert not made.op.outs["result"].is_required


def test_annotations_are_kept_also_where_they_are_texts():
    @asset
    def made(up: int, other: Unknown, third) -> dict[str, int]:  # type: ignore[name-defined]  # noqa: F821
        return {}

    assert made.op.ins["up"].annotation is int
    assert made.op.ins["other"].annotation is EMPTY
    assert made.op.ins["third"].annotation is EMPTY
    assert made.op.outs["result"].annotation == dict[str, int]


def of_output() -> Output[int]:
    return Output(1)


def of_bare_output() -> Output:
    return Output(1)


def of_nothing() -> None:
    return None


def of_unknown():
    return None


@pytest.mark.parametrize(
    ("function", "annotation", "is_nothing"),
    [(of_output, int, False), (of_bare_output, EMPTY, False), (of_nothing, None, True), (of_unknown, EMPTY, False)],
)
def test_the_return_annotation_speaks_of_the_value(function, annotation, is_nothing):
    out = asset(function).op.outs["result"]
    assert out.annotation == annotation
    assert out.is_nothing is is_nothing


def test_a_given_type_wins_over_the_annotation():
    assert asset(dagster_type=str)(of_output).op.outs["result"].annotation is str
    made = asset(name="x", ins={"up": AssetIn(dagster_type=int)})(lambda up: up)
    assert made.op.ins["up"].annotation is int


def test_a_copy_has_another_group_and_keys_and_the_original_stays():
    @asset(metadata={"a": 1})
    def made(up, other):
        return 1

    copy = made.with_attributes(
        group_name="g", new_keys={AssetKey("made"): AssetKey(["p", "made"]), AssetKey("up"): AssetKey(["p", "up"])}
    )
    assert copy.key.path == ["p", "made"]
    assert copy.keys_by_input_name == {"up": AssetKey(["p", "up"]), "other": AssetKey("other")}
    assert copy.group_names_by_key == {AssetKey(["p", "made"]): "g"}
    assert copy.metadata_by_key == {AssetKey(["p", "made"]): {"a": 1}}
    assert made.key.path == ["made"]
    assert made.group_names_by_key == {AssetKey("made"): "default"}
    with pytest.raises(InvalidDefinitionError, match="Group name already exists on assets p/made"):
        copy.with_attributes(group_name="g")


def test_resources_are_brought_along_unless_others_are_there():
    mine, yours = ResourceDefinition.hardcoded_resource(1), ResourceDefinition.hardcoded_resource(2)
    made = asset(name="x", required_resource_keys={"a"})(lambda: 1).with_resources({"a": mine})
    assert made.resource_defs == {"a": mine}
    assert made.with_resources({"a": mine, "b": yours}).resource_defs == {"a": mine, "b": yours}
    with pytest.raises(InvalidInvocationError, match="conflicting resource definitions"):
        made.with_resources({"a": yours})


def test_an_asset_travels_by_value():
    @asset(
        ins={"up": AssetIn("other", metadata={"a": 1})},
        resource_defs={"r": ResourceDefinition.hardcoded_resource(4)},
        io_manager_def=IOManagerDefinition(lambda: Nowhere()),
        retry_policy=RetryPolicy(max_retries=2),
        group_name="g",
    )
    def made(context, up, x=1) -> Output[int]:
        return Output(up)

    copy = cloudpickle.loads(cloudpickle.dumps(made))
    assert copy.key == made.key
    assert copy.keys_by_input_name == made.keys_by_input_name
    assert copy.group_names_by_key == made.group_names_by_key
    assert copy.op.ins == made.op.ins
    assert copy.op.outs == made.op.outs
    assert copy.op.ins["x"].annotation is EMPTY
    assert copy.location == made.location
    assert copy.resource_defs.keys() == made.resource_defs.keys()


@pytest.mark.parametrize(
    ("dependency", "key"),
    [
        ("up", ["up"]),
        (AssetKey(["a", "up"]), ["a", "up"]),
        (["a", "up"], ["a", "up"]),
        (SourceAsset(["bank", "rates"]), ["bank", "rates"]),
    ],
)
def test_deps_are_made_before_and_not_loaded(dependency, key):
    @asset(deps=[dependency], non_argument_deps={"raw/lock"})
    def down(other):
        return other

    assert down.dependency_keys == {AssetKey(key), AssetKey(["raw", "lock"]), AssetKey("other")}
    assert sum(item.is_nothing for item in down.op.ins.values()) == 2
    assert down(5) == 5


def test_deps_take_assets_themselves():
    @multi_asset(outs={"a": AssetOut(), "b": AssetOut(key_prefix="x")})
    def both():
        return 1, 2

    @asset(deps=[both])
    def down():
        return 1

    @multi_asset(outs={"c": AssetOut()}, deps=[down])
    def last():
        return 1

    assert down.dependency_keys == both.keys
    assert last.dependency_keys == {AssetKey("down")}


def test_a_text_in_deps_is_one_segment():
    with pytest.raises(InvalidDefinitionError, match='"raw/up" in deps is not a valid name') as caught:

        @asset(deps=["raw/up"])
        def down():
            return 1

    assert "AssetKey(['raw', 'up'])" in str(caught.value)


@pytest.mark.parametrize("arguments", [{"deps": ["up"]}, {"non_argument_deps": {"up"}}])
def test_a_dependency_is_named_once(arguments):
    with pytest.raises(InvalidDefinitionError, match="up is loaded for the argument up already"):

        @asset(**arguments)
        def down(up):
            return up


@pytest.mark.parametrize("deps", ["up", AssetKey("up"), [5], [None]])
def test_deps_is_a_list_of_what_can_be_needed(deps):
    with pytest.raises(CheckError):

        @asset(deps=deps)
        def down():
            return 1
