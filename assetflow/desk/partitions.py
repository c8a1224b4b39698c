"""The partitions of an asset: how each stands, in brief, and by the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assetflow.desk.definitions import known_key
from assetflow.desk.records import history_in, settings_of
from assetflow.engine.standings import OUTCOMES, PartitionStandings, PartitionState, standings
from assetflow.environments import Environments
from assetflow.errors import InvalidInvocationError, UnknownPartitionError
from assetflow.known_partitions import KnownPartitions
from assetflow.partitions.multi import MultiPartitionsDefinition
from assetflow.partitions.partitions_definition import PartitionsDefinition
from assetflow.runs.event_log import AssetState, Unmade
from assetflow.settings import Settings
from assetflow.submission import Project

CODES = ("missing", "materialized", "failed", "running", "skipped", "stale")
_CODE = {word: code for code, word in enumerate(CODES)}
_KEYS_OF_A_DIMENSION = 2000  # that are sent with the states
Record = dict[str, Any]


class _Divided:
    """An asset, its partitions, and how each stands.

    Args:
        arguments: ``key``, ``env``, and what runs do with partitions: ``doing``, key to word.
    """

    def __init__(self, project: Project, arguments: Mapping[str, Any]) -> None:
        graph = project.graph()
        self.key = known_key(graph, str(arguments["key"]))
        owner = graph.assets_by_key.get(self.key) or graph.sources_by_key[self.key]
        if owner.partitions_def is None:
            raise InvalidInvocationError(f"{self.key.to_user_string()} has no partitions")
        self.definition: PartitionsDefinition = owner.partitions_def
        self._doing: Mapping[str, str] = arguments.get("doing") or {}
        self._settings: Settings = settings_of(str(arguments["env"]))
        self._chain = Environments(self._settings, project.definitions).chain(self._settings.env)
        self.keys: Sequence[str] = self.definition.get_partition_keys(
            dynamic_partitions_store=KnownPartitions(self._settings)
        )

    def standings(self) -> tuple[PartitionStandings, dict[str, AssetState | Unmade]]:
        """How all partitions stand, and what is known of the last try of those that were tried."""
        tried: dict[str, Unmade] = {}
        made: dict[str, AssetState] = {}
        special: dict[str, PartitionState] = {}
        with history_in(self._settings) as history:
            for name in self._chain if history is not None else ():
                assert history is not None
                catalog = history.catalog_of(name)
                made = {**{state.partition: state for state in catalog.states([self.key]) if state.partition}, **made}
                if name == self._settings.env:
                    unmade = [one for one in catalog.unmade([self.key]) if one.partition and one.outcome in OUTCOMES]
                    tried = {one.partition: one for one in unmade}
                    special = {one.partition: OUTCOMES[one.outcome] for one in unmade}
        special |= {key: PartitionState(word) for key, word in self._doing.items()}
        return standings(self.keys, made.keys(), special), {**made, **tried}


def partitions(project: Project, arguments: Mapping[str, Any]) -> Record:
    """How the partitions of an asset stand, run-length coded in the order of their keys.

    Raises:
        InvalidSubsetError, InvalidInvocationError: there is no such asset, or it has none.
    """
    divided = _Divided(project, arguments)
    found, _ = divided.standings()
    return {
        "dimensions": _dimensions(divided.definition, divided.keys),
        "total": found.partitions,
        "encoding": {"states": [[one.size, _CODE[one.state.value]] for one in found.stretches]},
        "codes": list(CODES),
    }


def partition_keys(project: Project, arguments: Mapping[str, Any]) -> Record:
    """Some partitions, with their keys.

    Args:
        arguments: besides ``key`` and ``env`` ``offset``, ``limit``, ``state`` and ``q``.
    """
    divided = _Divided(project, arguments)
    found, tried = divided.standings()
    states = [one.state.value for one in found.stretches for _ in range(one.size)]
    wanted, text = arguments.get("state"), str(arguments.get("q") or "").lower()
    places = [
        index
        for index, key in enumerate(divided.keys)
        if (wanted is None or states[index] == wanted) and (not text or text in key.lower())
    ]
    first = int(arguments["offset"])
    shown = places[first : first + int(arguments["limit"])]
    items = []
    for index in shown:
        key = divided.keys[index]
        last = tried.get(key)
        items.append(
            {
                "key": key,
                "index": index,
                "state": states[index],
                "at": None if last is None else last.at,
                "run_id": None if last is None else last.run_id,
                "size": last.size if isinstance(last, AssetState) else None,
            }
        )
    return {"items": items, "total": len(places)}


def partition_index(project: Project, arguments: Mapping[str, Any]) -> Record:
    """The place of a partition among all.

    Raises:
        UnknownPartitionError: there is none of this key.
    """
    divided = _Divided(project, arguments)
    wanted = str(arguments["partition"])
    try:
        return {"index": list(divided.keys).index(wanted)}
    except ValueError:
        raise UnknownPartitionError(f"{divided.key.to_user_string()} has no partition {wanted!r:.200}") from None


def _dimensions(definition: PartitionsDefinition, keys: Sequence[str]) -> list[Record]:
    if not isinstance(definition, MultiPartitionsDefinition):
        return [_dimension("partition", keys)]
    return [_dimension(one.name, list(one.partitions_def.get_partition_keys())) for one in definition.partitions_defs]


def _dimension(name: str, keys: Sequence[str]) -> Record:
    return {
        "name": name,
        "ranges": [[keys[0], keys[-1]]] if keys else [],
        "keys_count": len(keys),
        "keys": list(keys) if len(keys) <= _KEYS_OF_A_DIMENSION else None,
    }
