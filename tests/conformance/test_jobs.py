"""Jobs, repositories, and resources put with assets."""

import pytest

from assetflow import (
    AssetKey,
    AssetOut,
    AssetSelection,
    AssetSpec,
    CheckError,
    Definitions,
    Field,
    FilesystemIOManager,
    InMemoryIOManager,
    InvalidConfigError,
    InvalidDefinitionError,
    InvalidInvocationError,
    InvalidSubsetError,
    InvariantViolationError,
    ParameterCheckError,
    ResourceDefinition,
    SourceAsset,
    asset,
    define_asset_job,
    io_manager,
    materialize,
    multi_asset,
    repository,
    resource,
    with_resources,
)


@asset(config_schema={"n": Field(int, default_value=1)})
def a(context):
    return context.op_config["n"]


@asset
def b(a):
    return a + 1


@asset(group_name="last")
def c(context, b):
    return f"{b} by {context.job_name} for {context.get_tag('who')}"


def defs(folder, *jobs):
    return Definitions([a, b, c], resources={"io_manager": FilesystemIOManager(folder)}, jobs=jobs)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (None, {"a", "b", "c"}),
        ("*", {"a", "b", "c"}),
        ("a", {"a"}),
        ("a+", {"a", "b"}),
        (["a", AssetKey("b")], {"a", "b"}),
        ([a, c], {"a", "c"}),
        (AssetSelection.groups("last").upstream(depth=1), {"b", "c"}),
        (AssetSelection.all() - AssetSelection.keys("c"), {"a", "b"}),
    ],
)
def test_a_job_selects_assets(tmp_path, selection, expected):
    made = defs(tmp_path, define_asset_job("some", selection))
    materialize([a, b, c], resources=made.resources)
    run = made.get_job_def("some").execute_in_process()
    assert run.success
    assert {step for step in "abc" if _ran(run, step)} == expected


def _ran(run, step):
    try:
        return run.state_of(step).label == "succeeded"
    except CheckError:
        return False


def test_what_is_not_selected_is_read_from_storage(tmp_path):
    made = defs(tmp_path, define_asset_job("ends", [a, c]))
    with pytest.raises(FileNotFoundError):
        made.get_job("ends").execute_in_process()
    materialize([a, b], resources=made.resources, run_config={"ops": {"a": {"config": {"n": 5}}}})
    run = made.get_job("ends").execute_in_process(tags={"who": "me"})
    assert run.output_for_node("a") == 1
    assert run.output_for_node("c") == "6 by ends for me"


def test_a_job_has_config_and_tags(tmp_path):
    job = define_asset_job("daily", config={"ops": {"a": {"config": {"n": 7}}}}, tags={"who": "job"}, description="d")
    made = defs(tmp_path, job).get_job("daily")
    assert (made.name, made.description, made.tags) == ("daily", "d", {"who": "job"})
    assert made.execute_in_process().output_for_node("c") == "8 by daily for job"
    other = made.execute_in_process({"ops": {"a": {"config": {"n": 1}}}}, tags={"who": "me"})
    assert other.output_for_node("c") == "2 by daily for me"
    with pytest.raises(InvalidConfigError):
        made.execute_in_process({"ops": {"a": {"config": {"n": "x"}}}})


def test_a_run_of_a_job_can_be_narrowed(tmp_path):
    made = defs(tmp_path, define_asset_job("two", "a+"))
    run = made.get_job("two").execute_in_process(asset_selection=[AssetKey("a")])
    assert (_ran(run, "a"), _ran(run, "b")) == (True, False)
    with pytest.raises(InvalidSubsetError, match="the job two does not materialize them"):
        made.get_job("two").execute_in_process(asset_selection=["c"])
    with pytest.raises(InvalidSubsetError, match="no AssetsDefinition objects supply these keys"):
        made.get_job("two").execute_in_process(asset_selection=["nothing"])


def test_a_failing_asset_fails_the_job():
    @asset
    def broken():
        raise ValueError("no")

    job = Definitions([broken], resources={"io_manager": InMemoryIOManager()}).get_job("__ASSET_JOB")
    with pytest.raises(ValueError, match="no"):
        job.execute_in_process()
    assert not job.execute_in_process(raise_on_error=False).success


def test_resources_can_be_replaced(tmp_path):
    made = defs(tmp_path).get_job("__ASSET_JOB")
    assert made.execute_in_process(resources={"io_manager": InMemoryIOManager()}).success
    assert list(tmp_path.iterdir()) == []


