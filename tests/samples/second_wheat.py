"""Another asset of a key that `farm.fields` has."""

from __future__ import annotations

from assetflow.definitions.asset import asset


@asset
def wheat():
    return "other"
