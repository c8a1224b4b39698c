"""Specs of assets, labels, and functions that store their assets by themselves."""

import pytest

from assetflow import (
    AssetDep,
    AssetIn,
    AssetKey,
    AssetOut,
    AssetSelection,
    AssetSpec,
    CheckError,
    DataVersion,
    Definitions,
    FilesystemIOManager,
    In,
    InMemoryIOManager,
    InvalidDefinitionError,
    InvariantViolationError,
    MaterializeResult,
    MetadataValue,
    Output,
    SourceAsset,
    StepOutputNotFoundError,
    StepState,
    TypeCheckDidNotPass,
    asset,
    graph_asset,
    io_manager,
    map_asset_specs,
    materialize,
    materialize_to_memory,
    multi_asset,
    op,
)


@asset
def orders_of_others():
    return 1


def of(name, result):
    return result.outputs_for_node(name)


# --- labels ----------------------------------------------------------------------------------------------------------


def test_labels_of_an_asset():
    @asset(owners=["ann@example.org", "team:data"], tags={"domain": "sales", "pii": ""}, kinds={"python", "csv"})
    def labelled(): ...

    labels = labelled.labels(labelled.key)
    assert labels.owners == ("ann@example.org", "team:data")
    assert labels.tags == {"domain": "sales", "pii": ""}
    assert labels.kinds == {"python", "csv"}
    spec = labelled.get_asset_spec()
    assert (spec.owners, spec.tags, spec.kinds) == (labels.owners, labels.tags, labels.kinds)


def test_labels_of_one_output():
    @multi_asset(outs={"a": AssetOut(owners=["team:x"], kinds=["k"]), "b": AssetOut(tags={"t": "v"})})
    def both(): ...

    assert both.labels(AssetKey("a")).owners == ("team:x",)
    assert both.labels(AssetKey("b")).tags == {"t": "v"}
    assert both.labels(AssetKey("b")).owners == ()


@pytest.mark.parametrize(("labels", "message"), [
    ({"owners": ["ann"]}, "Invalid owner 'ann'"),
    ({"owners": ["team:"]}, "Invalid owner 'team:'"),
    ({"owners": [5]}, "Invalid owner 5"),
    ({"tags": {"a b": "v"}}, "Invalid tag key 'a b'"),
    ({"tags": {"a": "v w"}}, "Invalid value 'v w' of tag 'a'"),
    ({"tags": {"a": 1}}, "Invalid value 1 of tag 'a'"),
    ({"kinds": ["a", "b", "c", "d"]}, "3 kinds at most, not 4"),
])  # fmt: skip
@pytest.mark.parametrize("way", ["asset", "spec", "out"])
def test_labels_that_are_refused(labels, message, way):
    make = {"asset": lambda: asset(**labels)(lambda: 1), "spec": lambda: AssetSpec("a", **labels),
            "out": lambda: AssetOut(**labels)}[way]  # fmt: skip
    with pytest.raises(InvalidDefinitionError) as caught:
        make() if way != "asset" else asset(name="a", **labels)(lambda: 1)
    assert message in str(caught.value)


@pytest.mark.parametrize("labels", [{"owners": "team:a"}, {"kinds": "a"}, {"tags": ["a"]}])
def test_labels_of_another_type(labels):
    with pytest.raises(CheckError):
        AssetSpec("a", **labels)


