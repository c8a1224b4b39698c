"""Config and resources as annotated classes."""

import datetime
import enum
import pathlib
from contextlib import contextmanager
from typing import Annotated, Any, Literal

import pydantic
import pytest

from assetflow import (
    AssetKey,
    AssetOut,
    CheckError,
    Config,
    ConfigErrorReason,
    ConfigurableIOManager,
    ConfigurableIOManagerFactory,
    ConfigurableResource,
    ConfigurableResourceFactory,
    Definitions,
    EnvVar,
    InMemoryIOManager,
    InvalidConfigError,
    InvalidDefinitionError,
    InvalidInvocationError,
    IOManager,
    PermissiveConfig,
    ResourceParam,
    RunConfig,
    asset,
    build_asset_context,
    build_op_context,
    materialize,
    multi_asset,
    resource,
)

ABSENT = object()


class Color(enum.Enum):
    RED = 1
    BLUE = 2


class Window(Config):
    days: int = pydantic.Field(default=7, gt=0)
    label: str | None = None


class Cat(Config):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(Config):
    kind: Literal["dog"] = "dog"
    bark: str


class Sales(Config):
    country: str
    limit: int = 10
    ratio: float = 0.5
    color: Color = Color.RED
    mode: Literal["fast", "slow"] = "fast"
    window: Window = Window()
    names: list[str] = []
    weights: dict[str, float] = {}
    pet: Annotated[Cat | Dog, pydantic.Field(discriminator="kind")] = Cat()


class Api(ConfigurableResource):
    url: str
    retries: int = 3

    def get(self):
        return f"{self.url}?{self.retries}"


@asset
def sales(config: Sales):
    return config


def run(config=ABSENT):
    given = {} if config is ABSENT else {"ops": {"sales": {"config": config}}}
    return materialize([sales], run_config=given, resources={"io_manager": InMemoryIOManager()})


def test_config_is_no_dependency_and_needs_no_context():
    assert sales.dependency_keys == frozenset()
    assert run({"country": "AT"}).output_for_node("sales") == Sales(country="AT")


@pytest.mark.parametrize(
    ("given", "field", "expected"),
    [
        ({"limit": 3}, "limit", 3),
        ({"ratio": 1}, "ratio", 1.0),
        ({"color": "BLUE"}, "color", Color.BLUE),
        ({"mode": "slow"}, "mode", "slow"),
        ({"window": {"days": 1}}, "window", Window(days=1)),
        ({"window": {"label": "x"}}, "window", Window(label="x")),
        ({"names": ["a", "b"]}, "names", ["a", "b"]),
        ({"weights": {"env": 1}}, "weights", {"env": 1.0}),
        ({"pet": {"kind": "dog", "bark": "w"}}, "pet", Dog(bark="w")),
        ({}, "limit", 10),
    ],
)
def test_fields(given, field, expected):
    found = run({"country": "AT", **given}).output_for_node("sales")
    assert getattr(found, field) == expected


@pytest.mark.parametrize(
    ("given", "reason", "path", "message"),
    [
        (
            {},
            "MISSING_REQUIRED_FIELD",
            "config",
            "Missing required config entry \"country\" at path root:ops:sales:config. Sample config for missing entry: {'country': '...'}",
        ),
        (
            {"country": "AT", "limt": 1},
            "FIELD_NOT_DEFINED",
            "config",
            'Received unexpected config entry "limt" at path root:ops:sales:config. Expected: "{ country: str limit?: int',
        ),
        (
            {"country": 5},
            "RUNTIME_TYPE_MISMATCH",
            "config:country",
            "Invalid value at path root:ops:sales:config:country: Input should be a valid string, not 5",
        ),
        ({"country": "AT", "limit": "many"}, "RUNTIME_TYPE_MISMATCH", "config:limit", "valid integer"),
        (
            {"country": "AT", "window": {"days": 0}},
            "RUNTIME_TYPE_MISMATCH",
            "config:window:days",
            "greater than 0, not 0",
        ),
        ({"country": "AT", "window": {"dais": 1}}, "FIELD_NOT_DEFINED", "config:window", '"dais"'),
        ({"country": "AT", "names": ["a", 1]}, "RUNTIME_TYPE_MISMATCH", "config:names[1]", "valid string"),
        ({"country": "AT", "color": "GREEN"}, "RUNTIME_TYPE_MISMATCH", "config:color", "not 'GREEN'"),
        ({"country": "AT", "mode": "idle"}, "RUNTIME_TYPE_MISMATCH", "config:mode", "'fast' or 'slow'"),
        ({"country": "AT", "pet": {"kind": "cow"}}, "RUNTIME_TYPE_MISMATCH", "config:pet", "cow"),
        (None, "RUNTIME_TYPE_MISMATCH", "config", "must not be None"),
        (5, "RUNTIME_TYPE_MISMATCH", "config", "valid dictionary"),
    ],
)
def test_what_does_not_fit(given, reason, path, message):
    with pytest.raises(InvalidConfigError) as caught:
        run(given)
    (found,) = caught.value.errors
    assert (found.reason, found.path) == (reason, f"root:ops:sales:{path}")
    assert message in found.message


