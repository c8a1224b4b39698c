"""Ops, graphs, and the assets that are made of them."""

import pytest

from assetflow import (
    AssetIn,
    AssetKey,
    AssetOut,
    AssetsDefinition,
    AssetSelection,
    CheckError,
    Definitions,
    FilesystemIOManager,
    GraphOut,
    In,
    InMemoryIOManager,
    InvalidConfigError,
    InvalidDefinitionError,
    InvalidInvocationError,
    InvalidSubsetError,
    InvariantViolationError,
    IOManager,
    Nothing,
    Out,
    Output,
    RetryPolicy,
    SourceAsset,
    StepState,
    TypeCheckDidNotPass,
    asset,
    build_op_context,
    define_asset_job,
    graph,
    graph_asset,
    graph_multi_asset,
    materialize,
    materialize_to_memory,
    multi_asset,
    op,
    success_hook,
)


@op
def one():
    return 1


@op
def add_one(number):
    return number + 1


@op
def double(number: int) -> int:
    return number * 2


@op(out={"small": Out(), "large": Out()})
def split(number):
    return number // 10, number % 10


def steps_of(result):
    return {event.step_key for event in result.all_events if event.is_step_success}


# --- an op by itself -------------------------------------------------------------------------------------------------


def test_an_op_called_directly_runs_in_place():
    assert add_one(4) == 5
    assert one() == 1
    assert split(37) == (3, 7)


def test_an_op_called_directly_checks_types():
    with pytest.raises(TypeCheckDidNotPass, match='op "double" input "number"'):
        double("a")


def test_an_op_called_directly_without_an_input():
    with pytest.raises(InvalidInvocationError, match='No value provided for required input "number"'):
        add_one()


def test_an_op_with_a_context():
    @op(config_schema={"by": int}, required_resource_keys={"unit"})
    def scaled(context, number):
        return f"{number * context.op_config['by']} {context.resources.unit}"

    assert scaled(build_op_context(resources={"unit": "g"}, op_config={"by": 3}), 4) == "12 g"
    with pytest.raises(InvalidConfigError):
        scaled(build_op_context(resources={"unit": "g"}, op_config={"by": "x"}), 4)


@pytest.mark.parametrize("name", ["two words", "class", "a/b", "input"])
def test_names_of_ops(name):
    with pytest.raises(InvalidDefinitionError, match="not a valid name"):
        op(name=name)(lambda: 1)


def test_an_input_that_is_no_argument():
    with pytest.raises(InvalidDefinitionError, match="the input 'x' is no argument of the function: number"):

        @op(ins={"x": In(int)})
        def bad(number): ...


def test_configured_ops():
    @op(config_schema={"by": int})
    def scaled(context, number):
        return number * context.op_config["by"]

    threefold = scaled.configured({"by": 3}, name="threefold")
    assert threefold.name == "threefold"
    assert threefold(build_op_context(), 5) == 15

    @graph_asset
    def total(number):
        return threefold(number)

    assert materialize_to_memory([total, asset(name="number")(lambda: 7)]).asset_value("total") == 21
    with pytest.raises(InvalidConfigError):
        scaled.configured({"by": "x"}, name="wrong")
    with pytest.raises(InvalidDefinitionError, match="needs a name of its own"):
        scaled.configured({"by": 3})


# --- composing -------------------------------------------------------------------------------------------------------


def test_a_graph_asset_runs_each_op_as_a_step():
    @graph_asset
    def three():
        return add_one(add_one(one()))

    result = materialize_to_memory([three])
    assert result.success
    assert result.asset_value("three") == 3
    assert steps_of(result) == {"three.one", "three.add_one", "three.add_one_2"}
    assert result.output_for_node("three") == 3
    assert result.output_for_node("three.one") == 1
    assert result.output_for_node("three.add_one") == 2
    assert result.output_for_node("three.add_one_2") == 3
    assert result.state_of("three.add_one") is StepState.SUCCEEDED


