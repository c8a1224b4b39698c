"""Conditions as trees: facts, and what joins them. Data only.

Of an asset with partitions a condition holds for some of them; of one without, for the whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib import import_module
from typing import Any, Self, TypeVar

from assetflow.errors import InvalidDefinitionError, ParameterCheckError

T = TypeVar("T")


class ConditionKind(StrEnum):
    """What a condition looks at, or how it joins others."""

    MISSING = "missing"
    IN_PROGRESS = "in_progress"
    BACKFILL_IN_PROGRESS = "backfill_in_progress"
    EXECUTION_FAILED = "execution_failed"
    NEWLY_UPDATED = "newly_updated"
    NEWLY_REQUESTED = "newly_requested"
    WILL_BE_REQUESTED = "will_be_requested"
    CODE_VERSION_CHANGED = "code_version_changed"
    DATA_VERSION_CHANGED = "data_version_changed"
    CRON_TICK_PASSED = "cron_tick_passed"
    IN_LATEST_TIME_WINDOW = "in_latest_time_window"
    INITIAL_EVALUATION = "initial_evaluation"
    EXECUTED_WITH_ROOT_TARGET = "executed_with_root_target"
    EXECUTED_WITH_TAGS = "executed_with_tags"
    CHECK_PASSED = "check_passed"
    CHECK_FAILED = "check_failed"
    FRESHNESS_PASSED = "freshness_passed"
    FRESHNESS_FAILED = "freshness_failed"
    ALL = "all of"
    ANY = "any of"
    NOT = "not"
    SINCE = "since"
    NEWLY_TRUE = "newly true"
    ANY_DEPS = "any dependency"
    ALL_DEPS = "all dependencies"
    ANY_CHECKS = "any check"
    ALL_CHECKS = "all checks"
    ASSET = "asset"
    ANY_DOWNSTREAM = "any downstream conditions"


_DEPS = (ConditionKind.ANY_DEPS, ConditionKind.ALL_DEPS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionTree:
    """What an `AutomationCondition` consists of.

    Attributes:
        kind: what it looks at, or how it joins its operands.
        operands: the conditions it is made of.
        arguments: of what it looks at, each with its name.
        label: what people call it; None if nobody has given it a name.
        allowed, ignored: of dependencies, those that are looked at, and those that are not; selections, or None.
    """

    kind: ConditionKind
    operands: tuple[Self, ...] = ()
    arguments: tuple[tuple[str, Any], ...] = ()
    label: str | None = None
    allowed: Any = None
    ignored: Any = None

    # --- how conditions are joined ---------------------------------------------------------------

    def __and__(self, other: Self) -> Self:
        return self._joined(ConditionKind.ALL, other)

    def __or__(self, other: Self) -> Self:
        return self._joined(ConditionKind.ANY, other)

    def __invert__(self) -> Self:
        return type(self)(kind=ConditionKind.NOT, operands=(self,))

    def _joined(self, kind: ConditionKind, other: Self) -> Self:
        """Without a level of its own for operands that are joined in the same way, and have no name."""
        found: list[Self] = []
        for one in (self, checked_condition(other, kind.value)):
            found += one.operands if one.kind is kind and one.label is None else (one,)
        return type(self)(kind=kind, operands=tuple(found))

    def since(self, reset_condition: Self) -> Self:
        """Holds from when this one did until the other one does."""
        return type(self)(kind=ConditionKind.SINCE, operands=(self, checked_condition(reset_condition, "since")))

    def newly_true(self) -> Self:
        """Holds in the evaluation in which this one begins to."""
        return type(self)(kind=ConditionKind.NEWLY_TRUE, operands=(self,))

    def since_last_handled(self) -> Self:
        """Holds from when this one did until the asset is asked for or made; what was so at first does not count."""
        kinds = (ConditionKind.NEWLY_REQUESTED, ConditionKind.NEWLY_UPDATED, ConditionKind.INITIAL_EVALUATION)
        handled = type(self)(kind=ConditionKind.ANY, operands=tuple(type(self)(kind=kind) for kind in kinds))
        return self.since(handled.with_label("handled"))

    def with_label(self, label: str | None) -> Self:
        """The same under a name, which explanations show and `replace` finds."""
        if label is not None and not isinstance(label, str):
            raise ParameterCheckError(f"label of a condition is a str, not {label!r:.200}")
        return replace(self, label=label)

    def replace(self, old: Self | str, new: Self) -> Self:
        """The same with a condition in it replaced, wherever it stands.

        Args:
            old: the condition, or its label or name, such as ``"any_deps_missing"``.
            new: what takes its place.
        """
        if old == self or (isinstance(old, str) and old in (self.label, self.name)):
            return checked_condition(new, "replace")
        return replace(self, operands=tuple(one.replace(old, new) for one in self.operands))

    def without(self, condition: Self | str) -> Self:
        """The same without one of the conditions that all have to hold.

        Args:
            condition: the condition, or its label or name.

        Raises:
            InvalidDefinitionError: it is none of them.
        """
        left = tuple(one for one in self.operands if condition not in (one, one.label, one.name))
        if self.kind is not ConditionKind.ALL or len(left) == len(self.operands):
            names = ", ".join(one.label or one.name for one in self.operands)
            raise InvalidDefinitionError(f"{self} has no condition {condition!s} to leave out", fix=f"it has: {names}")
        return left[0] if len(left) == 1 else replace(self, operands=left)

    def allow(self, selection: Any) -> Self:
        """The same with only these assets looked at as dependencies.

        Args:
            selection: text, keys, or an AssetSelection.
        """
        return self._of_deps(allowed=_selection(selection))

    def ignore(self, selection: Any) -> Self:
        """The same with these assets not looked at as dependencies.

        Args:
            selection: text, keys, or an AssetSelection.
        """
        return self._of_deps(ignored=_selection(selection))

    def _of_deps(self, allowed: Any = None, ignored: Any = None) -> Self:
        operands = tuple(one._of_deps(allowed, ignored) for one in self.operands)
        if self.kind not in _DEPS:
            return replace(self, operands=operands)
        allowed = allowed if self.allowed is None else self.allowed if allowed is None else self.allowed & allowed
        ignored = ignored if self.ignored is None else self.ignored if ignored is None else self.ignored | ignored
        return replace(self, operands=operands, allowed=allowed, ignored=ignored)

    # --- how they are told -----------------------------------------------------------------------

    @property
    def name(self) -> str:
        """What it looks at, or how it joins others, with its arguments."""
        told = ", ".join(str(value) for _, value in self.arguments if value is not None)
        limits = [f"only {self.allowed}"] if self.allowed is not None else []
        limits += [f"not {self.ignored}"] if self.ignored is not None else []
        return self.kind.value + (f"({told})" if told else "") + (f" ({', '.join(limits)})" if limits else "")

    def __str__(self) -> str:
        return self.label or (f"{self.name}[{', '.join(map(str, self.operands))}]" if self.operands else self.name)

    def signature(self) -> str:
        """All that it consists of, as text: equal for conditions that hold alike."""
        return f"{self.name}[{','.join(one.signature() for one in self.operands)}]"

    def walk(self) -> Iterator[Self]:
        """It, and all that it is made of."""
        yield self
        for one in self.operands:
            yield from one.walk()

    def argument(self, name: str) -> Any:
        """One of its arguments."""
        return dict(self.arguments)[name]


def checked_condition(condition: T, what: str) -> T:
    """The condition; ParameterCheckError if it is none."""
    if not isinstance(condition, ConditionTree):
        raise ParameterCheckError(f"{what} takes an AutomationCondition, not {condition!r:.200}")
    return condition


def _selection(selection: Any) -> Any:
    return import_module("assetflow.lineage.syntax").read_selection(selection)  # by name: definitions know of no graph
