"""Taking over what another environment has made, without making it again."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

import msgspec

from assetflow.io.kept_versions import KeepsVersions
from assetflow.io.manifests import Manifest, same_bytes
from assetflow.keys import AssetKey, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """One asset, or one of its partitions, whose bytes are to be taken over.

    Attributes:
        partition: key of the partition; empty of an asset without partitions.
        manifest: of the version that is published where it comes from.
        replaces: of the version that is published where it goes to; None if none is.
    """

    key: AssetKey
    source: KeepsVersions
    target: KeepsVersions
    manifest: Manifest
    replaces: Manifest | None
    partition: str = ""

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{self.key.to_user_string()}/{self.partition}" if self.partition else self.key.to_user_string()

    @property
    def is_done(self) -> bool:
        """Whether the same bytes are published there already."""
        return self.replaces is not None and same_bytes(self.replaces, self.manifest)


def promote(promotion: Promotion, environment: str) -> Manifest:
    """Publish the bytes, as a version that is later than all that are there. Nobody sees a part of it.

    Args:
        environment: where they come from.

    Returns:
        what is known of the new version.

    Raises:
        FileNotFoundError: the version is not kept any more.
        DamagedRecordError: its bytes are not those that were stored.
    """
    path, target = promotion.manifest.key, promotion.target
    latest = max((one.version.token for one in target.kept(path)), default=0)
    now = time.time()
    version = Version(max(int(now * 1e6), latest + 1), secrets.randbits(32))
    told = msgspec.structs.replace(
        promotion.manifest, version=version.name, stored_at=now, restored_from="", promoted_from=environment
    )
    target.take_over(promotion.source, Version.parse(promotion.manifest.version), told)
    try:
        target.publish(path=path, version=version, run_id=told.run_id)
    except BaseException:
        target.discard(path=path, version=version)
        raise
    return told
