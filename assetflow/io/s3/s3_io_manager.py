"""Values in a bucket, as `assetflow.io.filesystem` keeps them on a disk; `assetflow.io.s3.places` says where."""

from __future__ import annotations

import random
import time
from typing import Any

from assetflow.clock import pause
from assetflow.definitions.io_context import InputContext, OutputContext
from assetflow.definitions.metadata import MetadataValue
from assetflow.definitions.metadata_records import metadata_to_json
from assetflow.errors import DamagedRecordError, InvalidDefinitionError, StorageError
from assetflow.io.byte_cache import ByteCache
from assetflow.io.checksums import checksum_of
from assetflow.io.codecs import (
    CONTENT_TYPES,
    checked_format,
    codec_of_foreign,
    data_label_of,
    decode,
    encode,
    type_name,
)
from assetflow.io.manifests import Manifest, check_content, fits
from assetflow.io.paths import RESERVED_IN_S3, safe_segments
from assetflow.io.s3.access import S3Access
from assetflow.io.s3.bucket import COPIED_IN_ONE, IN_PARTS_FROM, PART, Bucket
from assetflow.io.s3.conditions import conditions_of
from assetflow.io.s3.object_manifests import told_by_notes, with_notes
from assetflow.io.s3.places import BESIDE, Place
from assetflow.io.s3.versions import S3Versions
from assetflow.keys import Version

_TRIES = 10


