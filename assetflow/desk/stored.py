"""Values that are kept: their versions, going back to one, and how two of them differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assetflow.comparing.values import Difference, compare
from assetflow.desk.definitions import known_key
from assetflow.desk.records import history_in, settings_of
from assetflow.differing import compared, published, row_keys
from assetflow.environments import Environments
from assetflow.errors import InvalidInvocationError, InvariantViolationError
from assetflow.io.history import find_version, history_of
from assetflow.keys import AssetKey
from assetflow.promoting import publish_again
from assetflow.submission import Project
from assetflow.values import AssetValueLoader

Record = dict[str, Any]
_LARGEST = 512 * 2**20  # bytes of a value that is loaded to be compared
_LONGEST_CELL = 200


def versions(project: Project, arguments: Mapping[str, Any]) -> list[Record]:
    """The versions of an asset, or of one of its partitions, that are kept, the latest first."""
    key, partition = _meant(project, arguments)
    settings = settings_of(str(arguments["env"]))
    with AssetValueLoader(project.definitions, env=settings.env) as loader:
        try:
            manager = loader.keeper(key)
        except InvariantViolationError:
            return []
        kept = history_of(manager, loader.path(key, partition))
    told = {}
    with history_in(settings) as history:
        for one in kept if history is not None else ():
            assert history is not None
            told[one.manifest.version] = history.catalog_of(settings.env).made_as(
                key, one.manifest.version, partition or ""
            )
    found = []
    for one in kept:
        manifest, recorded = one.manifest, told.get(one.manifest.version)
        found.append(
            {
                "version": manifest.version,
                "at": manifest.stored_at,
                "run_id": manifest.run_id or None,
                "size": manifest.size,
                "published": one.is_published,
                "type": manifest.type,
                "format": manifest.codec,
                "code_version": None if recorded is None else recorded.entry.code_version,
                "data_version": manifest.data_version,
                "restored_from": manifest.restored_from or None,
                "promoted_from": manifest.promoted_from or None,
            }
        )
    return found


def rollback(project: Project, arguments: Mapping[str, Any]) -> Record:
    """Publish an earlier version again.

    Raises:
        InvariantViolationError: there is no such version.
        InvalidInvocationError: it is what is published.
    """
    key, partition = _meant(project, arguments)
    settings = settings_of(str(arguments["env"]))
    with AssetValueLoader(project.definitions, env=settings.env) as loader:
        manager, path = loader.keeper(key), loader.path(key, partition)
        old, new = publish_again(settings, manager, path, key, str(arguments["version"]), partition or "")
    return {"key": key.to_user_string(), "version": new, "restored_from": old}


def difference(project: Project, arguments: Mapping[str, Any]) -> Record:
    """How two versions of an asset differ, or what two environments have published of it."""
    key, partition = _meant(project, arguments)
    graph = project.graph()
    env_a, env_b = arguments.get("env_a"), arguments.get("env_b")
    if env_a and env_b:
        settings = settings_of(str(env_a))
        environments = Environments(settings, project.definitions)
        for name in (str(env_a), str(env_b)):
            environments.get(name)
        with (
            AssetValueLoader(project.definitions, env=str(env_a)) as one,
            AssetValueLoader(project.definitions, env=str(env_b)) as other,
        ):
            _check_sizes(one, other, key, partition or "")
            names = str(env_a), str(env_b)
            return _told(compared(graph, environments, key, one, other, names, partition=partition or ""))
    with AssetValueLoader(project.definitions, env=str(arguments["env"])) as loader:
        manager, path = loader.keeper(key), loader.path(key, partition)
        chosen = [find_version(manager, path, str(arguments[name])) for name in ("a", "b")]
        for version in chosen:
            _check_size(manager.manifest(path, version).size)
        values = [loader.load_asset_value(key, version=one.name, partition_key=partition) for one in chosen]
    return _told(compare(values[0], values[1], row_keys(graph, key)))


def _meant(project: Project, arguments: Mapping[str, Any]) -> tuple[AssetKey, str | None]:
    key = known_key(project.graph(), str(arguments["key"]))
    if key not in project.graph().assets_by_key:
        raise InvalidInvocationError(f"{key.to_user_string()} is a source: others make it, and keep its versions")
    partition = arguments.get("partition")
    return key, None if partition is None else str(partition)


def _check_sizes(one: AssetValueLoader, other: AssetValueLoader, key: AssetKey, partition: str) -> None:
    for loader in (one, other):
        found = published(loader, key, partition)
        if partition in found:
            _check_size(found[partition].size)


def _check_size(size: int) -> None:
    if size > _LARGEST:
        raise InvalidInvocationError(
            f"the value is too large to be compared here: {size / 1e6:,.0f} MB", fix="compare it with `assetflow diff`"
        )


def _told(found: Difference) -> Record:
    frame = found.frame
    record: Record = {
        "same": found.same, "summary": found.summary, "details": found.details, "columns": [], "rows": None,
        "sample": [], "by": "",
    }  # fmt: skip
    if frame is None:
        return record
    columns = [{"name": str(name), "change": "removed", "detail": ""} for name in frame.removed_columns]
    columns += [{"name": str(name), "change": "added", "detail": ""} for name in frame.added_columns]
    for name, one in frame.columns.items():
        if one.types[0] != one.types[1]:
            columns.append({"name": str(name), "change": "type", "detail": f"{one.types[0]} → {one.types[1]}"})
        else:
            many = "" if one.changed is None else f"{one.changed:,} row{'s' if one.changed != 1 else ''}"
            columns.append({"name": str(name), "change": "changed", "detail": _figures(many, one.before, one.after)})
    rows = {
        "a": frame.rows[0], "b": frame.rows[1], "added": frame.added, "removed": frame.removed,
        "changed": frame.changed,
    }  # fmt: skip
    sample = [{"kind": kind, "row": _cells(row)} for kind, ones in frame.sample.items() for row in ones]
    return {**record, "columns": columns, "rows": rows, "sample": sample, "by": frame.by}


def _figures(many: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    told = [
        f"{name} {_short(before.get(name))} → {_short(after.get(name))}"
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]
    return "; ".join([*([many] if many else []), *told])


def _cells(row: Any) -> Any:
    if isinstance(row, Mapping):
        return {str(name): _cells(value) for name, value in row.items()}
    if isinstance(row, list | tuple):
        return [_cells(value) for value in row]
    return row if row is None or isinstance(row, int | float | bool) else _short(row)


def _short(value: Any) -> str:
    text = f"{value:,.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST_CELL else f"{text[:_LONGEST_CELL]}…"
