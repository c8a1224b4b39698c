"""What the command line says of metadata."""

from __future__ import annotations

import pytest

from assetflow.cli.step_lines import metadata_text
from assetflow.definitions.metadata import normalize_metadata
from assetflow.definitions.metadata_records import metadata_to_json


@pytest.mark.parametrize(
    ("value", "text"), [(float("inf"), "inf"), (float("-inf"), "-inf"), (float("nan"), "nan"), (1234.5678, "1,235")]
)
def test_a_number_that_json_has_no_number_for_is_told_all_the_same(value: float, text: str) -> None:
    assert metadata_text(metadata_to_json(normalize_metadata({"loss": value}))) == f"loss {text}"
