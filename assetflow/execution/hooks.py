"""Calling the hooks of a step that has ended."""

from __future__ import annotations

from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.context import Resources
from assetflow.definitions.hooks import HookContext
from assetflow.definitions.run_config import entry_of
from assetflow.errors import AssetflowError
from assetflow.execution.work import StepWork
from assetflow.keys import AssetKey


def run_hooks(work: StepWork, error: BaseException | None) -> dict[str, str]:
    """Call the hooks of the step's asset.

    Args:
        error: what the step raised, None if it succeeded.

    Returns:
        what hooks raised, by their names; it is logged, and changes nothing else.
    """
    asset = work.assets.get(AssetKey(work.step.outputs[0].key))
    failed: dict[str, str] = {}
    for hook in asset.op.hooks if asset is not None else ():
        if hook.after_success != (error is None):
            continue
        try:
            assert asset is not None
            resources = work.resources.for_asset(asset, sorted(hook.required_resource_keys), work.log)
            hook(
                HookContext(
                    op=asset.op,
                    run_id=work.run_id,
                    step_key=work.step.key,
                    job_name=work.job_name,
                    log=work.log,
                    resources=Resources(resources, hook.required_resource_keys, f"hook {hook.name}"),
                    op_config=_config(work, asset),
                    op_exception=error,
                    op_output_values=dict(work.made),
                )
            )
        except Exception as raised:
            work.log.error("hook %s failed", hook.name, exc_info=raised)
            failed[hook.name] = f"{type(raised).__name__}: {raised}"
    return failed


def _config(work: StepWork, asset: AssetsDefinition) -> object:
    """The op's config; as it was written, where that is what made the step fail."""
    entry = entry_of(work.run_config, asset.op)
    try:
        return asset.op.config.process(entry, f"root:ops:{asset.op.name}", f'op "{asset.op.name}"')
    except AssetflowError:
        return entry.get("config")
