"""Lists: one of assets, which counts; a mixed one and a tuple, which do not."""

from __future__ import annotations

from assetflow.definitions.asset import asset
from assetflow.definitions.source_asset import SourceAsset


def _animal(name):
    @asset(name=name)
    def animal():
        return name

    return animal


ANIMALS = [_animal("cow"), _animal("hen"), SourceAsset("wolf")]
MIXED = [_animal("fish"), "water"]
PAIR = (_animal("cat"), _animal("dog"))
EMPTY = []
