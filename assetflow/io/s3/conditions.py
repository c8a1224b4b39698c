"""Which conditions a server honours when something is written. Asked once for each place, with objects of its own."""

from __future__ import annotations

import os
import secrets
from functools import lru_cache
from typing import NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from assetflow.io.s3.access import S3Access
from assetflow.io.s3.bucket import Bucket
from assetflow.io.s3.refusals import code_of, is_lost_race, refusal
from assetflow.log import logger

PROBE = ".probe-"
_NOT_KNOWN = ("NotImplemented", "InvalidRequest", "InvalidArgument", "501", "400")


class Conditions(NamedTuple):
    """Where ``If-Match`` and ``If-None-Match`` are heeded.

    Attributes:
        copy: when an object is copied.
        complete: when an upload in parts is completed.
    """

    copy: bool
    complete: bool


def conditions_of(bucket: Bucket, folder: str) -> Conditions:
    """What the server of a bucket honours.

    Args:
        folder: prefix of keys under which it may be tried.

    Raises:
        StorageError: it cannot be tried.
    """
    if bucket.given is not None:
        return _probe(bucket, folder)
    return _remembered(bucket.access, bucket.name, folder)


@lru_cache(maxsize=64)
def _remembered(access: S3Access, name: str, folder: str) -> Conditions:
    return _probe(Bucket(name=name, access=access, protection={}), folder)


os.register_at_fork(after_in_child=_remembered.cache_clear)


def _probe(bucket: Bucket, folder: str) -> Conditions:
    one, other = (f"{folder}{PROBE}{secrets.token_hex(8)}" for _ in range(2))
    try:
        bucket.put(one, (b"probe",))
        bucket.put(other, (b"another",))
        copy = all(
            _is_refused(bucket, "copying", one, lambda condition=condition: _copy(bucket, other, one, condition))
            for condition in ({"IfNoneMatch": "*"}, {"IfMatch": f'"{"0" * 32}"'})
        )
        complete = copy or _is_refused(bucket, "storing", one, lambda: _complete(bucket, one))
    finally:
        bucket.delete([one, other])
    if not complete:
        logger.warning(
            "the server of %s stores whatever the conditions of a request are: what is published is told by objects "
            "beside the versions; other tools may see an earlier one for a moment when two runs publish at once",
            bucket.uri(folder),
        )
    return Conditions(copy, complete)


def _copy(bucket: Bucket, source: str, target: str, condition: dict[str, str]) -> None:
    origin = {"Bucket": bucket.name, "Key": source}
    bucket.client.copy_object(Bucket=bucket.name, Key=target, CopySource=origin, **condition)


def _complete(bucket: Bucket, key: str) -> None:
    upload = bucket.client.create_multipart_upload(Bucket=bucket.name, Key=key)["UploadId"]
    names = {"Bucket": bucket.name, "Key": key, "UploadId": upload}
    try:
        tag = bucket.client.upload_part(PartNumber=1, Body=b"x", **names)["ETag"]
        parts = {"Parts": [{"PartNumber": 1, "ETag": tag}]}
        bucket.client.complete_multipart_upload(MultipartUpload=parts, IfNoneMatch="*", **names)
    except BaseException:
        bucket.abort(key, upload)
        raise


def _is_refused(bucket: Bucket, doing: str, key: str, ask: object) -> bool:
    """Whether a request is refused whose condition does not hold."""
    try:
        ask()  # type: ignore[operator]
    except ClientError as error:
        if is_lost_race(error):
            return True
        if code_of(error) in _NOT_KNOWN:
            return False
        raise refusal(error, doing=doing, where=bucket.uri(key)) from error
    except (BotoCoreError, HTTPError, OSError) as error:
        raise refusal(error, doing=doing, where=bucket.uri(key)) from error
    return False
