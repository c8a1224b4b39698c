"""Assets that count their own executions, and what must hold after every fault."""

from __future__ import annotations

import json
import os
import sys
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from assetflow import AssetIn, AssetsDefinition, RunHandle, RunResult, RunStatus, StepState, asset
from assetflow.clock import pause, wait_until
from assetflow.keys import AssetKey
from assetflow.stores.redis.connection import connect
from tests.support.fleet import Fleet
from tests.support.key_leaks import leaked_keys


class Ledger:
    """A file to which every execution adds a line when it starts; one write each, so that none is torn or lost."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def enter(self, name: str) -> None:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(descriptor, f"{name} {os.getpid()}\n".encode())
        finally:
            os.close(descriptor)

    @property
    def lines(self) -> list[str]:
        return self.path.read_text().splitlines() if self.path.exists() else []

    @property
    def count(self) -> int:
        """Executions that have begun."""
        return len(self.lines)

    @property
    def executions(self) -> Counter[str]:
        """How often each step was begun."""
        return Counter(line.split()[0] for line in self.lines)

    @property
    def repeated(self) -> int:
        """Executions beyond the first of their step."""
        return sum(count - 1 for count in self.executions.values())

    def wait_for(self, count: int, timeout: float = 30.0) -> None:
        assert wait_until(lambda: self.count >= count, timeout=timeout), f"only {self.count} of {count} began"

    def step(self, name: str, seconds: float = 0.0, needs: Sequence[str] = (), **options: object) -> AssetsDefinition:
        """An asset that notes its execution, takes its time, and returns its name and a checksum of its inputs."""

        @asset(name=name, ins={need: AssetIn(need) for need in needs}, **options)  # type: ignore[call-overload]
        def made(**inputs):
            self.enter(name)
            pause(seconds)
            return f"{name} {zlib.crc32(' '.join(sorted(inputs.values())).encode())}"

        return made  # type: ignore[no-any-return]

    def wide(self, count: int, seconds: float = 0.0, prefix: str = "leaf") -> list[AssetsDefinition]:
        """Steps that need nothing of each other."""
        return [self.step(f"{prefix}_{number}", seconds) for number in range(count)]

    def chain(self, count: int, seconds: float = 0.0, prefix: str = "link") -> list[AssetsDefinition]:
        """Steps in a line."""
        return [
            self.step(f"{prefix}_{number}", seconds, [f"{prefix}_{number - 1}"] if number else [])
            for number in range(count)
        ]

    def layers(self, layers: int, width: int, seconds: float = 0.0, prefix: str = "node") -> list[AssetsDefinition]:
        """Layers, each step of which needs two of the layer before."""
        found = []
        for layer in range(layers):
            for number in range(width):
                above = {number, (number + 1) % width} if layer else set()
                needs = [f"{prefix}_{layer - 1}_{other}" for other in sorted(above)]
                found.append(self.step(f"{prefix}_{layer}_{number}", seconds, needs))
        return found


def assert_kept(fleet: Fleet, handle: RunHandle, ledger: Ledger, *, losses: int, timeout: float = 60.0) -> RunResult:
    """The run succeeds, and all that is promised of every run holds.

    Args:
        losses: how many executions more than one a step are allowed in all.
    """
    result = handle.wait(timeout)
    assert result.status is RunStatus.SUCCEEDED
    assert set(result.steps.values()) <= {StepState.SUCCEEDED, StepState.SKIPPED}
    assert_one_commit_each(fleet, handle, result)
    assert ledger.repeated <= losses, f"{ledger.repeated} repeated, {losses} allowed: {ledger.executions}"
    return result


def assert_one_commit_each(fleet: Fleet, handle: RunHandle, result: RunResult) -> None:
    """Every asset has one committed version, its bytes are those that were written, and people read it."""
    committed: dict[AssetKey, set[str]] = {}
    for event in handle.events():
        for item in event.detail.outputs if event.kind.value == "step_succeeded" else ():
            committed.setdefault(AssetKey(item.key), set()).add(str(item.version))
    assert committed.keys() == result.materializations.keys()
    manager_folder = fleet.storage
    for key, versions in committed.items():
        assert len(versions) == 1, f"{key} was committed as {versions}"
        path = manager_folder.joinpath(*key.path)
        assert path.is_file(), f"{key} is not published"
        version = path.parent / ".versions" / f"{key.path[-1]}@{next(iter(versions))}"
        assert path.samefile(version), f"{key} shows another version"
    assert not list(manager_folder.rglob(".*.tmp")), "temporary files are left"


def assert_nothing_left(fleet: Fleet, url: str | None = None) -> None:
    """No key without owner or TTL, once the last wake-ups have been answered."""
    client = connect(url or fleet.url)

    def leaked() -> set[str]:
        known = {f"af:w:{view.info.worker}" for view in fleet.known_workers()}
        return set(leaked_keys(client)) - known

    assert wait_until(lambda: not leaked(), timeout=20), leaked()


def report(fault: str, **figures: object) -> None:
    """Leave the figures of a fault where `make faults` gathers them."""
    folder = os.environ.get("ASSETFLOW_FAULT_FIGURES")
    line = json.dumps({"fault": fault, **figures}, default=str)
    sys.stdout.write(line + "\n")
    if folder:
        with Path(folder).open("a") as file:
            file.write(line + "\n")
