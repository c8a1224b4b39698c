"""A step that is told to stop when all of it was done: nothing of it stays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from assetflow import Definitions, Output, ResourceDefinition, asset
from assetflow.execution.runner import DefinitionsRunner, StepStopped
from assetflow.execution.settled import Settled
from assetflow.io.filesystem import FilesystemIOManager
from assetflow.planning.planner import make_plan
from assetflow.runs.claims import Claim
from assetflow.stores.memory import MemoryRunStore


@contextmanager
def stopping(_step: int, _token: int) -> Iterator[None]:
    yield
    raise StepStopped("the run was cancelled")


@pytest.mark.parametrize("value", [5, Output(5)], ids=["short way", "long way"])
def test_what_was_staged_is_removed(tmp_path: Path, value: Any) -> None:
    @asset
    def made() -> Any:
        return value

    definitions = Definitions(assets=[made])
    plan = make_plan(definitions.graph(), [made.key])
    manager = FilesystemIOManager(tmp_path)
    shared = {"io_manager": ResourceDefinition.hardcoded_resource(manager)}
    runner = DefinitionsRunner(definitions, plan, run_id="run", shared=lambda _name: shared, around=stopping)
    claim = Claim(0, 1, 2, 0, 0, 0)
    result = runner.run(plan.steps[0], claim, {}, Settled(MemoryRunStore(), "run", plan))
    assert isinstance(result.error, StepStopped)
    assert list(manager.kept()) == []
