"""What the page says where there is nothing to show: no assets, no workers, no broker, code that does not load."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.ui.conftest import Opened
from tests.support.page import Project, free_port, serious_findings

THEMES = ["light", "dark"]


@contextmanager
def typed(project: Project, command: str) -> Iterator[None]:
    """A command as it is shown, typed in the project's folder, for as long as the block lasts."""
    program, *words = shlex.split(command)
    assert program == "assetflow"
    process = subprocess.Popen(
        [sys.executable, "-m", "assetflow", *words],
        cwd=project.folder, env=project.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def looked_at(opened: Opened, project: Project, paths: list[str], *, strict: bool = True) -> Iterator[Page]:
    """Each of some screens in both themes; whatever it says is readable for everybody."""
    for theme in THEMES:
        for path in paths:
            page: Page = opened(project, path, theme=theme, strict=strict)
            yield page
            expect(page.locator("main .loading")).to_have_count(0)
            assert serious_findings(page) == [], f"{path} {theme}"
            keep_picture(page, f"{project.module}-{path.strip('/').replace('/', '-') or 'home'}-{theme}")
            page.context.close()


def keep_picture(page: Page, name: str) -> None:
    """For who wants to look at it: `ASSETFLOW_PICTURES` is a folder."""
    if folder := os.environ.get("ASSETFLOW_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def test_a_project_without_assets_says_what_to_write_and_shows_it_once_it_is_written(served, opened):
    project = served("unwritten")
    for page in looked_at(opened, project, ["/", "/assets", "/graph"]):
        expect(page.get_by_text("No assets yet")).to_be_visible()
        expect(page.locator(".empty-text code").first).to_have_text("unwritten")
        snippet = page.locator(".snippet pre").inner_text()
    page = opened(project, "/assets")
    expect(page.get_by_text("No assets yet")).to_be_visible()
    definitions = "from assetflow import Definitions\n\ndefs = Definitions(assets=[greeting])\n"
    project.source.write_text(f"{snippet}\n\n\n{definitions}")
    expect(page.locator("[role=row][data-key=greeting]")).to_be_visible(timeout=60_000)


def test_without_workers_each_place_gives_the_command_that_lets_a_waiting_run_go_on(served, opened):
    project = served("garden")
    for page in looked_at(opened, project, ["/", "/workers"]):
        expect(page.get_by_text("No worker").first).to_be_visible()
        expect(page.locator(".command").first).to_contain_text("assetflow worker -m garden")
    page = opened(project, "/asset?key=seeds")
    page.get_by_role("button", name="Materialize").click()
    page.get_by_test_id("start").click()
    page.wait_for_url("**/runs/*")
    note = page.locator("main .note", has_text="no worker listens on queue default")
    expect(note).to_contain_text("1 step is ready")
    for waiting in looked_at(opened, project, [page.url.removeprefix(project.url), "/workers", "/"]):
        expect(waiting.get_by_text("no worker listens on queue default")).to_be_visible()
    with typed(project, note.locator(".command").inner_text().removesuffix("Copy").strip()):
        expect(page.get_by_test_id("run-heading").locator("[data-mark=done]")).to_be_visible(timeout=60_000)
        expect(note).to_have_count(0)


def test_code_that_has_never_loaded_is_shown_with_the_line_that_raises_and_the_page_comes_alive(served, opened):
    project = served("torn")
    for page in looked_at(opened, project, ["/", "/assets", "/graph"], strict=False):
        trace = page.locator(".empty .trace")
        expect(trace).to_contain_text("torn does not load: RuntimeError: no seeds left")
        expect(trace).to_contain_text('raise RuntimeError("no seeds left")')
        expect(trace).to_contain_text("torn.py")
        expect(page.get_by_test_id("definitions-bar")).to_contain_text("None have loaded yet")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
    for page in looked_at(opened, project, ["/jobs", "/automation"], strict=False):
        expect(page.get_by_text("Not known until the definitions load")).to_be_visible()
    page = opened(project, "/graph", strict=False)
    expect(page.locator(".empty .trace")).to_be_visible()
    project.source.write_text(project.source.read_text().replace("\nlook_into_the_shed()", ""))
    expect(page.locator("[role=option][data-key=seeds]")).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("definitions-bar")).to_have_count(0)


@pytest.mark.slow
def test_a_broker_that_was_never_there_hides_nothing_that_is_known_without_it(served, opened):
    nobody = f"redis://127.0.0.1:{free_port()}/0"
    project = served("garden", nobody)
    for page in looked_at(opened, project, ["/", "/workers", "/assets"], strict=False):
        expect(page.get_by_test_id("broker-bar")).to_contain_text("nothing is lost")
        expect(page.get_by_test_id("broker-bar")).to_contain_text(nobody)
    page = opened(project, "/assets", strict=False)
    expect(page.locator("[role=row][data-key=harvest]")).to_be_visible()
    page.goto(f"{project.url}/workers")
    expect(page.locator("main .note")).to_contain_text("no Redis answers")
    page.goto(f"{project.url}/settings")
    expect(page.locator("main")).to_contain_text("start the server, or correct ASSETFLOW_REDIS_URL")


def test_before_it_is_told_how_assets_stand_none_is_said_to_have_been_never_made(served, opened):
    project = served("garden")
    page = opened(project, "/assets")
    row = page.locator("[role=row][data-key=seeds]")
    expect(row).to_contain_text("never made")
    for asked in ("assets/status", "live"):
        page.route(f"**/api/v1/{asked}?*", lambda _route: None)  # no answer comes
    page.reload()
    expect(row).to_contain_text("not known yet")
    for path in ("/", "/graph"):
        page.goto(project.url + path)
        expect(page.locator("[data-mark=unknown]").first).to_be_visible()
        expect(page.get_by_text("never made")).to_have_count(0)
        expect(page.get_by_text("nothing is stale")).to_have_count(0)
    page.unroute_all()
    page.reload()
    expect(page.locator("[data-key=seeds]")).to_contain_text("never made")
