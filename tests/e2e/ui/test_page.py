"""The page in a browser, on a real cluster: what everybody does with it."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from assetflow.clock import wait_until
from tests.support.page import Project, serious_findings, within


@pytest.fixture(scope="module")
def made(garden: Project) -> Project:
    """The garden, with all of it made once."""
    garden.command("materialize", "-m", "garden", "* and not group:diary")
    return garden


def planned(project: Project, *selection: str) -> list[dict[str, Any]]:
    lines = project.command("plan", "-m", project.module, "--json", *selection).splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def shown_steps(page: Page) -> list[tuple[str, str]]:
    """Steps and reasons, as they are read."""
    rows = page.locator(".plan-sheet [role=row][data-key]")
    cells = [(row.locator("[data-column=step]"), row.locator("[data-column=reason]")) for row in rows.all()]
    return sorted((step.inner_text(), reason.inner_text()) for step, reason in cells)


def test_the_plan_sheet_shows_the_plan_that_the_command_line_shows(made, opened):
    page: Page = opened(made, "/graph?q=*stall")
    page.get_by_role("button", name="Materialize all (4)").click()
    expect(page.get_by_test_id("start")).to_be_enabled()
    expect(page.locator(".plan-sheet [role=row][data-key]")).to_have_count(5)
    told = planned(made, "*stall")
    assert [step for step, _ in shown_steps(page)] == sorted(one["step"] for one in told)
    assert {(one["step"], one["reason"]) for one in told if one["assets"]} <= set(shown_steps(page))
    expect(page.locator(".plan-sheet .command")).to_contain_text("assetflow materialize")


@pytest.mark.parametrize("view", ["graph", "tree"])
def test_everything_is_planned_without_what_others_make_and_partitions_are_asked_for(made, opened, view):
    page: Page = opened(made, f"/graph?view={view}", strict=False)  # a plan without partitions is refused
    expect(page.get_by_role("button", name="Materialize all (9)")).to_be_visible()
    page.keyboard.press("m")
    sheet = page.get_by_role("dialog")
    expect(sheet.get_by_role("alert")).to_contain_text("partition")
    sheet.get_by_label("Partitions").fill("2026-03-02")
    expect(sheet.get_by_test_id("start")).to_have_attribute("aria-disabled", "false")
    assert "almanac" not in [step for step, _ in shown_steps(page)]


def test_a_plan_that_is_asked_for_before_the_definitions_are_there_waits_for_them(made, opened):
    """Which assets others make is not known until then."""
    page: Page = opened(made, strict=False)  # a plan without partitions is refused
    held: list[Route] = []
    page.route("**/api/v1/definitions*", lambda route: held.append(route))  # noqa: PLW0108 - of Python, not of C
    page.goto(made.url + "/graph?view=tree")
    page.get_by_role("treeitem").first.wait_for()
    page.keyboard.press("m")
    wait_until(lambda: page.wait_for_timeout(10) or bool(held), timeout=10)
    page.wait_for_timeout(300)
    assert page.get_by_role("dialog").count() == 0
    for one in held:
        one.continue_()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("partition")


def test_what_others_make_cannot_be_launched_alone(made, opened):
    page: Page = opened(made, "/graph?at=almanac")
    expect(page.locator(".panel-side-body")).to_be_visible()
    page.keyboard.press("m")
    expect(page.get_by_role("status").filter(has_text="almanac is made by others")).to_be_visible()
    assert page.get_by_role("dialog").count() == 0


def test_assets_are_launched_by_keyboard_alone(made, opened):
    page: Page = opened(made)
    expect(page.get_by_role("heading", name="Home", level=1)).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("g")
    expect(page.locator(".picture")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    page.keyboard.press("m")
    expect(page.get_by_test_id("start")).to_be_focused()
    expect(page.get_by_test_id("start")).to_have_text(re.compile("Start 1 step"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/*")
    expect(page.locator("main h1")).to_be_focused()


def test_a_table_is_walked_through_from_anywhere_on_the_screen(made, opened):
    page: Page = opened(made, "/assets")
    rows = page.get_by_role("grid", name="Assets").locator("[role=row][data-key]")
    expect(rows.first).to_be_visible()
    page.keyboard.press("j")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(rows.nth(1)).to_be_focused()
    expect(rows.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("m")
    expect(page.get_by_test_id("start")).to_be_focused()
    page.keyboard.press("Escape")
    expect(rows.nth(1)).to_be_focused()


def test_on_a_narrow_screen_the_graph_goes_down_and_can_be_turned(made, opened):
    page: Page = opened(made, "/graph?group=market", size=(390, 844))
    expect(page.get_by_role("button", name="From left to right")).to_be_visible()
    page.keyboard.press("o")
    expect(page.get_by_role("button", name="From top to bottom")).to_be_visible()
    expect(page).to_have_url(re.compile("dir=right"))
    page.keyboard.press("o")
    expect(page.get_by_role("button", name="From left to right")).to_be_visible()
    assert "dir=" not in page.url


def test_config_that_is_refused_is_said_before_the_start(made, opened):
    page: Page = opened(made, "/asset?key=order")
    page.get_by_role("button", name="Materialize").click()
    kilos = page.get_by_label("kilos")
    expect(kilos).to_have_attribute("placeholder", "5")
    kilos.fill("many")
    expect(page.locator(".config-errors")).to_contain_text("kilos")
    expect(page.get_by_test_id("start")).to_have_attribute("aria-disabled", "true")
    kilos.fill("7")
    expect(page.get_by_test_id("start")).to_have_attribute("aria-disabled", "false")


def test_an_asset_that_was_skipped_on_purpose_is_neutral_and_so_is_what_needs_it(made, opened):
    page: Page = opened(made, "/graph?group=sky&view=tree")
    frost = page.locator("[role=treeitem][data-key=frost]")
    expect(frost).to_contain_text("no output")
    expect(frost.locator("[data-mark=skipped]")).to_be_visible()
    warning = page.locator("[role=treeitem][data-key=warning]")
    expect(warning.locator("[data-mark=skipped]")).to_be_visible()
    assert page.locator("[data-mark=failed]").count() == 0


def test_filters_live_in_the_address_and_survive_reload_and_back(made, opened):
    page: Page = opened(made, "/assets?q=ha&group=market&sort=status")
    expect(page.get_by_test_id("shown")).to_contain_text("1 of")
    page.get_by_label("Group", exact=True).select_option("")
    expect(page).to_have_url(re.compile(r"\?q=ha&sort=status$"))
    page.reload()
    expect(page.get_by_role("searchbox")).to_have_value("ha")
    expect(page.get_by_test_id("shown")).to_contain_text("1 of")
    page.go_back()
    expect(page.get_by_label("Group", exact=True)).to_have_value("market")
    page.locator("[role=row][data-key=harvest]").get_by_role("link", name="harvest").click()
    expect(page).to_have_url(re.compile("/asset"))
    page.go_back()
    expect(page.get_by_label("Group", exact=True)).to_have_value("market")


def test_the_selection_language_narrows_the_catalog(made, opened):
    page: Page = opened(made, "/assets")
    page.get_by_role("searchbox").fill("*harvest")
    expect(page.get_by_test_id("shown")).to_contain_text("3 of")
    page.get_by_role("searchbox").fill("group:(")
    expect(page.locator(".selection-error")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_first_paint_has_the_colours_of_the_theme_that_was_chosen(garden, opened, theme):
    page: Page = opened(garden, "/assets", theme="light" if theme == "dark" else "dark")
    page.evaluate(f"localStorage.setItem('assetflow.theme', '{theme}')")
    page.add_init_script(
        "new PerformanceObserver(() => { window.firstGround ??= getComputedStyle(document.body).backgroundColor })"
        ".observe({type: 'paint', buffered: true})"
    )
    page.reload()
    assert wait_until(lambda: page.evaluate("window.firstGround !== undefined"), timeout=20)
    expected = {"light": "rgb(246, 246, 243)", "dark": "rgb(15, 17, 20)"}
    assert page.evaluate("window.firstGround") == expected[theme]


def test_who_wants_no_motion_sees_none(made, opened):
    page: Page = opened(made, "/graph", reduced_motion="reduce")
    expect(page.locator(".picture")).to_be_visible()
    assert page.evaluate("document.getAnimations().length") == 0


def test_the_first_page_is_small_and_quick(made, opened):
    page: Page = opened(made)
    session = page.context.new_cdp_session(page)
    sizes: list[int] = []
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.reload()
    expect(page.get_by_role("heading", name="Home", level=1)).to_be_visible()
    expect(page.locator("[data-live=live]")).to_be_visible()
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert sum(sizes) <= 350_000
    print(f"first paint after {painted:.0f} ms, {sum(sizes)} bytes")
    assert painted <= 1000 * within(1.0)


def test_what_is_asked_of_the_server_is_asked_once(made, opened):
    page: Page = opened(made, "/graph")
    expect(page.locator(".picture")).to_be_visible()
    expect(page.locator("[data-live=live]")).to_be_visible()
    names = "performance.getEntriesByType('resource').map((entry) => new URL(entry.name).pathname)"
    asked = [f"/api/v1/{path}" for path in ("session", "definitions", "graph", "assets/status")]
    assert all(page.evaluate(names).count(path) == 1 for path in asked)
    # What a connection says first is handed on a moment later.
    assert not wait_until(lambda: any(page.evaluate(names).count(path) > 1 for path in asked), timeout=1.0)


def test_a_change_of_code_is_shown_as_a_badge(made, opened):
    page: Page = opened(made, "/asset?key=beds")
    expect(page.locator(".page-about [data-mark=done]")).to_be_visible()
    page.evaluate(
        """() => {
            const look = () => {
                if (document.querySelector('.page-about [data-mark=stale]')) window.staleAt = Date.now() / 1000;
                else requestAnimationFrame(look);
            };
            look();
        }"""
    )
    saved = time.time()
    made.source.write_text(made.source.read_text().replace("FACTOR = 2", "FACTOR = 3"))
    expect(page.get_by_test_id("stale-reasons")).to_contain_text("The code of beds has changed", timeout=60_000)
    expect(page.locator(".page-about [data-mark=stale]")).to_be_visible()
    took = page.evaluate("window.staleAt") - saved
    print(f"stale {took:.2f} s after the file was saved")
    assert took <= within(2.0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_main_screens_are_accessible(made, opened, theme):
    page: Page = opened(made, "/graph?at=harvest", theme=theme)
    expect(page.locator(".panel-side-body")).to_be_visible()
    assert serious_findings(page) == []
    page.keyboard.press("m")
    expect(page.get_by_test_id("start")).to_be_focused()
    assert serious_findings(page) == []


def test_a_definition_that_breaks_keeps_the_last_good_ones_on_the_page(made, opened):
    page: Page = opened(made, "/assets")
    expect(page.locator("[role=row][data-key=harvest]")).to_be_visible()
    whole = made.source.read_text()
    try:
        made.source.write_text(whole + "\n\nraise RuntimeError('no seeds left')\n")
        bar = page.get_by_test_id("definitions-bar")
        expect(bar).to_contain_text("no seeds left", timeout=60_000)
        expect(page.locator("[role=row][data-key=harvest]")).to_be_visible()
        bar.get_by_role("button", name="Show trace").click()
        expect(page.get_by_role("dialog")).to_contain_text("garden.py")
    finally:
        made.source.write_text(whole)
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden(timeout=60_000)


@pytest.mark.slow
def test_screens_are_accessible_in_both_themes_and_leave_no_errors_behind(made, opened, tmp_path):
    paths = ["/", "/assets", "/assets?view=folders", "/graph", "/graph?group=market", "/graph?view=tree"]
    paths += [
        f"/asset?key=harvest&tab={tab}" for tab in ("overview", "checks", "lineage", "versions", "definition", "logs")
    ]
    paths += ["/asset?key=diary&tab=partitions", "/login"]
    findings: dict[str, list[str]] = {}
    for theme in ("light", "dark"):
        page: Page = opened(made, "/", theme=theme)
        for path in paths:
            page.goto(made.url + path)
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            expect(page.locator(".loading")).to_have_count(0)
            if found := serious_findings(page):
                findings[f"{path} {theme}"] = found
    assert findings == {}


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_link_of_the_page_leads_somewhere(made, opened, theme):
    page: Page = opened(made, "/", theme=theme)
    seen: set[str] = set()
    shapes: dict[str, int] = {}
    waiting = ["/"]
    while waiting and len(seen) < 80:
        path = waiting.pop(0)
        seen.add(path)
        page.goto(made.url + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator(".loading")).to_have_count(0)
        assert page.get_by_text("There is no such page").count() == 0, path
        for link in page.locator("a[href^='/']").evaluate_all(
            "links => links.map((link) => link.getAttribute('href'))"
        ):
            shape = re.sub(r"=[^&]*|[0-9A-Z]{26}", "", link)
            if link not in seen and link not in waiting and shapes.get(shape, 0) < 3:
                shapes[shape] = shapes.get(shape, 0) + 1
                waiting.append(link)
    assert len(seen) > 15