@pytest.mark.parametrize(("selection", "names"), [
    (AssetSelection.owner("team:a"), {"x"}),
    (AssetSelection.tag("t", "v"), {"x", "p/y"}),
    (AssetSelection.tag("t", "w"), set()),
    (AssetSelection.tag("empty"), {"x"}),
    (AssetSelection.kind("python"), {"p/y"}),
    (AssetSelection.kind("pandas"), {"z"}),
    (AssetSelection.kind(None), {"x", "p/q/w"}),
    (AssetSelection.key_prefixes("p"), {"p/y", "p/q/w"}),
    (AssetSelection.key_prefixes("p/q"), {"p/q/w"}),
    (AssetSelection.key_prefixes(["p", "q"], "x"), {"p/q/w", "x"}),
    (AssetSelection.key_substring("/"), {"p/y", "p/q/w"}),
    (AssetSelection.all().roots(), {"x", "p/q/w"}),
    (AssetSelection.all().materializable() - AssetSelection.tag("t", "v"), {"z", "p/q/w"}),
])  # fmt: skip
def test_selecting_by_labels(selection, names):
    x = asset(name="x", owners=["team:a"], tags={"t": "v", "empty": ""})(lambda: 1)
    y = asset(name="y", key_prefix="p", tags={"t": "v"}, kinds=["python"], deps=[x])(lambda: 1)
    z = asset(name="z", compute_kind="pandas", deps=[y])(lambda: 1)
    w = asset(name="w", key_prefix="p/q")(lambda: 1)
    result = materialize_to_memory([x, y, z, w], selection=selection)
    assert {step.replace("__", "/") for step in result.step_keys} == names


def test_key_in_place_of_name_and_prefix():
    assert asset(key=["a", "b"])(lambda: 1).key == AssetKey(["a", "b"])
    assert asset(key="c")(lambda: 1).key == AssetKey("c")
    with pytest.raises(InvalidDefinitionError, match="not a valid name"):
        asset(key="a/b")(lambda: 1)
    for more in ({"name": "x"}, {"key_prefix": "x"}):
        with pytest.raises(InvalidDefinitionError, match="key excludes name and key_prefix"):
            asset(key="a", **more)(lambda: 1)


# --- specs -----------------------------------------------------------------------------------------------------------


def test_a_spec_says_what_it_was_told():
    spec = AssetSpec(
        ["a", "b"], deps=["x", AssetKey(["y", "z"]), SourceAsset("s"), AssetDep("x")], description="d",
        metadata={"m": object}, skippable=True, group_name="g", code_version="1",
    )  # fmt: skip
    assert spec.key == AssetKey(["a", "b"])
    assert [dep.asset_key for dep in spec.deps] == [AssetKey("x"), AssetKey(["y", "z"]), AssetKey("s")]
    assert (spec.description, spec.metadata, spec.skippable) == ("d", {"m": object}, True)
    assert (spec.group_name, spec.code_version) == ("g", "1")


def test_specs_are_changed_by_copies():
    spec = AssetSpec("a", metadata={"m": 1}, tags={"t": "v"}, owners=["team:a"], kinds=["k"], deps=["x"])
    other = spec.replace_attributes(metadata={"n": 2}, group_name="g")
    assert (other.metadata, other.group_name, other.tags) == ({"n": 2}, "g", {"t": "v"})
    more = spec.merge_attributes(metadata={"n": 2}, tags={"u": "w"}, owners=["team:b"], kinds=["l"], deps=["y"])
    assert more.metadata == {"m": 1, "n": 2}
    assert more.tags == {"t": "v", "u": "w"}
    assert more.owners == ("team:a", "team:b")
    assert more.kinds == {"k", "l"}
    assert [dep.asset_key.path for dep in more.deps] == [["x"], ["y"]]
    assert spec.metadata == {"m": 1}
    assert spec == spec.replace_attributes()
    assert spec != more


def test_map_asset_specs():
    found = map_asset_specs(lambda spec: spec.replace_attributes(group_name="g"), [AssetSpec("a"), SourceAsset("b")])
    assert [getattr(one, "group_name", None) for one in found] == ["g", "default"]


