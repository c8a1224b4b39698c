"""Conditions under which assets are to be made; a daemon looks at them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from assetflow.cron import check_cron, zone_of
from assetflow.definitions.condition_tree import ConditionKind, ConditionTree, checked_condition
from assetflow.errors import ParameterCheckError
from assetflow.keys import AssetKey, CoercibleToAssetKey


class AutomationCondition(ConditionTree):
    """When an asset is to be made. Made with the functions below, and joined with ``&``, ``|`` and ``~``.

    ``@asset(automation_condition=AutomationCondition.eager())`` is made whenever something that it needs was made
    anew. A daemon evaluates all conditions of a project together, and asks for one run of all that is to be made.
    """

    __slots__ = ()

    # --- what there is to look at ----------------------------------------------------------------

    @staticmethod
    def missing() -> AutomationCondition:
        """It was never materialized."""
        return _of(ConditionKind.MISSING)

    @staticmethod
    def in_progress() -> AutomationCondition:
        """A run that is not over is to make it, and has not done so yet."""
        return _of(ConditionKind.IN_PROGRESS)

    @staticmethod
    def run_in_progress() -> AutomationCondition:
        """The same, of a run that is no backfill."""
        return (_of(ConditionKind.IN_PROGRESS) & ~_of(ConditionKind.BACKFILL_IN_PROGRESS)).with_label("run_in_progress")

    @staticmethod
    def backfill_in_progress() -> AutomationCondition:
        """The same, of a run of many partitions."""
        return _of(ConditionKind.BACKFILL_IN_PROGRESS)

    @staticmethod
    def execution_failed() -> AutomationCondition:
        """The last try to make it has failed."""
        return _of(ConditionKind.EXECUTION_FAILED)

    @staticmethod
    def newly_updated() -> AutomationCondition:
        """It was materialized since the last evaluation; a source was seen to hold other data."""
        return _of(ConditionKind.NEWLY_UPDATED)

    @staticmethod
    def newly_requested() -> AutomationCondition:
        """It was asked for in the last evaluation."""
        return _of(ConditionKind.NEWLY_REQUESTED)

    @staticmethod
    def newly_missing() -> AutomationCondition:
        """It has become missing since the last evaluation."""
        return AutomationCondition.missing().newly_true().with_label("newly_missing")

    @staticmethod
    def will_be_requested() -> AutomationCondition:
        """It is asked for in this evaluation."""
        return _of(ConditionKind.WILL_BE_REQUESTED)

    @staticmethod
    def code_version_changed() -> AutomationCondition:
        """Its code is other code than in the last evaluation."""
        return _of(ConditionKind.CODE_VERSION_CHANGED)

    @staticmethod
    def data_version_changed() -> AutomationCondition:
        """It was materialized since the last evaluation, and is other data than before."""
        return _of(ConditionKind.DATA_VERSION_CHANGED)

    @staticmethod
    def cron_tick_passed(cron_schedule: str, cron_timezone: str = "UTC") -> AutomationCondition:
        """A fire time of a cron expression has passed since the last evaluation.

        Args:
            cron_schedule: five fields, or a nickname such as ``@daily``.
            cron_timezone: in which it is read.

        Raises:
            InvalidDefinitionError: the expression or the zone is none.
        """
        check_cron(cron_schedule, whose="an AutomationCondition")
        zone_of(cron_timezone, whose="an AutomationCondition")
        return _of(ConditionKind.CRON_TICK_PASSED, cron_schedule=cron_schedule, cron_timezone=cron_timezone)

    @staticmethod
    def in_latest_time_window(lookback_delta: timedelta | None = None) -> AutomationCondition:
        """It is the latest window of time, or ended at most so long before it; always true without windows of time.

        Args:
            lookback_delta: how far before the end of the latest window others may end.
        """
        if lookback_delta is not None and not isinstance(lookback_delta, timedelta):
            raise ParameterCheckError(f"lookback_delta is a timedelta, not {lookback_delta!r:.200}")
        return _of(ConditionKind.IN_LATEST_TIME_WINDOW, lookback_delta=lookback_delta)

    @staticmethod
    def initial_evaluation() -> AutomationCondition:
        """It is looked at for the first time, or for the first time under its present condition."""
        return _of(ConditionKind.INITIAL_EVALUATION)

    @staticmethod
    def executed_with_root_target() -> AutomationCondition:
        """Of a dependency: the run that made it last makes the asset as well whose condition this is."""
        return _of(ConditionKind.EXECUTED_WITH_ROOT_TARGET)

    @staticmethod
    def executed_with_tags(tags: dict[str, str]) -> AutomationCondition:
        """It was materialized since the last evaluation by a run that has all these tags.

        Args:
            tags: text to text.
        """
        if not isinstance(tags, dict) or not all(isinstance(one, str) for pair in tags.items() for one in pair):
            raise ParameterCheckError(f"tags is a dict of text to text, not {tags!r:.200}")
        return _of(ConditionKind.EXECUTED_WITH_TAGS, tags=tuple(sorted(tags.items())))

    @staticmethod
    def check_passed() -> AutomationCondition:
        """Of a check, in `any_checks_match` and `all_checks_match`: it has passed when it was done last."""
        return _of(ConditionKind.CHECK_PASSED)

    @staticmethod
    def check_failed() -> AutomationCondition:
        """Of a check, in `any_checks_match` and `all_checks_match`: it has failed when it was done last."""
        return _of(ConditionKind.CHECK_FAILED)

    @staticmethod
    def freshness_passed() -> AutomationCondition:
        """It is as fresh as its FreshnessPolicy wants."""
        return _of(ConditionKind.FRESHNESS_PASSED)

    @staticmethod
    def freshness_failed() -> AutomationCondition:
        """It is later than its FreshnessPolicy allows."""
        return _of(ConditionKind.FRESHNESS_FAILED)

    # --- what is looked at elsewhere -------------------------------------------------------------

    @staticmethod
    def any_deps_match(condition: AutomationCondition) -> AutomationCondition:
        """A condition holds for something that it needs: for one of the partitions, where it needs several."""
        return AutomationCondition(
            kind=ConditionKind.ANY_DEPS, operands=(checked_condition(condition, "any_deps_match"),)
        )

    @staticmethod
    def all_deps_match(condition: AutomationCondition) -> AutomationCondition:
        """A condition holds for everything that it needs: for one of the partitions, where it needs several."""
        return AutomationCondition(
            kind=ConditionKind.ALL_DEPS, operands=(checked_condition(condition, "all_deps_match"),)
        )

    @staticmethod
    def any_checks_match(condition: AutomationCondition, blocking_only: bool = False) -> AutomationCondition:
        """A condition holds for one of its checks.

        Args:
            blocking_only: look only at those that hold others up.
        """
        return _of_checks(ConditionKind.ANY_CHECKS, condition, blocking_only)

    @staticmethod
    def all_checks_match(condition: AutomationCondition, blocking_only: bool = False) -> AutomationCondition:
        """A condition holds for all of its checks; also where it has none.

        Args:
            blocking_only: look only at those that hold others up.
        """
        return _of_checks(ConditionKind.ALL_CHECKS, condition, blocking_only)

    @staticmethod
    def asset_matches(key: CoercibleToAssetKey, condition: AutomationCondition) -> AutomationCondition:
        """A condition holds for another asset: for its whole, or for any of its partitions.

        Args:
            key: of that asset.
        """
        return AutomationCondition(
            kind=ConditionKind.ASSET,
            operands=(checked_condition(condition, "asset_matches"),),
            arguments=(("key", AssetKey.from_coercible(key).to_user_string()),),
        )

    @staticmethod
    def any_downstream_conditions() -> AutomationCondition:
        """The condition of something that is made of it holds, as if it were its own."""
        return _of(ConditionKind.ANY_DOWNSTREAM)

    @staticmethod
    def any_deps_updated() -> AutomationCondition:
        """Something that it needs was made since the last evaluation, or is asked for in this one.

        What was made by a run that makes this asset as well does not count.
        """
        alone = (AutomationCondition.newly_updated() & ~AutomationCondition.executed_with_root_target()).with_label(
            "newly_updated_without_root"
        )
        return AutomationCondition.any_deps_match(alone | AutomationCondition.will_be_requested()).with_label(
            "any_deps_updated"
        )

    @staticmethod
    def any_deps_missing() -> AutomationCondition:
        """Something that it needs was never made, and is not asked for in this evaluation."""
        return AutomationCondition.any_deps_match(
            AutomationCondition.missing() & ~AutomationCondition.will_be_requested()
        ).with_label("any_deps_missing")

    @staticmethod
    def any_deps_in_progress() -> AutomationCondition:
        """Something that it needs is being made."""
        return AutomationCondition.any_deps_match(AutomationCondition.in_progress()).with_label("any_deps_in_progress")

    @staticmethod
    def all_deps_blocking_checks_passed() -> AutomationCondition:
        """All checks have passed that hold up what it is made of, or are done in the run that is asked for."""
        passed = AutomationCondition.check_passed() | AutomationCondition.will_be_requested()
        return AutomationCondition.all_deps_match(
            AutomationCondition.all_checks_match(passed, blocking_only=True)
        ).with_label("all_deps_blocking_checks_passed")

    @staticmethod
    def all_deps_updated_since_cron(cron_schedule: str, cron_timezone: str = "UTC") -> AutomationCondition:
        """All that it needs was made since the latest fire time, or is asked for in this evaluation.

        Args:
            cron_schedule: see `cron_tick_passed`.
            cron_timezone: the same.
        """
        passed = AutomationCondition.cron_tick_passed(cron_schedule, cron_timezone)
        return AutomationCondition.all_deps_match(
            AutomationCondition.newly_updated().since(passed) | AutomationCondition.will_be_requested()
        ).with_label(f"all_deps_updated_since_cron({cron_schedule}, {cron_timezone})")

    # --- what is usually wanted ------------------------------------------------------------------

    @staticmethod
    def eager() -> AutomationCondition:
        """Make it whenever something that it needs was made anew, and when a partition of it comes into being.

        It waits while something it needs is missing or being made, or is itself being made. Of windows of time only
        the latest is looked at. What is missing when the condition is looked at first is left as it is.
        """
        changed = (AutomationCondition.newly_missing() | AutomationCondition.any_deps_updated()).since_last_handled()
        return (
            AutomationCondition.in_latest_time_window()
            & changed
            & ~AutomationCondition.any_deps_missing()
            & ~AutomationCondition.any_deps_in_progress()
            & ~AutomationCondition.in_progress()
        ).with_label("eager")

    @staticmethod
    def on_cron(cron_schedule: str, cron_timezone: str = "UTC") -> AutomationCondition:
        """Make it once for each fire time, as soon as all that it needs was made since.

        Args:
            cron_schedule: see `cron_tick_passed`.
            cron_timezone: the same.
        """
        return (
            AutomationCondition.in_latest_time_window()
            & AutomationCondition.cron_tick_passed(cron_schedule, cron_timezone).since_last_handled()
            & AutomationCondition.all_deps_updated_since_cron(cron_schedule, cron_timezone)
        ).with_label(f"on_cron({cron_schedule}, {cron_timezone})")

    @staticmethod
    def on_missing() -> AutomationCondition:
        """Make what comes into being, such as a new partition, once nothing that it needs is missing.

        Of windows of time only the latest is looked at. What is missing when the condition is looked at first is left
        as it is.
        """
        return (
            AutomationCondition.in_latest_time_window()
            & AutomationCondition.missing().newly_true().since_last_handled().with_label("missing_since_last_handled")
            & ~AutomationCondition.any_deps_missing()
        ).with_label("on_missing")


def _of(kind: ConditionKind, **arguments: Any) -> AutomationCondition:
    return AutomationCondition(kind=kind, arguments=tuple(arguments.items()))


def _of_checks(kind: ConditionKind, condition: AutomationCondition, blocking_only: bool) -> AutomationCondition:
    if not isinstance(blocking_only, bool):
        raise ParameterCheckError(f"blocking_only is True or False, not {blocking_only!r:.200}")
    told = (("blocking_only", "blocking only" if blocking_only else None),)
    return AutomationCondition(kind=kind, operands=(checked_condition(condition, kind.value),), arguments=told)
