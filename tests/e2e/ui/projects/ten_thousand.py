"""Ten thousand assets in a hundred groups."""

from __future__ import annotations

from assetflow import AssetsDefinition, asset

SIZE = 10_000
GROUP = 100


def _made(i: int) -> AssetsDefinition:
    group, place = divmod(i, GROUP)
    needs = set()
    if place > 0:
        needs.add(f"a{group * GROUP + (place - 1) // 2}")
    if place == 0 and group > 0:
        needs.add(f"a{((group - 1) // 2) * GROUP + GROUP - 1}")

    @asset(name=f"a{i}", group_name=f"group_{group:02}", non_argument_deps=needs)
    def one() -> int:
        return i

    return one


ASSETS = [_made(i) for i in range(SIZE)]