def test_a_missing_config_is_told_from_the_top():
    with pytest.raises(InvalidConfigError, match="Sample config for missing entry") as caught:
        run()
    assert "{'ops': {'sales': {'config': {'country': '...'}}}}" in str(caught.value)


def test_all_errors_come_at_once():
    with pytest.raises(InvalidConfigError) as caught:
        run({"limit": "x", "names": [1], "extra": 1})
    assert len(caught.value.errors) == 4


def test_defaults_need_no_config():
    class Tuned(Config):
        n: int = 3

    @asset
    def tuned(config: Tuned):
        return config.n

    assert materialize([tuned]).output_for_node("tuned") == 3


def test_values_from_the_environment(monkeypatch):
    monkeypatch.setenv("A_COUNTRY", "AT")
    monkeypatch.setenv("A_LIMIT", "42")
    given = {"country": {"env": "A_COUNTRY"}, "limit": {"env": "A_LIMIT"}, "window": {"label": {"env": "A_COUNTRY"}}}
    found = run(given).output_for_node("sales")
    assert (found.country, found.limit, found.window.label) == ("AT", 42, "AT")
    monkeypatch.setenv("A_LIMIT", "secret!")
    with pytest.raises(InvalidConfigError, match="path root:ops:sales:config:limit") as caught:
        run(given)
    assert "secret!" not in str(caught.value)
    monkeypatch.delenv("A_COUNTRY")
    with pytest.raises(InvalidConfigError, match='"A_COUNTRY" which is not set'):
        run(given)


def test_a_variable_that_is_not_set_here_does_not_hide_other_errors(monkeypatch):
    monkeypatch.delenv("A_COUNTRY", raising=False)
    with pytest.raises(InvalidConfigError) as caught:
        run({"country": {"env": "A_COUNTRY"}, "limit": "x"})
    assert [item.path for item in caught.value.errors] == ["root:ops:sales:config:limit"]


def test_permissive_config_keeps_the_rest():
    class Open(PermissiveConfig):
        n: int

    @asset
    def open_asset(config: Open):
        return config.n, config.more

    config = {"ops": {"open_asset": {"config": {"n": 1, "more": [2]}}}}
    assert materialize([open_asset], run_config=config).output_for_node("open_asset") == (1, [2])


def test_run_config_of_objects(monkeypatch):
    monkeypatch.setenv("A_COUNTRY", "AT")
    given = RunConfig(
        ops={"sales": Sales(country=EnvVar("A_COUNTRY"), color=Color.BLUE, window=Window(days=2), pet=Dog(bark="w"))}
    )
    found = materialize([sales], run_config=given, resources={"io_manager": InMemoryIOManager()})
    assert found.output_for_node("sales").color is Color.BLUE
    assert found.output_for_node("sales").window.days == 2
    assert given.to_config_dict()["ops"]["sales"]["config"]["color"] == "BLUE"


def test_run_config_of_objects_with_dates_and_resources():
    class Day(Config):
        day: datetime.date = datetime.date(2022, 1, 2)
        path: pathlib.Path

    @asset
    def daily(config: Day, api: Api):
        return config.day, config.path, api.url

    given = RunConfig(ops={"daily": Day(path=pathlib.Path("x"))}, resources={"api": Api(url="u")})
    done = materialize([daily], run_config=given, resources={"api": Api.configure_at_launch()})
    assert done.output_for_node("daily") == (datetime.date(2022, 1, 2), pathlib.Path("x"), "u")


def test_a_multi_asset_takes_config_and_inputs_in_any_order():
    @asset
    def up():
        return 1

    @multi_asset(outs={"a": AssetOut(), "b": AssetOut()})
    def both(context, config: Window, up):
        return config.days, up

    done = materialize([up, both], run_config={"ops": {"both": {"config": {"days": 3}}}})
    assert (done.output_for_node("both", "a"), done.output_for_node("both", "b")) == (3, 1)
    assert both(build_op_context(), Window(days=4), 5) == (4, 5)


