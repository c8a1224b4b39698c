"""Sources, and those that can be looked at."""

import pytest

from assetflow import (
    AssetKey,
    CheckError,
    DataVersion,
    Definitions,
    FilesystemIOManager,
    InMemoryIOManager,
    InvalidDefinitionError,
    InvalidSubsetError,
    InvariantViolationError,
    IOManager,
    LogicalVersion,
    ObserveResult,
    SourceAsset,
    asset,
    define_asset_job,
    io_manager,
    materialize,
    materialize_to_memory,
    observable_source_asset,
    observe,
)


@observable_source_asset(key_prefix="raw", group_name="g", metadata={"m": 1})
def rows():
    """Rows of others."""
    return DataVersion("v7")


# --- sources ---------------------------------------------------------------------------------------------------------


def test_a_source_is_what_it_was_told():
    source = SourceAsset(["a", "b"], metadata={"m": 1}, description="d", group_name="g", io_manager_key="k")
    assert (source.key, source.description, source.group_name) == (AssetKey(["a", "b"]), "d", "g")
    assert source.metadata["m"].value == 1
    assert source.io_manager_key == "k"
    assert not source.is_observable
    assert SourceAsset("x").group_name == "default"
    assert SourceAsset("x").io_manager_key == "io_manager"


def test_a_source_is_never_run():
    result = materialize([SourceAsset("x")], resources={"io_manager": InMemoryIOManager()})
    assert result.success
    assert result.step_keys == ()


def test_a_source_is_loaded_with_its_own_manager(tmp_path):
    told = []

    class Telling(IOManager):
        def handle_output(self, context, obj): ...

        def load_input(self, context):
            told.append((context.asset_key, context.upstream_output.metadata, context.metadata))
            return 4

    @asset
    def more(x):
        return x + 1

    @io_manager
    def telling():
        return Telling()

    here = {"io_manager": FilesystemIOManager(tmp_path)}
    assert (
        materialize([SourceAsset("x", {"m": 1}, io_manager_def=telling), more], resources=here).asset_value("more") == 5
    )
    assert told == [(AssetKey("x"), {"m": 1}, {})]


def test_a_source_that_was_never_stored(tmp_path):
    @asset
    def more(x): ...

    with pytest.raises(FileNotFoundError, match="it is a source, which others make"):
        materialize([SourceAsset("x"), more], resources={"io_manager": FilesystemIOManager(tmp_path)})
    with pytest.raises(InvariantViolationError, match="it is a source, which others make"):
        materialize_to_memory([SourceAsset("x"), more])


def test_a_manager_that_is_not_there():
    with pytest.raises(InvalidDefinitionError, match="SourceAsset with asset key x requires IO manager with key 'k'"):
        materialize([SourceAsset("x", io_manager_key="k"), asset(name="more")(lambda x: x)])


def test_two_managers_for_one_source():
    other = io_manager(lambda: InMemoryIOManager())
    with pytest.raises(InvalidDefinitionError, match="give different"):
        SourceAsset("x", io_manager_key="k", io_manager_def=io_manager(lambda: 1), resource_defs={"k": other})


def test_selecting_a_source():
    with pytest.raises(InvalidSubsetError, match="supplied by SourceAsset objects, not AssetsDefinition objects"):
        materialize([SourceAsset("x"), asset(name="more")(lambda x: x)], selection="x")


def test_a_group_that_is_taken():
    with pytest.raises(InvalidDefinitionError, match="A group name has already been provided to source asset x"):
        SourceAsset("x", group_name="g").with_attributes(group_name="h")


# --- sources that can be looked at -----------------------------------------------------------------------------------


def test_an_observable_source_is_a_source():
    assert isinstance(rows, SourceAsset)
    assert rows.is_observable
    assert (rows.key, rows.group_name, rows.description) == (AssetKey(["raw", "rows"]), "g", "Rows of others.")
    assert rows.metadata["m"].value == 1


def test_observing_records_the_data_version():
    result = observe([rows])
    [seen] = result.asset_observations_for_node("raw__rows")
    assert seen.asset_key == AssetKey(["raw", "rows"])
    assert seen.tags == {"assetflow/data_version": "v7"}
    assert result.get_asset_materialization_events() == []


def test_a_result_with_more_to_say_and_a_context():
    @observable_source_asset(required_resource_keys={"unit"}, resource_defs={})
    def told(context):
        return ObserveResult(
            metadata={"unit": context.resources.unit}, data_version=LogicalVersion("1"), tags={"a": "b"}
        )

    [seen] = observe([told], resources={"unit": "g"}).asset_observations_for_node("told")
    assert seen.metadata["unit"].value == "g"
    assert seen.tags == {"a": "b", "assetflow/data_version": "1"}


def test_a_source_with_a_function():
    source = SourceAsset("x", observe_fn=lambda: DataVersion("2"))
    [seen] = observe([source]).asset_observations_for_node("x")
    assert seen.tags == {"assetflow/data_version": "2"}


@pytest.mark.parametrize("answer", [None, 5, "v1"])
def test_what_a_function_returns(answer):
    with pytest.raises(CheckError, match="neither a DataVersion nor an ObserveResult"):
        observe([SourceAsset("x", observe_fn=lambda: answer)])


def test_a_function_that_takes_something_else():
    with pytest.raises(InvalidDefinitionError, match="the function that observes told takes upstream"):

        @observable_source_asset
        def told(upstream): ...


@pytest.mark.parametrize("given", [SourceAsset("x"), asset(name="x")(lambda: 1), "x"])
def test_what_cannot_be_observed(given):
    with pytest.raises(CheckError, match="observe takes what observable_source_asset makes"):
        observe([given])


def test_materializing_does_not_observe_and_reads_as_ever(tmp_path):
    manager = FilesystemIOManager(tmp_path)
    materialize([asset(name="rows", key_prefix="raw")(lambda: 3)], resources={"io_manager": manager})

    @asset(group_name="g")
    def more(rows):
        return rows + 1

    result = materialize([rows, more], resources={"io_manager": manager})
    assert result.step_keys == ("more",)
    assert result.asset_value("more") == 4
    both = materialize([rows, more], resources={"io_manager": manager}, selection=[rows, more])
    assert set(both.step_keys) == {"raw__rows", "more"}


def test_a_job_of_observations():
    defs = Definitions(assets=[rows], jobs=[define_asset_job("look", [rows])])
    assert defs.get_job("look").execute_in_process().step_keys == ("raw__rows",)


def test_a_function_that_fails():
    def fails():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        observe([SourceAsset("x", observe_fn=fails)])
    assert not observe([SourceAsset("x", observe_fn=fails)], raise_on_error=False).success