def test_only_what_is_mapped_is_materialized():
    @graph_asset
    def three():
        return add_one(add_one(one()))

    result = materialize_to_memory([three])
    assert [item.asset_key.parts for item in result.asset_materializations_for_node("three")] == [("three",)]
    assert result.asset_materializations_for_node("three.one") == []
    assert [item.asset_key.parts for item in result.asset_materializations_for_node("three.add_one_2")] == [("three",)]


def test_arguments_are_assets():
    @asset
    def base():
        return 20

    @graph_asset(ins={"other": AssetIn(["far", "away"])}, key_prefix="sums", group_name="g")
    def total(base, other):
        @op
        def add(a, b):
            return a + b

        return add(base, b=other)

    @asset(key_prefix="far")
    def away():
        return 3

    assert total.key == AssetKey(["sums", "total"])
    assert total.group_names_by_key == {total.key: "g"}
    assert total.dependency_keys == {AssetKey("base"), AssetKey(["far", "away"])}
    assert materialize_to_memory([base, away, total]).asset_value(["sums", "total"]) == 23


def test_an_asset_of_a_graph_is_read_by_others(tmp_path):
    @graph_asset
    def two():
        return add_one(one())

    @asset
    def four(two):
        return two * 2

    result = materialize([two, four], resources={"io_manager": FilesystemIOManager(tmp_path)})
    assert result.asset_value("four") == 4
    # The asset is at its own path; what the ops hand to each other below the run's id.
    assert (tmp_path / "two").is_file()
    assert (tmp_path / result.run_id / "two.one" / "result").is_file()
    again = materialize([two, four], resources={"io_manager": FilesystemIOManager(tmp_path)}, selection="four")
    assert again.asset_value("four") == 4


def test_a_graph_reads_a_source(tmp_path):
    manager = FilesystemIOManager(tmp_path)

    @asset
    def given():
        return 8

    materialize([given], resources={"io_manager": manager})

    @graph_asset
    def more(given):
        return add_one(given)

    result = materialize([more, SourceAsset("given")], resources={"io_manager": manager})
    assert result.asset_value("more") == 9


def test_graphs_in_graphs():
    @graph
    def plus_two(number):
        return add_one(add_one(number))

    @graph(out={"low": GraphOut(), "high": GraphOut()})
    def both(number):
        small, large = split(number)
        return {"low": plus_two(small), "high": plus_two.alias("upper")(large)}

    @graph_multi_asset(outs={"low": AssetOut(key_prefix="p"), "high": AssetOut()})
    def parts(number):
        found = both(plus_two(number))
        return {"low": found.low, "high": found.high}

    result = materialize_to_memory([parts, asset(name="number")(lambda: 35)])
    assert result.asset_value(["p", "low"]) == 5
    assert result.asset_value("high") == 9
    assert result.output_for_node("parts", "high") == 9
    assert result.output_for_node("parts.both.upper.add_one") == 8
    assert result.output_for_node("parts.plus_two.add_one_2") == 37


def test_lists_of_outputs_are_lists_of_values():
    @op
    def total(numbers: list):
        return sum(numbers)

    @graph_asset
    def summed(base):
        return total([one(), add_one(base), base])

    @asset
    def base():
        return 10

    assert materialize_to_memory([summed, base]).asset_value("summed") == 22


def test_a_list_reaches_through_an_inner_graph():
    @op
    def total(numbers):
        return sum(numbers)

    @graph
    def inner(numbers):
        return add_one(total(numbers))

    @graph_asset
    def summed():
        return inner([one(), add_one(one())])

    assert materialize_to_memory([summed]).asset_value("summed") == 4


def test_an_input_with_a_default_need_not_be_connected():
    @op
    def power(base, exponent=3):
        return base**exponent

    @op(ins={"exponent": In(default_value=4)})
    def power_in(base, exponent):
        return base**exponent

    @graph_multi_asset(outs={"a": AssetOut(), "b": AssetOut(), "c": AssetOut()})
    def powers():
        two = add_one(one())
        return {"a": power(two), "b": power(two, two), "c": power_in(two)}

    result = materialize_to_memory([powers])
    assert [result.asset_value(name) for name in "abc"] == [8, 4, 16]


