"""One code location under the daemon's eyes: its code, which of its schedules and sensors are due, and its ticks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from assetflow.daemon.code_jobs import Hello, InstigatorAbout
from assetflow.daemon.code_process import CodeProcess
from assetflow.daemon.due import due, is_running
from assetflow.daemon.ticking import Ticking
from assetflow.errors import AssetflowError
from assetflow.log import logger
from assetflow.runs.ticks import InstigatorKind, InstigatorState, Leases, Tick, TickStore

_LOOK_AT_FILES_EVERY = 2.0
_LOAD_AGAIN_AFTER = 10.0  # code that does not load
_TRY_AGAIN_AFTER = 2.0  # a tick, while a server does not answer


class CodeLocation:
    """Evaluates the schedules and sensors of a module, while this process leads.

    Args:
        module: whose they are.
        holder: the name of this process, unique for ever.
        store: where their ticks are kept.
        leases: where it is told which process leads.
        lease: the name of the lease.
        start_code: starts a process that loads the module.
        clock: seconds since the epoch.
        seconds: the function of a schedule or sensor may take.
        lease_seconds: how long the lease is held without being renewed.
        workers: carry out ticks.
    """

    def __init__(
        self,
        module: str,
        *,
        holder: str,
        store: TickStore,
        leases: Leases,
        lease: str,
        start_code: Callable[[], CodeProcess],
        clock: Callable[[], float],
        seconds: float,
        lease_seconds: float,
        workers: ThreadPoolExecutor,
    ) -> None:
        self.module = module
        self._holder, self._store, self._leases, self._lease = holder, store, leases, lease
        self._start_code, self._clock, self._lease_seconds = start_code, clock, lease_seconds
        self._ticking = Ticking(store, clock, seconds)
        self._workers = workers
        self._code: CodeProcess | None = None
        self._told: Hello | None = None
        self._looked = self._loaded = self._renewed = 0.0
        self.leads = False
        self._in_hand: set[int] = set()
        self._again: dict[int, float] = {}
        self._lock = threading.Lock()

    def turn(self) -> None:
        """Begin what is due, and go on with what others have left.

        Raises:
            HistoryUnreachableError: the history does not answer.
        """
        hello = self._keep_code()  # also while another process leads: it may die, and then there is no time to lose
        if not self._keep_lease() or hello is None:
            return
        states = self._store.states()
        busy = self._go_on(states)
        now = self._clock()
        for about in hello.instigators:
            if about.name not in busy and is_running(about, states.get(about.name)):
                self._begin(about, states.get(about.name), now)

    def close(self) -> None:
        """Leave the lease to others, and end the process that holds the code."""
        if self.leads:
            self.leads = False
            self._leases.drop(self._lease, self._holder)
        if self._code is not None:
            self._code.end()

    @property
    def is_idle(self) -> bool:
        """Whether no tick is being carried out."""
        return not self._in_hand

    def _keep_lease(self) -> bool:
        now = time.monotonic()
        if now - self._renewed > self._lease_seconds / 8:
            led, self.leads = self.leads, self._leases.hold(self._lease, self._holder, self._lease_seconds)
            self._renewed = now
            if self.leads != led:
                logger.warning(
                    "schedules and sensors of %s are evaluated %s", self.module, "here" if self.leads else "elsewhere"
                )
        return self.leads

    def _keep_code(self) -> Hello | None:
        """What is known of the code; None while it is loading, or does not load."""
        if self._code is None or self._is_to_be_replaced(self._code):
            self._code, self._loaded = self._start_code(), time.monotonic()
        hello = self._code.hello
        if hello is not None and hello.error and hello is not self._told:
            logger.error("%s cannot be loaded, and is tried again: %s", self.module, hello.error)
        elif hello is not None and not hello.error and self._told is not None and self._told.error:
            logger.warning("%s loads again", self.module)
        self._told = hello or self._told
        return hello if hello is not None and not hello.error else None

    def _is_to_be_replaced(self, code: CodeProcess) -> bool:
        """Whether the code has to be loaded again; then the process that has it is let go."""
        now = time.monotonic()
        if not code.is_alive or (code.hello is not None and code.hello.error):
            if now - self._loaded < _LOAD_AGAIN_AFTER:
                return False
            code.end()
            return True
        if now - self._looked < _LOOK_AT_FILES_EVERY:
            return False
        self._looked = now
        if code.is_outdated:
            logger.warning("%s was changed, and is loaded again", self.module)
            code.close()  # what it has in hand, it finishes
            return True
        return False

    def _go_on(self, states: Mapping[str, InstigatorState]) -> set[str]:
        """Take up ticks that were left; the names of all that have a tick that is not over."""
        busy = set()
        with self._lock:
            in_hand = set(self._in_hand)  # looked at first: what ends meanwhile is in it, and is not begun again
        for tick in self._store.open():
            busy.add(tick.instigator)
            state = states.get(tick.instigator)
            if tick.id in in_hand or state is None or time.monotonic() < self._again.get(tick.id, 0.0):
                continue
            if tick.holder != self._holder:
                if not self._store.take_over(tick, self._holder):
                    continue
                logger.warning("%s %s: a tick that was left is gone on with", tick.kind, tick.instigator)
            self._carry_out(tick._replace(holder=self._holder), state)
        return busy

    def _begin(self, about: InstigatorAbout, state: InstigatorState | None, now: float) -> None:
        state = state or self._store.know(about.name, about.kind, now)
        if about.kind == InstigatorKind.SCHEDULE and state.last_at is None:  # somebody spoke of it before it was seen
            self._store.want(about.name, about.kind, state.wanted, since=now)
            return
        found = due(about, state, now)
        if found is None:
            return
        if found.at is None:
            self._store.pass_over(state, found.missed, now=now)
            return
        tick = self._store.begin(state, found.at, holder=self._holder, now=now, missed=found.missed)
        if tick is not None:
            self._carry_out(tick, state)

    def _carry_out(self, tick: Tick, state: InstigatorState) -> None:
        code = self._code
        assert code is not None, "it was looked at before"
        with self._lock:
            self._in_hand.add(tick.id)

        def work() -> None:
            is_over = False
            try:
                is_over = self._ticking.carry_out(tick, state, code)
            except AssetflowError as error:
                logger.warning("%s %s is gone on with later: %s", tick.kind, tick.instigator, error)
            except Exception:
                logger.exception("%s %s is gone on with later", tick.kind, tick.instigator)
            finally:
                with self._lock:
                    if is_over:
                        self._again.pop(tick.id, None)
                    else:
                        self._again[tick.id] = time.monotonic() + _TRY_AGAIN_AFTER
                    self._in_hand.discard(tick.id)

        self._workers.submit(work)
