"""What is done beside a worker in turns: a thread of the sidecar, which must not wait for a database itself."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Protocol

from assetflow.distributed.low_priority import LowPriority
from assetflow.errors import AssetflowError, ServiceUnreachableError
from assetflow.log import logger
from assetflow.runs.registry import WorkerRegistry

LEASE_SECONDS = 3.0
_RENEW_EVERY = 1.0
_PULSE = 0.4
_AWAY = 15.0  # before a sidecar looks again at runs that are recorded elsewhere
_LAST_TURNS = 3.0
_PATIENCE = 1.0  # with others that want the processor, in seconds
_HURRY = 10.0  # seconds after a turn that has waited for others for longer than that
_REMIND_EVERY = 60.0


class Recording(Protocol):
    """What is done in turns; see `Recorder` and `Alerting`."""

    def is_mine(self) -> bool:
        """Whether there is anything to do here."""

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is known that it is to be done elsewhere."""

    def forget(self) -> None:
        """Somebody else may have done something meanwhile."""

    def turn(self) -> bool:
        """Do some; whether there is more."""


class RecordingThread:
    """Takes turns while this process has the lease.

    Args:
        name: of this process, unique for ever.
        recorder: what is done.
        lease: that one process holds at a time.
        complaint: what is said when it cannot be done.
    """

    def __init__(
        self,
        name: str,
        registry: WorkerRegistry,
        recorder: Recording,
        *,
        lease: str = "recorder",
        complaint: str = "nothing is recorded at the moment",
    ) -> None:
        self._lease = lease
        self._complaint = complaint
        self._name = name
        self._registry = registry
        self._recorder = recorder
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self.run, name=f"assetflow-{lease}", daemon=True)
        self._leads = False
        self._renewed = 0.0
        self._complained = 0.0
        self._behind_since = 0.0
        self._hurries_until = 0.0
        self._calm = LowPriority(f"assetflow-{lease}-calm")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout: float = _LAST_TURNS + 1.0) -> None:
        """Record what is there, leave the lease to others, and end; or end anyhow after so many seconds."""
        self._stopping.set()
        self._thread.join(timeout)

    def ask_to_stop(self) -> None:
        """Let `run` come to its end."""
        self._stopping.set()

    def run(self) -> None:
        """Take turns in this thread, until somebody asks to stop."""
        while not self._stopping.is_set():
            self._stopping.wait(self._safely())
        deadline = time.monotonic() + _LAST_TURNS
        while time.monotonic() < deadline and self._safely() == 0:
            pass
        self._calm.close()
        if self._leads:
            with suppress(ServiceUnreachableError):  # it expires
                self._registry.drop_lease(self._lease, self._name)

    def _safely(self) -> float:
        """Take a turn; seconds until the next."""
        try:
            pause = self._turn()
        except AssetflowError as error:
            self._complain(error)
            return 1.0
        except Exception:
            logger.exception("%s failed; it is tried again", self._lease)
            self._recorder.forget()
            return 1.0
        if self._complained and self._leads:
            logger.warning("%s goes on", self._lease)
            self._complained = 0.0
        return pause

    def _turn(self) -> float:
        now = time.monotonic()
        if not self._leads or now - self._renewed > _RENEW_EVERY:
            led = self._leads
            self._renew()
            if self._leads and not led:
                self._recorder.forget()
        if not self._leads:
            return _RENEW_EVERY
        if self._recorder.is_mine():
            has_more = self._recorder.turn() if self._is_behind(now) else self._calm_turn()
            self._behind_since = self._behind_since or now if has_more else 0.0
            return 0.0 if has_more else _PULSE
        if self._recorder.is_elsewhere:
            self._leads = False
            self._registry.drop_lease(self._lease, self._name)
            return _AWAY
        return _PULSE

    def _is_behind(self, now: float) -> bool:
        """Whether there was always more for a while, or a turn took long: then it may not wait for others."""
        return now < self._hurries_until or (bool(self._behind_since) and now - self._behind_since > _PATIENCE)

    def _calm_turn(self) -> bool:
        began = time.monotonic()
        try:
            return self._calm.do(self._recorder.turn, every=_RENEW_EVERY, meanwhile=self._renew)
        finally:
            if (ended := time.monotonic()) - began > _PATIENCE:
                self._hurries_until = ended + _HURRY

    def _renew(self) -> None:
        self._leads = self._registry.hold_lease(self._lease, self._name, LEASE_SECONDS)
        self._renewed = time.monotonic()

    def _complain(self, error: AssetflowError) -> None:
        now = time.monotonic()
        if not self._complained or now - self._complained > _REMIND_EVERY:
            logger.warning("%s: %s", self._complaint, error)
            self._complained = now