def test_jobs_by_name(tmp_path):
    made = defs(tmp_path, define_asset_job("x"), define_asset_job("y"))
    assert [job.name for job in made.get_all_jobs()] == ["__ASSET_JOB", "x", "y"]
    assert made.has_job("x") and made.has_job("__ASSET_JOB") and not made.has_job("z")
    with pytest.raises(InvariantViolationError, match='Could not find job "z"'):
        made.get_job("z")


@pytest.mark.parametrize("name", ["two words", "a/b", "", "class"])
def test_names_that_no_job_can_have(name):
    with pytest.raises(InvalidDefinitionError):
        define_asset_job(name)


def test_jobs_that_cannot_be(tmp_path):
    with pytest.raises(InvalidDefinitionError, match="Duplicate job name: x"):
        defs(tmp_path, define_asset_job("x"), define_asset_job("x"))
    with pytest.raises(ParameterCheckError, match="what define_asset_job makes"):
        defs(tmp_path, a)


@pytest.mark.parametrize(("arguments", "message"), [
    ({"selection": "a*+"}, "Invalid selection string"), ({"selection": 3}, "a selection is made of text"),
    ({"config": 1}, 'config of the job "x" is a dict or a RunConfig'), ({"description": 1}, "is a str, not int"),
])  # fmt: skip
def test_jobs_that_cannot_be_read(arguments, message):
    with pytest.raises(CheckError, match=message):
        define_asset_job("x", **arguments)


def test_tags_of_jobs_become_text():
    assert define_asset_job("x", tags={"a": 1, "b": "c"}).tags == {"a": "1", "b": "c"}


def test_a_job_that_selects_what_is_not_there_is_noticed_when_it_is_asked_for(tmp_path):
    made = defs(tmp_path, define_asset_job("good", "a"), define_asset_job("bad", "zzz"))
    assert made.get_job("good").name == "good"
    with pytest.raises(InvalidSubsetError, match="zzz") as raised:
        made.get_job("bad")
    assert raised.value.where == 'job "bad"'


# repositories


def test_a_repository_checks_its_jobs_when_it_is_made():
    with pytest.raises(InvalidSubsetError, match="zzz"):

        @repository
        def both():
            return [a, define_asset_job("bad", "zzz")]


def test_a_repository_needs_a_name_that_may_be_used():
    with pytest.raises(InvalidDefinitionError, match='"x y" is not a valid name for repository "x y"'):
        repository(name="x y")(lambda: [a])


def test_a_repository_takes_specs_of_assets_that_others_make():
    @repository
    def with_spec():
        return [AssetSpec("given"), asset(name="below")(lambda given: given)]

    with_spec.load_all_definitions()
    assert [source.key for source in with_spec.source_assets] == [AssetKey("given")]


def test_a_repository_gathers_nested_lists():
    source = SourceAsset("elsewhere")

    @repository
    def shop():
        """All of it."""
        return [a, [b, [c]], source, define_asset_job("all_of_it")]

    assert (shop.name, shop.description) == ("shop", "All of it.")
    assert {key.to_user_string() for asset in shop.assets for key in asset.keys} == {"a", "b", "c"}
    assert shop.source_assets == (source,)
    assert shop.has_job("all_of_it")
    assert shop.get_implicit_asset_job_names() == ["__ASSET_JOB"]
    assert shop.get_job("all_of_it").execute_in_process(resources={"io_manager": InMemoryIOManager()}).success


def test_a_repository_has_a_name_and_loads_values(tmp_path):
    stored = FilesystemIOManager(tmp_path)

    @repository(name="other", description="d")
    def shop():
        return with_resources([a, b], {"io_manager": ResourceDefinition.hardcoded_resource(stored)})

    assert (shop.name, shop.description) == ("other", "d")
    shop.get_job("__ASSET_JOB").execute_in_process()
    assert shop.load_asset_value("b") == 2
    with shop.get_asset_value_loader() as loader:
        assert loader.load_asset_value(AssetKey("a")) == 1
    with pytest.raises(KeyError):
        shop.load_asset_value("nothing")


@pytest.mark.parametrize("returned", [None, 5, [5], {"a": a}, [a, "b"], (a,)])
def test_a_bad_return_value(returned):
    with pytest.raises(InvalidDefinitionError, match="Bad return value from repository function shop"):

        @repository
        def shop():
            return returned


