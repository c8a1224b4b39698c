"""An asset in a browser: what it was, what it is compared with, who may change it."""

from __future__ import annotations

import json
import re
import time

import pytest
from playwright.sync_api import Page, Route, expect

from assetflow.clock import wait_until
from tests.support.page import Project

FIRST_DAY, FORTY = "2026-03-01", 40


@pytest.fixture(scope="module")
def twice(garden: Project) -> Project:
    """The harvest, made twice, with more kilos the second time."""
    garden.command("materialize", "-m", "garden", "*harvest")
    garden.source.write_text(garden.source.read_text().replace("FACTOR = 2", "FACTOR = 4"))
    garden.command("materialize", "-m", "garden", "*harvest")
    return garden


def test_two_versions_are_compared_and_the_column_that_changed_is_marked(twice, opened):
    page: Page = opened(twice, "/asset?key=harvest&tab=versions")
    page.get_by_role("button", name="Compare", exact=True).click()
    diff = page.get_by_test_id("diff")
    expect(diff.locator("tr[data-change=changed]")).to_contain_text("kilos")
    assert diff.locator("tr[data-change=same]").count() <= 1


def test_versions_of_one_partition_are_compared_as_long_as_it_takes(garden, opened):
    for weather in ("rain", "sun"):
        garden.source.write_text(garden.source.read_text().replace('return "rain"', f'return "{weather}"'))
        garden.command("materialize", "-m", "garden", "diary", "--partition", "2026-03-02")
    page: Page = opened(garden, "/asset?key=diary&tab=partitions")
    page.get_by_role("link", name="2026-03-02", exact=True).click()
    expect(page.get_by_role("heading", name="2 kept of 2026-03-02")).to_be_visible()
    asked: list[Route] = []

    def at_first_not_known(route: Route) -> None:
        asked.append(route)
        if len(asked) == 1:
            route.fulfill(status=202, json={"since": time.time() - 65})

    page.route("**/api/v1/asset/diff?*", at_first_not_known)
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_text("Large values take minutes")).to_contain_text("begun 1 m ago")
    expect(page.get_by_test_id("diff")).to_have_count(0)
    assert wait_until(lambda: page.evaluate("true") and len(asked) == 2, timeout=20)
    assert asked[0].request.url == asked[1].request.url
    assert "partition=2026-03-02" in asked[0].request.url
    asked[1].continue_()
    expect(page.get_by_test_id("diff")).to_contain_text("sun")
    partition = page.get_by_label("Partition")
    partition.fill("2026-03-03")
    partition.press("Enter")
    expect(page.get_by_text("Nothing of 2026-03-03 is stored yet.")).to_be_visible()


def test_going_back_to_a_version_asks_first_and_names_the_environment(twice, opened):
    page: Page = opened(twice, "/asset?key=harvest&tab=versions")
    page.get_by_role("button", name="Roll back to this").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("default")
    dialog.get_by_role("button", name="Roll back").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("status").filter(has_text="is back at")).to_be_visible()
    versions = page.evaluate("async () => (await (await fetch('/api/v1/asset/versions?key=harvest')).json()).items")
    published = [one["version"] for one in versions if one["published"]]
    assert len(published) == 1
    expect(page.locator("tr.published")).to_contain_text(published[0][-8:])


def test_dragging_over_the_strip_chooses_partitions_and_plans_them(garden, opened):
    page: Page = opened(garden, "/asset?key=diary&tab=partitions")
    box = page.get_by_role("slider").bounding_box()
    assert box is not None
    each = box["width"] / FORTY
    page.mouse.move(box["x"] + each * 9.5, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + each * 14.5, box["y"] + 10, steps=5)
    page.mouse.up()
    chosen = page.get_by_test_id("chosen-range")
    expect(chosen).to_contain_text("6 partitions")
    expect(chosen).to_contain_text("2026-03-10")
    expect(chosen).to_contain_text("2026-03-15")
    page.get_by_role("button", name="Materialize 6 partitions").click()
    expect(page.get_by_test_id("start")).to_have_text(re.compile("Start 6 steps"))


def test_a_viewer_sees_everything_and_no_button_that_changes_something(garden, opened):
    token = json.loads(garden.command("token", "create", "looker", "--role", "viewer", "--json"))["token"]
    page: Page = opened(garden, "/login", storage_state={"cookies": [], "origins": []}, strict=False)
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Home", level=1)).to_be_visible()
    for path in ("/assets", "/graph", "/asset?key=harvest"):
        page.goto(garden.url + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator(".loading")).to_have_count(0)
        assert page.get_by_role("button", name=re.compile("Materialize")).count() == 0, path
    answer = page.evaluate(
        """async () => {
            const csrf = (await (await fetch('/api/v1/session')).json()).csrf;
            const headers = {'Content-Type': 'application/json', 'X-CSRF-Token': csrf};
            return (await fetch('/api/v1/runs', {method: 'POST', headers, body: '{"selection": "seeds"}'})).status;
        }"""
    )
    assert answer == 403
