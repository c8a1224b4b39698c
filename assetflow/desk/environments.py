"""Environments: what is in each, how two differ, and publishing from one to the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assetflow.desk.definitions import known_key
from assetflow.desk.records import history_in, records_in, settings_of
from assetflow.environments import Environments
from assetflow.errors import InvalidInvocationError, InvalidSubsetError, InvariantViolationError
from assetflow.lineage.syntax import resolve_selection
from assetflow.planning.staleness import AssetStatus, StaleStatus, UpstreamStatus, judge
from assetflow.promoting import promotable, publish, publish_again, published_item
from assetflow.runs.event_log import AssetState
from assetflow.submission import Project
from assetflow.values import AssetValueLoader

Record = dict[str, Any]


def environments(project: Project, arguments: Mapping[str, Any]) -> list[Record]:
    """All environments, and how many assets each has made itself, and are stale there."""
    settings = settings_of(str(arguments["env"]))
    known = Environments(settings, project.definitions)
    graph = project.graph()
    found = []
    with history_in(settings) as history:
        for name in known.names:
            one, own, stale = known.get(name), 0, 0
            if history is not None:
                made = {state.asset for state in history.catalog_of(name).states()}
                own = sum(key.to_string() in made for key in graph.assets_by_key)
                judged = judge(graph, records_in(history, project, settings_of(name)))
                stale = sum(map(_is_stale, judged.values()))
            found.append(
                {
                    "name": name,
                    "protected": one.is_protected,
                    "reads_from": one.reads_from,
                    "writes_to": known.storage_of(one),
                    "assets": {"total": len(graph.assets_by_key), "own": own, "stale": stale},
                }
            )
    return found


def _is_stale(one: AssetStatus) -> bool:
    """Whether it has the badge of what is stale, or of what came upstream since; what was never made has none."""
    return one.status is StaleStatus.STALE or (
        one.status is StaleStatus.FRESH and one.upstream is UpstreamStatus.OUT_OF_DATE
    )


def environment_differences(project: Project, arguments: Mapping[str, Any]) -> list[Record]:
    """How each asset stands in one environment and in another, by what is recorded.

    Raises:
        InvalidInvocationError: there is no such environment.
    """
    names = str(arguments["a"]), str(arguments["b"])
    known = Environments(settings_of(names[0]), project.definitions)
    for name in names:
        known.get(name)
    told: list[dict[str, list[AssetState]]] = []
    with history_in(settings_of(names[0])) as history:
        for name in names:
            layer: dict[str, list[AssetState]] = {}
            for state in history.catalog_of(name).states() if history is not None else ():
                layer.setdefault(state.asset, []).append(state)
            told.append(layer)
    found = []
    for key in project.graph().assets_by_key:
        a, b = (layer.get(key.to_string(), []) for layer in told)
        if a or b:
            found.append({"key": key.to_user_string(), "state": _compared(a, b), "a": _brief(a), "b": _brief(b)})
    return found


def promote(project: Project, arguments: Mapping[str, Any]) -> Record:
    """Publish in one environment what another has made.

    Args:
        arguments: ``selection``, ``from``, ``to``.

    Raises:
        InvalidInvocationError: something of it was not made, or both are one environment.
    """
    source, target = str(arguments["from"]), str(arguments["to"])
    settings = settings_of(target)
    known = Environments(settings, project.definitions)
    if known.get(source).name == known.get(target).name:
        raise InvalidInvocationError("from and to are the same environment")
    selection = arguments.get("selection")
    if isinstance(selection, list):
        selection = [known_key(project.graph(), text) for text in selection]
    keys = resolve_selection(project.graph(), selection)
    if not keys:
        raise InvalidSubsetError("the selection means no asset")
    with (
        AssetValueLoader(project.definitions, env=source) as there,
        AssetValueLoader(project.definitions, env=target) as here,
    ):
        wanted = promotable(keys, there, here, source, target)
        done = []
        for one in wanted.found:
            if one.is_done:
                continue
            told = publish(settings, known, one, source, target)
            done.append(published_item(one, told))
    promoted = list(dict.fromkeys(str(item[0]) for item in done))
    kept = [key.to_user_string() for key in keys if key.to_user_string() not in set(promoted)]
    return {"promoted": promoted, "kept": kept, "items": done}


def undo_promotion(project: Project, arguments: Mapping[str, Any]) -> Record:
    """Publish again what a promotion has replaced, as far as nothing has come since; what was new then stays.

    Args:
        arguments: ``env``, and ``items`` as `promote` has given them.
    """
    settings = settings_of(str(arguments["env"]))
    restored, new, later = [], [], []
    with AssetValueLoader(project.definitions, env=settings.env) as loader:
        for text, partition, replaced, version in arguments["items"]:
            try:
                key = known_key(project.graph(), text)
                manager, path = loader.keeper(key), loader.path(key, partition or None)
                now = manager.current(path)
                if replaced is None:  # nothing was there: there is no version to publish again
                    new.append(text)
                    continue
                if now is None or now.version != version:
                    later.append(text)
                    continue
                publish_again(settings, manager, path, key, replaced, partition)
                restored.append(text)
            except (InvalidSubsetError, InvariantViolationError):
                later.append(text)
    kept = list(dict.fromkeys([*new, *later]))
    return {"restored": list(dict.fromkeys(restored)), "kept": kept, "new": list(dict.fromkeys(new))}


def _compared(a: list[AssetState], b: list[AssetState]) -> str:
    if not b:
        return "only_a"
    if not a:
        return "only_b"
    left = {state.partition: state.data_version or state.version for state in a}
    right = {state.partition: state.data_version or state.version for state in b}
    return "same" if left == right else "differs"


def _brief(states: list[AssetState]) -> Record | None:
    last = max(states, key=lambda one: one.token, default=None)
    if last is None:
        return None
    return {
        "version": last.version,
        "at": last.at,
        "data_version": last.data_version,
        "run_id": last.run_id,
        "partitions": sum(bool(one.partition) for one in states),
    }