def test_inputs_of_nothing_only_order():
    told = []

    @op
    def first() -> None:
        told.append("first")

    @op(ins={"start": In(Nothing)})
    def second(number):
        told.append("second")
        return number

    @graph_asset
    def ordered():
        return second(one(), start=first())

    assert materialize_to_memory([ordered]).asset_value("ordered") == 1
    assert told == ["first", "second"]


@pytest.mark.parametrize(("compose_it", "message"), [
    (lambda: add_one(3), "received invalid type <class 'int'> for input \"number\" of add_one"),
    (lambda: add_one((one(),)), "received invalid type <class 'tuple'>"),
    (lambda: add_one(), 'input "number" of add_one is not connected'),
    (lambda: add_one(one(), one()), "called with 2 inputs, and takes 1 by position"),
    (lambda: add_one(other=one()), "called with 'other', which is no input of it"),
    (lambda: add_one(one(), number=one()), "is given 'number' twice"),
    (lambda: (one.alias("x")(), one.alias("x")()), "two calls have the name 'x'"),
    (lambda: 5, "is of type <class 'int'>, and no output of an op"),
    (lambda: {"a": one(), "b": 1}, 'the output "b" is of type <class \'int\'>'),
    (lambda: (lambda x: {"a": x, "b": x})(one()), "the outputs a, b are one output of one op"),
    (lambda: (one(), one()), "2 outputs are returned where 0 are declared"),
])  # fmt: skip
def test_what_cannot_be_composed(compose_it, message):
    with pytest.raises(InvalidDefinitionError) as caught:
        graph(name="g")(compose_it)
    assert message in str(caught.value)
    assert "test_graphs.py" in str(caught.value)


def test_an_input_of_a_graph_that_no_op_gets():
    with pytest.raises(InvalidDefinitionError, match="the input 'unused' is handed to no op"):

        @graph
        def wasteful(unused):
            return one()


def test_an_input_cannot_be_an_output():
    with pytest.raises(InvalidDefinitionError, match="is an input of the graph, which no op has made"):

        @graph
        def nothing_done(x):
            add_one(x)
            return x


@pytest.mark.parametrize("name", ["context", "config"])
def test_a_graph_takes_no_context_and_no_config(name):
    namespace = {"one": one}
    exec(f"def g({name}):\n    return one()", namespace)
    with pytest.raises(InvalidDefinitionError, match=f"argument named {name}"):
        graph(namespace["g"])


def test_an_output_of_another_graph():
    kept = []

    @graph
    def first():
        kept.append(one())
        return kept[0]

    with pytest.raises(InvalidDefinitionError, match="is an output of another graph"):

        @graph
        def second():
            return add_one(kept[0])


def test_outputs_that_are_not_those_declared():
    with pytest.raises(InvalidDefinitionError, match="the outputs x are returned where y are declared"):

        @graph(out={"y": GraphOut()})
        def wrong():
            return {"x": one()}


def test_a_tuple_of_outputs_in_the_order_declared():
    @graph(out={"low": GraphOut(), "high": GraphOut()})
    def both(number):
        return split(number).small, split(number).large

    assert list(both.outs) == ["low", "high"]


def test_a_graph_called_elsewhere():
    @graph
    def g():
        return one()

    with pytest.raises(InvariantViolationError, match="called outside of the function of another graph"):
        g()

    @graph_asset
    def h():
        return one()

    with pytest.raises(InvariantViolationError, match="called outside"):
        h()


def test_each_call_can_have_tags_hooks_and_retries():
    story = []

    @success_hook
    def told(context):
        story.append(context.step_key)

    @op
    def stubborn(context):
        if context.retry_number < 1:
            raise ValueError("not yet")
        return context.retry_number

    @graph_asset
    def made():
        first = stubborn.with_retry_policy(RetryPolicy(max_retries=1)).alias("patient")()
        return add_one.with_hooks({told}).tag({"assetflow/queue": "fast"})(first)

    assert materialize_to_memory([made]).asset_value("made") == 2
    assert story == ["made.add_one"]
    assert made.op_at(("add_one",)).tags == {"assetflow/queue": "fast"}


