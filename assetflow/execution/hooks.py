"""Calling the hooks of a step that has ended."""

from __future__ import annotations

from assetflow.definitions.hooks import HookContext
from assetflow.definitions.visible_resources import Resources
from assetflow.errors import AssetflowError
from assetflow.execution.work import StepWork
from assetflow.runs.facts import StepDetail


def run_hooks(work: StepWork, error: BaseException | None, detail: StepDetail) -> None:
    """Call the hooks of the step's op, and of its run's job.

    Args:
        error: what the step raised, None if it succeeded.
        detail: is told of each; what a hook raises is logged besides, and changes nothing else.
    """
    asset, op = work.asset, work.op
    for hook in (*op.hooks, *work.run.job_hooks):
        if hook.after_success != (error is None):
            continue
        try:
            resources = work.run.resources.own.for_asset(asset, sorted(hook.required_resource_keys), work.log)
            hook(
                HookContext(
                    op=op,
                    run_id=work.run.run_id,
                    step_key=work.step.key,
                    job_name=work.run.job_name,
                    log=work.log,
                    resources=Resources(resources, hook.required_resource_keys, f"hook {hook.name}"),
                    op_config=_config(work),
                    op_exception=error,
                    op_output_values=dict(work.made),
                )
            )
        except Exception as raised:
            work.log.error("hook %s failed", hook.name, exc_info=raised)
            detail.hook_errors[hook.name] = f"{type(raised).__name__}: {raised}"
        else:
            detail.hooks.append(hook.name)


def _config(work: StepWork) -> object:
    """The op's config; as it was written, where that is what made the step fail."""
    try:
        return work.op_config()
    except AssetflowError:
        return work.config_entry.get("config")
