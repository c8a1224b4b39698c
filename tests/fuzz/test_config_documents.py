"""Run configs: whatever document is handed in, it fits, or everything that is wrong with it is said."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from assetflow import Field, asset
from assetflow.definitions.bundle import Definitions
from assetflow.definitions.run_config import read_run_config
from assetflow.errors import AssetflowError, CheckError


@asset(config_schema={"rows": int, "name": Field(str, is_required=False), "parts": Field([float], is_required=False)})
def configured() -> int:
    return 1


DEFINITIONS = Definitions(assets=[configured])
KEYS = st.one_of(
    st.sampled_from(["ops", "configured", "config", "rows", "name", "parts", "resources", "env"]), st.text(max_size=5)
)
DOCUMENTS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10), st.binary(max_size=4)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=20,
)


def nested(depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(depth):
        found = {"ops": found}
    return found


@given(DOCUMENTS)
@example(nested(5000))
@example({"ops": {"configured": {"config": {"rows": float("nan")}}}})
@example({"ops": {"configured": {"config": {"rows": True, "name": 3, "parts": {"a": 1}, "more": []}}}})
def test_a_run_config_fits_or_is_refused_with_everything_that_is_wrong(document: Any) -> None:
    try:
        read_run_config(DEFINITIONS, {"configured": configured}, document)
    except (AssetflowError, CheckError) as error:
        assert str(error)
