"""Whether equal bytes of a pickle mean equal values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest

from assetflow import FilesystemIOManager, build_output_context
from assetflow.io import pickles
from assetflow.keys import Version


@dataclass
class Model:
    """What it makes of its fields may change without a byte of its pickle."""

    factor: int = 2


class Number(int):
    """A number that behaves as it likes."""


@pytest.mark.parametrize("value", [Model(), [1, {"deep": [Model()]}], Model, Number(3), {"by": Model.__repr__}])
def test_a_pickle_of_the_projects_classes_needs_its_code(value: Any) -> None:
    assert pickles.needs_own_code(pickles.dump(value, what="it").parts)


@pytest.mark.parametrize(
    "value", [1, "text", [1.5, None], {"a": {2}}, numpy.zeros(100_000), pandas.DataFrame({"a": range(5)}), Path("x")]
)
def test_a_pickle_of_other_things_does_not(value: Any) -> None:
    assert not pickles.needs_own_code(pickles.dump(value, what="it").parts)


def test_only_data_that_says_it_all_is_named_by_its_content(tmp_path: Path) -> None:
    manager, names = FilesystemIOManager(tmp_path), []
    for token, value in enumerate([[1, 2], [1, 2], Model(), Model()]):
        context = build_output_context(asset_key="a", version=Version(token, 1))
        manager.stage(context, value)
        names.append(context.digest)
    assert names[0] == names[1] and names[2] != names[3]
