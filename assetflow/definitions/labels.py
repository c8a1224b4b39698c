"""What is said of assets beside how they are made: what people sort them by, and how fresh they are to be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from assetflow.errors import CheckError, InvalidDefinitionError
from assetflow.keys import AssetKey

if TYPE_CHECKING:
    from assetflow.definitions.automation_condition import AutomationCondition
    from assetflow.definitions.freshness_policy import FreshnessPolicy

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TEAM = re.compile(r"team:\S+")
_TAG_KEY = re.compile(r"[\w.-]{1,63}(/[\w.-]{1,63})?")
_TAG_VALUE = re.compile(r"[\w.-]{0,63}")
MOST_KINDS = 3


@dataclass(frozen=True, slots=True)
class AssetLabels:
    """What one asset is labelled with.

    Attributes:
        owners: email addresses, or ``team:`` and a name.
        tags: label to value; a value may be empty.
        kinds: what it is made with or stored as, such as "pandas" or "snowflake".
        freshness_policy: how old the data may be that it is made of; None if nobody says.
        automation_condition: when it is made by itself; None if it is not.
    """

    owners: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    kinds: frozenset[str] = frozenset()
    freshness_policy: FreshnessPolicy | None = None
    automation_condition: AutomationCondition | None = None


NO_LABELS = AssetLabels()


def read_labels(
    owners: Iterable[str] | None,
    tags: Mapping[str, str] | None,
    kinds: Iterable[str] | None,
    where: str | None,
    freshness_policy: FreshnessPolicy | None = None,
    automation_condition: AutomationCondition | None = None,
) -> AssetLabels:
    """The labels of an asset, checked.

    Raises:
        InvalidDefinitionError: an owner, a tag or the number of kinds is not right.
        CheckError: something is of another type.
    """
    if not (owners or tags or kinds or freshness_policy is not None or automation_condition is not None):
        return NO_LABELS
    if freshness_policy is not None and not hasattr(freshness_policy, "maximum_lag_minutes"):
        raise CheckError(f"freshness_policy is a FreshnessPolicy, not {freshness_policy!r:.200}")
    if automation_condition is not None and not hasattr(automation_condition, "since_last_handled"):
        raise CheckError(
            f"automation_condition is an AutomationCondition, such as AutomationCondition.eager(), "
            f"not {automation_condition!r:.200}"
        )
    return AssetLabels(
        _owners(owners or (), where),
        _tags(tags or {}, where),
        _kinds(kinds or (), where),
        freshness_policy,
        automation_condition,
    )


def labels_with(
    labels_by_key: Mapping[AssetKey, AssetLabels], keys: Iterable[AssetKey], condition: AutomationCondition | None
) -> Mapping[AssetKey, AssetLabels]:
    """The labels of assets, with a condition for those that have none; as they are if it is None."""
    if condition is None:
        return labels_by_key
    found = {key: labels_by_key.get(key, NO_LABELS) for key in keys}
    return {
        key: labels if labels.automation_condition is not None else replace(labels, automation_condition=condition)
        for key, labels in found.items()
    }


def _owners(owners: Iterable[str], where: str | None) -> tuple[str, ...]:
    if isinstance(owners, str) or not isinstance(owners, Iterable):
        raise CheckError(f"owners is a list, not a single one: {owners!r}")
    found = tuple(owners)
    for owner in found:
        if not isinstance(owner, str) or not (_EMAIL.fullmatch(owner) or _TEAM.fullmatch(owner)):
            raise InvalidDefinitionError(
                f"Invalid owner {owner!r}: an owner is an email address, or 'team:' and a name",
                where=where,
                fix=f'owners=["team:{owner}"]' if isinstance(owner, str) and owner.isidentifier() else None,
            )
    return found


def _tags(tags: Mapping[str, str], where: str | None) -> dict[str, str]:
    if not isinstance(tags, Mapping):
        raise CheckError(f"tags is a dict of text to text, not {tags!r}")
    for key, value in tags.items():
        if not isinstance(key, str) or not _TAG_KEY.fullmatch(key):
            raise InvalidDefinitionError(
                f"Invalid tag key {key!r}: letters, digits, '_', '-' and '.', up to 63, and one '/' at most",
                where=where,
            )
        if not isinstance(value, str) or not _TAG_VALUE.fullmatch(value):
            raise InvalidDefinitionError(
                f"Invalid value {value!r} of tag {key!r}: letters, digits, '_', '-' and '.', up to 63", where=where
            )
    return dict(tags)


def _kinds(kinds: Iterable[str], where: str | None) -> frozenset[str]:
    if isinstance(kinds, str) or not isinstance(kinds, Iterable):
        raise CheckError(f"kinds is a set, not a single one: {kinds!r}")
    found = frozenset(kinds)
    for kind in found:
        if not isinstance(kind, str):
            raise CheckError(f"kinds is a set of text, not of {type(kind).__name__}: {kind!r}")
        if not _TAG_VALUE.fullmatch(kind) or not kind:
            raise InvalidDefinitionError(
                f"Invalid kind {kind!r}: letters, digits, '_', '-' and '.', up to 63", where=where
            )
    if len(found) > MOST_KINDS:
        raise InvalidDefinitionError(
            f"an asset can have {MOST_KINDS} kinds at most, not {len(found)}: {', '.join(sorted(found))}", where=where
        )
    return found
