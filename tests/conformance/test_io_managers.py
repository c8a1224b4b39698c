"""Input managers, managers that keep files, and what managers are told."""

import json

import pytest

from assetflow import (
    AssetIn,
    AssetKey,
    AssetMaterialization,
    AssetOut,
    ConfigurableIOManager,
    Definitions,
    FilesystemIOManager,
    In,
    InMemoryIOManager,
    InputManager,
    InvalidConfigError,
    InvalidDefinitionError,
    InvariantViolationError,
    IOManager,
    Output,
    SourceAsset,
    UPathIOManager,
    asset,
    build_input_context,
    build_op_context,
    build_output_context,
    graph_asset,
    input_manager,
    io_manager,
    materialize,
    multi_asset,
    op,
    resource,
)


@asset
def up():
    return [1, 2, 3]


# --- input managers --------------------------------------------------------------------------------------------------


def reader(**options):
    @asset(ins={"up": AssetIn(input_manager_key="reading", **options)})
    def down(up):
        return up

    return down


def run(*assets, **more):
    run_config = more.pop("run_config", None)
    return materialize(assets, resources={"io_manager": InMemoryIOManager(), **more}, run_config=run_config)


def test_an_input_manager_loads_in_place_of_the_io_manager():
    @input_manager
    def reading(context):
        """Reads."""
        return (context.asset_key, context.name, context.upstream_output.name, context.metadata)

    assert reading.description == "Reads."
    result = run(up, reader(metadata={"k": "v"}), reading=reading)
    assert result.asset_value("down") == (AssetKey("up"), "up", "result", {"k": "v"})


def test_an_input_manager_needs_no_context():
    @input_manager
    def reading():
        return 7

    assert run(up, reader(), reading=reading).asset_value("down") == 7


def test_config_and_resources_of_an_input_manager():
    @resource(config_schema={"n": int})
    def base(init):
        return init.resource_config["n"]

    @input_manager(
        config_schema={"a": int}, input_config_schema={"b": int}, required_resource_keys={"base"}, description="d"
    )
    def reading(context):
        return context.resource_config["a"], context.config["b"], context.resources.base

    config = {
        "resources": {"reading": {"config": {"a": 1}}, "base": {"config": {"n": 3}}},
        "ops": {"down": {"inputs": {"up": {"b": 2}}}},
    }
    assert run(up, reader(), reading=reading, base=base, run_config=config).asset_value("down") == (1, 2, 3)
    with pytest.raises(InvalidConfigError, match='Missing required config entry "reading" at path root:resources'):
        run(up, reader(), reading=reading, base=base, run_config={"resources": {"base": {"config": {"n": 3}}}})


def test_an_input_manager_as_an_object_and_an_io_manager_as_one():
    class Reading(InputManager):
        def load_input(self, context):
            return "read"

    class Whole(IOManager):
        def handle_output(self, context, obj): ...

        def load_input(self, context):
            return "whole"

    assert run(up, reader(), reading=Reading()).asset_value("down") == "read"
    assert run(up, reader(), reading=Whole()).asset_value("down") == "whole"


def test_what_is_no_input_manager():
    with pytest.raises(InvariantViolationError, match="the resource 'reading' is used to load inputs, but is a int"):
        run(up, reader(), reading=5)
    with pytest.raises(InvalidDefinitionError, match="input manager with key 'reading' required by input 'up'"):
        run(up, reader())


def test_an_input_manager_reads_what_no_io_manager_has_stored():
    @asset
    def table() -> None: ...

    @asset(ins={"table": AssetIn(input_manager_key="reading")})
    def down(table):
        return table

    assert run(table, down, reading=input_manager(lambda: "rows")).asset_value("down") == "rows"


def test_an_input_manager_of_a_source_and_of_an_op():
    assert run(SourceAsset("up"), reader(), reading=input_manager(lambda: 4)).asset_value("down") == 4

    @op
    def one():
        return 1

    @op(ins={"number": In(input_manager_key="reading")})
    def given(number):
        return number

    @graph_asset
    def made():
        return given(one())

    assert run(made, reading=input_manager(lambda: 5)).asset_value("made") == 5


