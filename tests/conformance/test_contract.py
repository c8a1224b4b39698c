"""What the asset API promises, line by line: each case is named after the part of the API it is about."""

from __future__ import annotations

import pytest

from assetflow import (
    AssetIn,
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    AssetOut,
    AssetSelection,
    Backoff,
    CheckError,
    CircularDependencyError,
    Definitions,
    Failure,
    Field,
    FilesystemIOManager,
    InMemoryIOManager,
    InvalidConfigError,
    InvalidDefinitionError,
    InvalidInvocationError,
    InvalidMetadata,
    InvalidPropertyError,
    InvalidSubsetError,
    InvariantViolationError,
    Jitter,
    LoadError,
    MetadataValue,
    Nothing,
    Output,
    ParameterCheckError,
    ResourceDefinition,
    ResourceFunctionError,
    RetryPolicy,
    RetryRequested,
    SourceAsset,
    StepOutputNotFoundError,
    StepState,
    TypeCheckDidNotPass,
    UnknownResourceError,
    asset,
    build_init_resource_context,
    build_op_context,
    build_output_context,
    configured,
    define_asset_job,
    fs_io_manager,
    load_assets_from_modules,
    load_assets_from_package_name,
    materialize,
    materialize_to_memory,
    mem_io_manager,
    multi_asset,
    op,
    repository,
    resource,
    success_hook,
    with_resources,
)
from tests.samples import grouped


def make(name, function=lambda: 1, **options):
    return asset(name=name, **options)(function)


def memory(*assets, **options):
    return materialize_to_memory(list(assets), **options)


def given(*assets, **resources):
    return materialize(list(assets), resources={"io_manager": InMemoryIOManager(), **resources})


def itself(itself): ...


def first(second): ...


def second(first): ...


def needs_nope(nope): ...


def with_default(missing=3):
    return missing


def yields_bare():
    yield 5


def yields_nothing():
    if False:
        yield Output(1)


def yields_twice():
    yield Output(1, "a")
    yield Output(1, "a")


def says_twice(context):
    context.add_output_metadata({"a": 1})
    context.add_output_metadata({"b": 1})


def uses_api(context):
    return context.resources.api


def takes_two(context, a, b=4):
    return a + b


@resource(required_resource_keys={"cm"})
def needs_cm(init): ...


@resource
def broken(init):
    raise ValueError("x")


@resource
def yielding():
    yield 5


TWO = {"a": AssetOut(), "b": AssetOut()}
PAIR = multi_asset(name="pair", outs=TWO)(lambda: (1, 2))
CONFIGURED = make(
    "configured", lambda context: context.op_config, config_schema={"n": int, "m": Field(int, default_value=3)}
)
NEEDS = make("needs", uses_api, required_resource_keys={"api"})

