"""The innermost module."""

from __future__ import annotations

from assetflow.definitions.asset import asset


@asset
def hay(straw):
    return straw
