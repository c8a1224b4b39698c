"""One bucket: the few things that are done with it, each with its retries and its errors."""

from __future__ import annotations

import io
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from urllib3.exceptions import HTTPError

from assetflow.clock import pause
from assetflow.io.memory_for_bytes import memory_for
from assetflow.io.s3.access import ATTEMPTS, PATIENCE, S3Access, client_for
from assetflow.io.s3.refusals import code_of, is_lost_race, is_missing, refusal

Answer = TypeVar("Answer")
Condition = Mapping[str, str]
NONE: Condition = {}
PART = 16 * 1024 * 1024  # bytes
IN_PARTS_FROM = 64 * 1024 * 1024
COPIED_IN_ONE = 1024**3  # S3 copies up to 5 GiB in one request, and says nothing until it is done
_COPIED_PART = 256 * 1024**2
_PIECE = 1024 * 1024
_BROKEN = (HTTPClientError, ResponseStreamingError, ReadTimeoutError, IncompleteReadError, HTTPError, OSError)


class Head(NamedTuple):
    """What is known of an object without reading it."""

    etag: str
    size: int
    metadata: Mapping[str, str]
    content_type: str
    modified: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A bucket.

    Attributes:
        given: a client to use instead of the one that `access` leads to.
        protection: arguments for everything that is written: encryption and storage class.
        part: bytes of a part of an upload in parts.
        in_parts_from: bytes from which on a value is stored in parts.
        copied_in_one: bytes up to which an object is copied by one request.
    """

    name: str
    access: S3Access
    given: Any = None
    protection: Mapping[str, str]
    part: int = PART
    in_parts_from: int = IN_PARTS_FROM
    copied_in_one: int = COPIED_IN_ONE

    @property
    def client(self) -> Any:
        """The client of this process."""
        return self.given if self.given is not None else client_for(self.access)

    def uri(self, key: str) -> str:
        """``s3://bucket/key``."""
        return f"s3://{self.name}/{key}"

    def head(self, key: str) -> Head | None:
        """What is known of an object; None if it is not there."""
        answer = self._missing(lambda: self.client.head_object(Bucket=self.name, Key=key), "looking at", key)
        return None if answer is None else _head(answer)

    def get(self, key: str) -> tuple[memoryview, Head] | None:
        """An object; None if it is not there. If the connection breaks, the rest is asked for."""
        deadline = time.monotonic() + PATIENCE
        buffer, at = memory_for(0), 0
        told: Head | None = None
        for attempt in range(ATTEMPTS):
            rest = {"Range": f"bytes={at}-", "IfMatch": told.etag} if told is not None and at else {}
            try:
                answer = self.client.get_object(Bucket=self.name, Key=key, **rest)
            except ClientError as error:
                if is_missing(error):
                    return None
                if rest and is_lost_race(error):  # it was replaced meanwhile: read the new one
                    buffer, at, told = memory_for(0), 0, None
                    continue
                raise refusal(error, doing="loading", where=self.uri(key)) from error
            except (BotoCoreError, HTTPError, OSError) as error:
                raise refusal(error, doing="loading", where=self.uri(key)) from error
            if told is None or "ContentRange" not in answer:
                told, at = _head(answer), 0
                buffer = memory_for(told.size)
            try:
                with answer["Body"] as body:
                    at = _fill(buffer, at, body)
                broken: BaseException = IncompleteReadError(actual_bytes=at, expected_bytes=told.size)
            except _BROKEN as error:
                at += getattr(error, "read_so_far", 0)
                broken = error
            if at == told.size:
                return buffer, told
            if time.monotonic() > deadline:
                break
            pause(_backoff(attempt))
        raise refusal(broken, doing=f"loading (broken {attempt + 1} times)", where=self.uri(key))

    def put(
        self,
        key: str,
        parts: Sequence[bytes | bytearray | memoryview],
        *,
        metadata: Mapping[str, str] | None = None,
        content_type: str = "application/octet-stream",
    ) -> str:
        """Store an object, and its ETag. What is large goes in parts, which are removed again if one fails.

        Args:
            parts: of its bytes.
        """
        size = sum(map(len, parts))
        about = {"Metadata": dict(metadata or {}), "ContentType": content_type, **self.protection}
        if size < self.in_parts_from:
            body = parts[0] if len(parts) == 1 and isinstance(parts[0], bytes) else Pieces(parts)
            ask = lambda: self.client.put_object(Bucket=self.name, Key=key, Body=body, **about)  # noqa: E731
            return str(self._done(ask, "storing", key).get("ETag", ""))
        config = TransferConfig(
            multipart_threshold=self.in_parts_from, multipart_chunksize=self.part, max_concurrency=4
        )
        send = lambda: self.client.upload_fileobj(Pieces(parts), self.name, key, ExtraArgs=about, Config=config)  # noqa: E731
        self._done(send, "storing", key)
        found = self.head(key)
        return found.etag if found is not None else ""

    def copy(
        self,
        source: str,
        target: str,
        *,
        metadata: Mapping[str, str] | None = None,
        condition: Condition = NONE,
        origin: str = "",
    ) -> bool:
        """Let S3 copy an object; False if a condition does not hold.

        Args:
            origin: another bucket that the source is in.
            metadata: instead of the source's.
            condition: ``IfMatch`` or ``IfNoneMatch``, about the target.

        Raises:
            FileNotFoundError: there is no source.
        """
        about: dict[str, Any] = dict(self.protection)
        if metadata is not None:
            about |= {"MetadataDirective": "REPLACE", "Metadata": dict(metadata)}
        there = {"Bucket": origin or self.name, "Key": source}
        try:
            self.client.copy_object(Bucket=self.name, Key=target, CopySource=there, **about, **condition)
        except ClientError as error:
            return self._lost(error, source, target, condition)
        except (BotoCoreError, HTTPError, OSError) as error:
            raise refusal(error, doing="copying", where=self.uri(target)) from error
        return True

    def copy_in_parts(
        self, source: str, target: str, *, metadata: Mapping[str, str] | None = None, condition: Condition = NONE
    ) -> bool:
        """The same, of any size, and for servers that take conditions only where an upload is completed."""
        found = self.head(source)
        if found is None:
            raise FileNotFoundError(f"there is no {self.uri(source)}")
        about = {"Metadata": dict(metadata if metadata is not None else found.metadata)}
        about |= {"ContentType": found.content_type, **self.protection}  # type: ignore[dict-item]
        if not found.size:
            try:
                self.client.put_object(Bucket=self.name, Key=target, Body=b"", **about, **condition)
            except ClientError as error:
                return self._lost(error, source, target, condition)
            return True
        upload = self._done(
            lambda: self.client.create_multipart_upload(Bucket=self.name, Key=target, **about), "copying", target
        )["UploadId"]
        names = {"Bucket": self.name, "Key": target, "UploadId": upload}
        try:
            parts = []
            for number, start in enumerate(range(0, found.size, _COPIED_PART), start=1):
                reach = f"bytes={start}-{min(start + _COPIED_PART, found.size) - 1}"
                answer = self.client.upload_part_copy(
                    CopySource={"Bucket": self.name, "Key": source}, CopySourceRange=reach, PartNumber=number, **names
                )
                parts.append({"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]})
            self.client.complete_multipart_upload(MultipartUpload={"Parts": parts}, **names, **condition)
        except ClientError as error:
            self.abort(target, upload)
            return self._lost(error, source, target, condition)
        except BaseException as error:
            self.abort(target, upload)
            if isinstance(error, BotoCoreError | HTTPError | OSError):
                raise refusal(error, doing="copying", where=self.uri(target)) from error
            raise
        return True

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; those that are not there do not matter."""
        for start in range(0, len(keys), 1000):
            some = [{"Key": key} for key in keys[start : start + 1000]]
            answer = self._done(
                lambda: self.client.delete_objects(Bucket=self.name, Delete={"Objects": some, "Quiet": True}),  # noqa: B023
                "removing",
                keys[start],
            )
            errors = [one for one in answer.get("Errors", []) if one.get("Code") != "NoSuchKey"]
            if errors:
                told = ClientError({"Error": errors[0]}, "DeleteObjects")
                raise refusal(told, doing="removing", where=self.uri(str(errors[0].get("Key", keys[start]))))

    def list(self, prefix: str, *, most: int | None = None) -> Iterator[tuple[str, int, float]]:
        """Key, size in bytes and time of the objects below a prefix, in order of their keys."""
        token: dict[str, Any] = {}
        while True:
            page = {"MaxKeys": most} if most else {}
            ask = lambda: self.client.list_objects_v2(Bucket=self.name, Prefix=prefix, **page, **token)  # noqa: E731, B023
            answer = self._done(ask, "listing", prefix)
            for item in answer.get("Contents", []):
                yield item["Key"], item["Size"], item["LastModified"].timestamp()
            if most or not answer.get("IsTruncated"):
                return
            token = {"ContinuationToken": answer["NextContinuationToken"]}

    def uploads(self, prefix: str) -> Iterator[tuple[str, str, float]]:
        """Key, id and time of the uploads in parts that were begun and not completed."""
        token: dict[str, Any] = {}
        while True:
            ask = lambda: self.client.list_multipart_uploads(Bucket=self.name, Prefix=prefix, **token)  # noqa: E731, B023
            answer = self._done(ask, "listing uploads of", prefix)
            for item in answer.get("Uploads", []):
                yield item["Key"], item["UploadId"], item["Initiated"].timestamp()
            if not answer.get("IsTruncated"):
                return
            token = {"KeyMarker": answer["NextKeyMarker"], "UploadIdMarker": answer["NextUploadIdMarker"]}

    def abort(self, key: str, upload: str) -> None:
        """Remove the parts of an upload, if they are there."""
        with suppress(ClientError, BotoCoreError, HTTPError, OSError):
            self.client.abort_multipart_upload(Bucket=self.name, Key=key, UploadId=upload)

    def _lost(self, error: ClientError, source: str, target: str, condition: Condition) -> bool:
        if condition and is_lost_race(error):
            return False
        if is_missing(error):
            if "IfMatch" in condition and self.head(source) is not None:
                return False  # what was to be replaced has gone
            raise FileNotFoundError(f"there is no {self.uri(source)}") from error
        raise refusal(error, doing="copying", where=self.uri(target)) from error

    def _missing(self, ask: Callable[[], Answer], doing: str, key: str) -> Answer | None:
        try:
            return ask()
        except ClientError as error:
            if is_missing(error):
                return None
            raise refusal(error, doing=doing, where=self.uri(key)) from error
        except (BotoCoreError, HTTPError, OSError) as error:
            raise refusal(error, doing=doing, where=self.uri(key)) from error

    def _done(self, ask: Callable[[], Any], doing: str, key: str) -> Any:
        try:
            return ask()
        except S3UploadFailedError as error:
            raise refusal(error.__context__ or error, doing=doing, where=self.uri(key)) from error
        except (ClientError, BotoCoreError, HTTPError, OSError) as error:
            if isinstance(error, ClientError) and code_of(error) == "AccessDenied" and not self.is_there():
                told = {"Code": "NoSuchBucket", "Message": "The specified bucket does not exist"}
                error = ClientError({"Error": told}, error.operation_name)
            raise refusal(error, doing=doing, where=self.uri(key)) from error

    def is_there(self) -> bool:
        """Whether there is a bucket of this name; some servers call a missing one forbidden."""
        try:
            self.client.head_bucket(Bucket=self.name)
        except ClientError as error:
            return not is_missing(error) and code_of(error) != "NoSuchBucket"
        except (BotoCoreError, HTTPError, OSError):
            return True
        return True


class Pieces(io.RawIOBase):
    """Bytes that lie in several places, as one file to read."""

    def __init__(self, parts: Sequence[bytes | bytearray | memoryview]) -> None:
        super().__init__()
        self._views = [memoryview(part).cast("B") for part in parts if len(part)]
        self._size = sum(map(len, self._views))
        self._at = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is, so that a request can be repeated."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move; the new position."""
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def tell(self) -> int:
        """The position."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer, as far as there are bytes; how many they were."""
        into, done, before = memoryview(buffer).cast("B"), 0, 0
        for view in self._views:
            start = self._at - before
            before += len(view)
            if start >= len(view) or done == len(into):
                continue
            some = view[start : start + len(into) - done]
            into[done : done + len(some)] = some
            done += len(some)
            self._at += len(some)
        return done


class _Interrupted(OSError):
    """A body that ended too early."""

    def __init__(self, cause: BaseException, read_so_far: int) -> None:
        super().__init__(str(cause))
        self.read_so_far = read_so_far


def _fill(buffer: memoryview, at: int, body: Any) -> int:
    """Read a body into a buffer from a position on; how far it is filled."""
    begin = at
    try:
        while at < len(buffer) and (count := body.readinto(buffer[at : at + _PIECE])):
            at += count
    except _BROKEN as error:
        raise _Interrupted(error, at - begin) from error
    return at


def _head(answer: Mapping[str, Any]) -> Head:
    return Head(
        etag=str(answer.get("ETag", "")),
        size=int(answer["ContentLength"]),
        metadata=answer.get("Metadata", {}),
        content_type=str(answer.get("ContentType", "application/octet-stream")),
        modified=answer["LastModified"].timestamp() if "LastModified" in answer else 0.0,
    )


def _backoff(attempt: int) -> float:
    """Seconds until the next try."""
    return random.uniform(0, min(5.0, 0.2 * 2**attempt))