# --- managers that keep files ----------------------------------------------------------------------------------------


class Json(UPathIOManager):
    extension = ".json"

    def dump_to_path(self, context, obj, path):
        path.write_text(json.dumps(obj))

    def load_from_path(self, context, path):
        return json.loads(path.read_text())

    def get_metadata(self, context, obj):
        return {"items": len(obj)}


def test_a_file_for_each_value(tmp_path):
    @asset(key_prefix=["a", "b"])
    def far(up):
        return {"sum": sum(up)}

    result = materialize([up, far], resources={"io_manager": Json(tmp_path)})
    assert json.loads((tmp_path / "a" / "b" / "far.json").read_text()) == {"sum": 6}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "up.json"]
    [made] = result.asset_materializations_for_node("up")
    assert made.metadata["path"].value == str(tmp_path / "up.json")
    assert made.metadata["items"].value == 3


def test_a_text_is_a_path_too_and_there_is_a_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    materialize([up], resources={"io_manager": Json(str(tmp_path / "x"))})
    assert (tmp_path / "x" / "up.json").is_file()
    materialize([up], resources={"io_manager": Json()})
    assert (tmp_path / ".assetflow" / "storage" / "up.json").is_file()


def test_values_between_ops_are_files_below_the_run(tmp_path):
    @op
    def first():
        return [1]

    @op
    def second(items):
        return [*items, 2]

    @graph_asset
    def both():
        return second(first())

    result = materialize([both], resources={"io_manager": Json(tmp_path)})
    assert json.loads((tmp_path / result.run_id / "both.first" / "result.json").read_text()) == [1]
    assert json.loads((tmp_path / "both.json").read_text()) == [1, 2]


def test_a_value_that_cannot_be_written_leaves_the_old_one(tmp_path):
    value = [1]

    @asset
    def changing():
        return value

    materialize([changing], resources={"io_manager": Json(tmp_path)})
    value = [object()]
    result = materialize([changing], resources={"io_manager": Json(tmp_path)}, raise_on_error=False)
    assert not result.success
    assert json.loads((tmp_path / "changing.json").read_text()) == [1]
    assert [path.name for path in tmp_path.iterdir()] == ["changing.json"]


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match='asset "up" has no stored value at'):
        Json(tmp_path).load_input(build_input_context(asset_key="up"))


@pytest.mark.parametrize("extension", ["json", ".", ".json-"])
def test_extensions(extension, tmp_path):
    with pytest.raises(ValueError, match="extension begins with a dot"):
        type("Wrong", (Json,), {"extension": extension})(tmp_path)


@pytest.mark.parametrize("key", [["..", "up"], ["/etc"], [""], ["a\0b"], ["a\\b"]])
def test_keys_that_lead_out_of_the_folder(key, tmp_path):
    with pytest.raises(InvariantViolationError, match="cannot be a file name"):
        Json(tmp_path).get_path(build_output_context(asset_key=key))


# --- what managers are told ------------------------------------------------------------------------------------------


class Telling(IOManager):
    def __init__(self):
        self.stored, self.loaded = [], []

    def handle_output(self, context, obj):
        self.stored.append(context)

    def load_input(self, context):
        self.loaded.append(context)
        return 1


def test_what_is_told_of_an_output():
    manager = Telling()

    @multi_asset(outs={"a": AssetOut(key_prefix="p", metadata={"m": 1}), "b": AssetOut(dagster_type=int)})
    def both():
        return 1, 2

    result = materialize([both], resources={"io_manager": manager}, tags={"t": "v"})
    a, b = manager.stored
    assert (a.asset_key, a.name, a.step_key, a.run_id) == (AssetKey(["p", "a"]), "a", "both", result.run_id)
    assert (a.metadata, b.metadata, b.dagster_type.typing_type, a.op_def.name) == ({"m": 1}, {}, int, "both")
    assert a.get_identifier() == [result.run_id, "both", "a"]
    assert a.get_asset_identifier() == ["p", "a"]
    assert a.has_asset_key
    assert a.job_name == "__ASSET_JOB"


