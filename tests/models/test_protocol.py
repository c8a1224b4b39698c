"""The protocol keeps its promises in every order of events, and each of its rules is needed."""

from __future__ import annotations

import pytest

from tests.models.protocol import Protocol, World, explore

CALM = World(rollbacks=0)
NO_CANCEL = World(cancels=0)


@pytest.mark.parametrize(
    "world",
    [World(rollbacks=0, cancels=1), World(rollbacks=1, cancels=0), World(rollbacks=1, cancels=1, deaths=0, reclaims=0)],
    ids=["deaths and cancels", "deaths and rollbacks", "cancels and rollbacks"],
)
def test_no_order_of_events_breaks_a_promise(world: World) -> None:
    worlds, broken = explore(Protocol(), world)
    assert broken == {}
    assert worlds > 1_000


@pytest.mark.parametrize(
    ("without", "world", "promise"),
    [
        ({"settle_first": False}, CALM, "a cancelled step has touched what people read"),
        ({"settle_first": False}, CALM, "a path shows another version than the committed one"),
        ({"gate": False}, World(cancels=0, deaths=0), "a path shows another version than the committed one"),
        ({"nonces": False}, NO_CANCEL, "two attempts share the name of a version"),
        ({"exact_reads": False}, NO_CANCEL, "a step was made of another version than the committed one"),
    ],
)
def test_a_rule_that_is_left_out_breaks_a_promise(without: dict[str, bool], world: World, promise: str) -> None:
    _, broken = explore(Protocol(**without), world, until=promise)
    assert promise in broken
