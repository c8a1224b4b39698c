"""Keeps a desk at work: starts it, asks it, replaces it when the code has changed, and remembers what it said."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from assetflow.daemon.code_child import changed
from assetflow.daemon.code_jobs import Hello, QuestionJob
from assetflow.daemon.code_process import CodeProcess
from assetflow.desk.questions import Refusal, Told
from assetflow.errors import AssetflowError, ServiceUnreachableError

_LOOK_EVERY = 0.4  # seconds between two looks at files that may have changed
_LOAD_AGAIN_AFTER = 10.0  # code that does not load
_FIRST_LOAD = 60.0
SECONDS = 30.0  # that an answer may take


class DeskRefusedError(AssetflowError):
    """What was asked for is wrong; the details say in which way."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message, where=refusal.where, fix=refusal.fix)
        self.refusal = refusal


class DefinitionsUnloadedError(ServiceUnreachableError):
    """The definitions were never loaded, or whoever holds them does not answer."""


class DeskLateError(AssetflowError):
    """An answer took longer than it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Definitions that were loaded.

    Attributes:
        version: changes with them; the same for the same definitions in every process.
        loaded_at: seconds since the epoch.
        body: all of them as JSON.
        by_key: of each asset what lists show.
    """

    version: str
    loaded_at: float
    body: bytes
    told: dict[str, Any]
    by_key: dict[str, dict[str, Any]]


@dataclass(slots=True, kw_only=True)
class DeskState:
    """How the definitions stand.

    Attributes:
        loaded: the last ones that were right.
        error: why those that are there now are not; empty if they are.
    """

    loaded: Loaded | None = None
    error: str = ""
    since: float = field(default_factory=time.time)


class DeskKeeper:
    """The process with users' code, seen from the outside. Thread-safe.

    Args:
        target: what is loaded.
        start: starts a process that waits to be told what to load.
        watches: whether code that is changed is loaded again.
        changed: is told whenever the definitions, or what is wrong with them, are others.
    """

    def __init__(
        self,
        target: str,
        start: Callable[[], CodeProcess],
        *,
        watches: bool,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._target = target
        self._start = start
        self._spare: CodeProcess | None = None  # that has loaded what is the same for every project
        self._watches = watches
        self.changed = changed
        self._code: CodeProcess | None = None
        self._next: CodeProcess | None = None
        self._failed: dict[str, float] = {}  # files as they were when loading failed
        self._started = 0.0
        self.state = DeskState()
        self._closed = threading.Event()
        self._settled = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="assetflow-desk", daemon=True)

    def open(self) -> None:
        """Begin loading; nothing is waited for."""
        self._thread.start()

    def close(self) -> None:
        """End the processes."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(5)
        for code in (self._code, self._next, self._spare):
            if code is not None:
                code.end()

    @property
    def files(self) -> frozenset[str]:
        """The project's own files that the definitions were loaded from."""
        hello = None if self._code is None else self._code.hello
        return frozenset(hello.files) if hello is not None else frozenset()

    def wait(self, seconds: float) -> None:
        """Wait until it is known whether the definitions load, if that is being found out."""
        self._settled.wait(seconds)

    def loaded(self) -> Loaded:
        """The definitions; waits for them if they are being loaded for the first time.

        Raises:
            DefinitionsUnloadedError: they do not load.
        """
        self._settled.wait(_FIRST_LOAD)
        if self.state.loaded is None:
            raise DefinitionsUnloadedError(
                self.state.error or "the definitions are still being loaded",
                fix="correct the code: it is loaded again as soon as it is saved" if self.state.error else "try again",
            )
        return self.state.loaded

    def ask(self, name: str, arguments: dict[str, Any], *, seconds: float = SECONDS) -> bytes:
        """The answer to a question, as JSON.

        Args:
            seconds: it may take.

        Raises:
            DeskRefusedError: what is asked for is wrong.
            DefinitionsUnloadedError: there is nobody to answer.
            DeskLateError: it took longer.
        """
        self.loaded()
        code = self._code
        if code is None:
            raise DefinitionsUnloadedError("the definitions are being loaded again", fix="try again")
        return _answer(code, name, arguments, seconds)

    def _keep(self) -> None:
        while not self._closed.is_set():
            try:
                self._look()
            except Exception as error:
                self._fail(f"{type(error).__name__}: {error}")
            self._closed.wait(0.05 if self._next is not None else _LOOK_EVERY)

    def _look(self) -> None:
        if self._next is not None:
            self._take_over(self._next)
            return
        if self._code is not None and not self._code.is_alive:
            self._code = None
        if self._code is None or self._is_outdated(self._code):
            known_bad = bool(self.state.error) and all(changed(file) == when for file, when in self._failed.items())
            if known_bad and time.monotonic() - self._started < _LOAD_AGAIN_AFTER:
                return
            self._started = time.monotonic()
            spare, self._spare = self._spare, None
            self._next = spare if spare is not None and spare.is_alive else self._start()
            self._next.begin(self._target)

    def _is_outdated(self, code: CodeProcess) -> bool:
        return self._watches and code.is_outdated

    def _take_over(self, code: CodeProcess) -> None:
        """Put a process that has loaded the definitions in the place of the one before."""
        hello = code.hello
        if hello is None:
            return
        self._next = None
        if hello.error:
            code.end()
            if self._watches and self._spare is None:
                self._spare = self._start()
            self._fail(hello.error, hello)
            return
        try:
            body = _answer(code, "definitions", {}, SECONDS)
        except AssetflowError as error:
            code.end()
            self._fail(str(error), hello)
            return
        old, self._code, self._failed = self._code, code, {}
        told = msgspec.json.decode(body)
        loaded = Loaded(
            version=hashlib.sha256(body).hexdigest()[:16],
            loaded_at=time.time(),
            body=body,
            told=told,
            by_key={one["key"]: one for one in told["assets"]},
        )
        before = self.state
        self.state = DeskState(loaded=loaded)
        self._settled.set()
        if self._watches and self._spare is None:
            self._spare = self._start()
        if old is not None:
            old.close()
        if before.loaded is None or before.loaded.version != loaded.version or before.error:
            self.changed()

    def _fail(self, error: str, hello: Hello | None = None) -> None:
        """Go on with the last definitions that were right; what is looked at now is not loaded again unless changed."""
        good = None if self._code is None else self._code.hello
        files = {**(good.files if good is not None else {}), **(hello.files if hello is not None else {})}
        self._failed = {file: changed(file) for file in files}
        same = self.state.error == error
        self.state = DeskState(loaded=self.state.loaded, error=error)
        self._settled.set()
        if not same:
            self.changed()


def _answer(code: CodeProcess, name: str, arguments: dict[str, Any], seconds: float) -> bytes:
    answer = code.ask(QuestionJob(name=name, arguments=arguments), seconds)
    if answer.is_late:
        raise DeskLateError(f"it took longer than {seconds:g} s, and was stopped", fix="ask for less at once")
    if answer.error:
        raise DefinitionsUnloadedError(
            f"no answer came from the process that holds the definitions: {answer.error.strip().splitlines()[-1]}",
            fix="try again",
        )
    told = msgspec.json.decode(answer.told, type=Told)
    if told.refusal is not None:
        raise DeskRefusedError(told.refusal)
    return bytes(told.answer)
