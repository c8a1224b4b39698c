"""``assetflow automation``: assets that are made by themselves, and why they are, or are not."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import click
from rich.table import Table
from rich.text import Text

from assetflow.automation.condition_sensor import AutomationConditionSensorDefinition, evaluated
from assetflow.automation.memory import DecisionNode, Memory
from assetflow.cli.condition_lines import lines_of, node_record
from assetflow.cli.console import ERR, OUT, ago_text, count_text, print_json
from assetflow.cli.targets import env_option, json_option, module_option
from assetflow.cli.ticks import Desk, desk, show_leader, status_text, want
from assetflow.cli.versions import one_asset
from assetflow.definitions.automation_condition import AutomationCondition
from assetflow.errors import InvalidInvocationError
from assetflow.instance import DagsterInstance
from assetflow.keys import AssetKey
from assetflow.known_partitions import KnownPartitions
from assetflow.lineage.asset_graph import AssetGraph
from assetflow.partitions.partitions_definition import PartitionsDefinition
from assetflow.runs.entries import DecisionEntry
from assetflow.runs.ticks import InstigatorKind
from assetflow.wiring import current_settings

_KIND = InstigatorKind.SENSOR.value


@dataclass(frozen=True, slots=True, kw_only=True)
class _Automated:
    """An asset that is made by itself, and the sensor that looks at its condition."""

    key: AssetKey
    condition: AutomationCondition
    sensor: AutomationConditionSensorDefinition


@click.group("automation")
def automation() -> None:
    """See, start, stop and explain what is made by itself: assets with an automation condition."""


@automation.command("list")
@module_option
@env_option
@json_option
def list_automated(module: str | None, as_json: bool) -> None:
    """List the assets that are made by themselves, by what condition, and what was decided last."""
    with desk(module, _KIND) as at:
        found = _automated(at)
        told = {entry.asset: entry for entry in at.store.decisions()}
        if as_json:
            for one in found:
                entry = told.get(one.key.to_string())
                print_json(
                    {
                        "asset": one.key.to_user_string(),
                        "condition": one.condition.signature(),
                        "label": str(one.condition),
                        "sensor": one.sensor.name,
                        "running": at.is_running(at.about(one.sensor.name)),
                        "requested": None if entry is None else entry.requested,
                        "decided": None if entry is None else entry.at,
                    }
                )
            return
        if not found:
            ERR.print(f"no asset of {at.module} has an automation condition", style="dim")
            return
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for column in ("asset", "", "condition", "sensor", "decided last"):
            table.add_column(column, no_wrap=column in ("asset", ""), overflow="fold")
        for one in found:
            table.add_row(
                one.key.to_user_string(),
                status_text(at.is_running(at.about(one.sensor.name))),
                str(one.condition),
                one.sensor.name,
                _decided(told.get(one.key.to_string())),
            )
        OUT.print(table)
        show_leader(at)


@automation.command()
@click.argument("names", nargs=-1)
@module_option
@env_option
def start(names: tuple[str, ...], module: str | None) -> None:
    """Have conditions looked at from now on: those of all sensors, or of those named NAMES."""
    with desk(module, _KIND) as at:
        want(at, _sensors(at, names), running=True)


@automation.command()
@click.argument("names", nargs=-1)
@module_option
@env_option
def stop(names: tuple[str, ...], module: str | None) -> None:
    """Have conditions looked at no more: those of all sensors, or of those named NAMES; runs go on."""
    with desk(module, _KIND) as at:
        want(at, _sensors(at, names), running=False)


@automation.command()
@click.argument("key")
@module_option
@env_option
@click.option("--partition", metavar="KEY", help="Only of this one.")
@click.option("--now", is_flag=True, help="What would be decided at this moment; nothing is asked for.")
@click.option("--history", "count", default=0, metavar="N", type=click.IntRange(0, 1000),
              help="Also list the last N decisions.")  # fmt: skip
@json_option
def explain(key: str, module: str | None, partition: str | None, now: bool, count: int, as_json: bool) -> None:
    """Say why KEY was asked for, or was not: its condition as a tree, and what held of it."""
    with desk(module, _KIND) as at:
        wanted = one_asset(at.project, key)
        known = {one.key: one for one in _automated(at)}
        graph: AssetGraph = at.project.graph()
        if wanted not in known:
            raise InvalidInvocationError(
                f"{wanted.to_user_string()} has no automation condition: nothing makes it by itself",
                where=str(graph.assets_by_key[wanted].location),
                fix="@asset(automation_condition=AutomationCondition.eager())",
            )
        keys = _partition_keys(graph, wanted, partition)
        entries = [] if now else at.store.decisions(wanted.to_string(), limit=max(1, count))
        if entries:
            entry = entries[0]
            tree = DecisionNode.read(entry.tree)
        else:
            entry, tree = None, _as_it_is(at, known[wanted], graph)
        if as_json:
            print_json(
                {
                    "asset": wanted.to_user_string(),
                    "sensor": known[wanted].sensor.name,
                    "tick": None if entry is None else entry.tick,
                    "decided": None if entry is None else entry.at,
                    "requested": tree.held_count if entry is None else entry.requested,
                    "tree": node_record(tree, partition, keys),
                }
            )
            return
        _show(at, known[wanted], entry, tree, partition, keys, asked_now=now)
        for older in entries if count else ():
            OUT.print(Text.assemble((f"  tick {older.tick}  ", "dim"), _decided(older)))


def _show(
    at: Desk,
    one: _Automated,
    entry: DecisionEntry | None,
    tree: DecisionNode,
    partition: str | None,
    keys: Sequence[str],
    *,
    asked_now: bool,
) -> None:
    asked = tree.held_count if entry is None else entry.requested
    verb = "would be" if entry is None else "was"
    many = f" {count_text(asked, 'partition')} of" if keys and asked else ""
    mark = ("▶ ", "green") if asked else ("○ ", "dim")
    name = one.key.to_user_string()
    if asked:
        said = Text.assemble(mark, f"{many} ".lstrip(), (name, "bold"), f" {verb} asked for")
    else:
        said = Text.assemble(mark, (name, "bold"), f" {verb} not asked for".replace("would be not", "would not be"))
    if entry is not None:
        said.append(f"  tick {entry.tick}, {ago_text(max(0.0, time.time() - entry.at))}", style="dim")
        state = at.states.get(one.sensor.name)
        if state is not None and state.last_ended is not None and state.last_ended - entry.at > 1:
            said.append(f"; so since, looked at {ago_text(max(0.0, time.time() - state.last_ended))}", style="dim")
    OUT.print(said)
    for line in lines_of(tree, partition, keys):
        OUT.print(line)
    if entry is None and not asked_now:
        ERR.print("nothing was decided yet: this is how it is now", style="yellow")
    if not at.is_running(at.about(one.sensor.name)):
        ERR.print(f"{one.sensor.name} is stopped: assetflow automation start -m {at.module}", style="yellow")
    elif at.leader is None:
        ERR.print(f"nothing looks at conditions: assetflow daemon -m {at.module}", style="yellow")


def _automated(at: Desk) -> list[_Automated]:
    graph, definitions = at.project.graph(), at.project.definitions
    found: dict[AssetKey, _Automated] = {}
    for sensor in definitions.sensors:
        if isinstance(sensor, AutomationConditionSensorDefinition):
            for key, condition in sensor.conditions(graph, definitions.sensors).items():
                found.setdefault(key, _Automated(key=key, condition=condition, sensor=sensor))
    return [found[key] for key in graph.topological() if key in found]


def _sensors(at: Desk, names: Sequence[str]) -> Sequence[str]:
    """The sensors of these names; all that look at conditions, if none is given."""
    own = [one.name for one in at.project.definitions.sensors if isinstance(one, AutomationConditionSensorDefinition)]
    for name in names:
        at.about(name)
        if name not in own:
            raise InvalidInvocationError(
                f"{name} looks at no automation conditions", fix=f"those that do: {', '.join(own) or 'none'}"
            )
    if not own:
        raise InvalidInvocationError(
            f"no asset of {at.module} has an automation condition",
            fix="@asset(automation_condition=AutomationCondition.eager())",
        )
    return names or own


def _partition_keys(graph: AssetGraph, key: AssetKey, partition: str | None) -> Sequence[str]:
    definition: PartitionsDefinition | None = graph.assets_by_key[key].partitions_def
    if definition is None:
        if partition is not None:
            raise InvalidInvocationError(f"{key.to_user_string()} has no partitions", fix="leave --partition out")
        return ()
    store = KnownPartitions(current_settings())
    if partition is not None:
        definition.check_key(partition, dynamic_partitions_store=store)
    return definition.get_partition_keys(dynamic_partitions_store=store)


def _as_it_is(at: Desk, one: _Automated, graph: AssetGraph) -> DecisionNode:
    """What would be decided at this moment."""
    state = at.states.get(one.sensor.name)
    before = Memory.of(None if state is None else state.cursor)
    conditions = one.sensor.conditions(graph, at.project.definitions.sensors)
    with DagsterInstance.get() as instance:
        return evaluated(graph, conditions, instance, datetime.now(UTC), before).trees()[one.key]


def _decided(entry: DecisionEntry | None) -> Text:
    if entry is None:
        return Text("nothing yet", style="dim")
    when = ago_text(max(0.0, time.time() - entry.at))
    if not entry.requested:
        return Text(f"not to ask for it, {when}", style="dim")
    many = f" {entry.requested:,} partitions" if entry.requested > 1 else ""
    return Text.assemble(("asked for", "green"), f"{many} {when}")