def test_what_is_told_of_an_input():
    manager = Telling()

    @asset(metadata={"owner": "me"})
    def first():
        return 1

    @asset(ins={"renamed": AssetIn("first", metadata={"columns": ["a"]})})
    def second(renamed: int):
        return 1

    result = materialize([first, second], resources={"io_manager": manager})
    [told] = manager.loaded
    assert (told.name, told.asset_key, told.metadata, told.dagster_type.typing_type) == (
        "renamed", AssetKey("first"), {"columns": ["a"]}, int,
    )  # fmt: skip
    assert told.upstream_output.metadata == {"owner": "me"}
    assert told.upstream_output.op_def.name == "first"
    assert told.get_identifier() == [result.run_id, "first", "result"]


def test_what_was_not_given_says_so():
    context = build_output_context()
    assert not context.has_asset_key
    for name in ("asset_key", "op_def"):
        with pytest.raises(InvariantViolationError, match=f"Attempting to access {name}"):
            getattr(context, name)


def test_a_manager_uses_resources_of_its_own():
    seen = []

    @resource
    def folder():
        return "here"

    class Using(InMemoryIOManager):
        def handle_output(self, context, obj):
            seen.append(context.resources.folder)
            super().handle_output(context, obj)

        def load_input(self, context):
            seen.append(context.resources.folder)
            return super().load_input(context)

    @io_manager(required_resource_keys={"folder"})
    def using(init):
        seen.append(init.resources.folder)
        return Using()

    @asset
    def down(up):
        return up

    materialize([up, down], resources={"io_manager": using, "folder": folder})
    assert seen == ["here"] * 4


@pytest.mark.parametrize("way", ["returned", "yielded", "added"])
def test_metadata_from_a_manager(way):
    class Saying(InMemoryIOManager):
        def handle_output(self, context, obj):
            if way == "added":
                context.add_output_metadata({"rows": 3})
                return None
            return {"returned": lambda: [Meta()], "yielded": lambda: iter([Meta()])}[way]()

    class Meta:
        metadata = {"rows": 3}

    @asset
    def told():
        return Output(1, metadata={"own": 1})

    [made] = materialize([told], resources={"io_manager": Saying()}).asset_materializations_for_node("told")
    assert {label: item.value for label, item in made.metadata.items()} == {"own": 1, "rows": 3}


def test_each_asset_is_read_with_the_manager_that_stored_it(tmp_path):
    one, other = FilesystemIOManager(tmp_path / "one"), FilesystemIOManager(tmp_path / "other")

    @asset(io_manager_key="other")
    def kept():
        return 5

    @asset
    def read(kept):
        return kept + 1

    materialize([kept, read], resources={"io_manager": one, "other": other})
    assert (tmp_path / "other" / "kept").is_file()
    assert (tmp_path / "one" / "read").is_file()


# --- contexts made by hand, and what managers give back --------------------------------------------------------------


@pytest.mark.parametrize("build", [build_output_context, build_input_context])
def test_a_context_shows_resources_that_yield_inside_its_block(build):
    closed = []

    @resource
    def folder():
        yield "here"
        closed.append(True)

    context = build(resources={"folder": folder})
    with pytest.raises(InvariantViolationError, match=f"`with {build.__name__}"):
        _ = context.resources.folder
    with context as same:
        assert same.resources.folder == "here"
        assert closed == []
    assert closed == [True]


