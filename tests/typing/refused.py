"""Mistakes that editors and type checkers point at. Each line that is ignored must be a mistake."""

from assetflow import (
    AssetIn,
    AssetKey,
    AssetSpec,
    Definitions,
    MaterializeResult,
    RetryPolicy,
    asset,
    define_asset_job,
    materialize,
    multi_asset,
    op,
)


@asset
def right() -> None: ...


@asset(nmae="x")  # type: ignore[call-overload, untyped-decorator]
def misspelled() -> None: ...


@asset(group_name=5)  # type: ignore[call-overload, untyped-decorator]
def wrong_group() -> None: ...


@op(outs={})  # type: ignore[call-overload, untyped-decorator]
def wrong_word() -> None: ...


@multi_asset(outs={"a": 5})  # type: ignore[dict-item]
def wrong_out() -> None: ...


AssetKey(5)  # type: ignore[arg-type]
AssetIn(key=5)  # type: ignore[arg-type]
AssetSpec()  # type: ignore[call-arg]
RetryPolicy(max_retries="two")  # type: ignore[arg-type]
MaterializeResult({"rows": 1})  # type: ignore[call-arg, arg-type]
define_asset_job()  # type: ignore[call-arg]
materialize(assets=[right], resource={})  # type: ignore[call-arg]
Definitions(asset=[right])  # type: ignore[call-arg]
right.kye  # type: ignore[attr-defined]  # noqa: B018
