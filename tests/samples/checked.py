"""Assets and checks in one module, as loaders find them."""

from assetflow import AssetCheckResult, AssetCheckSpec, MaterializeResult, asset, asset_check


@asset(check_specs=[AssetCheckSpec("own", asset="measured")])
def measured():
    return MaterializeResult(value=3, check_results=[AssetCheckResult(passed=True)])


@asset_check(asset=measured, blocking=True)
def positive(measured):
    return measured > 0


listed = [asset_check(asset="measured", name="even")(lambda measured: measured % 2 == 0)]
