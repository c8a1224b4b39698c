"""What editors and type checkers see of code that uses assetflow. Checked, and never run."""

from collections.abc import Callable, Mapping
from typing import Any, assert_type

from assetflow import (
    AssetCheckResult,
    AssetChecksDefinition,
    AssetExecutionContext,
    AssetKey,
    AssetMaterialization,
    AssetOut,
    AssetsDefinition,
    AssetSelection,
    AssetSpec,
    Config,
    ConfigurableIOManager,
    ConfigurableResource,
    Definitions,
    ExecuteInProcessResult,
    GraphDefinition,
    HookDefinition,
    InputContext,
    JobDefinition,
    MaterializeResult,
    MetadataValue,
    OpDefinition,
    OpExecutionContext,
    Output,
    OutputContext,
    ResourceDefinition,
    ResourceParam,
    RunHandle,
    RunResult,
    RunStatus,
    SourceAsset,
    StepState,
    asset,
    asset_check,
    failure_hook,
    graph,
    graph_asset,
    graph_multi_asset,
    load_assets_from_modules,
    materialize,
    multi_asset,
    op,
    resource,
    submit,
    success_hook,
)


class Limits(Config):
    most: int = 3
    name: str | None = None


class Database(ConfigurableResource):
    url: str

    def rows(self) -> list[int]:
        return [1]


class Shelf(ConfigurableIOManager):
    folder: str

    def handle_output(self, context: OutputContext, obj: object) -> None:
        assert_type(context.asset_key, AssetKey)
        assert_type(context.get_identifier(), list[str])

    def load_input(self, context: InputContext) -> object:
        assert_type(context.upstream_output, OutputContext | None)
        return self.folder


@asset
def plain() -> int:
    return 1


@asset(name="other", group_name="g", owners=["team:a"], kinds={"csv"}, tags={"a": "b"})
def named(context: AssetExecutionContext, plain: int, config: Limits, database: Database) -> Output[list[int]]:
    assert_type(context, OpExecutionContext)
    assert_type(context.run_id, str)
    assert_type(context.asset_key, AssetKey)
    assert_type(context.retry_number, int)
    assert_type(config.most, int)
    assert_type(config.name, str | None)
    assert_type(database.rows(), list[int])
    return Output([plain], metadata={"n": MetadataValue.int(1)})


@asset
def stored(client: ResourceParam[dict[str, int]]) -> MaterializeResult[None]:
    assert_type(client, dict[str, int])
    return MaterializeResult(metadata={"n": 1})


@multi_asset(outs={"a": AssetOut(), "b": AssetOut(is_required=False)}, can_subset=True)
def several(context: OpExecutionContext) -> tuple[int, int]:
    assert_type(context.selected_output_names, frozenset[str])
    return 1, 2


@multi_asset(specs=[AssetSpec("c"), AssetSpec("d", deps=["c"])])
def described() -> None: ...


@asset_check(asset=plain, blocking=True)
def fine(plain: int) -> AssetCheckResult:
    return AssetCheckResult(passed=plain > 0)


@op
def one() -> int:
    return 1


@op(name="renamed")
def two(number: int) -> int:
    return number


@graph
def both() -> Any:
    return two(one())


@graph_asset(group_name="g")
def made() -> Any:
    return both()


@graph_multi_asset(outs={"x": AssetOut()})
def made_too() -> Any:
    return {"x": one()}


@resource
def connection() -> int:
    return 1


@resource(config_schema={"url": str})
def configured_connection(init: Any) -> int:
    return 1


@success_hook
def told(context: Any) -> None: ...


@failure_hook(name="alarm")
def rung(context: Any) -> None: ...


assert_type(plain, AssetsDefinition)
assert_type(named, AssetsDefinition)
assert_type(asset(name="x"), Callable[[Callable[..., Any]], AssetsDefinition])
assert_type(several, AssetsDefinition)
assert_type(described, AssetsDefinition)
assert_type(fine, AssetChecksDefinition)
assert_type(one, OpDefinition)
assert_type(two, OpDefinition)
assert_type(both, GraphDefinition)
assert_type(made, AssetsDefinition)
assert_type(made_too, AssetsDefinition)
assert_type(connection, ResourceDefinition)
assert_type(configured_connection, ResourceDefinition)
assert_type(told, HookDefinition)
assert_type(rung, HookDefinition)

assert_type(plain.key, AssetKey)
assert_type(plain.keys, frozenset[AssetKey])
assert_type(plain.op, OpDefinition)
assert_type(plain.group_names_by_key[plain.key], str)
assert_type(plain.get_asset_spec(), AssetSpec)
assert_type(AssetKey("a").path, list[str])
assert_type(Output(5).value, int)
assert_type(Output("text"), Output[str])
assert_type(AssetSelection.all() & AssetSelection.groups("g"), AssetSelection)
assert_type(AssetSelection.keys("a").upstream(2), AssetSelection)
assert_type(SourceAsset("s").key, AssetKey)

defs = Definitions(assets=[plain, named, AssetSpec("far")], resources={"database": Database(url="x")})
assert_type(defs.get_job("j"), JobDefinition)
assert_type(defs.get_job("j").execute_in_process(), ExecuteInProcessResult)
assert_type(load_assets_from_modules([]), list[AssetsDefinition | SourceAsset])

result = materialize([plain, named, SourceAsset("s")])
assert_type(result, ExecuteInProcessResult)
assert_type(result.success, bool)
assert_type(result.asset_materializations_for_node("plain"), list[AssetMaterialization])
assert_type(result.state_of("plain"), StepState)

run = submit([plain])
assert_type(run, RunHandle)
assert_type(run.status, RunStatus)
assert_type(run.wait(5), RunResult)
assert_type(run.wait().materializations[AssetKey("plain")].metadata, Mapping[str, MetadataValue])
