"""Materializing in this process."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from assetflow import (
    AssetIn,
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    Failure,
    InvalidDefinitionError,
    InvariantViolationError,
    IOManager,
    MetadataValue,
    Output,
    ParameterCheckError,
    RetryPolicy,
    SourceAsset,
    StepOutputNotFoundError,
    StepState,
    TypeCheckDidNotPass,
    UnknownResourceError,
    asset,
    io_manager,
    materialize,
    materialize_to_memory,
    mem_io_manager,
    resource,
)


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class Shelf(IOManager):
    """Keeps values in a dict, and what it was told."""

    def __init__(self) -> None:
        self.values: dict[Any, Any] = {}
        self.told: list[Any] = []

    def handle_output(self, context: Any, obj: Any) -> Any:
        self.told.append(context)
        self.values[context.asset_key] = obj
        yield {"size": 1}

    def load_input(self, context: Any) -> Any:
        self.told.append(context)
        return self.values[context.asset_key]


def test_values_go_through_the_io_manager() -> None:
    shelf = Shelf()

    @asset(metadata={"owner": "me"})
    def up() -> int:
        return 2

    @asset(ins={"up": AssetIn(metadata={"columns": ["a"]})})
    def down(up: int) -> int:
        return up + 1

    result = materialize([up, down], resources={"io_manager": shelf})
    assert result.success and result.asset_value("down") == 3
    stored_up, loaded, _ = shelf.told
    assert stored_up.metadata == {"owner": "me"} and stored_up.run_id == result.run_id
    assert loaded.metadata == {"columns": ["a"]} and loaded.upstream_output.metadata == {"owner": "me"}
    assert loaded.name == "up" and stored_up.get_asset_identifier() == ["up"]
    [made] = result.asset_materializations_for_node("up")
    assert made.metadata == {"size": MetadataValue.int(1)}


def test_an_io_manager_of_ones_own_is_used_for_its_asset_and_by_its_readers() -> None:
    shelf = Shelf()

    @io_manager
    def own() -> Shelf:
        return shelf

    @asset(io_manager_def=own)
    def up():
        return [1]

    @asset
    def down(up):
        return len(up)

    assert materialize([up, down]).output_for_node("down") == 1
    assert len(shelf.told) == 2


def test_returning_none_materializes_and_yielding_nothing_skips() -> None:
    @asset(output_required=False)
    def returns():
        return None

    @asset(output_required=False)
    def yields():
        yield from ()

    @asset
    def after_return(returns):
        return 1

    @asset
    def after_yield(yields):
        return 1

    result = materialize([returns, yields, after_return, after_yield])
    assert result.success
    assert result.state_of("after_return") is StepState.SUCCEEDED
    assert result.state_of("after_yield") is StepState.SKIPPED
    with pytest.raises(InvariantViolationError, match="skipped"):
        result.output_for_node("after_yield")


def test_a_required_output_that_is_missing_fails() -> None:
    @asset
    def nothing():
        yield from ()

    with pytest.raises(StepOutputNotFoundError, match="did not return an output for non-optional output"):
        materialize([nothing])


def test_a_generator_has_to_yield_output() -> None:
    @asset
    def bare():
        yield 1

    with pytest.raises(InvariantViolationError, match="yielded a value of type <class 'int'>"):
        materialize([bare])


def test_an_output_twice_is_refused() -> None:
    @asset
    def twice():
        yield Output(1)
        yield Output(2)

    with pytest.raises(InvariantViolationError, match="multiple times"):
        materialize([twice])


def test_an_asset_annotated_with_none_is_materialized_and_not_stored(tmp_path: Path) -> None:
    @asset
    def effect() -> None:
        return None

    @asset(non_argument_deps={"effect"})
    def after_it():
        return 1

    result = materialize([effect, after_it])
    assert result.success and len(result.asset_materializations_for_node("effect")) == 1
    assert not (tmp_path / ".assetflow/storage/effect").exists()


def test_annotations_are_checked_at_both_ends() -> None:
    @asset
    def text() -> str:
        return 1  # type: ignore[return-value]

    with pytest.raises(TypeCheckDidNotPass, match=r'step output "result".*expected str, got int'):
        materialize([text])

    @asset
    def number():
        return "one"

    @asset
    def user(number: int):
        return number

    with pytest.raises(TypeCheckDidNotPass, match='step input "number"'):
        materialize([number, user])


def test_an_async_asset_is_awaited() -> None:
    @asset
    async def later():
        await asyncio.sleep(0)
        return 5

    assert materialize([later]).output_for_node("later") == 5


def test_metadata_of_the_context_wins() -> None:
    @asset
    def told(context):
        context.add_output_metadata({"rows": 2, "by": "context"})
        return Output(1, metadata={"by": "output", "kept": True})

    [made] = materialize([told]).asset_materializations_for_node("told")
    values = {label: item.value for label, item in made.metadata.items() if label != "path"}
    assert values == {"rows": 2, "by": "context", "kept": True}


def test_events_that_were_yielded_or_logged_are_recorded() -> None:
    @asset
    def tells(context):
        context.log_event(AssetObservation("elsewhere", metadata={"seen": 1}))
        yield AssetMaterialization("by_hand", description="made it")
        yield Output(1)

    result = materialize([tells])
    told = [event for event in result.events_for_node("tells") if event.asset_key not in (None, AssetKey("tells"))]
    assert [(event.event_type.value, event.asset_key) for event in told] == [
        ("ASSET_OBSERVATION", AssetKey("elsewhere")),
        ("ASSET_MATERIALIZATION", AssetKey("by_hand")),
    ]


def test_only_declared_resources_are_visible() -> None:
    @asset(required_resource_keys={"seen"})
    def reads(context):
        return context.resources.seen

    @asset
    def peeks(context):
        return context.resources.seen

    assert materialize([reads], resources={"seen": 5}).output_for_node("reads") == 5
    with pytest.raises(UnknownResourceError, match="Unknown resource `seen`"):
        materialize([peeks], resources={"seen": 5})
    with pytest.raises(InvalidDefinitionError, match="resource with key 'seen' required by op 'reads'"):
        materialize([reads])


def test_resources_are_opened_in_order_and_closed_in_reverse_even_after_a_failure() -> None:
    log: list[str] = []

    @resource
    def base():
        log.append("open base")
        yield "base"
        log.append("close base")

    @resource(required_resource_keys={"base"})
    def top(context):
        log.append(f"open top on {context.resources.base}")
        yield "top"
        log.append("close top")

    @asset(required_resource_keys={"top"})
    def fails(context):
        raise Failure("no")

    with pytest.raises(Failure):
        materialize([fails], resources={"top": top, "base": base})
    assert log == ["open base", "open top on base", "close top", "close base"]


def test_op_config_reaches_the_context() -> None:
    @asset
    def configured(context):
        return context.op_config

    config = {"ops": {"configured": {"config": {"n": 3}}}}
    assert materialize([configured], run_config=config).output_for_node("configured") == {"n": 3}
    assert materialize([configured]).output_for_node("configured") is None


def test_a_step_is_tried_again_in_process() -> None:
    tries: list[int] = []

    @asset(retry_policy=RetryPolicy(max_retries=2, delay=0.01))
    def flaky(context):
        tries.append(context.retry_number)
        if len(tries) < 3:
            raise OSError("again")
        return 1

    assert materialize([flaky]).success
    assert tries == [0, 1, 2]


def test_independent_assets_run_although_another_failed() -> None:
    @asset
    def bad():
        raise ValueError("bad")

    @asset
    def below(bad):
        return 1

    @asset
    def fine():
        return 1

    result = materialize([bad, below, fine], raise_on_error=False)
    assert not result.success
    assert [result.state_of(name).value for name in ("bad", "below", "fine")] == ["F", "U", "S"]


def test_a_source_is_read_and_never_made() -> None:
    shelf = Shelf()
    source = SourceAsset("outside", io_manager_key="shelf")
    shelf.values[source.key] = 9

    @asset
    def reads(outside):
        return outside + 1

    assert materialize([reads, source], resources={"shelf": shelf}).output_for_node("reads") == 10
    with pytest.raises(InvalidDefinitionError, match="requires IO manager with key 'shelf'"):
        materialize([reads, source])


def test_what_is_no_asset_is_refused_and_nothing_is_fine() -> None:
    with pytest.raises(ParameterCheckError):
        materialize([1])  # type: ignore[list-item]
    assert materialize([]).success


def test_kwargs_receive_what_ins_declares() -> None:
    @asset
    def one():
        return 1

    @asset(ins={"first": AssetIn("one")})
    def all_of_it(**inputs):
        return inputs

    assert materialize([one, all_of_it]).output_for_node("all_of_it") == {"first": 1}


def test_resources_are_opened_once_for_a_run_of_several_queues_and_retries() -> None:
    opened: list[str] = []
    tries: list[int] = []

    @resource
    def api():
        opened.append("open")
        yield "api"
        opened.append("closed")

    @asset(required_resource_keys={"api"}, op_tags={"assetflow/queue": "gpu"})
    def up(context):
        return context.resources.api

    @asset(required_resource_keys={"api"}, retry_policy=RetryPolicy(max_retries=1, delay=0.01))
    def down(context, up):
        tries.append(context.retry_number)
        if context.retry_number == 0:
            raise ValueError("not yet")
        return up

    assert materialize([up, down], resources={"api": api}).asset_value("down") == "api"
    assert tries == [0, 1] and opened == ["open", "closed"]


def test_values_in_memory_are_the_very_same_objects(tmp_path: Path) -> None:
    made = object()

    @asset
    def up():
        return made

    @asset(io_manager_key="lake", op_tags={"assetflow/queue": "gpu"})
    def down(up):
        return [up]

    @asset
    def last(down):
        return down[0] is made

    result = materialize_to_memory([up, down, last])
    assert result.success and result.asset_value("last") is True
    assert list(tmp_path.iterdir()) == [], "nothing is stored"


@pytest.mark.parametrize("key", ["io_manager", "lake"])
def test_memory_takes_no_io_manager_beside_it(key: str) -> None:
    @asset(io_manager_key=key)
    def up():
        return 1

    message = f"Attempted to call `materialize_to_memory` with a resource provided for io manager key '{key}'"
    with pytest.raises(InvariantViolationError, match=message):
        materialize_to_memory([up], resources={key: mem_io_manager})
    with pytest.raises(InvariantViolationError, match=message):
        materialize_to_memory([up.with_resources({key: mem_io_manager})])


def test_memory_does_not_hide_a_missing_upstream() -> None:
    @asset
    def up():
        return 1

    @asset
    def down(up):
        return up

    with pytest.raises(InvariantViolationError, match='asset "up" is not in memory: nothing has made it in this run'):
        materialize_to_memory([up, down], selection="down")


def test_memory_takes_other_resources_and_config() -> None:
    @asset(required_resource_keys={"rate"})
    def up(context):
        return context.resources.rate * context.op_config["times"]

    config = {"ops": {"up": {"config": {"times": 3}}}}
    assert materialize_to_memory([up], config, {"rate": 2}).asset_value("up") == 6
    assert not materialize_to_memory([up], {}, {"rate": 2}, raise_on_error=False).success


def test_the_memory_manager_is_an_io_manager_like_others() -> None:
    @asset
    def up():
        return 1

    @asset(op_tags={"assetflow/queue": "gpu"})
    def down(up):
        return up + 1

    assert materialize([up, down], resources={"io_manager": mem_io_manager}).asset_value("down") == 2