class S3IOManager(S3Versions):
    """Stores each value at ``s3://<bucket>/<prefix>/<key segments>``.

    Args:
        bucket: it has to be there.
        prefix: before all keys; slashes at its ends do not count.
        format: ``pickle``, ``parquet``, ``json``, ``text`` or ``bytes``; ``auto`` goes by the type of each value.
        client: a client of boto3 to use; by default one is made of the following.
        server_side_encryption: ``AES256`` or ``aws:kms``.
        sse_kms_key_id: the key for ``aws:kms``.
        storage_class: such as ``STANDARD_IA``.
        part_size: bytes of a part of what is stored in parts; S3 wants 5 MiB at least.
        multipart_from: bytes from which on a value is stored in parts.
        cache: keeps what this machine has stored and loaded, so that the next step here need not fetch it.
        access: see `S3Access`: ``endpoint_url``, ``region_name``, ``profile_name``, ``aws_access_key_id``, ...

    Raises:
        InvalidDefinitionError: bucket, prefix or format cannot be one.
    """

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        format: str = "pickle",  # noqa: A002
        client: Any = None,
        server_side_encryption: str | None = None,
        sse_kms_key_id: str | None = None,
        storage_class: str | None = None,
        part_size: int = PART,
        multipart_from: int = IN_PARTS_FROM,
        copied_in_one: int = COPIED_IN_ONE,
        cache: ByteCache | None = None,
        **access: Any,
    ) -> None:
        if not isinstance(bucket, str) or not bucket or "/" in bucket:
            raise InvalidDefinitionError(
                f"bucket is a name without slashes, not {bucket!r}", fix='S3IOManager("my-bucket", prefix="a/b")'
            )
        unknown = sorted(access.keys() - set(S3Access.__slots__))
        if unknown:
            raise InvalidDefinitionError(
                f"S3IOManager has no argument {', '.join(unknown)}", fix=f"known: {', '.join(S3Access.__slots__)}"
            )
        segments = tuple(part for part in prefix.split("/") if part)
        self.prefix = "".join(f"{part}/" for part in safe_segments(segments)) if segments else ""
        self.format = checked_format(format, who=type(self).__name__)
        protection = {
            "ServerSideEncryption": server_side_encryption,
            "SSEKMSKeyId": sse_kms_key_id,
            "StorageClass": storage_class,
        }
        self.bucket = Bucket(
            name=bucket,
            access=S3Access(**access),
            given=client,
            protection={name: value for name, value in protection.items() if value is not None},
            part=part_size,
            in_parts_from=multipart_from,
            copied_in_one=copied_in_one,
        )
        self._cache = cache
        self._sizes: dict[str, int] = {}  # of what was staged here and not published yet

    def stage(self, context: OutputContext, obj: Any) -> None:
        """Store the value, with its manifest, under the attempt's own name."""
        value, version = context.value_path, context.version
        assert version is not None, "staging needs a version"
        place = self._place(value)
        found = encode(obj, self.format, what=context.value_title)
        size = sum(map(len, found.parts))
        context.add_output_metadata({"uri": MetadataValue.text(self.bucket.uri(place.key)), "size": size})
        context.size, context.uri = size, self.bucket.uri(place.key)
        manifest = Manifest(
            key=value,
            version=version.name,
            run_id=context.run_id,
            size=size,
            checksum=checksum_of(found.parts),
            stored_at=time.time(),
            type=type_name(obj),
            codec=found.codec,
            buffers=found.buffers,
            data_label=data_label_of(found, context.data_version, version.name),
            metadata=metadata_to_json(context.collected_metadata),
        )
        context.digest = manifest.data_version
        key, metadata = self._noted(manifest)
        etag = self.bucket.put(key, found.parts, metadata=metadata, content_type=CONTENT_TYPES[found.codec])
        context.add_output_metadata({"etag": etag.strip('"')})
        self._sizes[key] = size
        if self._cache is not None:
            self._cache.put(self._cached_as(key), manifest, found.parts)

    def publish(self, *, path: tuple[str, ...], version: Version, run_id: str) -> None:  # noqa: ARG002
        """Make this version the one people read, unless a later one is there already.

        Raises:
            FileNotFoundError: it was never staged, or is discarded.
            StorageError: S3 does not do it, or others publish all the time.
        """
        place = self._place(path)
        source = place.version(version)
        size = self._sizes.pop(source, None)
        if size is None:
            found = self.bucket.head(source)
            if found is None:
                raise FileNotFoundError(f"version {version.name} of {'/'.join(path)} is not kept in {self.location}")
            size = found.size
        self.bucket.put(place.note(version), (b"",))
        honoured = conditions_of(self.bucket, f"{self.prefix}{RESERVED_IN_S3}/")
        if not honoured.complete:
            self._publish_by_notes(place)
            return
        copy = self.bucket.copy if honoured.copy and size <= self.bucket.copied_in_one else self.bucket.copy_in_parts
        for _ in range(_TRIES):
            shown = self.bucket.head(place.key)
            published = None if shown is None else self._version_of(place, shown)
            if published is not None and published >= version:
                return
            if copy(source, place.key, condition={"IfNoneMatch": "*"} if shown is None else {"IfMatch": shown.etag}):
                return
            pause(random.uniform(0.01, 0.1))
        raise StorageError(
            f"version {version.name} of {'/'.join(path)} cannot be published: others publish all the time",
            where=self.bucket.uri(place.key),
            fix="publish less often, or under different keys",
        )

    def discard(self, *, path: tuple[str, ...], version: Version) -> None:
        """Remove what an attempt staged whose outcome does not count."""
        key = self._place(path).version(version)
        self._sizes.pop(key, None)
        if self._cache is not None:
            self._cache.drop(self._cached_as(key))
        self.bucket.delete([key, key + BESIDE])

    def load_input(self, context: InputContext) -> Any:
        """The value: the exact version where the context names one, else the published one.

        Raises:
            FileNotFoundError: the asset was never materialized here, or without a value.
            DamagedRecordError: the bytes are not those that were stored.
            StorageError: S3 does not give it.
            InvariantViolationError: its metadata asks for columns that are not there.
        """
        place, what = self._place(context.value_path), context.value_title
        version = context.version
        key = place.key if version is None else place.version(version)
        if self._cache is not None and version is not None:
            kept = self._cache.get(self._cached_as(key))
            if kept is not None and (kept[1].key, kept[1].version) == (place.value, version.name) and fits(*kept):
                return self._made(context, *kept, where=self.bucket.uri(key))
        answer = self.bucket.get(key)
        if version is None and (answer is None or told_by_notes(answer[1].metadata)):
            version = self._latest_note(place)
            if version is not None and (answer is None or self._version_of(place, answer[1]) != version):
                key = place.version(version)
                answer = self.bucket.get(key)
        if answer is None:
            raise FileNotFoundError(f"{what} has no stored value at {self.bucket.uri(key)}: {context.absence()}")
        raw, head = answer
        where = self.bucket.uri(key)
        manifest = self._manifest(place, head, where)
        if manifest is None:  # somebody else has put it there
            if version is not None:
                raise DamagedRecordError(
                    "the manifest of a stored version is missing", where=where, fix="materialize the asset again"
                )
            codec = codec_of_foreign(raw, self.format, where=where, what=what)
            manifest = Manifest(
                key=place.value, version="", run_id="", size=len(raw), checksum="", stored_at=0.0, codec=codec
            )
        else:
            wanted = manifest.version if version is None else version.name
            if (manifest.key, manifest.version) != (place.value, wanted):
                raise DamagedRecordError(
                    f"what is stored as version {wanted} of {what} is version {manifest.version} of "
                    f"{'/'.join(manifest.key)}",
                    where=where,
                    fix="materialize the asset again",
                )
            check_content(raw, manifest, what=what, where=where)
            if self._cache is not None:
                self._cache.put(self._cached_as(place.version(Version.parse(manifest.version))), manifest, (raw,))
        return self._made(context, raw, manifest, where=where)

    def _made(
        self, context: InputContext, raw: bytes | bytearray | memoryview, manifest: Manifest, *, where: str
    ) -> Any:
        if manifest.version:
            context.loaded_version, context.loaded_data_version = manifest.version, manifest.data_version
        return decode(
            raw,
            manifest,
            where=where,
            what=context.value_title,
            annotation=context.annotation,
            metadata=context.metadata,
        )

    def _cached_as(self, key: str) -> str:
        return f"{self.bucket.access.endpoint_url or ''} {self.bucket.uri(key)}"

    def _publish_by_notes(self, place: Place) -> None:
        """Copy the latest version to where people read, until no later one has come meanwhile."""
        for _ in range(_TRIES):
            latest = self._latest_note(place)
            if latest is None:
                return
            source = self.bucket.head(place.version(latest))
            if source is None:
                return
            copy = self.bucket.copy if source.size <= self.bucket.copied_in_one else self.bucket.copy_in_parts
            copy(place.version(latest), place.key, metadata=with_notes(source.metadata))
            if self._latest_note(place) == latest:
                return
