"""What runs, in a browser: timelines, logs, failures, jobs, schedules, environments, workers."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import Page, expect

from assetflow.clock import pause, wait_until
from tests.e2e.ui.conftest import token_of
from tests.e2e.ui.projects.kitchen import NEEDLE
from tests.support.line import Line
from tests.support.page import Project, serious_findings, within
from tests.support.page_api import PageApi

CAKE = ["flour", "eggs", "leftovers", "soup", "dough", "burnt_cake", "party"]
NOTHING_MADE = "skipped \u2013 no output"
THEMES = ["light", "dark"]
SCREENS = [
    "/runs", "/runs/{run}", "/runs/{run}?tab=logs&step=flour", "/runs/{run}?tab=steps&by=step",
    "/runs/{run}?tab=details&step=burnt_cake",
    "/jobs", "/jobs/supper", "/automation", "/automation/hungry_guests", "/backfills", "/environments", "/workers",
    "/settings", "/settings?tab=look", "/settings?tab=values", "/settings?tab=tokens", "/settings?tab=audit",
]  # fmt: skip


@pytest.fixture(scope="module")
def failed(api: PageApi) -> str:
    """A run in which the cake burns, and nothing is left over."""
    run_id = api.launched(selection=CAKE)
    assert api.ended(run_id)["status"] == "failed"
    return run_id


def messages(page: Page) -> list[str]:
    """What the list of events shows, as far as it is in the page."""
    return [
        text.strip()
        for text in page.get_by_role("grid", name="Events").locator("[data-column=message]").all_inner_texts()
    ]


def test_the_first_error_is_one_key_away(kitchen, failed, opened):
    page: Page = opened(kitchen, f"/runs/{failed}")
    expect(page.get_by_role("button", name="Jump to the error")).to_be_visible()
    page.keyboard.press("e")
    failure = page.get_by_test_id("failure")
    expect(failure).to_be_focused()
    expect(failure).to_contain_text("ValueError: invalid literal for int() with base 10: 'far too hot'")
    expect(failure.locator(".here")).to_contain_text('return dough * int(oven["heat"])')
    panel = page.get_by_test_id("step-panel")
    expect(panel.get_by_role("heading", name="Inputs")).to_be_visible()
    expect(panel.locator(".step-inputs")).to_contain_text("dough")
    expect(panel.locator(".step-inputs")).to_contain_text("this run")
    expect(panel.locator(".step-tries li")).to_have_count(2)
    assert "step=burnt_cake" in page.url


def test_a_link_to_a_step_that_failed_shows_what_went_wrong_first(kitchen, failed, opened):
    page: Page = opened(kitchen, f"/runs/{failed}?step=burnt_cake", size=(1024, 600))
    expect(page.get_by_test_id("step-panel").get_by_role("heading", name="burnt_cake")).to_be_in_viewport()
    expect(page.get_by_test_id("failure")).to_be_in_viewport()
    page.get_by_role("list", name="Steps, each after what it needs").get_by_role("button", name="party").click()
    expect(page.get_by_test_id("step-panel").get_by_role("heading", name="party")).to_be_in_viewport()


@pytest.mark.parametrize(("path", "words", "way"), [
    ("/runs/nothing", "There is no such run", "All runs"),
    ("/asset?key=nothing", "There is no such asset", "All assets"),
])  # fmt: skip
def test_what_is_not_there_is_said_with_a_way_on_and_the_page_stays_live(kitchen, opened, path, words, way):
    page: Page = opened(kitchen, path, strict=False)  # the server is asked, and answers 404
    expect(page.locator("main h1")).to_contain_text("nothing")
    expect(page.get_by_text(words)).to_be_visible()
    expect(page.get_by_role("link", name=way)).to_be_visible()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()


def test_what_was_left_out_on_purpose_is_not_shown_as_wrong(kitchen, failed, opened):
    page: Page = opened(kitchen, f"/runs/{failed}?tab=steps")
    rows = page.get_by_role("grid", name="Steps")
    expect(rows.locator("[role=row]", has_text="leftovers")).to_contain_text(NOTHING_MADE)
    expect(rows.locator("[role=row]", has_text="soup")).to_contain_text("pruned")
    for name in ("leftovers", "soup"):
        row = rows.locator("[role=row]", has_text=name)
        expect(row.locator("[data-mark=skipped]")).to_have_count(1)
        expect(row.locator("[data-mark=failed]")).to_have_count(0)


@pytest.mark.slow
def test_a_failure_is_copied_as_an_issue(kitchen, failed, opened):
    page: Page = opened(kitchen, f"/runs/{failed}?step=burnt_cake", permissions=["clipboard-read", "clipboard-write"])
    expect(page.locator(".step-inputs")).to_contain_text("this run")
    page.get_by_role("button", name="Copy as issue").click()
    expect(page.locator(".toast")).to_contain_text("Copied")
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("### burnt_cake failed")
    for part in (failed, "far too hot", "`dough` version", 'int(oven["heat"])', "Traceback (most recent call last)"):
        assert part in text


def test_the_events_are_those_of_the_command_line_also_after_the_line_was_cut(kitchen, api, gate, opened):
    run_id = api.launched(selection=["first_course", "second_course", "third_course"])
    [ticket] = re.findall(r"/login\?ticket=\S+", kitchen.command("token", "link"))
    with Line(int(kitchen.url.rpartition(":")[2])) as line:
        url = f"http://127.0.0.1:{line.port}"
        far = SimpleNamespace(url=url, door=url + ticket, known=None)
        page: Page = opened(far, f"/runs/{run_id}", strict=False)
        expect(page.locator("[data-live=live]")).to_be_visible()
        expect(page.get_by_test_id("event-count")).to_have_text(re.compile(r"\d+ events?"))
        line.cut()
        expect(page.locator("[data-live=live]")).to_have_count(0)
        gate.touch()
        api.ended(run_id)
        line.mend()
        expect(page.get_by_test_id("run-heading").locator("[data-mark=done]")).to_be_visible()
        expect(page.locator("[data-live=live]")).to_be_visible()
        told = json.loads(kitchen.command("runs", "show", run_id, "--json"))["events"]
        expect(page.get_by_test_id("event-count")).to_have_text(f"{len(told)} events")
        assert messages(page) == [one["message"] for one in told]


def test_a_run_is_followed_live(kitchen, api, gate, opened):
    run_id = api.launched(job="supper")
    page: Page = opened(kitchen, f"/runs/{run_id}")
    expect(page.locator(".gantt-bar.running")).to_have_count(1)
    expect(page.get_by_role("list", name="Steps, each after what it needs").get_by_role("button")).to_have_count(3)
    gate.touch()
    expect(page.get_by_test_id("run-heading").locator("[data-mark=done]")).to_be_visible()
    expect(page.locator(".legend", has_text="3 done")).to_be_visible()
    page.get_by_role("button", name="By step").click()
    expect(page.locator(".gantt-bar.done")).to_have_count(3)
    page.get_by_role("button", name=re.compile("second_course ?, done")).last.hover()
    expect(page.locator(".gantt-bar.hover")).to_have_attribute("data-step", "second_course")


@pytest.fixture(scope="module")
def chatty(api: PageApi) -> str:
    run_id = api.launched(selection=["recipes"])
    assert api.ended(run_id)["status"] == "success"
    return run_id


def seconds_until(page: Page, act: str, shown: str) -> float:
    """How long after doing something something is shown: both are JavaScript, so that nothing else is measured."""
    clocked = f"""() => new Promise((done, give_up) => {{
        const begun = performance.now();
        const look = () => {{
            if ({shown}) done((performance.now() - begun) / 1000);
            else if (performance.now() - begun > 20000) give_up(new Error("not shown in time"));
            else requestAnimationFrame(look);
        }};
        {act};
        look();
    }})"""
    return float(page.evaluate(clocked))


def line_holds(number: int, text: str) -> str:
    return f"""document.querySelector("[data-line='{number}'] .logview-text")?.textContent.includes("{text}")"""


def test_the_first_lines_of_a_long_log_are_there_before_all_of_it_is_read(kitchen, chatty, opened):
    page: Page = opened(kitchen, f"/runs/{chatty}")
    expect(page.get_by_test_id("event-count")).to_be_visible()
    opening = "document.querySelector('#tab-logs').click()"
    took = seconds_until(page, opening, line_holds(0, "step 0: stir <b>slowly</b>"))
    print(f"a log that nobody has read yet is open after {took * 1000:.0f} ms")
    assert took < within(1.0)
    expect(page.get_by_test_id("log-total")).to_have_text("200,000 lines")


def test_a_log_of_200_000_lines_is_open_at_once_and_searched(kitchen, api, chatty, opened):
    api.get(f"/runs/{chatty}/logs", step="recipes", limit=1, offset=199_999)  # the server has read it
    page: Page = opened(kitchen, f"/runs/{chatty}")
    expect(page.get_by_test_id("event-count")).to_be_visible()
    opening = "document.querySelector('#tab-logs').click()"
    assert seconds_until(page, opening, line_holds(0, "step 0: stir <b>slowly</b>")) < within(1.0)
    expect(page.get_by_test_id("log-total")).to_have_text("200,000 lines")
    expect(page.locator("[data-line='3'] .ansi-3")).to_have_text("step")  # colours are colours, not escapes
    scrolling = "document.querySelector('[role=log]').scrollTo({ top: 1e9 })"
    assert seconds_until(page, scrolling, line_holds(199_999, "step 199999: stir")) < within(1.0)
    asking = """const box = document.querySelector("[aria-label='Find in log']");
        Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(box, "nutmeg");
        box.dispatchEvent(new Event("input", { bubbles: true }))"""
    waits = 0.15  # for more letters
    assert seconds_until(page, asking, line_holds(NEEDLE, "nutmeg")) < within(0.5) + waits
    found = page.locator(f"[data-line='{NEEDLE}']")
    expect(found).to_be_in_viewport()
    expect(found.locator("mark")).to_have_text("nutmeg")
    expect(page.get_by_test_id("log-found")).to_have_text("1 of 1")
    assert page.locator(".logview b").count() == 0


@pytest.mark.slow
def test_nothing_that_a_log_says_is_executed(kitchen, failed, opened):
    page: Page = opened(kitchen, f"/runs/{failed}?tab=logs&step=flour")
    expect(page.locator("[data-line='0'] .logview-text")).to_contain_text("<img src=x")
    expect(page.locator("[data-line='0'] .ansi-2")).to_have_text("fine")
    assert page.locator(".logview img").count() == 0
    assert page.title() != "executed"


@pytest.mark.slow
def test_filters_are_in_the_address_and_come_back(kitchen, failed, chatty, opened):
    page: Page = opened(kitchen, "/runs")
    rows = page.get_by_role("grid", name="Runs")
    expect(rows.locator(f"[data-key='{chatty}']")).to_be_visible()
    page.get_by_role("button", name="failed", exact=True).click()
    expect(rows.locator(f"[data-key='{chatty}']")).to_have_count(0)
    expect(rows.locator(f"[data-key='{failed}']")).to_be_visible()
    assert "status=failed" in page.url
    page.reload()
    expect(page.get_by_role("button", name="failed", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(rows.locator(f"[data-key='{failed}']")).to_be_visible()
    expect(rows.locator(f"[data-key='{chatty}']")).to_have_count(0)
    rows.locator(f"[data-key='{failed}']").locator("[data-column=target]").click()
    expect(page.get_by_test_id("gantt")).to_be_visible()
    page.go_back()
    expect(rows.locator(f"[data-key='{failed}']")).to_be_visible()
    page.go_back()
    expect(rows.locator(f"[data-key='{chatty}']")).to_be_visible()


@pytest.mark.slow
def test_two_runs_are_compared(kitchen, failed, chatty, opened):
    page: Page = opened(kitchen, "/runs")
    for run_id in (failed, chatty):
        page.get_by_label(f"Select {run_id}").check()
    page.get_by_role("button", name="Compare").click()
    compared = page.get_by_role("dialog", name="Two runs compared")
    expect(compared.get_by_role("row", name=re.compile("^burnt_cake"))).to_contain_text("not in it")
    expect(compared.locator("tr.differs", has_text="Status")).to_contain_text("failed")


@pytest.mark.slow
def test_promotions_are_listed_with_who_made_them_and_taken_back(kitchen, api, opened):
    for _ in range(2):
        api.ended(api.launched(selection=["shopping_list"], env="staging"))
        body = {"selection": ["shopping_list"], "from": "staging", "to": "production", "confirm_env": "production"}
        assert api.post("/promotions", **body)["promoted"] == ["shopping_list"]
    page: Page = opened(kitchen, "/environments")
    rows = page.get_by_role("region", name="Promotions").locator("[data-promotion]")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text(re.compile(r"cook\s*staging\s*production\s*shopping_list"))
    rows.first.get_by_role("button", name="Take back").click()
    dialog = page.get_by_role("dialog", name="Take back the promotion to production?")
    dialog.get_by_label("Type production to confirm").fill("production")
    dialog.get_by_role("button", name="Take back").click()
    expect(page.get_by_role("status").filter(has_text="1 asset in production is as before.")).to_be_visible()
    expect(rows.first).to_contain_text("taken back")
    expect(rows.nth(1)).to_contain_text("new there: stays")  # there is no version before it
    expect(rows.nth(1).get_by_role("button")).to_have_count(0)
    assert [one["undone"] is not None for one in api.get("/promotions")["items"]] == [True, False]


def test_a_failed_run_is_retried_from_what_failed(kitchen, api, failed, opened):
    page: Page = opened(kitchen, f"/runs/{failed}")
    page.get_by_role("button", name="Run again").click()
    page.get_by_role("menuitem", name="What failed").click()
    page.get_by_role("dialog").get_by_role("button", name="Run again").click()
    page.wait_for_url(lambda url: "/runs/" in url and failed not in url)
    run_id = page.url.rpartition("/")[2].partition("?")[0]
    assert api.ended(run_id)["parent_run"] == failed
    expect(page.get_by_test_id("run-heading").locator("[data-mark=failed]")).to_be_visible()


@pytest.mark.slow
def test_a_run_is_paused_and_cancelled(kitchen, api, gate, opened):
    run_id = api.launched(job="supper")
    page: Page = opened(kitchen, f"/runs/{run_id}")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    page.get_by_role("button", name="Cancel", exact=True).click()
    dialog = page.get_by_role("dialog", name="Cancel this run?")
    dialog.get_by_label("Running steps").select_option("0")
    dialog.get_by_role("button", name="Cancel the run").click()
    expect(page.get_by_test_id("run-heading").locator("[data-mark=cancelled]")).to_be_visible()
    assert wait_until(lambda: api.get(f"/runs/{run_id}")["status"] == "cancelled", timeout=30)


@pytest.mark.slow
def test_a_job_is_launched_with_a_plan(kitchen, api, gate, opened):
    gate.touch()
    page: Page = opened(kitchen, "/jobs")
    page.get_by_role("grid", name="Jobs").locator("[data-key=supper]").locator("[data-column=name]").click()
    expect(page.get_by_role("heading", name="supper")).to_be_visible()
    expect(
        page.get_by_role("list", name="Assets of this job, each after what it needs").get_by_role("button")
    ).to_have_count(3)
    page.keyboard.press("m")
    page.get_by_test_id("start").click()
    page.wait_for_url("**/runs/*")
    run_id = page.url.rpartition("/")[2].partition("?")[0]
    assert api.ended(run_id)["job"] == "supper"


def test_a_worker_of_this_version_that_speaks_is_not_warned_of(kitchen, opened):
    page: Page = opened(kitchen, "/workers")
    worker = page.get_by_test_id("worker")
    expect(worker).to_have_count(1)
    expect(worker).to_contain_text("has kitchen")
    expect(worker.get_by_text(re.compile("silent|version|kept out"))).to_have_count(0)
    expect(page.locator("main .note")).to_have_count(0)


@pytest.mark.slow
@pytest.mark.parametrize("theme", THEMES)
def test_no_screen_has_errors_or_serious_findings(kitchen, failed, chatty, opened, theme):
    for path in SCREENS:
        page: Page = opened(kitchen, path.format(run=failed), theme=theme)
        expect(page.locator("main h1")).to_be_visible()
        expect(page.locator("main .loading")).to_have_count(0)
        assert serious_findings(page) == [], path
        page.context.close()


@pytest.mark.slow
@pytest.mark.parametrize(("size", "zoom"), [((390, 844), 1), ((1280, 800), 2)])
def test_nothing_makes_the_page_scroll_sideways(kitchen, failed, opened, size, zoom):
    width, height = size[0] // zoom, size[1] // zoom  # a page at 200 % has half the pixels
    for path in ("/", "/runs", f"/runs/{failed}", f"/runs/{failed}?tab=logs&step=flour", "/asset?key=flour&tab=versions"):
        page: Page = opened(kitchen, path, size=(width, height), device_scale_factor=zoom)
        expect(page.locator("main h1")).to_be_visible()
        expect(page.locator("main .loading")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate("document.querySelector('main').scrollWidth") <= width, path
        page.context.close()


def broker_of(project: Project) -> int:
    """The process of the project's Valkey."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if b"valkey-server" in command and str(project.folder).encode() in command:
            return int(folder.name)
    raise AssertionError("the project has no Valkey")


