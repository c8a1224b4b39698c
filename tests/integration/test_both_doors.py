"""The same definitions in this process, on workers that import them, and on workers they are sent to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assetflow import AssetKey, InvalidConfigError, InvalidSubsetError, RunStatus, StepState, materialize
from assetflow.client import submit_project
from assetflow.local.cluster import LocalCluster
from assetflow.submission import project_of, project_of_module
from tests.samples import bakery
from tests.support.cluster import running_cluster

MODULE = "tests.samples.bakery"


@pytest.fixture(scope="module", autouse=True)
def variables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What the bakery's configs name: set for this process, and so for the workers it starts."""
    folder = tmp_path_factory.mktemp("bakery")
    given = {
        "BAKERY_GRAMS": "400",
        "BAKERY_BAKER": "Anna",
        "BAKERY_FOLDER": str(folder / "files"),
        "BAKERY_SHELF": str(folder / "shelf"),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setenv(name, value)
        yield folder


@pytest.fixture(scope="module")
def cluster(variables: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster"), modules=(MODULE,)) as running:
        yield running


EXPECTED_STATES = {
    "raw__flour": StepState.SUCCEEDED,
    "dough": StepState.SUCCEEDED,
    "baking": StepState.SUCCEEDED,
    "sandwich": StepState.SUCCEEDED,
    "lunch": StepState.SUCCEEDED,
    "signed": StepState.SUCCEEDED,
    "stubborn": StepState.SUCCEEDED,
    "party": StepState.SKIPPED,
    "cleaning": StepState.SKIPPED,
    "burnt": StepState.FAILED,
    "picky": StepState.FAILED,
    "toast": StepState.UPSTREAM_FAILED,
    "dough_rises": StepState.SUCCEEDED,
    "sandwich_cheap": StepState.SUCCEEDED,
    "cake": StepState.FAILED,
    "cake_for_tea": StepState.UPSTREAM_FAILED,
    "breakfast_plate.cut": StepState.SUCCEEDED,
    "breakfast_plate.spread.buttered": StepState.SUCCEEDED,
    "breakfast_plate.roasted": StepState.SKIPPED,
}
EXPECTED_VALUES = {
    "raw/flour": 400,
    "dough": 600.0,
    "shop/bread": "600 g at 220 by Anna",
    "crumbs": 1,
    "sandwich": "sandwich of 600 g at 220 by Anna (kept)",
    "lunch": "lunch: sandwich of 600 g at 220 by Anna (kept)",
    "signed": "Anna (30) made 600 g at 220 by Anna",
    "stubborn": 1,
    "plate/slice": "buttered 600 G AT 220 BY ANNA",
}
EXPECTED_CHECKS = {
    ("dough", "rises", True, "ERROR", ""),
    ("sandwich", "cheap", False, "WARN", "220 degrees cost"),
    ("cake", "fresh", False, "ERROR", ""),
}
EXPECTED_METADATA = {
    "raw/flour": {"grain": "RYE", "spices": 2},
    "dough": {"water": 0.7},
    "crumbs": {"small": True},
    "sandwich": {"shelf": "lower"},
}


def read_checks(evaluations) -> set:
    return {
        (one.asset_key.to_user_string(), one.check_name, one.passed, one.severity.value, one.description or "")
        for one in evaluations
    }


def in_process() -> tuple[dict, dict, set]:
    given = [*bakery.defs.assets, *bakery.defs.source_assets]
    run = materialize(given, run_config=bakery.CONFIG, resources=bakery.defs.resources, raise_on_error=False)
    assert not run.success
    states = {step: run.state_of(step) for step in EXPECTED_STATES}
    made = [item for step in EXPECTED_STATES for item in run.outputs_for_node(step)]
    checks = read_checks(run.get_asset_check_evaluations())
    return states, {item.asset_key.to_user_string(): item.metadata for item in made}, checks


def on_workers(cluster: LocalCluster, ship_code: bool) -> tuple[dict, dict, set]:
    run = submit_project(cluster.connection, project_of_module(MODULE), run_config=bakery.CONFIG, ship_code=ship_code)
    result = run.wait(30, raise_on_error=False)
    assert result.status is RunStatus.FAILED
    assert "burnt to ashes" in result.errors["burnt"].message
    assert "Type check failed for step input" in result.errors["picky"].message
    checks = read_checks(result.checks)
    metadata = {key.to_user_string(): item.metadata for key, item in result.materializations.items()}
    return result.steps, metadata, checks


@pytest.mark.parametrize("door", ["in process", "by name", "as a bundle"])
def test_every_door_leads_to_the_same(door: str, cluster: LocalCluster, variables: Path) -> None:
    for path in sorted(variables.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    states, metadata, checks = in_process() if door == "in process" else on_workers(cluster, door == "as a bundle")
    assert {step: states[step] for step in EXPECTED_STATES} == EXPECTED_STATES
    assert checks == EXPECTED_CHECKS
    assert metadata.keys() == EXPECTED_VALUES.keys()
    with bakery.defs.get_asset_value_loader(bakery.CONFIG["resources"]) as loader:
        values = {name: loader.load_asset_value(AssetKey.from_user_string(name)) for name in EXPECTED_VALUES}
    assert values == EXPECTED_VALUES
    for name, expected in EXPECTED_METADATA.items():
        assert {label: metadata[name][label].value for label in expected} == expected


def test_a_job_runs_on_workers_with_its_config_and_tags(cluster: LocalCluster) -> None:
    run = submit_project(cluster.connection, project_of_module(MODULE), job="breakfast", tags={"guest": "Ada"})
    result = run.wait(30)
    assert set(result.steps) == {"raw__flour", "dough", "dough_rises", "stubborn"}
    assert result.materializations[AssetKey("dough")].metadata["water"].value == 0.7
    narrowed = submit_project(cluster.connection, project_of_module(MODULE), "stubborn", job="breakfast")
    assert set(narrowed.wait(30).steps) == {"stubborn"}
    with pytest.raises(InvalidSubsetError, match="the job breakfast does not materialize them"):
        submit_project(cluster.connection, project_of_module(MODULE), "toast", job="breakfast")


def test_a_source_is_looked_at_on_workers(cluster: LocalCluster) -> None:
    run = submit_project(cluster.connection, project_of_module(MODULE), [bakery.weather])
    assert run.wait(30).steps == {"weather": StepState.SUCCEEDED}
    [seen] = [raw for event in run.events() for raw in event.detail.observations]
    assert seen["tags"] == {"assetflow/data_version": "sunny"}


def test_a_config_that_does_not_fit_is_refused_by_every_door(cluster: LocalCluster) -> None:
    wrong = {"ops": {"dough": {"config": {"water": "much"}}}}
    seen = []
    for attempt in (
        lambda: materialize([*bakery.defs.assets], run_config=wrong, resources=bakery.defs.resources),
        lambda: submit_project(cluster.connection, project_of_module(MODULE), run_config=wrong),
        lambda: submit_project(cluster.connection, project_of(bakery.defs), run_config=wrong, ship_code=True),
    ):
        with pytest.raises(InvalidConfigError) as caught:
            attempt()
        seen.append([item.path for item in caught.value.errors])
    assert seen[0] == seen[1] == seen[2] == ["root", "root:ops", "root:ops:dough:config:water"]