def test_map_asset_specs_changes_what_is_said_of_assets():
    @asset(owners=["team:a"], metadata={"m": 1})
    def one(up):
        """Text."""
        return up + 1

    @asset
    def other():
        return 1

    def changed(spec):
        deps = [dep.asset_key.with_prefix("raw") for dep in spec.deps]
        new = spec.replace_attributes(key=spec.key.with_prefix(["p", "q"]), group_name="g", deps=[*deps, "first"])
        return new.merge_attributes(metadata={"n": 2}, tags={"t": "v"}, kinds=["k"])

    [mapped, same] = map_asset_specs(lambda spec: changed(spec) if spec.key == one.key else spec, [one, other])
    assert same is other
    spec = mapped.get_asset_spec()
    assert spec.key == AssetKey(["p", "q", "one"])
    assert [dep.asset_key.path for dep in spec.deps] == [["first"], ["raw", "up"]]
    assert (spec.group_name, spec.description, spec.owners, spec.tags) == ("g", "Text.", ("team:a",), {"t": "v"})
    assert spec.metadata == {"m": 1, "n": 2}
    assert one.get_asset_spec().group_name == "default"
    result = materialize_to_memory([asset(key_prefix="raw", name="up")(lambda: 3), mapped, other])
    assert result.asset_value(["p", "q", "one"]) == 4


def test_map_asset_specs_of_several_assets_and_of_graphs():
    @multi_asset(outs={"a": AssetOut(), "b": AssetOut()})
    def both():
        return 1, 2

    def needs_x(spec):
        return spec.merge_attributes(deps=["x"]) if spec.key == AssetKey("b") else spec

    [mapped] = map_asset_specs(needs_x, [both])
    assert mapped.asset_deps == {AssetKey("a"): set(), AssetKey("b"): {AssetKey("x")}}
    assert materialize_to_memory([mapped]).asset_value("b") == 2

    @graph_asset
    def whole(up):
        return op(lambda up: up, name="inner", ins={"up": In()})(up)

    [described] = map_asset_specs(lambda spec: spec.replace_attributes(description="d", group_name="g"), [whole])
    assert described.get_asset_spec().description == "d"
    with pytest.raises(InvalidDefinitionError, match="the deps of whole are the inputs of its graph"):
        map_asset_specs(lambda spec: spec.merge_attributes(deps=["x"]), [whole])


@pytest.mark.parametrize(("func", "given", "error", "message"), [
    (lambda spec: 3, [AssetSpec("a")], CheckError, "returned 3 for AssetSpec"),
    (lambda spec: spec, [3], CheckError, "takes specs and assets, not int"),
    (lambda spec: spec.replace_attributes(deps=[]), [asset(name="b")(lambda a: 1)], InvalidDefinitionError,
     "b takes a as its argument a"),
])  # fmt: skip
def test_specs_that_cannot_be_mapped(func, given, error, message):
    with pytest.raises(error, match=message):
        map_asset_specs(func, given)


def test_the_copy_of_a_spec_stands_where_the_spec_stands():
    spec = AssetSpec("a")
    assert spec.replace_attributes(description="d").location == spec.location
    assert spec.location.file == __file__


def test_a_slash_in_the_key_of_a_spec():
    with pytest.raises(InvalidDefinitionError, match="not a valid name"):
        AssetSpec("a/b")


def test_a_bare_spec_is_an_asset_that_others_make(tmp_path):
    manager = FilesystemIOManager(tmp_path)
    materialize([asset(name="given")(lambda: 5)], resources={"io_manager": manager})

    @asset
    def more(given):
        return given + 1

    defs = Definitions(
        assets=[AssetSpec("given", group_name="outside", metadata={"m": 1}, description="d"), more],
        resources={"io_manager": manager},
    )
    assert defs.get_job("__ASSET_JOB").execute_in_process().asset_value("more") == 6
    [source] = defs.source_assets
    assert (source.group_name, source.description, source.raw_metadata) == ("outside", "d", {"m": 1})


def test_a_spec_with_its_own_io_manager(tmp_path):
    manager = FilesystemIOManager(tmp_path)
    materialize([asset(name="given")(lambda: 5)], resources={"io_manager": manager})

    @asset
    def more(given):
        return given + 1

    defs = Definitions(
        assets=[AssetSpec("given").with_io_manager_key("other"), more],
        resources={"io_manager": InMemoryIOManager(), "other": manager},
    )
    assert defs.get_job("__ASSET_JOB").execute_in_process().asset_value("more") == 6


