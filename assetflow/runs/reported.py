"""What is told of assets outside of runs: by a sensor, or by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from assetflow.definitions.checks import AssetCheckEvaluation
from assetflow.definitions.data_version import DATA_VERSION_TAG
from assetflow.definitions.events import AssetMaterialization, AssetObservation
from assetflow.definitions.metadata_records import metadata_to_json
from assetflow.runs.entries import CheckEntry, Entries, MaterializationEntry, ObservationEntry

_NO_STEP = -1


class Reported(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event, as it is sent.

    Attributes:
        kind: ``materialization``, ``observation`` or ``check``.
        asset: the key, as a JSON list of its segments.
        name, passed, severity, blocking: of a check.
        metadata: see `metadata_to_json`.
    """

    kind: str
    asset: str
    partition: str = ""
    description: str | None = None
    metadata: dict[str, Any] = {}
    tags: dict[str, str] = {}
    name: str = ""
    passed: bool = True
    severity: str = ""
    blocking: bool = False


def reported(event: AssetMaterialization | AssetObservation | AssetCheckEvaluation) -> Reported:
    """An event as it is sent."""
    if isinstance(event, AssetCheckEvaluation):
        return Reported(
            kind="check",
            asset=event.asset_key.to_string(),
            description=event.description,
            metadata=metadata_to_json(event.metadata),
            name=event.check_name,
            passed=event.passed,
            severity=event.severity.value,
            blocking=event.blocking,
        )
    return Reported(
        kind="materialization" if isinstance(event, AssetMaterialization) else "observation",
        asset=event.asset_key.to_string(),
        partition=event.partition or "",
        description=event.description,
        metadata=metadata_to_json(event.metadata),
        tags=event.tags,
    )


def entries_of(events: Sequence[Reported], *, teller: str, environment: str, at: float) -> Entries:
    """What is kept of events.

    Args:
        teller: stands in the place of a run's id, and is no other's.
        at: when they were told, in seconds since the epoch.
    """
    found = Entries()
    token = int(at * 1_000_000)  # as those of claims are
    for seq, one in enumerate(events):
        metadata = json.dumps(one.metadata)
        if one.kind == "check":
            found.checks.append(
                CheckEntry(
                    one.asset, environment, one.name, teller, _NO_STEP, token, seq, at, one.passed, one.severity,
                    one.blocking, _clean(one.description), metadata,
                )
            )  # fmt: skip
            continue
        tags, data_version = json.dumps(one.tags), one.tags.get(DATA_VERSION_TAG)
        if one.kind == "observation":
            found.observations.append(
                ObservationEntry(
                    one.asset, environment, one.partition, teller, _NO_STEP, "", token, seq, at, one.kind, None, None,
                    data_version, _clean(one.description), metadata, tags,
                )
            )  # fmt: skip
            continue
        found.materializations.append(
            MaterializationEntry(
                one.asset, environment, one.partition, teller, _NO_STEP, "", token, -1, seq, at, 0.0, None, None, None,
                data_version or f"{token:016x}-{seq}", None, _clean(one.description), metadata, tags, "[]",
            )
        )  # fmt: skip
    return found


def _clean(text: str | None) -> str | None:
    """A text without the one character that PostgreSQL cannot keep."""
    return None if text is None else text.replace("\0", "\N{REPLACEMENT CHARACTER}")