def test_keys_in_a_repository_are_unique():
    with pytest.raises(InvalidDefinitionError, match="Duplicate asset key"):

        @repository
        def shop():
            return [a, asset(name="a")(lambda: 1)]

    @repository
    def fine():
        return [a, SourceAsset("a")]

    assert fine.assets == (a,)


def test_an_empty_repository():
    @repository
    def nothing():
        return []

    assert nothing.get_implicit_asset_job_names() == []


# with_resources


@resource(config_schema={"url": str}, required_resource_keys={"log"})
def api(init):
    return f"{init.resource_config['url']} {init.resources.log}"


@asset(required_resource_keys={"api"})
def calls(context):
    return context.resources.api


LOG = ResourceDefinition.hardcoded_resource("logged")


def test_with_resources_gives_what_is_required_and_what_that_requires():
    unused = ResourceDefinition.none_resource()
    (made,) = with_resources(
        [calls],
        {"api": api, "log": LOG, "unused": unused},
        resource_config_by_key={"api": {"config": {"url": "u"}}},
    )
    assert set(made.resource_defs) == {"api", "log"}
    assert calls.resource_defs == {}
    assert materialize([made]).output_for_node("calls") == "u logged"


def test_with_resources_and_the_run_config():
    (made,) = with_resources([calls], {"api": api, "log": LOG})
    config = {"resources": {"api": {"config": {"url": "v"}}}}
    assert materialize([made], run_config=config).output_for_node("calls") == "v logged"


def test_with_resources_for_sources_and_their_readers():
    @io_manager
    def rates(init):
        class Rates(InMemoryIOManager):
            def load_input(self, context):
                return 1.5

        return Rates()

    @asset
    def price(eur):
        return eur

    source, reader = with_resources([SourceAsset("eur", io_manager_key="rates"), price], {"rates": rates})
    assert set(source.resource_defs) == {"rates"}
    assert reader.resource_defs == {}
    assert materialize([source, reader]).output_for_node("price") == 1.5


@pytest.mark.parametrize(
    ("definitions", "resources", "config", "error"),
    [
        ([calls], {}, None, InvalidDefinitionError),
        ([calls], {"api": api}, None, InvariantViolationError),
        ([calls], {"api": 5}, None, CheckError),
        ([calls], {"api": api, "log": LOG}, {"api": {"url": "u"}}, CheckError),
        ([calls], {"api": api, "log": LOG}, {"apy": {"config": {}}}, CheckError),
        ([calls], {"api": api, "log": LOG}, {"api": {"config": {"url": 5}}}, InvalidConfigError),
        ([5], {}, None, CheckError),
        ([SourceAsset("x", io_manager_key="nowhere")], {}, None, InvalidDefinitionError),
    ],
)
def test_with_resources_that_do_not_fit(definitions, resources, config, error):
    with pytest.raises(error):
        with_resources(definitions, resources, config)


def test_with_resources_twice():
    given = {"api": api, "log": LOG}
    (once,) = with_resources([calls], given)
    assert with_resources([once], given)[0].resource_defs == once.resource_defs
    with pytest.raises(InvalidInvocationError, match="has conflicting resource definitions"):
        with_resources([once], {"api": ResourceDefinition.none_resource(), "log": LOG})


# assets as sources


def test_an_asset_as_a_source_is_read_where_it_was_stored(tmp_path):
    stored = FilesystemIOManager(tmp_path)

    @asset(metadata={"unit": "g"}, group_name="raw", description="d", io_manager_key="files")
    def wheat():
        return 3

    @asset
    def flour(wheat):
        return wheat * 2

    materialize([wheat], resources={"files": stored})
    source = wheat.to_source_asset()
    assert (source.key, source.group_name, source.description) == (AssetKey("wheat"), "raw", "d")
    assert source.metadata["unit"].value == "g"
    done = materialize([source, flour], resources={"files": stored, "io_manager": InMemoryIOManager()})
    assert done.output_for_node("flour") == 6


def test_one_of_several_assets_as_a_source():
    @multi_asset(outs={"x": AssetOut(), "y": AssetOut(key_prefix="p", io_manager_key="files")})
    def both():
        return 1, 2

    assert both.to_source_asset(["p", "y"]).io_manager_key == "files"
    assert [source.key for source in both.to_source_assets()] == [AssetKey("x"), AssetKey(["p", "y"])]
    with pytest.raises(CheckError, match="makes several assets"):
        both.to_source_asset()
    with pytest.raises(CheckError, match="does not make z"):
        both.to_source_asset("z")