@pytest.mark.parametrize("context", [build_output_context(), build_input_context()])
def test_there_are_no_partitions_and_no_instance(context):
    assert (context.has_partition_key, context.has_asset_partitions, context.mapping_key) == (False, False, None)
    assert context.dagster_type.display_name == "Any"
    assert context.definition_metadata == {}
    for name in (
        "partition_key", "asset_partition_key", "asset_partition_keys", "asset_partition_key_range",
        "asset_partitions_time_window", "asset_partitions_def", "instance",
    ):  # fmt: skip
        with pytest.raises(InvariantViolationError, match=f"Cannot access {name}|there is no instance"):
            getattr(context, name)


def test_a_mapping_key_is_part_of_the_identifier():
    context = build_output_context(step_key="s", run_id="r", mapping_key="m")
    assert context.get_identifier() == ["r", "s", "result", "m"]


def given_back(returned):
    class Saying(InMemoryIOManager):
        def handle_output(self, context, obj):
            return returned()

    @asset
    def told():
        return 1

    result = materialize([told], resources={"io_manager": Saying()}, raise_on_error=False)
    made = result.asset_materializations_for_node("told")
    return {label: item.value for label, item in made[0].metadata.items()} if made else result.first_error


@pytest.mark.parametrize(
    "returned",
    [
        lambda: AssetMaterialization("told", metadata={"rows": 3}),
        lambda: [AssetMaterialization("told", metadata={"rows": 3})],
        lambda: {"rows": 3},
        lambda: iter([{"rows": 3}]),
    ],
)
def test_what_a_manager_gives_back_is_metadata(returned):
    assert given_back(returned) == {"rows": 3}


@pytest.mark.parametrize("returned", [lambda: 5, lambda: "text", lambda: iter([5]), lambda: [None]])
def test_what_else_it_gives_back_fails_the_step(returned):
    error = given_back(returned)
    assert isinstance(error, InvariantViolationError)
    assert "IO manager on output result has returned value" in str(error)
    assert "can only be one of AssetMaterialization, Metadata" in str(error)


def test_a_configurable_manager_is_told_its_config_as_a_dict():
    seen = []

    class Shelf(ConfigurableIOManager):
        prefix: str

        def handle_output(self, context, obj):
            seen.append(context.resource_config)

        def load_input(self, context):
            seen.append(context.resource_config)

    defs = Definitions(assets=[up], resources={"io_manager": Shelf(prefix="z")})
    defs.get_job("__ASSET_JOB").execute_in_process()
    defs.load_asset_value("up")
    assert seen == [{"prefix": "z"}] * 2


def test_the_folder_of_values_has_a_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    materialize([up], resources={"io_manager": FilesystemIOManager()})
    assert (tmp_path / ".assetflow" / "storage" / "up").is_file()


def test_a_value_that_is_no_pickle_names_the_manager(tmp_path):
    @asset
    def function():
        return lambda: 1

    with pytest.raises(InvariantViolationError, match=r"is not picklable .* You are currently using the fs_io_manager"):
        materialize([function], resources={"io_manager": FilesystemIOManager(tmp_path)})


# --- loading values --------------------------------------------------------------------------------------------------


def test_an_asset_that_stores_nothing_has_no_value_to_load():
    @asset
    def silent() -> None:
        pass

    with pytest.raises(InvariantViolationError, match="asset silent stores nothing"):
        Definitions(assets=[silent]).load_asset_value("silent")


def test_a_loader_loads_inside_of_its_block():
    with Definitions(assets=[up]).get_asset_value_loader() as loader:
        pass
    with pytest.raises(InvariantViolationError, match="block of this loader has ended"):
        loader.load_asset_value("up")


def test_a_loader_refuses_config_of_no_resource():
    with pytest.raises(InvalidConfigError, match='unexpected config entry "nope" at path root:resources'):
        Definitions(assets=[up]).load_asset_value("up", resource_config={"nope": {"config": 1}})


def test_a_context_made_by_hand_refuses_config_of_no_resource():
    with pytest.raises(InvalidConfigError, match='unexpected config entry "nope" at path root:resources'):
        build_op_context(resources={"r": 3}, resources_config={"nope": {"config": 1}})
