"""Telling the history of values that are published again: after a rollback, or taken over from another environment."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assetflow.errors import HistoryUnreachableError
from assetflow.io.manifests import Manifest
from assetflow.keys import AssetKey, Version
from assetflow.log import logger
from assetflow.runs.entries import Entries, MaterializationEntry
from assetflow.settings import Settings
from assetflow.wiring import open_history

if TYPE_CHECKING:
    from assetflow.stores.sql.history import SqlHistory

_NO_STEP = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Republished:
    """A version that has the bytes of an earlier one.

    Attributes:
        manifest: of the new version.
        environment: where it is published.
        source: the environment of the earlier one.
        version: name of the earlier one.
        how: ``rollback`` or ``promote``.
        partition: whose value it is; empty if the asset has none.
    """

    key: AssetKey
    manifest: Manifest
    environment: str
    source: str
    version: str
    how: str
    partition: str = ""

    @property
    def tags(self) -> dict[str, str]:
        """What is said of it besides."""
        if self.how == "rollback":
            return {"assetflow/restored_from": self.version}
        return {"assetflow/promoted_from": self.source}


def record_republished(settings: Settings, found: Republished) -> bool:
    """Record that a value exists, with what the history knows of the version it was taken from.

    Returns:
        whether it is recorded; if not, what stands in the history is not what is published, and that is logged.
    """
    try:
        history = open_history(settings, create=True)
        if history is None:
            return False
        try:
            return history.log.record(Entries(materializations=[_entry(history, found)]))
        finally:
            history.close()
    except HistoryUnreachableError as error:
        logger.warning("the history does not know of the new version of %s: %s", found.key, error.message)
        return False


def _entry(history: SqlHistory, found: Republished) -> MaterializationEntry:
    """What is recorded: by the token of the new version it is the newest."""
    told = found.manifest
    before = history.catalog_of(found.source).made_as(found.key, found.version, found.partition)
    entry = MaterializationEntry(
        asset=found.key.to_string(),
        environment=found.environment,
        partition=found.partition,
        run_id=told.run_id,
        step=_NO_STEP,
        step_key=found.how,
        token=Version.parse(told.version).token,
        output=-1,
        seq=0,
        at=told.stored_at,
        seconds=0.0,
        size=told.size,
        uri=None,
        version=told.version,
        data_version=told.data_version,
        code_version=None,
        description=None,
        metadata=json.dumps(told.metadata),
        tags=json.dumps(found.tags),
        inputs="[]",
    )
    if before is None:
        return entry
    one = before.entry
    return entry._replace(
        data_version=one.data_version,
        code_version=one.code_version,
        description=one.description,
        metadata=one.metadata,
        tags=json.dumps({**json.loads(one.tags), **found.tags}),
        inputs=one.inputs,
    )