@pytest.mark.parametrize("way", ["spec", "dep", "asset", "source"])
def test_ways_to_depend(way):
    up = asset(name="up")(lambda: 1)
    given = {"spec": AssetSpec("up"), "dep": AssetDep("up"), "asset": up, "source": SourceAsset("up")}[way]

    @asset(deps=[given])
    def below(): ...

    assert below.dependency_keys == {AssetKey("up")}


# --- functions of several specs --------------------------------------------------------------------------------------


def specs():
    return [AssetSpec("a", group_name="g", description="d"), AssetSpec(["p", "b"], deps=["a", "x"], skippable=True)]


def test_a_multi_asset_of_specs():
    @multi_asset(specs=specs())
    def both():
        yield MaterializeResult(asset_key="a", metadata={"rows": 1})
        yield MaterializeResult(asset_key=["p", "b"])

    @asset
    def x(): ...

    assert both.keys == {AssetKey("a"), AssetKey(["p", "b"])}
    assert both.group_names_by_key == {AssetKey("a"): "g", AssetKey(["p", "b"]): "default"}
    assert both.descriptions_by_key[AssetKey("a")] == "d"
    assert both.asset_deps == {AssetKey("a"): set(), AssetKey(["p", "b"]): {AssetKey("a"), AssetKey("x")}}
    result = materialize_to_memory([x, both])
    assert [item.asset_key.path for item in of("both", result)] == [["a"], ["p", "b"]]
    assert of("both", result)[0].metadata["rows"].value == 1


def test_a_function_of_specs_that_returns_nothing_has_made_all():
    @multi_asset(specs=[AssetSpec("a"), AssetSpec("b")])
    def both():
        pass

    assert {item.asset_key for item in of("both", materialize_to_memory([both]))} == {AssetKey("a"), AssetKey("b")}


def test_what_may_be_skipped():
    @multi_asset(specs=[AssetSpec("a"), AssetSpec("b", skippable=True)])
    def both():
        yield MaterializeResult(asset_key="a")

    @asset(deps=["b"])
    def below(): ...

    result = materialize_to_memory([both, below])
    assert result.success
    assert result.state_of("below") is StepState.SKIPPED

    @multi_asset(specs=[AssetSpec("a"), AssetSpec("b")])
    def strict():
        yield MaterializeResult(asset_key="a")

    with pytest.raises(StepOutputNotFoundError):
        materialize_to_memory([strict])


def test_arguments_beside_specs():
    @asset
    def up():
        return 3

    seen = []

    @multi_asset(specs=[AssetSpec("a", deps=["x"]), AssetSpec("b")], ins={"given": AssetIn("up")})
    def both(given):
        seen.append(given)

    assert both.asset_deps[AssetKey("a")] == {AssetKey("x"), AssetKey("up")}
    assert both.asset_deps[AssetKey("b")] == {AssetKey("up")}
    materialize_to_memory([up, asset(name="x")(lambda: 1), both])
    assert seen == [3]


@pytest.mark.parametrize("more", [{"outs": {"a": AssetOut()}}, {"internal_asset_deps": {}}])
def test_specs_exclude_what_they_say(more):
    with pytest.raises(CheckError, match="specs exclude outs and internal_asset_deps"):
        multi_asset(specs=[AssetSpec("a")], **more)


@pytest.mark.parametrize("given", [{"specs": ["a"]}, {}, {"outs": {}}, {"specs": []}])
def test_what_is_no_spec(given):
    with pytest.raises(CheckError):
        multi_asset(**given)


# --- results without a value -----------------------------------------------------------------------------------------


def test_a_result_without_a_value_goes_to_no_io_manager(tmp_path):
    @asset
    def own() -> MaterializeResult:
        return MaterializeResult(metadata={"rows": 3}, data_version=DataVersion("v1"), tags={"t": "v"})

    result = materialize([own], resources={"io_manager": FilesystemIOManager(tmp_path)})
    [made] = of("own", result)
    assert made.metadata == {"rows": MetadataValue.int(3)}
    assert (made.version, made.data_version, made.tags) == (None, "v1", {"t": "v"})
    assert list(tmp_path.iterdir()) == []


