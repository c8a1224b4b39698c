"""How environments stand."""

from __future__ import annotations

import pytest

from assetflow.desk.environments import _is_stale
from assetflow.keys import AssetKey
from assetflow.planning.staleness import AssetStatus, StaleStatus, UpstreamStatus


@pytest.mark.parametrize(
    ("status", "upstream", "told"),
    [
        (StaleStatus.STALE, UpstreamStatus.UP_TO_DATE, True),
        (StaleStatus.FRESH, UpstreamStatus.OUT_OF_DATE, True),
        (StaleStatus.FRESH, UpstreamStatus.UP_TO_DATE, False),
        (StaleStatus.MISSING, UpstreamStatus.NONE, False),
        (StaleStatus.MISSING, UpstreamStatus.OUT_OF_DATE, False),
    ],
)
def test_what_has_the_badge_is_counted_as_stale_and_what_was_never_made_is_not(
    status: StaleStatus, upstream: UpstreamStatus, told: bool
) -> None:
    one = AssetStatus(key=AssetKey("sales"), status=status, causes=(), latest=None, code_version="1", upstream=upstream)
    assert _is_stale(one) is told
