"""Manifests as the metadata of objects: a HEAD tells them, a GET brings them along, and copies take them with them."""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec

from assetflow.io.manifests import Manifest

_NAME = "assetflow"
_MORE = "assetflow-more"
_BY_NOTES = "assetflow-by-notes"
_ROOM = 1700  # bytes; Amazon takes 2 kB of metadata


def as_metadata(manifest: Manifest) -> tuple[dict[str, str], bytes | None]:
    """The metadata of an object, and the whole manifest if it has to stand beside it."""
    whole = _ascii(manifest)
    if len(whole) <= _ROOM:
        return {_NAME: whole}, None
    short = msgspec.structs.replace(manifest, metadata={}, buffers=())
    if len(_ascii(short)) > _ROOM:
        short = msgspec.structs.replace(short, key=(), type="")
    return {_NAME: _ascii(short), _MORE: "1"}, manifest.to_json()


def from_metadata(metadata: Mapping[str, str], *, where: str) -> Manifest | None:
    """The manifest of an object, as far as it is with it; None if somebody else has stored it.

    Raises:
        DamagedRecordError: it is not a manifest.
    """
    text = metadata.get(_NAME)
    return None if text is None else Manifest.from_json(text, where=where)


def has_more(metadata: Mapping[str, str]) -> bool:
    """Whether the whole manifest stands beside the object."""
    return _MORE in metadata


def told_by_notes(metadata: Mapping[str, str]) -> bool:
    """Whether this copy may be behind what is published, which only the notes tell."""
    return _BY_NOTES in metadata


def with_notes(metadata: Mapping[str, str]) -> dict[str, str]:
    """The metadata of such a copy."""
    return {**metadata, _BY_NOTES: "1"}


def _ascii(manifest: Manifest) -> str:
    return json.dumps(msgspec.to_builtins(manifest), separators=(",", ":"))