def test_a_result_with_a_value_is_stored():
    @asset
    def own():
        return MaterializeResult(value=[1], metadata={"rows": 1})

    @asset
    def below(own):
        return len(own)

    result = materialize_to_memory([own, below])
    assert result.asset_value("own") == [1]
    assert result.asset_value("below") == 1


def test_the_value_of_a_result_is_checked():
    @asset(dagster_type=int)
    def own():
        return MaterializeResult(value="text")

    with pytest.raises(TypeCheckDidNotPass):
        materialize_to_memory([own])


def test_an_argument_for_what_is_not_stored_is_none():
    @asset
    def own() -> None: ...

    @asset
    def below(own):
        return own is None

    assert materialize_to_memory([own, below]).asset_value("below") is True


@pytest.mark.parametrize("run", [materialize, materialize_to_memory])
def test_an_argument_for_a_result_without_a_value_says_why_there_is_none(run, tmp_path):
    @asset
    def own():
        return MaterializeResult(metadata={"rows": 1})

    @asset
    def below(own): ...

    given = {"resources": {"io_manager": FilesystemIOManager(tmp_path)}} if run is materialize else {}
    with pytest.raises((FileNotFoundError, InvariantViolationError)) as raised:
        run([own, below], **given)
    assert "its function returned a MaterializeResult without a value" in str(raised.value)
    assert "name it in deps=" in str(raised.value)


def test_the_value_of_a_result_of_a_spec_is_stored(tmp_path):
    @multi_asset(specs=[AssetSpec("a"), AssetSpec("b")])
    def both():
        yield MaterializeResult(asset_key="a", value=5)
        yield MaterializeResult(asset_key="b")

    @asset
    def below(a):
        return a + 1

    manager = FilesystemIOManager(tmp_path)
    result = materialize([both, below], resources={"io_manager": manager})
    assert result.asset_value("below") == 6
    assert manager.path_of(AssetKey("a")).exists()
    assert not manager.path_of(AssetKey("b")).exists()


def test_a_spec_names_the_io_manager_of_its_value():
    @multi_asset(specs=[AssetSpec("a").with_io_manager_key("other"), AssetSpec("b")])
    def both():
        yield MaterializeResult(asset_key="a", value=5)
        yield MaterializeResult(asset_key="b")

    other = InMemoryIOManager()
    materialize([both], resources={"io_manager": InMemoryIOManager(), "other": other})
    assert other.values == {("a",): 5}


def test_none_is_no_value_of_a_spec():
    @multi_asset(specs=[AssetSpec("a"), AssetSpec("b")])
    def both():
        yield Output(None, "a")
        yield MaterializeResult(asset_key="b")

    manager = InMemoryIOManager()
    assert materialize([both], resources={"io_manager": manager}).success
    assert manager.values == {}


def test_an_io_manager_is_opened_only_for_values():
    opened = []

    @io_manager
    def manager():
        opened.append(1)
        return InMemoryIOManager()

    @multi_asset(specs=[AssetSpec("a")])
    def own():
        return MaterializeResult()

    assert materialize([own], resources={"io_manager": manager}).success
    assert opened == []


@pytest.mark.parametrize(("result", "message"), [
    (MaterializeResult(), "with no asset_key; the assets it was asked for are: a, b"),
    (MaterializeResult(asset_key="c"), "with the asset_key c; the assets it was asked for are: a, b"),
])  # fmt: skip
def test_a_result_of_no_asset(result, message):
    @multi_asset(outs={"a": AssetOut(), "b": AssetOut()})
    def both():
        yield result

    with pytest.raises(InvariantViolationError, match=message):
        materialize_to_memory([both])