REFUSED = {
    "1.1 a key of a number": (lambda: AssetKey(3), ParameterCheckError, "not int"),
    "1.1 a key of numbers": (lambda: AssetKey([3]), ParameterCheckError, "segments are str"),
    "1.2 a name with a blank": (lambda: make("two words"), InvalidDefinitionError, "not a valid name"),
    "1.2 a name with a slash": (lambda: make("a/b"), InvalidDefinitionError, "not a valid name"),
    "1.2 a keyword as a name": (lambda: make("class"), InvalidDefinitionError, "reserved word"),
    "1.2 a reserved word as a name": (lambda: make("conf"), InvalidDefinitionError, "reserved word"),
    "1.2 ins of no argument": (
        lambda: make("x", lambda a: 1, ins={"z": AssetIn("q")}),
        InvalidDefinitionError,
        "Key 'z' in provided ins dict does not correspond to any of the names of the arguments",
    ),
    "1.2 two ways to store": (
        lambda: make("x", io_manager_key="a", io_manager_def=mem_io_manager),
        CheckError,
        "Both io_manager_key and io_manager_def were provided",
    ),
    "1.2 a tag that is not JSON": (lambda: make("x", op_tags={"j": object()}), InvalidDefinitionError, "not JSON"),
    "1.2 a group with a blank": (lambda: make("x", group_name="a b"), InvalidDefinitionError, "not a valid group"),
    "1.2 a bare value is yielded": (
        lambda: memory(make("x", yields_bare)),
        InvariantViolationError,
        "yielded a value of type <class 'int'> rather than an instance of Output",
    ),
    "1.2 dagster_type is checked": (
        lambda: memory(make("x", lambda: 5, dagster_type=str)), TypeCheckDidNotPass, "Type check failed for step output",
    ),
    "1.2 an asset that needs itself": (
        lambda: asset(itself), InvalidDefinitionError, "Assets can only depend on themselves if they are time-partitioned",
    ),
    "1.2 a default is no upstream": (lambda: memory(asset(with_default)), InvalidDefinitionError, '"missing"'),
    "1.3 one key of several": (lambda: PAIR.key, CheckError, "several assets"),
    "1.3 one source of several": (lambda: PAIR.to_source_asset(), CheckError, "several assets"),
    "1.3 a source that is not made": (lambda: PAIR.to_source_asset("zz"), CheckError, "does not make zz"),
    "1.4 an upstream that is not there": (
        lambda: memory(asset(needs_nope)), InvalidDefinitionError, "is not produced by any of the provided asset ops",
    ),
    "1.4 a circle": (
        lambda: memory(asset(first), asset(second)), CircularDependencyError, "Circular dependencies exist among these",
    ),
    "1.4 one key twice": (
        lambda: Definitions(assets=[make("x"), make("x")]), InvalidDefinitionError, "Duplicate asset key: AssetKey",
    ),
    "1.4 key and key_prefix": (
        lambda: AssetIn(key="a", key_prefix="b"), CheckError, "key and key_prefix cannot both be set on AssetIn",
    ),
    "1.5 a source without its manager": (
        lambda: materialize([SourceAsset("s", io_manager_key="k")]), InvalidDefinitionError, "requires IO manager with key 'k'",
    ),
    "1.5 a source is selected": (
        lambda: memory(SourceAsset("s"), selection="s"), InvalidSubsetError, "supplied by SourceAsset objects",
    ),
    "1.6 a value for what only orders": (
        lambda: make("x", lambda: 1, non_argument_deps={"up"})(up=3),
        InvalidInvocationError,
        "Attempted to provide value for nothing input",
    ),
    "1.7 one value for two outputs": (
        lambda: memory(multi_asset(name="m", outs=TWO)(lambda: 1)),
        InvariantViolationError,
        "has multiple outputs, but only one output was returned",
    ),
    "1.7 three values for two outputs": (
        lambda: memory(multi_asset(name="m", outs=TWO)(lambda: (1, 2, 3))),
        InvariantViolationError,
        "Length mismatch between returned tuple of outputs",
    ),
    "1.7 an output twice": (
        lambda: memory(multi_asset(outs={"a": AssetOut()})(yields_twice)),
        InvariantViolationError,
        'returned an output "a" multiple times',
    ),
    "1.7 a config that is no dict": (
        lambda: multi_asset(outs=TWO, config_schema=int)(yields_twice),
        CheckError,
        "Only dicts are supported for asset config_schema",
    ),
    "1.7 a part of what is made at once": (
        lambda: memory(PAIR, selection="a"),
        InvalidSubsetError,
        "This AssetsDefinition does not support subsetting. Please select all asset keys produced by this asset.",
    ),
    "1.7 deps of an output that is not there": (
        lambda: multi_asset(outs=TWO, internal_asset_deps={"z": set()})(yields_twice), CheckError, "Invalid out key",
    ),
    "1.7 deps that are no inputs": (
        lambda: multi_asset(outs=TWO, internal_asset_deps={"a": {AssetKey("q")}, "b": set()})(yields_twice),
        CheckError,
        "Invalid asset dependencies",
    ),
    "1.7 deps that leave an output out": (
        lambda: multi_asset(outs=TWO, internal_asset_deps={"a": set()})(yields_twice),
        CheckError,
        "The set of asset keys with dependencies specified in the asset_deps argument must equal",
    ),
    "1.7 two groups": (
        lambda: multi_asset(outs={"a": AssetOut(group_name="g")}, group_name="h")(yields_twice), CheckError, "group_name",
    ),
    "1.8 a resource that is not declared": (
        lambda: given(asset(uses_api), api=1),
        UnknownResourceError,
        "Unknown resource `api`. Specify `api` as a required resource",
    ),
    "1.8 a partition of a run without": (
        lambda: memory(make("x", lambda context: context.partition_key)),
        InvariantViolationError,
        "Cannot access partition_key for a non-partitioned run",
    ),
    "1.8 a config that is missing": (lambda: memory(CONFIGURED), InvalidConfigError, "Missing required config entr"),
    "1.8 a config of an op that is not there": (
        lambda: memory(make("x"), run_config={"ops": {"y": {}}}), InvalidConfigError, 'unexpected config entry "y"',
    ),
    "1.9 nothing of what is required": (
        lambda: memory(make("x", yields_nothing)),
        StepOutputNotFoundError,
        'Core compute for op "x" did not return an output for non-optional output "result"',
    ),
    "1.10 a group over another": (
        lambda: load_assets_from_modules([grouped], group_name="g"), InvalidDefinitionError, "Group name already exists on assets",
    ),
    "1.12 no context": (
        lambda: asset(takes_two)(1), InvalidInvocationError, "has context argument, but no context was provided",
    ),
    "1.12 an unwanted context": (
        lambda: make("x")(build_op_context()), InvalidInvocationError, "has no context argument, but context was provided",
    ),
    "1.12 too many inputs": (
        lambda: asset(takes_two)(build_op_context(), 1, 2, 3),
        InvalidInvocationError,
        "Too many input arguments were provided for op 'takes_two'",
    ),
    "1.12 an input is missing": (
        lambda: asset(takes_two)(build_op_context()), InvalidInvocationError, 'No value provided for required input "a"',
    ),
    "1.12 a resource is missing": (
        lambda: NEEDS(build_op_context()), InvalidDefinitionError, "resource with key 'api' required by op 'needs'",
    ),
    "1.12 a config is missing": (lambda: CONFIGURED(build_op_context()), InvalidConfigError, "Missing required config"),
    "1.12 two configs": (lambda: build_op_context(op_config={}, config={}), InvalidInvocationError, "either"),
    "1.12 a type does not fit": (
        lambda: make("x", lambda: "a", dagster_type=int)(), TypeCheckDidNotPass, 'Type check failed for op "x" output "result"',
    ),
    "1.12 a yielding resource outside of a block": (
        lambda: NEEDS(build_op_context(resources={"api": yielding})), InvariantViolationError, "not open here",
    ),
    "1.12 the run of a direct call": (lambda: build_op_context().run, InvalidPropertyError, "is not set on the context"),
    "1.11 a module that is no list": (lambda: load_assets_from_modules(grouped), CheckError, "a list of modules"),
    "1.11 names in place of modules": (lambda: load_assets_from_modules(["x"]), CheckError, "load_assets_from_package_name"),
    "1.12 an IO manager for memory": (
        lambda: memory(make("x"), resources={"io_manager": 1}),
        InvariantViolationError,
        "with a resource provided for io manager key 'io_manager'",
    ),
    "1.12 something that is no asset": (lambda: materialize([5]), CheckError, "5"),
    "1.12 a node that is not there": (lambda: memory(make("x")).output_for_node("q"), CheckError, "has no op named"),
    "1.13 an asset that is not there": (lambda: Definitions().load_asset_value("q"), KeyError, "there is no asset q"),
    "1.13 a source": (
        lambda: Definitions(assets=[SourceAsset("s")]).load_asset_value("s"), KeyError, "is a source asset",
    ),
    "1.13 what was never made": (
        lambda: Definitions(assets=[make("never_made")]).load_asset_value("never_made"), FileNotFoundError, "never_made",
    ),
    "1.13 text is not split": (
        lambda: Definitions(assets=[make("x", key_prefix="p")]).load_asset_value("p/x"), KeyError, "AssetKey(['p', 'x'])",
    ),
    "1.14 an event is returned": (
        lambda: memory(make("x", lambda: AssetMaterialization("z"))), InvariantViolationError, "an event and no value",
    ),
    "1.14 metadata of another asset": (
        lambda: memory(make("x", lambda context: context.add_asset_metadata({"a": 1}, "y"))),
        InvariantViolationError,
        "this step does not make y; it makes: x",
    ),
    "1.15 a resource is called without its context": (lambda: needs_cm(), CheckError, "takes a context"),
    "1.18 a repository with an unknown upstream": (
        lambda: repository(lost_repository), InvalidDefinitionError, "is not produced by any of the provided asset ops",
    ),
    "1.14 an object": (lambda: Output(1, metadata={"m": object()}), InvalidMetadata, '"m"'),
    "1.14 a tuple": (lambda: Output(1, metadata={"m": (1, 2)}), InvalidMetadata, "tuple"),
    "1.14 a dict of objects": (lambda: Output(1, metadata={"m": {"a": object()}}), InvalidMetadata, "not JSON"),
    "1.14 a label that is no text": (lambda: Output(1, metadata={3: 1}), CheckError, "labels are str"),
    "1.14 metadata twice": (
        lambda: memory(make("x", says_twice)),
        InvariantViolationError,
        "attempted to log metadata for output 'result' more than once",
    ),
    "1.15 a requirement of a resource": (
        lambda: given(NEEDS, api=needs_cm),
        InvariantViolationError,
        "Resource with key 'cm' required by resource with key 'api', but not provided.",
    ),
    "1.15 a resource that raises": (
        lambda: given(NEEDS, api=broken), ResourceFunctionError, "Error executing resource_fn on ResourceDefinition api",
    ),
    "1.15 a resource that is not there": (
        lambda: materialize([NEEDS]), InvalidDefinitionError, "resource with key 'api' required by op 'needs' was not provided",
    ),
    "1.15 with_resources and a bare value": (lambda: with_resources([NEEDS], {"api": 1}), CheckError, "ResourceDefinition"),
    "1.15 with_resources and two of a key": (
        lambda: with_resources(
            with_resources([NEEDS], {"api": ResourceDefinition.hardcoded_resource(1)}),
            {"api": ResourceDefinition.hardcoded_resource(2)},
        ),
        InvalidInvocationError,
        "has conflicting resource definitions",
    ),
    "1.16 a manager that is not there": (
        lambda: materialize([make("x", io_manager_key="nokey")]),
        InvalidDefinitionError,
        "io manager with key 'nokey' required by output 'result' of op 'x' was not provided.",
    ),
    "1.16 a value where there is none": (
        lambda: memory(make("x", lambda: 5, dagster_type=Nothing)), CheckError, "annotated to return None",
    ),
    "1.17 backoff without a delay": (lambda: RetryPolicy(backoff=Backoff.LINEAR), InvalidDefinitionError, "needs a delay"),
    "1.17 jitter without a delay": (lambda: RetryPolicy(jitter=Jitter.FULL), InvalidDefinitionError, "needs a delay"),
    "1.17 a hook without a context": (lambda: success_hook(lambda other: 1), InvalidDefinitionError, "context"),
    "1.18 a repository of something else": (
        lambda: repository(lambda: [3]), InvalidDefinitionError, "Bad return value",
    ),
    "1.18 a job that is not there": (lambda: Definitions().get_job("j"), InvariantViolationError, "Could not find job"),
    "1.18 an asset that is not there is selected": (
        lambda: memory(make("x"), selection=AssetSelection.keys("nope")),
        InvalidSubsetError,
        "were selected, but no AssetsDefinition objects supply these keys",
    ),
    "1.18 a selection and something else": (lambda: AssetSelection.all() | "a", CheckError, "selection"),
    "1.17 a retry policy that is none": (lambda: make("x", retry_policy=5), CheckError, "retry_policy of"),
    "1.18 a list of groups": (lambda: AssetSelection.groups(["g"]), CheckError, "AssetSelection.groups takes text"),
    "1.18 text as an asset": (lambda: AssetSelection.assets("a"), CheckError, "takes assets"),
    "1.18 a malformed selection": (lambda: memory(make("x"), selection="x*+"), CheckError, "Invalid selection string: x"),
}  # fmt: skip


