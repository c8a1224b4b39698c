"""``assetflow assets why``."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
from rich.text import Text

from assetflow.cli.console import OUT, ago_text, print_json
from assetflow.cli.staleness import MARKS, cause_record, recorded_by_now
from assetflow.cli.targets import definitions_options, env_option, json_option, load_project, same_place
from assetflow.cli.versions import one_asset
from assetflow.keys import AssetKey
from assetflow.planning.staleness import (
    AssetStatus,
    StaleCause,
    StaleCauseCategory,
    StaleStatus,
    chain_of_causes,
    judge,
    root_causes,
)
from assetflow.wiring import current_settings

_SHOWN = 12  # characters of a version that tell it from others well enough


@click.command("why")
@click.argument("key")
@definitions_options
@env_option
@json_option
def why(key: str, module: str | None, file: Path | None, as_json: bool) -> None:
    """Say why KEY is stale, down to where it began; or of what it is made, if it is fresh."""
    project = load_project(module, file, [key])
    wanted = one_asset(project, key)
    with recorded_by_now(project, current_settings()) as records:
        statuses = judge(project.graph(), records, [wanted])
    status = statuses[wanted]
    if as_json:
        print_json(
            {
                "asset": wanted.to_user_string(),
                "status": status.status.value,
                "upstream_status": status.upstream.value,
                "code_version": status.code_version,
                "causes": [
                    {**cause_record(cause), "distance": depth} for cause, depth in chain_of_causes(statuses, wanted)
                ],
                "roots": [cause_record(cause) for cause in root_causes(statuses, wanted)],
            }
        )
        return
    mark, style, word = MARKS[status.status]
    if status.status is StaleStatus.MISSING:
        word = "missing"
    OUT.print(Text.assemble((f"{mark} ", style), (wanted.to_user_string(), "bold"), " is ", (word, style)))
    told: set[AssetKey] = set()
    for line in _made(status):
        OUT.print(line)
    for depth, cause in _tree(statuses, wanted, 1, told):
        OUT.print(_sentence(cause, statuses, depth))
    if status.is_fresh:
        for line in _later(status, statuses):
            OUT.print(line)
    else:
        again = f"'*{wanted.to_user_string()}'{same_place(module, file)}"
        OUT.print(f"to make it anew: assetflow materialize --stale {again}", style="dim", soft_wrap=True)


def _made(status: AssetStatus) -> Iterator[Text]:
    made = status.latest
    if made is None:
        return
    where = f" in {made.environment}" if made.environment else ""
    yield Text(f"  made {ago_text(time.time() - made.at)}{where}, by run {made.run_id}", style="dim")
    if status.is_fresh:
        read = [f"{key.to_user_string()} ({_short(data)})" for key, (_, data) in sorted(made.inputs.items()) if data]
        of = f", of {', '.join(read)}" if read else ""
        yield Text(f"  by the code there is now ({_short(status.code_version)}){of}", style="dim")


def _tree(
    statuses: Mapping[AssetKey, AssetStatus], key: AssetKey, depth: int, told: set[AssetKey]
) -> Iterator[tuple[int, StaleCause]]:
    """The causes, each followed by what is behind it; what is behind several is told once."""
    told.add(key)
    for cause in statuses[key].causes:
        yield depth, cause
        above = cause.dependency
        if cause.category is StaleCauseCategory.UPSTREAM and above is not None and above not in told:
            yield from _tree(statuses, above, depth + 1, told)


def _sentence(cause: StaleCause, statuses: Mapping[AssetKey, AssetStatus], depth: int) -> Text:
    line = Text.assemble("  " * depth, ("▲ ", "yellow"), cause.reason)
    if cause.category is StaleCauseCategory.CODE:
        line.append(f" ({_short(cause.old)} → {_short(cause.new)})", style="dim")
    elif cause.category is StaleCauseCategory.DATA and cause.at is not None:
        above = statuses.get(cause.dependency) if cause.dependency else None
        by = f" by run {above.latest.run_id}" if above is not None and above.latest is not None else ""
        change = f": {_short(cause.old)} → {_short(cause.new)}" if cause.old and cause.new else ""
        line.append(f" ({ago_text(time.time() - cause.at)}{by}{change})", style="dim")
    return line


def _later(status: AssetStatus, statuses: Mapping[AssetKey, AssetStatus]) -> Iterator[Text]:
    """What was made after it, and is the same all the same."""
    made = status.latest
    for key in sorted(made.inputs) if made is not None else ():
        above = statuses.get(key)
        if made is not None and above is not None and above.latest is not None and above.latest.at > made.at:
            when = ago_text(time.time() - above.latest.at)
            yield Text(f"  {key.to_user_string()} was made anew {when}, and is the same data", style="dim")


def _short(version: str | None) -> str:
    return "not known" if version is None else version[:_SHOWN]
