"""The page as users get it: `assetflow dev` in a folder of its own, and Chromium to look at it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assetflow.clock import wait_until

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "assetflow" / "web" / "static" / "index.html"
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
_STARTS_WITHIN = 90.0
_BESIDE_OTHERS = 2.0  # times as long


def within(seconds: float) -> float:
    """How long something may take here and now: the figure is for a machine that does nothing else, as `make e2e` has.

    Under xdist other tests take what they need of the processors, and how much shows in the load only later.
    """
    beside = _BESIDE_OTHERS if "PYTEST_XDIST_WORKER" in os.environ else 1.0
    return seconds * max(beside, os.getloadavg()[0] / (os.cpu_count() or 1))


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Project:
    """A folder with one module, and the page that shows it."""

    def __init__(self, folder: Path, module: str) -> None:
        self.folder = folder
        self.module = module
        self.url = ""
        """Where the page is, without a path and without a ticket."""
        self.door = ""
        """Where it is opened first."""
        self.known: Any = None
        """What a browser keeps of having been let in: the ticket in the door opens it once."""
        self.lines: list[str] = []
        self.redis_url: str | None = None
        """Of the server with the run state, where it is not one of the project's own."""
        self._process: subprocess.Popen[str] | None = None

    @property
    def source(self) -> Path:
        return self.folder / f"{self.module}.py"

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ASSETFLOW_")}
        given = {} if self.redis_url is None else {"ASSETFLOW_REDIS_URL": self.redis_url}
        own = {"ASSETFLOW_HOME": str(self.folder / "home"), "PYTHONPATH": str(self.folder), "NO_COLOR": "1"}
        return {**kept, **own, **given}

    def command(self, *words: str, timeout: float = 90.0) -> str:
        """What a command of assetflow prints in the project."""
        done = subprocess.run(
            [sys.executable, "-m", "assetflow", *words],
            cwd=self.folder, env=self.environment(), capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, command: str, *more: str) -> None:
        """Start what serves the page, and wait for its address."""
        words = [command, "-m", self.module, "--port", str(free_port()), *more]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "assetflow", *words],
            cwd=self.folder, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        assert wait_until(lambda: self._opened() is not None, timeout=_STARTS_WITHIN), "\n".join(self.lines)
        self.door = self._opened() or ""
        self.url = re.sub(r"^(https?://[^/]+).*", r"\1", self.door)

    def _listen(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip())

    def _opened(self) -> str | None:
        return next(
            (found[0] for line in self.lines if line.startswith("open:") and (found := re.findall(r"http\S+", line))),
            None,
        )

    def stop(self) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._listener.join(5)
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextmanager
def shown_project(folder: Path, source: Path, *, workers: int = 1) -> Iterator[Project]:
    """The module at `source`, copied into a folder, with workers and a page."""
    with _project(folder, source) as project:
        project.start("dev", "--workers", str(workers))
        yield project


@contextmanager
def served_project(folder: Path, source: Path, redis_url: str) -> Iterator[Project]:
    """The module at `source`, copied into a folder, with a page and nobody who works, over a server that is given."""
    with _project(folder, source) as project:
        project.redis_url = redis_url
        project.start("ui")
        yield project


@contextmanager
def _project(folder: Path, source: Path) -> Iterator[Project]:
    assert BUILT.exists(), "the page is not built: run make ui"
    folder.mkdir(parents=True, exist_ok=True)
    project = Project(folder, source.stem)
    shutil.copy(source, project.source)
    try:
        yield project
    finally:
        project.stop()


class Watched:
    """What went wrong in a page of the browser while a test looked elsewhere."""

    def __init__(self, page: Any) -> None:
        self.troubles: list[str] = []
        page.on("console", lambda message: message.type == "error" and self.troubles.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.troubles.append(f"raised: {error}"))
        page.on("requestfailed", self._failed)
        page.on(
            "response", lambda answer: answer.status >= 400 and self.troubles.append(f"{answer.status} {answer.url}")
        )

    def _failed(self, request: Any) -> None:
        # What the page itself has called off is no failure: it left, or asked for other topics.
        if "ERR_ABORTED" not in (request.failure or ""):
            self.troubles.append(f"failed: {request.url} {request.failure}")


def axe_source() -> str:
    """axe-core, which the page's own packages bring."""
    return (ROOT / "ui" / "node_modules" / "axe-core" / "axe.min.js").read_text()


def serious_findings(page: Any) -> list[str]:
    """What axe finds serious or critical in what is shown now."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(axe_source())
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']} ({one['impact']}): {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"][:3]
    ]
