"""The versions that a bucket holds, and what looks after them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from assetflow.errors import DamagedRecordError
from assetflow.io.codecs import CONTENT_TYPES
from assetflow.io.kept_versions import KeepsVersions, KeptVersion, Leftover
from assetflow.io.manifests import Manifest, check_content, copied
from assetflow.io.paths import RESERVED_IN_S3, safe_segments
from assetflow.io.s3.bucket import Bucket, Head
from assetflow.io.s3.conditions import PROBE
from assetflow.io.s3.object_manifests import as_metadata, from_metadata, has_more, told_by_notes
from assetflow.io.s3.places import BESIDE, Place, parse_key
from assetflow.keys import Version


class S3Versions(KeepsVersions):
    """What an IO manager on S3 knows of the versions in its bucket.

    Attributes:
        bucket: where they are.
        prefix: before all keys, with a slash at its end if there is one.
    """

    bucket: Bucket
    prefix: str

    @property
    def location(self) -> str:
        """``s3://bucket/prefix/``, and the endpoint if it is not Amazon's."""
        endpoint = self.bucket.access.endpoint_url
        return self.bucket.uri(self.prefix) + (f" at {endpoint}" if endpoint else "")

    def current(self, path: tuple[str, ...]) -> Manifest | None:
        """What is published; None if nothing is, or somebody else's object."""
        place = self._place(path)
        version = self._published(place)
        try:
            return None if version is None else self.manifest(path, version)
        except (DamagedRecordError, FileNotFoundError):
            return None

    def manifest(self, path: tuple[str, ...], version: Version) -> Manifest:
        """See KeepsVersions.manifest."""
        place = self._place(path)
        key = place.version(version)
        head = self.bucket.head(key)
        if head is None:
            raise FileNotFoundError(f"version {version.name} of {'/'.join(path)} is not kept in {self.location}")
        found = self._manifest(place, head, self.bucket.uri(key))
        if found is None:
            raise DamagedRecordError("the manifest of a stored version is missing", where=self.bucket.uri(key))
        return found

    def kept(self, path: tuple[str, ...] | None = None) -> Iterator[KeptVersion]:
        """See KeepsVersions.kept."""
        if path is not None:
            place = self._place(path)
            listed = [item for mark in "@!" for item in self.bucket.list(f"{place.folder}{path[-1]}{mark}")]
        else:
            listed = [item for item in self.bucket.list(self.prefix) if f"/{RESERVED_IN_S3}/" in f"/{item[0]}"]
        versions: dict[tuple[tuple[str, ...], Version], int] = {}
        accepted: set[tuple[tuple[str, ...], Version]] = set()
        for key, size, _ in listed:
            found = parse_key(key)
            if found is None or key.endswith(BESIDE):
                continue
            name, mark, version = found
            folders = key.removeprefix(self.prefix).split("/")[:-2]
            value = (*folders, name)
            if path is not None and value != path:
                continue
            if mark == "!":
                accepted.add((value, version))
            else:
                versions[value, version] = size
        shown: dict[tuple[str, ...], Version | None] = {}
        for (value, version), size in versions.items():
            if value not in shown:
                shown[value] = self._published(self._place(value))
            published = shown[value] == version
            yield KeptVersion(
                path=value,
                version=version,
                size=size,
                is_committed=published or (value, version) in accepted,
                is_published=published,
            )

    def remove(self, kept: KeptVersion) -> bool:
        """See KeepsVersions.remove."""
        place = self._place(kept.path)
        if self._published(place) == kept.version:
            return False
        key = place.version(kept.version)
        self.bucket.delete([key, key + BESIDE, place.note(kept.version)])
        return True

    def copy_version(self, path: tuple[str, ...], version: Version, copy: Version, *, stored_at: float) -> None:
        """See KeepsVersions.copy_version. S3 copies the bytes itself; they are checked when they are loaded."""
        place = self._place(path)
        told = copied(self.manifest(path, version), version, copy, stored_at)
        _, metadata = self._noted(told)
        do = self.bucket.copy if told.size <= self.bucket.copied_in_one else self.bucket.copy_in_parts
        do(place.version(version), place.version(copy), metadata=metadata)

    def content(self, path: tuple[str, ...], version: Version) -> tuple[bytes | bytearray | memoryview, Manifest]:
        """See KeepsVersions.content."""
        key = self._place(path).version(version)
        answer = self.bucket.get(key)
        if answer is None:
            raise FileNotFoundError(f"version {version.name} of {'/'.join(path)} is not kept in {self.location}")
        manifest = self.manifest(path, version)
        check_content(answer[0], manifest, what="/".join(path), where=self.bucket.uri(key))
        return answer[0], manifest

    def keep(self, manifest: Manifest, content: bytes | bytearray | memoryview) -> None:
        """See KeepsVersions.keep."""
        key, metadata = self._noted(manifest)
        self.bucket.put(key, (content,), metadata=metadata, content_type=CONTENT_TYPES[manifest.codec])

    def take_over(self, source: KeepsVersions, version: Version, manifest: Manifest) -> None:
        """See KeepsVersions.take_over. What is in S3 too, and can be reached the same way, S3 copies itself."""
        near = isinstance(source, S3Versions) and source.bucket.access == self.bucket.access
        if not near or manifest.size > self.bucket.copied_in_one:
            super().take_over(source, version, manifest)
            return
        assert isinstance(source, S3Versions)
        key, metadata = self._noted(manifest)
        there = source._place(manifest.key).version(version)
        self.bucket.copy(there, key, metadata=metadata, origin=source.bucket.name)

    def _noted(self, manifest: Manifest) -> tuple[str, Mapping[str, str]]:
        """Where a version is to be, and what goes with it; what is too long for that stands beside it already."""
        key = self._place(manifest.key).version(Version.parse(manifest.version))
        metadata, whole = as_metadata(manifest)
        if whole is not None:
            self.bucket.put(key + BESIDE, (whole,), content_type=CONTENT_TYPES["json"])
        return key, metadata

    def leftovers(self) -> Iterator[Leftover]:
        """Uploads in parts that were never completed, manifests without a version, and what was tried out."""
        for key, upload, since in self.bucket.uploads(self.prefix):
            yield Leftover(
                place=f"{self.bucket.uri(key)} (parts of an upload)",
                since=since,
                size=0,
                remove=lambda key=key, upload=upload: self.bucket.abort(key, upload),  # type: ignore[misc]
            )
        listed = [item for item in self.bucket.list(self.prefix) if f"/{RESERVED_IN_S3}/" in f"/{item[0]}"]
        there = {key for key, _, _ in listed}
        for key, size, since in listed:
            found = parse_key(key)
            lonely = key.endswith(BESIDE) and found is not None and key.removesuffix(BESIDE) not in there
            if lonely or key.rpartition("/")[2].startswith(PROBE):
                yield Leftover(
                    place=self.bucket.uri(key),
                    since=since,
                    size=size,
                    remove=lambda key=key: self.bucket.delete([key]),  # type: ignore[misc]
                )

    def _place(self, value: tuple[str, ...]) -> Place:
        return Place.below(self.prefix, safe_segments(value))

    def _manifest(self, place: Place, head: Head, where: str) -> Manifest | None:
        """The whole manifest of an object."""
        found = from_metadata(head.metadata, where=where)
        if found is None or not has_more(head.metadata):
            return found
        key = place.version(Version.parse(found.version)) + BESIDE
        answer = self.bucket.get(key)
        return found if answer is None else Manifest.from_json(answer[0], where=self.bucket.uri(key))

    def _version_of(self, place: Place, head: Head) -> Version | None:
        """Which version of ours an object is at the place that people read."""
        try:
            found = from_metadata(head.metadata, where=self.bucket.uri(place.key))
            return None if found is None or found.key not in (place.value, ()) else Version.parse(found.version)
        except (DamagedRecordError, ValueError):
            return None

    def _published(self, place: Place) -> Version | None:
        head = self.bucket.head(place.key)
        if head is None or told_by_notes(head.metadata):
            return self._latest_note(place)
        return self._version_of(place, head)

    def _latest_note(self, place: Place) -> Version | None:
        """The latest version that was accepted: what is published, where the server heeds no conditions."""
        for key, _, _ in self.bucket.list(place.accepted, most=1):
            found = parse_key(key)
            if found is not None and found[0] == place.value[-1]:
                return found[2]
        return None
