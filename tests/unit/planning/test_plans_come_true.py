"""Whatever is edited: what a plan says will run runs, what it leaves out does not, and then nothing is stale."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assetflow.definitions.asset import asset
from assetflow.definitions.assets_definition import AssetsDefinition
from assetflow.definitions.bundle import Definitions
from assetflow.environments import Environments
from assetflow.instance import DagsterInstance
from assetflow.io.filesystem import FilesystemIOManager
from assetflow.keys import AssetKey
from assetflow.materializing import materialize
from assetflow.planning.needs import Need
from assetflow.submission import project_of
from assetflow.wiring import current_settings

COUNT = 5
EXAMPLES = itertools.count()


@dataclass
class Project:
    """Assets 0 to 4; each may need those before it.

    Attributes:
        codes: a label of each one's code.
        own: what each one's function brings in; two labels may bring in the same.
        hands_on: whether a value depends on what is read.
        needs: for each the assets it needs.
    """

    prefix: str
    codes: list[int] = field(default_factory=lambda: [0] * COUNT)
    own: list[int] = field(default_factory=lambda: [0] * COUNT)
    hands_on: list[bool] = field(default_factory=lambda: [True] * COUNT)
    needs: list[set[int]] = field(default_factory=lambda: [set() for _ in range(COUNT)])
    called: list[int] = field(default_factory=list)

    def key(self, number: int) -> AssetKey:
        return AssetKey([self.prefix, f"a{number}"])

    def value(self, number: int, inputs: list[int]) -> int:
        return 10 * self.own[number] + (sum(inputs) if self.hands_on[number] else 0)

    def assets(self) -> list[AssetsDefinition]:
        return [self._asset(number) for number in range(COUNT)]

    def _asset(self, number: int) -> AssetsDefinition:
        arguments = ", ".join(f"a{need}" for need in sorted(self.needs[number]))
        text = f"def a{number}({arguments}): return call({number}, [{arguments}])"
        scope: dict[str, Any] = {"call": self._call}
        exec(text, scope)
        return asset(key_prefix=self.prefix, group_name=self.prefix, code_version=str(self.codes[number]))(
            scope[f"a{number}"]
        )

    def _call(self, number: int, inputs: list[int]) -> int:
        self.called.append(number)
        return self.value(number, inputs)


@dataclass
class Oracle:
    """What has to happen, said in another way: an asset is made if it was made of something else, or never."""

    made: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    values: dict[int, int] = field(default_factory=dict)

    def run(self, project: Project, chosen: set[int]) -> list[int]:
        called = []
        for number in sorted(chosen):
            inputs = [self.values.get(need) for need in sorted(project.needs[number])]
            of = (project.codes[number], frozenset(project.needs[number]), tuple(inputs))
            if self.made.get(number) != of:
                self.made[number] = of
                self.values[number] = project.value(number, [one or 0 for one in inputs])
                called.append(number)
        return called


EDITS = st.one_of(
    st.tuples(st.just("code"), st.integers(0, COUNT - 1), st.integers(0, 2)),
    st.tuples(st.just("layout"), st.integers(0, COUNT - 1), st.booleans()),
    st.tuples(st.just("need"), st.integers(0, COUNT - 1), st.integers(0, COUNT - 1)),
)


def edit(project: Project, kind: str, number: int, what: int) -> None:
    if kind == "code":  # it brings in what it did, or something else
        project.codes[number] += 1
        project.own[number] = what
    elif kind == "layout":
        project.codes[number] += 1
        project.hands_on[number] = bool(what)
    elif what < number:
        project.needs[number] ^= {what}


@pytest.fixture(scope="module")
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as found:
        yield found


@settings(
    max_examples=60, deadline=None, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(
    needs=st.lists(st.sets(st.integers(0, COUNT - 1)), min_size=COUNT, max_size=COUNT),
    rounds=st.lists(st.tuples(st.lists(EDITS, max_size=3), st.sets(st.integers(0, COUNT - 1))), min_size=1, max_size=4),
)
def test_what_is_planned_is_what_happens(
    instance: DagsterInstance, tmp_path: Path, needs: list[set[int]], rounds: list[Any]
) -> None:
    project = Project(prefix=f"e{next(EXAMPLES)}")
    project.needs = [{need for need in found if need < number} for number, found in enumerate(needs)]
    oracle = Oracle()
    resources = {"io_manager": FilesystemIOManager(tmp_path)}
    everything = set(range(COUNT))
    for edits, only in [([], everything), *rounds, ([], everything)]:
        for one in edits:
            edit(project, *one)
        chosen = only or everything
        keys = [project.key(number) for number in sorted(chosen)]
        assets = project.assets()
        definitions = Definitions(assets=assets, resources=resources)
        records = instance.records(Environments(current_settings(), definitions), "default")
        _, plan = project_of(definitions).stale_plan(keys, records)
        project.called.clear()
        result = materialize(assets, selection=keys, resources=resources, instance=instance, stale_only=True)
        called = {project.key(number) for number in project.called}

        assert sorted(project.called) == oracle.run(project, chosen)
        told = {need: {key for key, found in plan.needs.items() if found is need} for need in Need}
        assert told[Need.RUN] <= called
        assert not told[Need.SKIP] & called
        assert len(result.unchanged) == len(told[Need.MAYBE] - called)
        assert len(plan.plan.steps) == len(result.step_keys)

    statuses = instance.get_asset_statuses(definitions)
    assert all(status.is_fresh for status in statuses.values())
    loaded = {number: definitions.load_asset_value(project.key(number)) for number in everything}
    assert loaded == oracle.values
    again = materialize(assets, resources=resources, instance=instance, stale_only=True)
    assert again.step_keys == () and again.success