def test_results_in_a_tuple():
    @multi_asset(outs={"a": AssetOut(), "b": AssetOut()})
    def both():
        return MaterializeResult(asset_key="b", value=2), MaterializeResult(asset_key="a", value=1)

    result = materialize_to_memory([both])
    assert (result.asset_value("a"), result.asset_value("b")) == (1, 2)
    assert [one.asset_key.path for one in both()] == [["b"], ["a"]]


def test_a_direct_call_returns_the_result_untouched():
    given = MaterializeResult(metadata={"a": 1})
    assert asset(name="own")(lambda: given)() is given


def test_data_versions_of_outputs():
    @asset
    def own():
        return Output(1, data_version=DataVersion("v2"), tags={"a": "b"})

    @asset
    def old():
        return Output(1, logical_version=DataVersion("v3"))

    result = materialize_to_memory([own, old])
    assert of("own", result)[0].data_version == "v2"
    assert of("own", result)[0].tags == {"a": "b"}
    assert of("old", result)[0].data_version == "v3"
    with pytest.raises(CheckError):
        DataVersion(3)


# --- arguments -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [
    {"code_version": 3}, {"skippable": "yes"}, {"description": 3}, {"deps": 3}, {"deps": orders_of_others},
    {"metadata": 3}, {"owners": 3}, {"tags": 3}, {"kinds": {1}},
], ids=lambda given: next(iter(given)))  # fmt: skip
def test_a_spec_checks_its_arguments(given):
    with pytest.raises(CheckError):
        AssetSpec("s", **given)


@pytest.mark.parametrize("make", [
    lambda: AssetSpec("s", deps=["a/b"]), lambda: AssetSpec("s", deps=["s"]), lambda: AssetSpec("s", kinds={"A b"}),
    lambda: AssetDep("a/b"), lambda: multi_asset(specs=[AssetSpec("a"), AssetSpec("a")])(str),
    lambda: Definitions([orders_of_others, AssetSpec("orders_of_others")]),
    lambda: Definitions([AssetSpec("a"), AssetSpec("a", description="d")]),
])  # fmt: skip
def test_specs_that_cannot_be(make):
    with pytest.raises(InvalidDefinitionError):
        make()


@pytest.mark.parametrize("make", [
    lambda: MaterializeResult(tags={"a": 1}), lambda: MaterializeResult(data_version="1"),
    lambda: MaterializeResult(check_results=3), lambda: MaterializeResult(metadata=3),
    lambda: Output(1, tags={"a": 1}), lambda: Output(1, data_version="1"), lambda: Output(1, metadata=3),
    lambda: AssetOut(is_required=3), lambda: AssetOut(metadata=3), lambda: AssetIn(metadata=3),
    lambda: AssetIn(input_manager_key=3),
])  # fmt: skip
def test_results_and_declarations_check_their_arguments(make):
    with pytest.raises(CheckError):
        make()


def test_a_function_that_says_it_returns_a_result_returns_one(tmp_path):
    @asset
    def wrong() -> MaterializeResult:
        return 5

    with pytest.raises(CheckError, match="stores what it makes by itself, and returned a value of type int"):
        materialize_to_memory([wrong])

    @asset
    def silent() -> MaterializeResult: ...

    manager = FilesystemIOManager(tmp_path)
    assert of("silent", materialize([silent], resources={"io_manager": manager}))
    assert list(tmp_path.iterdir()) == []


def test_the_value_of_an_annotated_result_is_checked():
    @asset
    def own() -> MaterializeResult[int]:
        return MaterializeResult(value="text")

    with pytest.raises(TypeCheckDidNotPass):
        materialize_to_memory([own])


def test_specs_may_be_materialized_with(tmp_path):
    manager = FilesystemIOManager(tmp_path)
    materialize([orders_of_others], resources={"io_manager": manager})

    @asset
    def below(orders_of_others):
        return orders_of_others + 1

    result = materialize([AssetSpec("orders_of_others"), below], resources={"io_manager": manager})
    assert result.asset_value("below") == 2