# --- from_graph, from_op ---------------------------------------------------------------------------------------------


def test_from_op():
    found = AssetsDefinition.from_op(add_one)
    assert found.key == AssetKey("add_one")
    assert found.keys_by_input_name == {"number": AssetKey("number")}
    assert found.keys_by_output_name == {"result": AssetKey("add_one")}
    assert found.op is add_one
    assert materialize_to_memory([found, asset(name="number")(lambda: 1)]).asset_value("add_one") == 2
    assert found(6) == 7


def test_from_op_with_several_outputs():
    found = AssetsDefinition.from_op(
        split,
        keys_by_input_name={"number": AssetKey("n")},
        key_prefix="pre",
        group_name="g",
        internal_asset_deps={"small": {AssetKey("n")}, "large": {AssetKey(["pre", "small"])}},
        metadata_by_output_name={"small": {"k": object}},
    )
    small, large = AssetKey(["pre", "small"]), AssetKey(["pre", "large"])
    assert found.keys == {small, large}
    assert found.asset_deps == {small: {AssetKey("n")}, large: {small}}
    assert found.group_names_by_key == {small: "g", large: "g"}
    assert found.metadata_by_key == {small: {"k": object}}


def test_from_graph():
    @graph
    def chain(number):
        return add_one(add_one(number))

    found = AssetsDefinition.from_graph(chain, keys_by_input_name={"number": AssetKey("n")}, group_name="g")
    assert found.key == AssetKey("chain")
    assert found.node_def is chain
    with pytest.raises(CheckError, match="chain is a graph of several ops"):
        _ = found.op
    assert materialize_to_memory([found, asset(name="n")(lambda: 1)]).asset_value("chain") == 3


@pytest.mark.parametrize(("arguments", "message"), [
    ({"keys_by_input_name": {"x": AssetKey("n")}}, "keys_by_input_name of chain names what it does not have: x"),
    ({"keys_by_output_name": {"x": AssetKey("n")}}, "keys_by_output_name of chain names what it does not have: x"),
    ({"internal_asset_deps": {"x": set()}}, "Invalid out key 'x'"),
    ({"internal_asset_deps": {"result": {AssetKey("q")}}}, "Invalid asset dependencies: q"),
    ({"metadata_by_output_name": {"x": {}}}, "metadata_by_output_name names no outputs of chain: x"),
])  # fmt: skip
def test_what_from_graph_refuses(arguments, message):
    @graph
    def chain(number):
        return add_one(number)

    with pytest.raises(CheckError, match=message):
        AssetsDefinition.from_graph(chain, **arguments)


def test_from_graph_takes_a_graph():
    with pytest.raises(CheckError, match="from_graph takes what @graph makes"):
        AssetsDefinition.from_graph(add_one)


def test_a_leaf_that_makes_no_asset():
    @graph
    def leaky():
        add_one(one())
        return add_one.alias("kept")(one())

    with pytest.raises(CheckError, match="All leaf nodes within graph 'leaky' must generate outputs"):
        AssetsDefinition.from_graph(leaky)


def test_an_asset_of_a_graph_that_needs_itself():
    @graph
    def loop(number):
        return add_one(number)

    with pytest.raises(InvalidDefinitionError, match="depends on itself"):
        AssetsDefinition.from_graph(loop, keys_by_input_name={"number": AssetKey("loop")})


def test_every_asset_of_a_graph_needs_every_input_unless_told():
    @graph_multi_asset(outs={"a": AssetOut(), "b": AssetOut()})
    def two(x, y):
        return {"a": add_one(x), "b": add_one(y)}

    x, y = AssetKey("x"), AssetKey("y")
    assert two.asset_deps == {AssetKey("a"): {x, y}, AssetKey("b"): {x, y}}