def test_simple_annotations_are_schemas():
    @asset
    def counted(config: int):
        return config

    assert materialize([counted], run_config={"ops": {"counted": {"config": 3}}}).output_for_node("counted") == 3
    with pytest.raises(InvalidConfigError, match="Invalid scalar"):
        materialize([counted], run_config={"ops": {"counted": {"config": "3"}}})


def test_config_without_an_annotation_says_what_to_do():
    with pytest.raises(InvalidDefinitionError, match="its annotation is missing") as caught:

        @asset
        def a(config):
            return 1

    assert "derived from Config" in str(caught.value)


def test_config_and_config_schema_exclude_each_other():
    with pytest.raises(CheckError, match="exclude each other"):

        @asset(config_schema={"n": int})
        def a(config: Window):
            return 1


def test_direct_calls_take_config():
    assert sales(config=Sales(country="AT")).country == "AT"
    assert sales(Sales(country="AT")).country == "AT"
    assert sales({"country": "AT"}).country == "AT"
    assert sales(build_asset_context(asset_config={"country": "DE"})).country == "DE"
    with pytest.raises(InvalidConfigError, match='Missing required config entry "config"'):
        sales()
    with pytest.raises(InvalidConfigError, match="unexpected config entry"):
        sales({"country": "AT", "x": 1})
    with pytest.raises(InvalidInvocationError, match="Too many input arguments"):
        sales(Sales(country="AT"), 5)


# resources


@asset
def calls(api: Api):
    return api.get()


def called(given, config=ABSENT, of=calls):
    run_config = {} if config is ABSENT else {"resources": {"api": {"config": config}}}
    return materialize([of], run_config=run_config, resources={"api": given}).output_for_node(of.op.name)


def test_an_annotated_argument_is_a_resource():
    assert calls.dependency_keys == frozenset()
    assert calls.required_resource_keys == {"api", "io_manager"}
    assert called(Api(url="u")) == "u?3"


def test_a_resource_that_is_missing_is_told_before_anything_runs():
    with pytest.raises(InvalidDefinitionError, match="resource with key 'api' required by op 'calls' was not provided"):
        materialize([calls])


def test_resources_from_the_environment(monkeypatch):
    given = Api(url=EnvVar("API_URL"), retries=EnvVar.int("API_RETRIES"))
    monkeypatch.delenv("API_URL", raising=False)
    monkeypatch.setenv("API_RETRIES", "5")
    with pytest.raises(InvalidConfigError, match='"API_URL" which is not set') as caught:
        called(given)
    assert caught.value.errors[0].reason is ConfigErrorReason.FAILED_POST_PROCESSING
    monkeypatch.setenv("API_URL", "u")
    assert called(given) == "u?5"
    monkeypatch.setenv("API_URL", "v")
    assert called(given) == "v?5"


@pytest.mark.parametrize(
    "make",
    [
        lambda: Api(),
        lambda: Api(url=5),
        lambda: Api(url="u", retry=1),
        lambda: Api(url=EnvVar("X"), retries="many"),
        lambda: Api(retries=EnvVar.int("X")),
        lambda: Api(url=EnvVar("X"), retry=1),
    ],
)
def test_a_resource_is_checked_when_it_is_made(make):
    with pytest.raises(pydantic.ValidationError):
        make()


def test_a_resource_does_not_change():
    with pytest.raises(pydantic.ValidationError):
        Api(url="u").url = "v"


def test_a_resource_is_configured_at_launch():
    made = Api.configure_at_launch(retries=1)
    assert called(made, {"url": "u"}) == "u?1"
    assert called(made, {"url": "u", "retries": 2}) == "u?2"
    with pytest.raises(InvalidConfigError, match=r"Sample config for missing entry: .*'url': '\.\.\.'"):
        called(made)
    with pytest.raises(InvalidConfigError, match="unexpected config entry"):
        called(made, {"url": "u", "x": 1})
    assert called(Api(url="u"), {"url": "w"}) == "w?3"


def test_setup_and_teardown_also_after_a_failure():
    story = []

    class Database(ConfigurableResource):
        name: str
        _connection: Any = pydantic.PrivateAttr(default=None)

        def setup_for_execution(self, context):
            story.append(f"open {self.name}")
            self._connection = self.name.upper()

        def teardown_after_execution(self, context):
            story.append(f"close {self._connection}")

    @asset
    def rows(database: Database):
        story.append(f"use {database._connection}")
        raise ValueError("no rows")

    assert not materialize([rows], resources={"database": Database(name="d")}, raise_on_error=False).success
    assert story == ["open d", "use D", "close D"]


