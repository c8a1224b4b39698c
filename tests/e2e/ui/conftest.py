"""One browser for the test process; a project with workers and a page for each module."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.page import CHROMIUM, Project, Watched, served_project, shown_project
from tests.support.page_api import PageApi
from tests.support.servers import running_valkey

PROJECTS = Path(__file__).parent / "projects"
Opened = Callable[..., Any]
Served = Callable[..., Project]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A project, its workers and its page start within the first test of a module; a busy machine takes its time."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, without a window; its loop of events is gone before tests come that run their own."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=20_000)  # a server that has just begun loads the project first
    assert CHROMIUM is not None, "there is no chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        # Frames are drawn as for a screen, also where there is none.
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--enable-precise-memory-info"]
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def garden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A little of everything, with everything in it made once."""
    with shown_project(tmp_path_factory.mktemp("garden"), PROJECTS / "garden.py") as project:
        yield project


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A kitchen with staging and production, and one worker."""
    folder = tmp_path_factory.mktemp("kitchen")
    # Of a log, the middle is left out when it is longer than this many megabytes.
    environments = '[environments.staging]\nreads_from = "production"\n\n[environments.production]\nprotected = true\n'
    (folder / "assetflow.toml").write_text(f"log_mb = 100\n\n{environments}")
    with shown_project(folder, PROJECTS / "kitchen.py") as project:
        yield project


def token_of(project: Project, name: str, role: str) -> str:
    """A new token."""
    made = json.loads(project.command("token", "create", name, "--role", role, "--json"))
    return str(made["token"])


@pytest.fixture(scope="module")
def api(kitchen: Project) -> Iterator[PageApi]:
    visitor = PageApi(kitchen.url, token=token_of(kitchen, "cook", "admin"))
    yield visitor
    visitor.close()


@pytest.fixture
def gate(kitchen: Project) -> Iterator[Path]:
    """What the evening's courses wait for."""
    path = kitchen.folder / "home" / "gate"
    path.unlink(missing_ok=True)
    yield path
    path.touch()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Serves a project without workers, over a server of its own or at an address; ends after the browser's pages."""
    with ExitStack() as stack:

        def serve(name: str, redis_url: str | None = None) -> Project:
            url = redis_url or stack.enter_context(running_valkey()).url
            return stack.enter_context(served_project(tmp_path, PROJECTS / f"{name}.py", url))

        yield serve


@pytest.fixture
def opened(browser: Any) -> Iterator[Opened]:
    """Opens pages of a project; a test that leaves errors in the console or failed requests behind has failed.

    ``opened(project, "/graph", theme="dark", size=(1440, 900), strict=True)`` is a page of the browser.
    """
    contexts: list[Any] = []
    watched: list[tuple[Watched, bool]] = []

    def open_page(
        project: Project,
        path: str = "/",
        *,
        theme: str = "light",
        size: tuple[int, int] = (1440, 900),
        strict: bool = True,
        **more: Any,
    ) -> Any:
        kept = {"storage_state": project.known} if project.known is not None else {}
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=theme, **{**kept, **more}
        )
        contexts.append(context)
        page = context.new_page()
        if not kept and "storage_state" not in more:
            page.goto(project.door)
            project.known = context.storage_state()
        watched.append((Watched(page), strict))
        page.goto(project.url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    troubles = [trouble for one, strict in watched if strict for trouble in one.troubles]
    assert troubles == []
