"""A thousand changes within ten seconds, while somebody looks at the graph."""

from __future__ import annotations

import time
from collections.abc import Iterator

import msgspec
import pytest
from playwright.sync_api import Page, expect

from assetflow.clock import wait_until
from assetflow.engine.request import RunRequest
from assetflow.planning.plan import Topology
from assetflow.runs.claims import Outcome
from assetflow.runs.facts import OutputDetail, StepDetail
from assetflow.settings import read_settings
from assetflow.wiring import Connection, connect
from tests.e2e.ui.conftest import Served, token_of
from tests.support.page import Project, within
from tests.support.page_api import PageApi
from tests.support.store_driver import Slot

ASSETS = 500
SECONDS = 10.0
AT_ONCE, EVERY = 12, 0.15  # steps a turn, seconds between two turns
ALL_OPEN = "|".join(f"group_{i:02}" for i in range(25))
NOTE = """() => {
    window.noted = [];
    window.gaps = [];
    window.tasks = [];
    new MutationObserver((changes) => changes.forEach(({target}) =>
        window.noted.push([target.dataset.key, target.dataset.status, Date.now() / 1000])
    )).observe(document.querySelector('.picture-cards'), {subtree: true, attributeFilter: ['data-status']});
    new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map((entry) => entry.duration)))
        .observe({type: 'longtask'});
    let last = performance.now();
    const frame = (now) => {
        window.gaps.push(now - last);
        last = now;
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
}"""


class Hand:
    """Does a run by hand, at a pace of its own: nothing is computed."""

    def __init__(self, connection: Connection, run_id: str) -> None:
        plan = self._plan = RunRequest.opened(connection.signer, connection.store.envelope(run_id), run_id).plan
        self._children = Topology(plan).children
        self._keys = [step.key for step in plan.steps]
        self._slot = Slot(connection.store, run_id, name="hand:1")
        self.began: dict[str, float] = {}
        self.ended: dict[str, float] = {}

    def turn(self) -> None:
        """End what was begun, and begin as much again."""
        held = list(self._slot.held)
        self._slot.advance(*map(self._done, held), want=AT_ONCE)
        now = time.time()
        self.ended.update({self._keys[step]: now for step in held})
        self.began.update({self._keys[step]: now for step in self._slot.held})

    def _done(self, step: int) -> Outcome:
        made = [OutputDetail(output=one.index, key=one.key) for one in self._plan.steps[step].outputs]
        detail = msgspec.json.encode(StepDetail(started=time.time(), outputs=made)).decode()
        return msgspec.structs.replace(self._slot.done(step, list(self._children[step])), detail=detail)


@pytest.fixture
def thousand(served: Served) -> Project:
    return served("thousand")


@pytest.fixture
def connection(thousand: Project) -> Iterator[Connection]:
    found = connect(read_settings(thousand.environment(), thousand.folder))
    yield found


def test_a_thousand_changes_reach_the_page_in_time_and_lay_nothing_out(thousand, connection, opened):
    page: Page = opened(thousand, f"/graph?open={ALL_OPEN}&at=a60")
    expect(page.locator("[role=option][data-key=a60]")).to_be_visible()
    visitor = PageApi(thousand.url, token=token_of(thousand, "hand", "operator"))
    run_id = visitor.launched(selection=[f"a{i}" for i in range(ASSETS)])
    visitor.close()
    expect(page.locator("[role=option][data-key=a60][data-status=queued]")).to_be_visible()
    laid_out = "performance.getEntriesByName('graph-layout').length"
    before = page.evaluate(laid_out)
    page.evaluate(NOTE)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    busy = -busy_seconds(session)
    hand, begun, turns = Hand(connection, run_id), time.monotonic(), 0
    while len(hand.ended) < ASSETS:
        hand.turn()
        turns += 1
        page.mouse.wheel(0, 30 if turns % 2 else -30)
        wait_until(lambda: time.monotonic() >= begun + turns * EVERY, timeout=SECONDS, every=0.01)
    took = time.monotonic() - begun
    expect(page.locator("[role=option]:not([data-status=done])")).to_have_count(0)
    busy += busy_seconds(session)
    noted, gaps, tasks = (page.evaluate(f"window.{name}") for name in ("noted", "gaps", "tasks"))
    moments = {"running": hand.began, "done": hand.ended}
    late = sorted(at - moments[status][key] for key, status, at in noted)
    p95 = late[int(len(late) * 0.95)]
    frame = sorted(gaps)[int(len(gaps) * 0.95)]
    print(
        f"{2 * ASSETS} changes in {took:.1f} s: {len(late)} seen on cards, p95 {p95 * 1000:.0f} ms, frames p95 {frame:.0f} ms,"
        f" longest task {max(tasks, default=0):.0f} ms, busy {busy:.1f} s"
    )
    assert page.evaluate(laid_out) == before
    assert p95 <= within(0.4)
    assert frame / 1000 <= within(0.034)
    assert max(tasks, default=0) / 1000 <= within(0.2)
    assert busy <= SECONDS / 4
    page.get_by_role("link", name="Assets").click()  # what the page knows, without asking again
    page.get_by_label("Status").select_option("done")
    expect(page.get_by_test_id("shown")).to_contain_text(f"{ASSETS} of 1,000")


def busy_seconds(session: object) -> float:
    """How long the page's own thread has worked, in seconds of processor time."""
    told = session.send("Performance.getMetrics")["metrics"]  # type: ignore[attr-defined]
    return float(next(one["value"] for one in told if one["name"] == "TaskDuration"))