def test_a_broker_that_is_away_is_said_and_the_page_comes_back_by_itself(kitchen, opened):
    page: Page = opened(kitchen, "/runs", strict=False)
    expect(page.locator("[data-live=live]")).to_be_visible()
    bar = page.get_by_test_id("broker-bar")
    broker = broker_of(kitchen)
    pause(1.0)  # the page is open, and has been told how all stands
    os.kill(broker, signal.SIGSTOP)
    try:
        expect(bar).to_be_visible(timeout=within(3.0) * 1000)
        expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    finally:
        os.kill(broker, signal.SIGCONT)
    expect(bar).to_have_count(0, timeout=within(5.0) * 1000)


@pytest.mark.slow
def test_a_viewer_has_no_buttons_and_is_refused(kitchen, api, failed, browser):
    token = token_of(kitchen, "guest", "viewer")
    context = browser.new_context()
    page: Page = context.new_page()
    page.goto(f"{kitchen.url}/runs/{failed}")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**/runs/{failed}")
    expect(page.get_by_test_id("gantt")).to_be_visible()
    absent = re.compile("Run again|Retry|Pause|Cancel|Launch|Promote|Drain|Run now|Materialize|New token")
    for path in (
        f"/runs/{failed}?step=burnt_cake",
        "/runs",
        "/jobs",
        "/jobs/supper",
        "/automation/hungry_guests",
        "/workers",
        "/",
    ):
        page.goto(kitchen.url + path)
        expect(page.locator("main h1")).to_be_visible()
        expect(page.locator("main .loading")).to_have_count(0)
        assert [text for text in page.get_by_role("button").all_inner_texts() if absent.search(text)] == [], path
        assert page.get_by_role("switch").count() == 0
    page.goto(f"{kitchen.url}/settings?tab=tokens")
    expect(page.get_by_text("Only administrators see this")).to_be_visible()
    context.close()
    guest = PageApi(kitchen.url, token=token)
    for path, body in [
        ("/runs", {"selection": ["flour"]}),
        (f"/runs/{failed}/retry", {"from": "all"}),
        (f"/runs/{failed}/cancel", {}),
        ("/instigators/hungry_guests/stop", {}),
        ("/limits", {"kind": "pool", "name": "oven", "limit": 1}),
    ]:
        assert guest.refused(path, **body) == 403, path
    guest.close()


