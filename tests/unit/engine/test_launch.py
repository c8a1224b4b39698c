"""What goes with a run that is launched, and what does not."""

from __future__ import annotations

import msgspec
import pytest

from assetflow.code.reference import CodeRef
from assetflow.code.signing import Signer
from assetflow.definitions.asset import asset
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.bundle import Definitions
from assetflow.engine.launch import launch
from assetflow.engine.request import RunRequest
from assetflow.runs.claims import Announcement
from assetflow.runs.store import Letter
from assetflow.stores.memory import MemoryRunStore
from assetflow.submission import Project, make_request

SIGNER = Signer(b"k" * 32)


def leaf(name: str, queue: str = "default") -> AssetsDefinition:
    @asset(name=name, op_tags={"assetflow/queue": queue})
    def made():
        return 1

    return made


def request_of(*assets: AssetsDefinition) -> RunRequest:
    project = Project(definitions=Definitions(assets=list(assets)))
    return make_request(project, CodeRef(label="test"), None, environment="default")


def announced(request: RunRequest) -> list[Announcement]:
    return launch(MemoryRunStore(live_slots=lambda _queue: 1), SIGNER, request).announcements


def test_a_small_plan_travels_with_the_wake_up() -> None:
    request = request_of(leaf("one"))
    [wake_up] = announced(request)
    assert RunRequest.opened(SIGNER, wake_up.plan, request.run_id) == request


def test_what_is_configured_stays_in_the_store() -> None:
    request = msgspec.structs.replace(request_of(leaf("one")), run_config={"resources": {"db": {"config": "secret"}}})
    assert [one.plan for one in announced(request)] == [b""]


def test_a_large_plan_is_asked_for() -> None:
    wake_ups = announced(request_of(*(leaf(f"asset_with_a_name_{number * 7919}") for number in range(200))))
    assert wake_ups
    assert not any(one.plan for one in wake_ups)


@pytest.mark.parametrize(
    ("assets", "hint"),
    [
        ([leaf("a"), leaf("b")], 0),
        ([leaf("a", "gpu"), leaf("b")], 0),
    ],
)
def test_the_wake_up_that_is_written_is_the_first_that_is_sent(assets: list[AssetsDefinition], hint: int) -> None:
    written: list[Announcement] = []

    def write(run_id: str, one: Announcement) -> Letter | None:
        assert run_id == request.run_id
        written.append(one)
        return None

    request = request_of(*assets)
    created = launch(MemoryRunStore(live_slots=lambda _queue: 1), SIGNER, request, write=write)
    assert written == created.announcements[:1]
    assert written[0].hint == hint


def test_the_longest_path_is_begun_first() -> None:
    @asset
    def below(b):
        return b

    written: list[Announcement] = []
    request = request_of(leaf("a"), leaf("b"), below)
    store = MemoryRunStore(live_slots=lambda _queue: 1)
    created = launch(store, SIGNER, request, write=lambda _run, one: written.append(one))
    assert request.plan.steps[written[0].hint].key == "b"
    assert written == created.announcements[:1]