# --- a part of a graph -----------------------------------------------------------------------------------------------


def test_a_part_of_a_graph_runs_only_the_ops_it_needs():
    @graph_multi_asset(outs={"a": AssetOut(), "b": AssetOut(), "c": AssetOut()}, can_subset=True)
    def three(base):
        a = add_one(base)
        return {"a": a, "b": add_one.alias("for_b")(a), "c": double(base)}

    @asset
    def base():
        return 1

    whole = materialize_to_memory([three, base])
    assert [whole.asset_value(name) for name in "abc"] == [2, 3, 2]
    part = materialize_to_memory([three, base], selection=["base", "b"])
    assert part.asset_value("b") == 3
    assert [name.asset_key.parts for name in part.asset_materializations_for_node("three")] == [("b",)]
    with pytest.raises(CheckError, match="no op named"):
        part.output_for_node("three.double")


def test_a_graph_that_makes_all_or_nothing():
    @graph_multi_asset(outs={"a": AssetOut(), "b": AssetOut()})
    def two():
        return {"a": one(), "b": one()}

    with pytest.raises(InvalidSubsetError, match="does not support subsetting"):
        materialize_to_memory([two], selection="a")


def test_an_asset_between_two_of_one_graph():
    @graph_multi_asset(outs={"first": AssetOut(), "last": AssetOut()})
    def both(between):
        return {"first": one(), "last": add_one(between)}

    with_deps = AssetsDefinition.from_graph(
        both.node_def,
        keys_by_output_name={"first": "first", "last": "last"},
        internal_asset_deps={"first": set(), "last": {AssetKey("between")}},
    )

    @asset
    def between(first):
        return first * 10

    result = materialize_to_memory([with_deps, between])
    assert result.asset_value("last") == 11
    assert result.asset_value("first") == 1


# --- pruning, failing, configuring -----------------------------------------------------------------------------------


def test_an_op_that_yields_nothing_prunes_inside_and_outside():
    @op(out=Out(is_required=False))
    def perhaps():
        if False:
            yield Output(1)

    @graph_asset
    def maybe():
        return add_one(perhaps())

    @asset
    def below(maybe):
        return maybe

    result = materialize_to_memory([maybe, below])
    assert result.success
    assert result.state_of("maybe.perhaps") is StepState.SUCCEEDED
    assert result.state_of("maybe.add_one") is StepState.SKIPPED
    assert result.state_of("below") is StepState.SKIPPED


def test_an_op_that_fails():
    @op
    def broken():
        raise ValueError("no")

    @graph_multi_asset(outs={"bad": AssetOut(), "good": AssetOut()})
    def mixed():
        return {"bad": add_one(broken()), "good": one()}

    result = materialize_to_memory([mixed], raise_on_error=False)
    assert not result.success
    assert result.state_of("mixed.add_one") is StepState.UPSTREAM_FAILED
    assert result.asset_value("good") == 1


def test_config_of_ops_in_graphs():
    @op(config_schema={"by": int})
    def scaled(context, number):
        return number * context.op_config["by"]

    @graph
    def inner(number):
        return scaled(number)

    @graph_asset
    def outer():
        return scaled.alias("last")(inner(one()))

    config = {"inner": {"ops": {"scaled": {"config": {"by": 2}}}}, "last": {"config": {"by": 5}}}
    result = materialize_to_memory([outer], run_config={"ops": {"outer": {"ops": config}}})
    assert result.asset_value("outer") == 10
    with pytest.raises(InvalidConfigError) as caught:
        materialize_to_memory(
            [outer], run_config={"ops": {"outer": {"ops": {**config, "inner": {"ops": {"scald": {}}}}}}}
        )
    assert "at path root:ops:outer:ops:inner:ops" in str(caught.value)
    assert "did you mean scaled" in str(caught.value)
    with pytest.raises(InvalidConfigError, match="Missing required config entr"):
        materialize_to_memory([outer])