@pytest.mark.slow
def test_fire_times_are_those_of_their_zone_on_both_sides_of_a_change_of_clocks(kitchen, opened):
    page: Page = opened(kitchen, "/automation", timezone_id="America/New_York")
    rows = page.get_by_role("grid", name="Schedules and sensors").locator("[role=row]", has_text="Europe/Berlin")
    expect(rows).to_have_count(1)
    name = rows.get_attribute("data-key")
    # The evenings around 25 October 2026, when Berlin's clocks go back: 19:30 there is another moment of the day.
    before, after = 1792863000.0, 1792863000.0 + 25 * 3600

    def doctored(route: object) -> None:
        answer = route.fetch()  # type: ignore[attr-defined]
        told = answer.json()
        for one in told["items"]:
            one["next"] = [before, after] if one["name"] == name else one["next"]
        route.fulfill(response=answer, json=told)  # type: ignore[attr-defined]

    page.route("**/api/v1/instigators?*", doctored)
    page.goto(f"{kitchen.url}/automation/{name}")
    fires = page.get_by_test_id("fires").locator("li")
    expect(fires).to_have_count(2)
    expect(fires.nth(0)).to_contain_text(re.compile("24 Oct 2026, 19:30 (CEST|GMT.2)"))
    expect(fires.nth(1)).to_contain_text(re.compile("25 Oct 2026, 19:30 (CET|GMT.1)"))
    told = fires.nth(0).locator("time").get_attribute("title")
    assert told is not None
    assert "13:30:00" in told  # the browser's own zone
    page.unroute_all(behavior="wait")  # what is asked for meanwhile is answered before the page is closed


@pytest.mark.slow
def test_pictures_of_the_screens_are_kept(kitchen, failed, opened):
    folder = Path(os.environ.get("ASSETFLOW_PICTURES", kitchen.folder / "pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    for theme in THEMES:
        for path in SCREENS:
            page: Page = opened(kitchen, path.format(run=failed), theme=theme)
            expect(page.locator("main h1")).to_be_visible()
            expect(page.locator("main .loading")).to_have_count(0)
            name = re.sub(r"[^a-z0-9]+", "-", path.replace("{run}", "run")).strip("-")
            page.screenshot(path=folder / f"{name}-{theme}.png")
            ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert ground == {"light": "rgb(246, 246, 243)", "dark": "rgb(15, 17, 20)"}[theme]
            page.context.close()
    assert len(list(folder.glob("*.png"))) == len(THEMES) * len(SCREENS)
