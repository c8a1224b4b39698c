"""Publishing in one environment what another has made, and going back from that."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from secrets import token_hex

from assetflow.environments import Environments
from assetflow.errors import HistoryUnreachableError, InvalidInvocationError, InvariantViolationError
from assetflow.io.history import find_version, roll_back
from assetflow.io.kept_versions import KeepsVersions
from assetflow.io.manifests import Manifest
from assetflow.io.promotion import Promotion
from assetflow.io.promotion import promote as take_over
from assetflow.keys import AssetKey
from assetflow.log import logger
from assetflow.republishing import Republished, record_republished
from assetflow.settings import Settings
from assetflow.stores.sql.audit import PromotionEntry
from assetflow.values import AssetValueLoader
from assetflow.wiring import open_history


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotable:
    """What can be published.

    Attributes:
        found: each asset, or each of its partitions.
        left_out: assets that keep nothing, or whose IO manager keeps no versions.
    """

    found: list[Promotion]
    left_out: list[AssetKey]


def promotable(
    keys: Iterable[AssetKey], there: AssetValueLoader, here: AssetValueLoader, source: str, target: str
) -> Promotable:
    """What one environment has made of some assets, and how it stands in another.

    Args:
        there, here: load from the first, and from the second.
        source, target: their names.

    Raises:
        InvalidInvocationError: something was not made, or is kept in one place in both.
    """
    found: list[Promotion] = []
    left_out: list[AssetKey] = []
    missing: list[str] = []
    for key in keys:
        try:
            origin, goal = there.keeper(key), here.keeper(key)
        except InvariantViolationError:
            left_out.append(key)
            continue
        if origin.location == goal.location:
            raise InvalidInvocationError(
                f"{source} and {target} keep {key.to_user_string()} in one place, {origin.location}",
                fix="give each environment a storage, or an IO manager, of its own",
            )
        made, known = there.published(key), here.published(key)
        if not made:
            missing.append(key.to_user_string())
        found += [
            Promotion(
                key=key,
                source=origin,
                target=goal,
                manifest=manifest,
                replaces=known.get(partition),
                partition=partition,
            )
            for partition, manifest in made.items()
        ]
    if missing:
        raise InvalidInvocationError(
            f"{source} has not made {', '.join(missing)}: nothing is published",
            fix=f"assetflow materialize {' '.join(missing)} --env {source}, or select the others",
        )
    return Promotable(found=found, left_out=left_out)


def publish(settings: Settings, environments: Environments, one: Promotion, source: str, target: str) -> Manifest:
    """Publish one of them, and record it; what is known of the new version."""
    told = take_over(one, source)
    record_republished(
        settings,
        Republished(
            key=one.key,
            manifest=told,
            environment=environments.get(target).name,
            source=environments.get(source).name,
            version=one.manifest.version,
            how="promote",
            partition=one.partition,
        ),
    )
    return told


def published_item(one: Promotion, told: Manifest) -> list[str | None]:
    """One of them, as `PromotionEntry` has it."""
    return [
        one.key.to_user_string(), one.partition, None if one.replaces is None else one.replaces.version, told.version,
    ]  # fmt: skip


def record_promotion(settings: Settings, user: str, source: str, target: str, items: list[list[str | None]]) -> None:
    """Keep who has promoted what; where no history answers it is promoted all the same, and that is logged.

    Args:
        source, target: names of the environments.
        items: as `published_item` makes them.
    """
    try:
        history = open_history(settings, create=True)
        if history is None:
            return
        try:
            history.promotions.add(PromotionEntry(token_hex(8), time.time(), user, source, target, items))
        finally:
            history.close()
    except HistoryUnreachableError as error:
        logger.warning("the history does not know of this promotion: %s", error.message)


def publish_again(
    settings: Settings, manager: KeepsVersions, path: tuple[str, ...], key: AssetKey, version: str, partition: str = ""
) -> tuple[str, str]:
    """Publish the bytes of an earlier version, and record it.

    Args:
        settings: of the environment that is meant.
        version: its name or the beginning of it, or ``@-1``.

    Returns:
        the name of the earlier version, and that of the new one.

    Raises:
        InvariantViolationError: none is meant, or several are.
        InvalidInvocationError: it is what is published.
    """
    wanted = find_version(manager, path, version)
    current = manager.current(path)
    if current is not None and current.version == wanted.name:
        title = key.to_user_string() + (f"[{partition}]" if partition else "")
        raise InvalidInvocationError(
            f"version {wanted.name} of {title} is what is published", fix="name another, or @-1 for the one before"
        )
    new = roll_back(manager, path, wanted)
    record_republished(
        settings,
        Republished(
            key=key,
            manifest=manager.manifest(path, new),
            environment=settings.env,
            source=settings.env,
            version=wanted.name,
            how="rollback",
            partition=partition,
        ),
    )
    return wanted.name, new.name
