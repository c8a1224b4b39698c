"""The page in a browser, on a real cluster: what everybody does with it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.page import Project, serious_findings

SCREENS = ["/", "/assets", "/asset?key=harvest", "/graph", "/graph?group=market", "/graph?view=tree"]
THEMES = ["light", "dark"]


def ended(project: Project, run_id: str) -> dict[str, Any]:
    """A run, once it has ended."""
    project.command("runs", "wait", run_id)
    return json.loads(project.command("runs", "show", run_id, "--json"))


@pytest.fixture(scope="module")
def made(garden: Project) -> Project:
    """The garden, with all of it made once."""
    garden.command("materialize", "-m", "garden", "* and not group:diary")
    return garden


def test_assets_are_launched_by_keyboard_alone(garden, opened):
    page: Page = opened(garden)
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
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