def test_resources_and_io_managers_of_ops():
    class Listing(IOManager):
        def __init__(self):
            self.kept = {}

        def handle_output(self, context, obj):
            self.kept[tuple(context.get_identifier())] = obj

        def load_input(self, context):
            assert not context.has_asset_key
            assert context.upstream_output.op_def.name == "made"
            return self.kept[tuple(context.get_identifier())]

    manager = Listing()

    @op(required_resource_keys={"unit"}, out=Out(io_manager_key="listing"))
    def made(context):
        return f"3 {context.resources.unit}"

    @op
    def shouted(text):
        return text.upper()

    @graph_asset(resource_defs={})
    def text():
        return shouted(made())

    assert text.required_resource_keys == {"unit", "listing", "io_manager"}
    result = materialize([text], resources={"unit": "g", "listing": manager, "io_manager": InMemoryIOManager()})
    assert result.asset_value("text") == "3 G"
    assert manager.kept == {(result.run_id, "text.made", "result"): "3 g"}
    with pytest.raises(InvalidDefinitionError, match="resource with key 'unit' required by op 'made'"):
        Definitions(assets=[text], resources={"listing": manager}).check_resources()


def test_context_of_an_op_in_a_graph():
    seen = []

    @op
    def looking(context, number):
        seen.append((context.op_def.name, context.asset_key_for_output(), context.selected_asset_keys))
        seen.append(context.asset_key_for_input("number"))
        return number

    @op
    def inside(context):
        with pytest.raises(InvariantViolationError, match='there is no output "result"'):
            context.asset_key_for_output()
        return 1

    @graph_multi_asset(outs={"a": AssetOut(key="x"), "b": AssetOut()})
    def two(base):
        return {"a": looking(base), "b": add_one(inside())}

    materialize_to_memory([two, asset(name="base")(lambda: 1)])
    assert seen == [("looking", AssetKey("x"), {AssetKey("x")}), AssetKey("base")]


def test_types_between_ops_are_checked():
    @op
    def text() -> str:
        return "a"

    @graph_asset
    def mixed():
        return double(text())

    with pytest.raises(TypeCheckDidNotPass, match='step input "number" of op "double": expected int, got str'):
        materialize_to_memory([mixed])


def test_jobs_and_selections_of_graphs():
    @graph_asset(group_name="g", owners=["team:a"], tags={"k": "v"}, kinds=["x"], metadata={"m": 1})
    def two():
        return add_one(one())

    @multi_asset(outs={"p": AssetOut(), "q": AssetOut()})
    def pq(two):
        return two, two

    labels = two.labels(two.key)
    assert (labels.owners, labels.tags, labels.kinds) == (("team:a",), {"k": "v"}, {"x"})
    assert two.metadata_by_key == {two.key: {"m": 1}}
    defs = Definitions(
        assets=[two, pq],
        resources={"io_manager": InMemoryIOManager()},
        jobs=[define_asset_job("up", AssetSelection.keys("p", "q").upstream())],
    )
    assert defs.get_job("up").execute_in_process().asset_value("q") == 2


def test_what_is_said_of_the_outputs_of_graphs_is_said_of_their_assets():
    @graph(out={"low": GraphOut(description="small"), "high": GraphOut()})
    def both():
        """Numbers."""
        return {"low": one(), "high": one()}

    made = AssetsDefinition.from_graph(both)
    assert made.descriptions_by_key == {AssetKey("low"): "small", AssetKey("high"): "Numbers."}

    @graph(out=GraphOut(description="single"))
    def alone():
        return one()

    assert AssetsDefinition.from_graph(alone).descriptions_by_key == {AssetKey("alone"): "single"}

    @graph_multi_asset(outs={"a": AssetOut(description="first", owners=["team:x"]), "b": AssetOut()})
    def several():
        return {"a": one(), "b": one()}

    assert several.get_asset_spec("a").description == "first"
    assert several.get_asset_spec("a").owners == ("team:x",)
    assert materialize_to_memory([made, several]).success
