"""A project in which nothing is written yet."""

from __future__ import annotations

from assetflow import Definitions

defs = Definitions()
