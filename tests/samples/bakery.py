"""A bakery that uses most of what assets can do; the same on workers as in this process."""

import enum
from typing import Any

import pydantic

from assetflow import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetIn,
    AssetKey,
    AssetMaterialization,
    AssetOut,
    Config,
    ConfigurableIOManager,
    ConfigurableResource,
    DataVersion,
    Definitions,
    EnvVar,
    Failure,
    Field,
    MaterializeResult,
    MetadataValue,
    Noneable,
    Out,
    Output,
    RetryPolicy,
    StringSource,
    asset,
    asset_check,
    define_asset_job,
    graph,
    graph_multi_asset,
    io_manager,
    multi_asset,
    observable_source_asset,
    op,
    resource,
)
from assetflow.io.filesystem import FilesystemIOManager


class Grain(enum.Enum):
    WHEAT = "w"
    RYE = "r"


class Recipe(Config):
    grain: Grain = Grain.WHEAT
    grams: int = pydantic.Field(gt=0)
    spices: list[str] = []


class Oven(ConfigurableResource):
    degrees: int
    maker: str = "nobody"
    _hot: Any = pydantic.PrivateAttr(default=False)

    def setup_for_execution(self, context):
        self._hot = True

    def teardown_after_execution(self, context):
        self._hot = False

    def bake(self, what):
        return f"{what} at {self.degrees if self._hot else 20} by {self.maker}"


class Shelf(ConfigurableIOManager):
    """Keeps texts in files of its own."""

    folder: str

    def handle_output(self, context, obj):
        FilesystemIOManager(self.folder).handle_output(context, f"{obj} (kept)")
        context.add_output_metadata({"shelf": "lower"})

    def load_input(self, context):
        return FilesystemIOManager(self.folder).load_input(context)


@resource(config_schema={"name": StringSource, "age": Field(int, default_value=30)})
def baker(init):
    yield f"{init.resource_config['name']} ({init.resource_config['age']})"


@asset(key_prefix="raw", metadata={"unit": "g"})
def flour(config: Recipe):
    return Output(config.grams, metadata={"grain": config.grain.name, "spices": len(config.spices)})


@asset(group_name="doughs", ins={"flour": AssetIn(key_prefix="raw")}, config_schema={"water": Noneable(float)})
def dough(context, flour: int):
    context.add_output_metadata({"water": MetadataValue.float(context.op_config["water"] or 0.5)})
    return flour * 1.5


@multi_asset(
    outs={"bread": AssetOut(key_prefix="shop"), "rolls": AssetOut(is_required=False), "crumbs": AssetOut()},
    internal_asset_deps={
        "bread": {AssetKey("dough")},
        "rolls": {AssetKey("dough")},
        "crumbs": {AssetKey(["shop", "bread"])},
    },
)
def baking(context, dough, oven: Oven):
    yield AssetMaterialization("heat", metadata={"degrees": oven.degrees})
    yield Output(oven.bake(f"{dough:.0f} g"), "bread")
    yield Output(1, "crumbs", metadata={"small": True})


@asset(io_manager_key="shelf", ins={"bread": AssetIn(key_prefix="shop")})
def sandwich(bread):
    return f"sandwich of {bread}"


@asset
def lunch(sandwich):
    return f"lunch: {sandwich}"


@asset
def party(rolls):
    return f"party with {rolls}"


@asset(deps=[party])
def cleaning() -> None:
    pass


@asset(required_resource_keys={"baker"}, ins={"bread": AssetIn(["shop", "bread"])})
async def signed(context, bread):
    return f"{context.resources.baker} made {bread}"


@asset(retry_policy=RetryPolicy(max_retries=2, delay=0.01))
def stubborn(context):
    if context.retry_number < 1:
        raise RuntimeError("not yet")
    return context.retry_number


@asset
def burnt():
    raise Failure("burnt to ashes", metadata={"minutes": 90}, allow_retries=False)


@asset
def toast(burnt):
    return burnt


@asset(group_name="other", ins={"crumbs": AssetIn(dagster_type=str)})
def picky(crumbs):
    return crumbs


@op(out={"inside": Out(), "crust": Out(is_required=False)}, config_schema={"thickness": Field(int, default_value=2)})
def cut(context, loaf: str):
    yield Output(loaf.upper(), "inside", metadata={"slices": context.op_config["thickness"]})


@op(retry_policy=RetryPolicy(max_retries=1))
def buttered(context, slice_: str):
    if context.retry_number < 1:
        raise RuntimeError("the butter is too hard")
    return f"buttered {slice_}"


@graph
def spread(slice_):
    return buttered(slice_)


@graph_multi_asset(
    outs={"slice": AssetOut(key_prefix="plate"), "croutons": AssetOut()}, ins={"bread": AssetIn(["shop", "bread"])}
)
def breakfast_plate(bread):
    inside, crust = cut(bread)
    return {"slice": spread(inside), "croutons": buttered.alias("roasted")(crust)}


@asset_check(asset="dough", blocking=True)
def rises(dough):
    return AssetCheckResult(passed=dough > 500, metadata={"grams": dough})


@asset_check(asset=sandwich)
def cheap(sandwich, oven: Oven):
    return AssetCheckResult(passed=False, severity=AssetCheckSeverity.WARN, description=f"{oven.degrees} degrees cost")


@asset(check_specs=[AssetCheckSpec("fresh", asset="cake", blocking=True)])
def cake():
    return MaterializeResult(value="stale cake", check_results=[AssetCheckResult(passed=False)])


@asset
def cake_for_tea(cake):
    return cake


@observable_source_asset
def weather():
    return DataVersion("sunny")


@io_manager(config_schema={"base_dir": StringSource})
def files(init):
    return FilesystemIOManager(init.resource_config["base_dir"])


CONFIG = {
    "ops": {
        "raw__flour": {"config": {"grams": {"env": "BAKERY_GRAMS"}, "grain": "RYE", "spices": ["salt", "anise"]}},
        "dough": {"config": {"water": 0.7}},
        "breakfast_plate": {"ops": {"cut": {"config": {"thickness": 3}}}},
    },
    "resources": {
        "baker": {"config": {"name": {"env": "BAKERY_BAKER"}}},
        "io_manager": {"config": {"base_dir": {"env": "BAKERY_FOLDER"}}},
    },
}

EARLY = {**CONFIG, "ops": {name: CONFIG["ops"][name] for name in ("raw__flour", "dough")}}

defs = Definitions(
    assets=[
        flour,
        dough,
        baking,
        sandwich,
        lunch,
        party,
        cleaning,
        signed,
        stubborn,
        burnt,
        toast,
        picky,
        breakfast_plate,
        rises,
        cheap,
        cake,
        cake_for_tea,
        weather,
    ],
    resources={
        "oven": Oven(degrees=220, maker=EnvVar("BAKERY_BAKER")),
        "baker": baker,
        "shelf": Shelf(folder=EnvVar("BAKERY_SHELF")),
        "io_manager": files,
    },
    jobs=[define_asset_job("breakfast", ["raw/flour", "dough", "stubborn"], config=EARLY, tags={"meal": "first"})],
)