@pytest.mark.parametrize("line", REFUSED)
def test_refused(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    attempt, error, message = REFUSED[line]
    with pytest.raises(error) as caught:
        attempt()
    assert message in str(caught.value)


def seen(function, **options):
    return memory(make("x", function, **options)).asset_value("x")


def run_with_failure(error, **options):
    tries = []

    def failing(context):
        tries.append(context.retry_number)
        raise error

    result = memory(make("x", failing, **options), raise_on_error=False)
    assert not result.success
    return tries


GIVEN = {
    "1.1 text is one segment": (lambda: AssetKey("a/b").path, ["a/b"]),
    "1.1 an empty key": (lambda: AssetKey([]).path, []),
    "1.1 equality": (lambda: AssetKey("a") == AssetKey(["a"]) and hash(AssetKey("a")) == hash(AssetKey(["a"])), True),
    "1.1 order": (lambda: sorted([AssetKey("b"), AssetKey(["a", "z"])])[0].path, ["a", "z"]),
    "1.1 as text": (lambda: (str(AssetKey("a")), AssetKey(["a", "b"]).to_string()), ("AssetKey(['a'])", '["a", "b"]')),
    "1.1 user strings": (lambda: AssetKey.from_user_string("a/b").to_user_string(), "a/b"),
    "1.1 identifiers": (lambda: AssetKey(["a-x", "b"]).to_python_identifier("s"), "a_x__b__s"),
    "1.2 a dash stays in the key": (lambda: (make("da-sh").key.path, make("da-sh").op.name), (["da-sh"], "da_sh")),
    "1.2 empty segments are dropped": (lambda: make("x", key_prefix=["a", ""]).key.path, ["a", "x"]),
    "1.2 a prefix is split": (lambda: make("x", key_prefix="a/b").key.path, ["a", "b", "x"]),
    "1.2 what only orders is split": (
        lambda: make("x", non_argument_deps={"a/b"}).dependency_keys, {AssetKey(["a", "b"])},
    ),
    "1.2 ins for kwargs": (
        lambda: make("x", lambda **kwargs: 1, ins={"z": AssetIn("q")}).dependency_keys, {AssetKey("q")},
    ),
    "1.2 a kind is a tag, and tags win": (
        lambda: make("x", compute_kind="k", op_tags={"kind": "z", "j": [1]}).op.tags, {"kind": "z", "j": "[1]"},
    ),
    "1.2 the docstring describes": (
        lambda: asset(type("F", (), {"__call__": lambda self: 1, "__name__": "x", "__doc__": "Why."})()).op.description, "Why.",
    ),
    "1.2 the default group": (lambda: make("x").group_names_by_key, {AssetKey("x"): "default"}),
    "1.2 a manager of its own": (
        lambda: list(make("x", key_prefix="p", io_manager_def=mem_io_manager).resource_defs), ["p__x__io_manager"],
    ),
    "1.3 names of outputs": (lambda: make("x").keys_by_output_name, {"result": AssetKey("x")}),
    "1.3 sources of all": (lambda: [one.key.path for one in PAIR.to_source_assets()], [["a"], ["b"]]),
    "1.4 the order of definition does not matter": (
        lambda: memory(make("y", lambda x: x + 1), make("x")).asset_value("y"), 2,
    ),
    "1.4 one segment finds its group": (
        lambda: memory(make("x", key_prefix="far"), make("y", lambda x: x + 1)).asset_value("y"), 2,
    ),
    "1.5 metadata of a source": (lambda: SourceAsset("s", metadata={"m": 1}).metadata["m"].value, 1),
    "1.7 the key of an output wins": (lambda: AssetOut(key="k", key_prefix="p").resolve("x").path, ["k"]),
    "1.7 the prefix of an output": (lambda: AssetOut(key_prefix="p").resolve("x").path, ["p", "x"]),
    "1.8 no config": (lambda: seen(lambda context: context.op_config), None),
    "1.8 any config": (
        lambda: memory(
            make("x", lambda context: context.op_config), run_config={"ops": {"x": {"config": [1]}}}
        ).asset_value("x"),
        [1],
    ),
    "1.8 retries are counted from 0": (lambda: seen(lambda context: context.retry_number), 0),
    "1.8 the key of the output": (lambda: seen(lambda context: context.asset_key_for_output()), AssetKey("x")),
    "1.8 tags": (
        lambda: memory(make("x", lambda context: (context.has_tag("a"), context.get_tag("b"))), tags={"a": "1"}).asset_value("x"),
        (True, None),
    ),
    "1.12 exactly what was returned": (lambda: make("x", lambda: Output(5))().value, 5),
    "1.12 the default counts": (lambda: asset(takes_two)(build_op_context(), 1), 5),
    "1.12 the context by name": (lambda: asset(takes_two)(context=build_op_context(), a=1), 5),
    "1.12 defaults of the config": (lambda: CONFIGURED(build_op_context(op_config={"n": 1})), {"n": 1, "m": 3}),
    "1.12 every resource is visible": (lambda: asset(uses_api)(build_op_context(resources={"api": 7})), 7),
    "1.12 the run's name": (lambda: build_op_context().run_id, "EPHEMERAL"),
    "1.12 no assets": (lambda: materialize([]).success, True),
    "1.14 kinds of metadata": (
        lambda: [
            value.kind
            for value in Output(
                1, metadata={"a": "t", "b": 1, "c": 1.5, "d": True, "e": None, "f": [1], "g": {"x": 1}, "h": AssetKey("k"),
                             "i": MetadataValue.md("m")},
            ).metadata.values()
        ],
        ["text", "int", "float", "bool", "null", "json", "json", "asset", "md"],
    ),
    "1.14 the key in metadata": (lambda: MetadataValue.asset(AssetKey("a")).value, AssetKey("a")),
    "1.14 events by key": (
        lambda: (AssetMaterialization(["a", "b"]).asset_key.path, AssetObservation("c").asset_key.path), (["a", "b"], ["c"]),
    ),
    "1.15 ready-made resources": (
        lambda: given(
            NEEDS, api=ResourceDefinition.string_resource().configured("text")
        ).asset_value("needs"),
        "text",
    ),
    "1.15 a resource that is nothing": (lambda: given(NEEDS, api=ResourceDefinition.none_resource()).asset_value("needs"), None),
    "1.17 as many tries": (lambda: run_with_failure(ValueError("x"), retry_policy=RetryPolicy(max_retries=2)), [0, 1, 2]),
    "1.17 a retry is asked for": (lambda: run_with_failure(RetryRequested(max_retries=1)), [0, 1]),
    "1.17 a failure beats the policy": (
        lambda: run_with_failure(Failure("x", allow_retries=False), retry_policy=RetryPolicy(max_retries=2)), [0],
    ),
    "1.18 lists in lists": (
        lambda: [job.name for job in repository(named_repository).get_all_jobs()],
        ["__ASSET_JOB", "j"],
    ),
    "1.18 keys are split in selections": (
        lambda: memory(make("x", key_prefix="p"), make("y"), selection=AssetSelection.keys("p/x")).step_keys, ("p__x",),
    ),
    "1.18 an unknown group is empty": (
        lambda: memory(make("x"), selection=AssetSelection.groups("none").upstream()).step_keys, (),
    ),
}  # fmt: skip


def lost_repository():
    return [asset(needs_nope)]


def named_repository():
    return [[make("x")], define_asset_job("j")]


@pytest.mark.parametrize("line", GIVEN)
def test_given(line):
    attempt, expected = GIVEN[line]
    assert attempt() == expected


def test_a_stored_value_is_a_pickle_at_its_path_and_an_asset_without_one_leaves_nothing(tmp_path):
    manager = fs_io_manager.configured({"base_dir": str(tmp_path)})
    nothing = make("nothing", lambda: None, dagster_type=Nothing)
    result = materialize([make("x", key_prefix="p"), nothing], resources={"io_manager": manager})
    assert (tmp_path / "p" / "x").is_file()
    assert not (tmp_path / "nothing").exists()
    assert len(result.asset_materializations_for_node("nothing")) == 1
    [made] = result.asset_materializations_for_node("p__x")
    assert made.metadata["path"].value == str(tmp_path / "p" / "x")


def test_a_and_c_of_a_b_c_do_not_run_b_and_c_reads_what_is_stored(tmp_path):
    ran = []
    a = make("a", lambda: ran.append("a") or 1)
    b = make("b", lambda a: ran.append("b") or a + 1)
    c = make("c", lambda b: ran.append("c") or b + 1)
    manager = {"io_manager": FilesystemIOManager(tmp_path)}
    materialize([a, b, c], resources=manager)
    ran.clear()
    result = materialize([a, b, c], resources=manager, selection=["a", "c"])
    assert sorted(ran) == ["a", "c"]
    assert result.asset_value("c") == 3


def test_what_is_skipped_leaves_storage_and_run_as_they_were(tmp_path):
    yields = True

    def perhaps():
        if yields:
            yield Output(1)

    manager = {"io_manager": FilesystemIOManager(tmp_path)}
    assets = [
        make("perhaps", perhaps, output_required=False),
        make("below", lambda perhaps: perhaps),
        make("ordered", lambda: 1, non_argument_deps={"perhaps"}),
        make("beside"),
        make("both", lambda perhaps, beside: 1),
    ]
    assert materialize(assets, resources=manager).asset_value("below") == 1
    yields = False
    result = materialize(assets, resources=manager)
    assert result.success
    assert {name: result.state_of(name) for name in result.step_keys} == {
        "perhaps": StepState.SUCCEEDED,
        "below": StepState.SKIPPED,
        "ordered": StepState.SKIPPED,
        "beside": StepState.SUCCEEDED,
        "both": StepState.SKIPPED,
    }
    assert Definitions(assets=assets, resources=manager).load_asset_value("perhaps") == 1


def test_the_context_of_an_op_tells_what_it_was_told():
    @op
    def telling(context):
        context.add_output_metadata({"rows": 1})
        context.log_event(AssetMaterialization("elsewhere"))
        return context.run_id

    context = build_op_context()
    assert [telling(context), telling(context)] == ["EPHEMERAL"] * 2
    assert context.get_output_metadata("result")["rows"].value == 1
    assert [event.asset_key for event in context.get_events()] == [AssetKey("elsewhere")]
    assert seen(lambda context: (context.step_key, context.dagster_run.job_name)) == ("x", "__ASSET_JOB")


def test_a_folder_without_init_is_no_package(tmp_path, monkeypatch):
    (tmp_path / "loose_folder").mkdir()
    (tmp_path / "loose_folder" / "m.py").write_text("from assetflow import asset\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(LoadError, match="has no __init__"):
        load_assets_from_package_name("loose_folder")


def test_metadata_by_asset():
    def both(context):
        context.add_asset_metadata({"n": 1}, "a")
        context.add_asset_metadata({"n": 2}, AssetKey("b"))
        return 1, 2

    result = memory(multi_asset(outs=TWO)(both), make("x", lambda context: context.add_asset_metadata({"n": 3})))
    found = {event.asset_key.to_user_string(): event.materialization.metadata["n"].value
             for event in result.get_asset_materialization_events()}  # fmt: skip
    assert found == {"a": 1, "b": 2, "x": 3}


@pytest.mark.parametrize("way", ["shared", "brought along"])
def test_each_resource_is_opened_once_and_closed_in_reverse(way):
    story = []

    @resource
    def base():
        story.append("base")
        yield 1
        story.append("base closed")

    @resource(required_resource_keys={"base"})
    def upper(init):
        story.append("upper")
        yield init.resources.base + 1
        story.append("upper closed")

    assets = [
        make("x", lambda context: context.resources.upper, required_resource_keys={"upper"}),
        make("y", lambda context: context.resources.base, required_resource_keys={"base"}),
        make("z", lambda context: context.resources.upper, required_resource_keys={"upper"}),
    ]
    definitions = {"base": base, "upper": upper}
    result = given(*assets, **definitions) if way == "shared" else given(*with_resources(assets, definitions))
    assert [result.asset_value(name) for name in "xyz"] == [2, 1, 2]
    assert story == ["base", "upper", "upper closed", "base closed"]


def test_a_resource_is_called_directly():
    @resource(config_schema={"a": Field(int, default_value=2)})
    def configurable(init):
        return init.resource_config["a"]

    assert configurable(build_init_resource_context(config={"a": 5})) == 5
    assert configurable(build_init_resource_context()) == 2
    assert resource(lambda: 7)() == 7
    with yielding() as value:
        assert value == 5
    with pytest.raises(InvalidConfigError):
        configurable(build_init_resource_context(config={"a": "x"}))


def test_the_hint_for_a_longer_key_can_be_followed():
    @asset
    def reader(up): ...

    with pytest.raises(InvalidDefinitionError, match=r"AssetIn\(\['p', 'up'\]\)"):
        memory(reader, make("up", key_prefix="p", group_name="other"))


def test_an_io_context_says_that_there_are_no_partitions():
    context = build_output_context(asset_key="x")
    assert (context.has_partition_key, context.has_asset_partitions, context.mapping_key) == (False, False, None)
    assert context.dagster_type.display_name == "Any"


def test_an_input_that_the_selected_outputs_do_not_need_takes_its_default():
    @multi_asset(
        outs={"a": AssetOut(is_required=False), "b": AssetOut(is_required=False)},
        can_subset=True,
        internal_asset_deps={"a": {AssetKey("x")}, "b": {AssetKey("y")}},
    )
    def part(context, x, y=None):
        if "a" in context.selected_output_names:
            yield Output((x, y), "a")
        if "b" in context.selected_output_names:
            yield Output(y, "b")

    ups = make("x", lambda: 1), make("y", lambda: 2)
    assert memory(*ups, part, selection=["x", "a"]).asset_value("a") == (1, None)
    assert memory(*ups, part).asset_value("a") == (1, 2)


def test_a_configured_op_by_function():
    @op(config_schema={"n": int})
    def counting(context):
        return context.op_config["n"]

    assert configured(counting, name="four")({"n": 4})(build_op_context()) == 4

    @configured(counting, config_schema={"half": int})
    def doubled(config):
        return {"n": config["half"] * 2}

    assert doubled.name == "doubled"
    assert doubled(build_op_context(op_config={"half": 3})) == 6
