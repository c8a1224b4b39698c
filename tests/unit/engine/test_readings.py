"""What is kept of what steps have read, and of the data that they made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assetflow.definitions.asset import asset
from assetflow.definitions.data_version import DATA_VERSION_TAG, DataVersion
from assetflow.definitions.graph_asset import graph_asset
from assetflow.definitions.io_manager import IOManager
from assetflow.definitions.materialize_result import MaterializeResult
from assetflow.definitions.observable import observable_source_asset
from assetflow.definitions.op_decorator import op
from assetflow.definitions.outputs import Output
from assetflow.engine.readings import Readings
from assetflow.engine.recording import RunRecord
from assetflow.engine.request import RunRequest
from assetflow.instance import DagsterInstance
from assetflow.io.filesystem import FilesystemIOManager
from assetflow.keys import AssetKey
from assetflow.materializing import materialize, observe
from assetflow.runs.entries import Entries, MaterializationEntry
from assetflow.runs.outbox import StreamedFact


class Nowhere(IOManager):
    """Keeps the last value, and no versions."""

    def __init__(self) -> None:
        self.value: Any = None

    def handle_output(self, context, obj):
        self.value = obj

    def load_input(self, context):
        return self.value


@pytest.fixture
def instance():
    with DagsterInstance.ephemeral() as found:
        yield found


@pytest.fixture
def keep(tmp_path: Path) -> dict[str, Any]:
    return {"io_manager": FilesystemIOManager(tmp_path / "values"), "nowhere": Nowhere()}


def newest(instance: DagsterInstance, name: str) -> MaterializationEntry:
    key = AssetKey(name)
    return instance._history.catalog.latest([key])[key].entry


def read_by(instance: DagsterInstance, name: str) -> dict[str, tuple[str | None, str | None]]:
    return {"/".join(key): (version, data) for key, version, data in json.loads(newest(instance, name).inputs)}


@asset
def one():
    return 1


@asset
def two(one):
    return one + 1


def test_equal_values_have_one_data_version_and_others_another(instance, keep) -> None:
    @asset
    def varying(context):
        return context.op_config or 0

    found = []
    for value in (1, 1, 2):
        config = {"ops": {"varying": {"config": value}}}
        materialize([varying], run_config=config, resources=keep, instance=instance)
        found.append(newest(instance, "varying"))
    assert found[0].data_version == found[1].data_version != found[2].data_version
    assert found[0].version != found[1].version
    assert len({entry.code_version for entry in found}) == 1 and found[0].code_version


def test_what_was_made_in_the_same_run_and_what_was_found_are_told_alike(instance, keep) -> None:
    materialize([one, two], resources=keep, instance=instance)
    first = newest(instance, "one")
    assert read_by(instance, "two") == {"one": (first.version, first.data_version)}
    materialize([one, two], resources=keep, instance=instance, selection="two")
    assert read_by(instance, "two") == {"one": (first.version, first.data_version)}


def test_what_a_function_says_of_its_data_comes_first_for_readers_too(instance, keep) -> None:
    @asset
    def said():
        return Output(1, data_version=DataVersion("monday"))

    @asset
    def reader(said):
        return said

    materialize([said, reader], resources=keep, instance=instance)
    assert newest(instance, "said").data_version == "monday" == read_by(instance, "reader")["said"][1]
    materialize([said, reader], resources=keep, instance=instance, selection="reader")
    assert read_by(instance, "reader")["said"][1] == "monday"
    told = instance.get_latest_materialization_event("said")
    assert told is not None and told.asset_materialization.tags[DATA_VERSION_TAG] == "monday"


def test_data_of_which_nobody_knows_anything_is_like_no_other(instance, keep) -> None:
    @asset(io_manager_key="nowhere")
    def unknown():
        return 1

    @asset
    def silent() -> MaterializeResult:
        return MaterializeResult()

    seen = []
    for _ in range(2):
        materialize([unknown, silent], resources=keep, instance=instance)
        seen += [newest(instance, name).data_version for name in ("unknown", "silent")]
    assert len(set(seen)) == 4 and None not in seen


def test_a_graph_has_read_what_any_of_its_ops_has_read(instance, keep) -> None:
    @op
    def first(one):
        return one

    @op
    def second(first, two):
        return first + two

    @graph_asset
    def made(one, two):
        return second(first(one), two)

    materialize([one, two, made], resources=keep, instance=instance)
    assert read_by(instance, "made").keys() == {"one", "two"}
    assert read_by(instance, "made")["one"][1] == newest(instance, "one").data_version


def test_a_source_is_read_as_it_was_observed_last(instance, keep, tmp_path: Path) -> None:
    @observable_source_asset(io_manager_key="nowhere")
    def feed():
        return DataVersion("a")

    @asset
    def reader(feed):
        return 1

    materialize([feed, reader], resources=keep, instance=instance)
    assert read_by(instance, "reader") == {"feed": (None, None)}
    observe([feed], resources=keep, instance=instance)
    materialize([feed, reader], resources=keep, instance=instance)
    assert read_by(instance, "reader") == {"feed": (None, "a")}


def test_what_is_only_depended_on_is_read_as_it_stood_when_the_step_began(instance, keep) -> None:
    @asset(deps=[one])
    def after():
        return 1

    materialize([one, after], resources=keep, instance=instance, selection="one")
    materialize([one, after], resources=keep, instance=instance, selection="after")
    assert read_by(instance, "after") == {"one": (None, newest(instance, "one").data_version)}


def test_a_recorder_that_comes_later_knows_what_was_read_before(instance, keep) -> None:
    @op
    def first(one):
        return one

    @op
    def second(first, two):
        return first + two

    @graph_asset
    def made(one, two):
        return second(first(one), two)

    result = materialize([one, two, made], resources=keep, instance=instance)
    log = instance._history.log
    run = log.run(result.run_id)
    assert run is not None
    plan = RunRequest.opened(instance._signer, run.envelope, result.run_id).plan
    facts = log.facts(result.run_id)
    streamed = [
        StreamedFact(f"1-{place}", fact.kind.value, ",".join(map(str, fact.steps)), fact.token, fact.raw)
        for place, fact in enumerate(facts)
    ]
    known = {step.key: step.outputs[0].index for step in plan.steps}
    for cut in range(len(facts)):
        before = {name: newest(instance, name) for name in ("one", "two")}
        versions = {known[name]: (entry.version, entry.data_version) for name, entry in before.items()}
        record = RunRecord(result.run_id, plan, Readings(plan, versions, "default", log.data_versions))
        record.recall(facts[:cut])
        entries = Entries()
        record.add(1, streamed[cut:], entries)
        for found in entries.materializations:
            if found.asset == '["made"]':
                assert json.loads(found.inputs) == json.loads(newest(instance, "made").inputs), cut