def test_yield_for_execution_and_nested_resources(monkeypatch):
    story = []
    monkeypatch.setenv("A_HOST", "h")

    class Connection(ConfigurableResource):
        host: str

        @contextmanager
        def yield_for_execution(self, context):
            story.append(f"connect {self.host}")
            yield self
            story.append("disconnect")

    class Store(ConfigurableResource):
        connection: Connection
        table: str = "t"

        def setup_for_execution(self, context):
            story.append(f"store on {self.connection.host}")

        def teardown_after_execution(self, context):
            story.append("store ends")

    @asset
    def rows(store: Store):
        return store.connection.host, store.table

    done = materialize([rows], resources={"store": Store(connection=Connection(host=EnvVar("A_HOST")))})
    assert done.output_for_node("rows") == ("h", "t")
    assert story == ["connect h", "store on h", "store ends", "disconnect"]


def test_a_factory_makes_something_else():
    class Client:
        def __init__(self, url):
            self.url = url

    class ClientFactory(ConfigurableResourceFactory[Client]):
        url: str

        def create_resource(self, context):
            return Client(self.url)

    @asset
    def uses(api: ResourceParam[Client]):
        return api.url

    assert called(ClientFactory(url="u"), of=uses) == "u"
    assert called(Client("plain"), of=uses) == "plain"
    assert isinstance(ClientFactory(url="u").process_config_and_initialize(), Client)


def test_resources_of_both_kinds_are_seen_in_the_context():
    @resource(required_resource_keys={"api"})
    def old(init):
        return init.resources.api.get() + "!"

    @asset(required_resource_keys={"old", "api"})
    def uses(context):
        return context.resources.old, context.resources.api.retries

    done = materialize([uses], resources={"old": old, "api": Api(url="u")})
    assert done.output_for_node("uses") == ("u?3!", 3)


def test_arguments_and_declared_keys_exclude_each_other():
    with pytest.raises(CheckError, match="exclude resources as arguments"):

        @asset(required_resource_keys={"x"})
        def a(api: Api):
            return 1


def test_direct_calls_take_resources():
    assert calls(api=Api(url="u")) == "u?3"
    assert calls(Api(url="u")) == "u?3"
    assert calls(build_op_context(resources={"api": Api(url="u")}))
    with pytest.raises(InvalidDefinitionError, match="resource with key 'api' required by op 'calls' was not provided"):
        calls()


def test_a_direct_call_with_a_context_inputs_config_and_resources():
    @asset
    def all_of_it(context, up, config: Window, api: Api, other):
        return context.run_id, up, config.days, api.url, other

    with build_op_context(resources={"api": Api(url="u")}) as context:
        assert all_of_it(context, 1, config=Window(days=2), other=3) == ("EPHEMERAL", 1, 2, "u", 3)
    assert all_of_it(build_op_context(), 1, Window(days=2), Api(url="v"), 3) == ("EPHEMERAL", 1, 2, "v", 3)


# IO managers


class Shelf(ConfigurableIOManager):
    prefix: str
    _kept: dict[str, Any] = pydantic.PrivateAttr(default_factory=dict)

    def handle_output(self, context, obj):
        context.add_output_metadata({"place": f"{self.prefix}/{context.asset_key.to_user_string()}"})
        SHELVES[f"{self.prefix}/{context.asset_key.to_user_string()}"] = obj

    def load_input(self, context):
        return SHELVES[f"{self.prefix}/{context.asset_key.to_user_string()}"]


SHELVES: dict[str, Any] = {}


@asset
def wheat():
    return 2


@asset
def flour(wheat):
    return wheat * 2


def test_a_configurable_io_manager(monkeypatch):
    monkeypatch.setenv("A_PREFIX", "east")
    defs = Definitions([wheat, flour], resources={"io_manager": Shelf(prefix=EnvVar("A_PREFIX"))})
    assert materialize([wheat, flour], resources=defs.resources).success
    assert SHELVES == {"east/wheat": 2, "east/flour": 4}
    assert defs.load_asset_value(AssetKey("flour")) == 4


def test_an_io_manager_factory_and_one_given_to_an_asset():
    class Memory(ConfigurableIOManagerFactory[IOManager]):
        start: int = 0

        def create_io_manager(self, context):
            return InMemoryIOManager()

    @asset(io_manager_def=Memory(start=1))
    def kept():
        return 1

    assert materialize([wheat, flour, kept], resources={"io_manager": Memory()}).success
