"""What the facts are that conditions look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from assetflow.automation.evaluating import Evaluation
from assetflow.automation.subsets import NONE, Subset
from assetflow.cron import fire_times, fire_times_before, five_fields, zone_of
from assetflow.definitions.checks import AssetCheckKey
from assetflow.definitions.condition_tree import ConditionKind, ConditionTree
from assetflow.keys import AssetKey
from assetflow.partitions.multi import MultiPartitionsDefinition
from assetflow.partitions.time_windows import TimeWindowPartitionsDefinition

Times = Mapping[str, float]
Answer = tuple[Subset, Times]
"""Of what something holds, and since when, where something that was made has brought it about."""
_LATEST = float("inf")


def _missing(at: Evaluation, _: ConditionTree, key: AssetKey) -> Answer:
    return at.known.every(key).all - at.known.made(key), {}


def _in_progress(at: Evaluation, _: ConditionTree, key: AssetKey) -> Answer:
    return at.known.under_way(key), {}


def _backfill_in_progress(at: Evaluation, _: ConditionTree, key: AssetKey) -> Answer:
    return at.known.under_way(key, in_backfills=True), {}


def _execution_failed(at: Evaluation, _: ConditionTree, key: AssetKey) -> Answer:
    return at.known.failed(key), {}


def _newly_updated(at: Evaluation, _: ConditionTree, key: AssetKey) -> Answer:
    updates = at.known.updates(key)
    # The asset itself counts from when its step began: what was made of what it needs after that, it has not seen.
    own = key == at.root
    return frozenset(updates), {part: one.at - one.seconds if own else one.at for part, one in updates.items()}


def _newly_requested(at: Evaluation, _: ConditionTree, key: AssetKey) -> Answer:
    told = at.remembered(key)
    held = NONE if told is None else at.known.every(key).subset(told.requested)
    return held, dict.fromkeys(held, at.requested_at)


def _will_be_requested(at: Evaluation, _: ConditionTree, key: AssetKey) -> Answer:
    return at.requested.get(key, NONE), {}


def _code_version_changed(at: Evaluation, _: ConditionTree, key: AssetKey) -> Answer:
    told = at.remembered(key)
    if told is None or told.code is None or told.code == at.known.graph.code_versions.of(key):
        return NONE, {}
    return at.known.every(key).all, {}


def _data_version_changed(at: Evaluation, _: ConditionTree, key: AssetKey) -> Answer:
    updates = at.known.updates(key).items()
    held = {part: one.at for part, one in updates if at.known.has_other_data(key, one)}
    return frozenset(held), held


def _cron_tick_passed(at: Evaluation, condition: ConditionTree, key: AssetKey) -> Answer:
    before = at.evaluated_before
    zone = zone_of(condition.argument("cron_timezone"), whose="an AutomationCondition")
    expression = five_fields(condition.argument("cron_schedule"))
    if before is None or next(fire_times([expression], zone, before)) > at.known.now:
        return NONE, {}
    every, last = at.known.every(key).all, next(fire_times_before([expression], zone, at.known.now))
    return every, dict.fromkeys(every, last.timestamp())


def _in_latest_time_window(at: Evaluation, condition: ConditionTree, key: AssetKey) -> Answer:
    definition, every = at.known.definition(key), at.known.every(key)
    lookback: timedelta | None = condition.argument("lookback_delta")
    if isinstance(definition, TimeWindowPartitionsDefinition):
        return frozenset(_latest(definition, lookback, at.known.now)), {}
    if isinstance(definition, MultiPartitionsDefinition):
        latest = {
            name: set(_latest(part, lookback, at.known.now))
            for name in definition.partition_dimension_names
            if isinstance(part := definition.dimension(name), TimeWindowPartitionsDefinition)
        }
        keys = (definition.parsed(one) for one in every.keys)
        held = (one for one in keys if all(one.keys_by_dimension[name] in some for name, some in latest.items()))
        return frozenset(map(str, held)), {}
    return every.all, {}


def _latest(definition: TimeWindowPartitionsDefinition, lookback: timedelta | None, now: datetime) -> Iterable[str]:
    last = definition.get_last_partition_window(now)
    if last is None:
        return ()
    if lookback is None:
        return definition.get_partition_keys(now)[-1:]
    keys = definition.get_partition_keys(now)
    found = []
    for key in reversed(keys):
        if definition.time_window_for_partition_key(key).end.astimezone(UTC) <= last.end.astimezone(UTC) - lookback:
            break
        found.append(key)
    return found


def _initial_evaluation(at: Evaluation, _: ConditionTree, key: AssetKey) -> Answer:
    every = at.known.every(key).all
    return (every, dict.fromkeys(every, _LATEST)) if at.is_first else (NONE, {})


def _executed_with_root_target(at: Evaluation, _: ConditionTree, key: AssetKey) -> Answer:
    root = at.root
    assert root is not None, "conditions are looked at of some asset"
    return frozenset(part for part, one in at.known.updates(key).items() if at.known.makes(one.run_id, root)), {}


def _executed_with_tags(at: Evaluation, condition: ConditionTree, key: AssetKey) -> Answer:
    wanted = set(condition.argument("tags"))
    updates = at.known.updates(key).items()
    held = {part: one.at for part, one in updates if wanted <= set(at.known.tags_of(one.run_id).items())}
    return frozenset(held), held


def _freshness_passed(at: Evaluation, _: ConditionTree, key: AssetKey) -> Answer:
    return (at.known.every(key).all if at.known.minutes_late(key) == 0 else NONE), {}


def _freshness_failed(at: Evaluation, _: ConditionTree, key: AssetKey) -> Answer:
    return (at.known.every(key).all if (at.known.minutes_late(key) or 0) > 0 else NONE), {}


# --- facts of checks --------------------------------------------------------------------------------


def _of_check(holds: Callable[[Evaluation, AssetCheckKey], bool]) -> Any:
    def looks(at: Evaluation, _: ConditionTree, key: AssetCheckKey) -> Answer:
        return (at.known.every(key.asset_key).all if holds(at, key) else NONE), {}

    return looks


def _has_passed(at: Evaluation, key: AssetCheckKey) -> bool:
    told = at.known.check(key)
    return told is not None and told.entry.passed


def _has_failed(at: Evaluation, key: AssetCheckKey) -> bool:
    told = at.known.check(key)
    return told is not None and not told.entry.passed


def _is_done(at: Evaluation, key: AssetCheckKey) -> bool:
    return key.asset_key in at.requested


def _was_never_done(at: Evaluation, key: AssetCheckKey) -> bool:
    return at.known.check(key) is None


_K = ConditionKind
FACTS_OF_ASSETS: dict[ConditionKind, Callable[[Evaluation, ConditionTree, AssetKey], Answer]] = {
    _K.MISSING: _missing,
    _K.IN_PROGRESS: _in_progress,
    _K.BACKFILL_IN_PROGRESS: _backfill_in_progress,
    _K.EXECUTION_FAILED: _execution_failed,
    _K.NEWLY_UPDATED: _newly_updated,
    _K.NEWLY_REQUESTED: _newly_requested,
    _K.WILL_BE_REQUESTED: _will_be_requested,
    _K.CODE_VERSION_CHANGED: _code_version_changed,
    _K.DATA_VERSION_CHANGED: _data_version_changed,
    _K.CRON_TICK_PASSED: _cron_tick_passed,
    _K.IN_LATEST_TIME_WINDOW: _in_latest_time_window,
    _K.INITIAL_EVALUATION: _initial_evaluation,
    _K.EXECUTED_WITH_ROOT_TARGET: _executed_with_root_target,
    _K.EXECUTED_WITH_TAGS: _executed_with_tags,
    _K.FRESHNESS_PASSED: _freshness_passed,
    _K.FRESHNESS_FAILED: _freshness_failed,
}
FACTS_OF_CHECKS: dict[ConditionKind, Callable[[Evaluation, ConditionTree, AssetCheckKey], Answer]] = {
    _K.CHECK_PASSED: _of_check(_has_passed),
    _K.CHECK_FAILED: _of_check(_has_failed),
    _K.WILL_BE_REQUESTED: _of_check(_is_done),
    _K.MISSING: _of_check(_was_never_done),
}
