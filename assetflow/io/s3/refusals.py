"""What S3 answers when it does not do what it was asked, in sentences that say what to do."""

from __future__ import annotations

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    SSLError,
)

from assetflow.errors import StorageError

_KEYS = "check aws_access_key_id and aws_secret_access_key, in the IO manager, the environment or boto3's files"
# Codes of S3: what is wrong, and what to do.
_CODES = {
    "NoSuchBucket": ("there is no bucket of this name", "create it, or correct the name"),
    "InvalidBucketName": ("no bucket can have this name", "correct the name"),
    "InvalidAccessKeyId": ("the access key is not known there", _KEYS),
    "SignatureDoesNotMatch": ("the secret key does not belong to the access key", _KEYS),
    "InvalidToken": ("the session token is not valid", "sign in again"),
    "ExpiredToken": ("the session token has expired", "sign in again; workers want keys that renew themselves"),
    "TokenRefreshRequired": ("the session token has expired", "sign in again"),
    "RequestTimeTooSkewed": ("the clock of this machine is too far from the server's", "set the clock"),
    "RequestExpired": ("the clock of this machine is too far from the server's", "set the clock"),
    "AccessDenied": ("these keys have no right to do that", "give them the right, or use others"),
    "AllAccessDisabled": ("the bucket is closed", "ask its owner"),
    "PermanentRedirect": ("the bucket is in another region", "give its region: region_name=..."),
    "AuthorizationHeaderMalformed": ("the bucket is in another region", "give its region: region_name=..."),
    "IllegalLocationConstraintException": ("the bucket is in another region", "give its region: region_name=..."),
    "InvalidStorageClass": ("there is no such storage class there", "correct storage_class"),
    "KeyTooLongError": ("the key is too long", "give the asset a shorter key, or the IO manager a shorter prefix"),
    "EntityTooLarge": ("the value is too large for this server", "store less, or in parts"),
    "QuotaExceeded": ("there is no room left", "make room: `assetflow gc` removes old versions"),
    "InsufficientStorage": ("there is no room left", "make room: `assetflow gc` removes old versions"),
    "SlowDown": ("the server asks for fewer requests", "try again later, or spread the load over more prefixes"),
    "ServiceUnavailable": ("the server is not available", "try again later"),
    "InternalError": ("the server failed", "try again later; its log may say why"),
    "XMinioStorageFull": ("there is no room left", "make room: `assetflow gc` removes old versions"),
}
_STATUS = {301: "PermanentRedirect", 403: "AccessDenied", 500: "InternalError", 502: "InternalError", 503: "SlowDown"}
_REACH = "check endpoint_url, and that the server is up and can be reached from here"


def code_of(error: ClientError) -> str:
    """The code of an answer, also of one without a body."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return _STATUS.get(status, code) if not code or code.isdigit() else code


def is_missing(error: ClientError) -> bool:
    """Whether there is no such object; a missing bucket is another matter."""
    return code_of(error) in ("NoSuchKey", "404", "NotFound")


def is_lost_race(error: ClientError) -> bool:
    """Whether somebody else changed the object meanwhile."""
    return code_of(error) in ("PreconditionFailed", "412", "ConditionalRequestConflict", "409")


def refusal(error: BaseException, *, doing: str, where: str) -> StorageError:
    """The error that people see.

    Args:
        doing: what was to be done, such as ``storing asset "sales"``.
        where: ``s3://bucket/key``.
    """
    reason, fix = _told(error)
    found = StorageError(f"{doing} failed: {reason}", where=where, fix=fix)
    found.__cause__ = error
    return found


def _told(error: BaseException) -> tuple[str, str]:
    if isinstance(error, ClientError):
        return _answer(error)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return f"there are no keys for S3 ({error})", _KEYS
    if isinstance(error, ProfileNotFound):
        return str(error), "correct profile_name"
    if isinstance(error, NoRegionError):
        return "no region is given", "give region_name=..., or set AWS_DEFAULT_REGION"
    if isinstance(error, ConnectTimeoutError | EndpointConnectionError):
        return f"the server cannot be reached ({error})", _REACH
    if isinstance(error, ReadTimeoutError):
        return f"the server does not answer in time ({error})", "try again later; its log may say why"
    if isinstance(error, SSLError):
        return f"the connection is not safe ({error})", "check the certificate of endpoint_url"
    if isinstance(error, HTTPClientError):
        return f"the connection broke ({error})", _REACH
    if isinstance(error, BotoCoreError):
        return f"the server's answer makes no sense, or the request does not ({error})", _REACH
    return f"{type(error).__name__}: {error}", _REACH


def _answer(error: ClientError) -> tuple[str, str]:
    code = code_of(error)
    about = error.response.get("Error", {})
    told = str(about.get("Message", "")) or "no reason given"
    tries = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0)
    after = f" {tries + 1} times" if tries else ""
    reason, fix = _CODES.get(code, ("the server refuses it", "see what the code means for this server"))
    if code == "AccessDenied" and "kms" in told.lower():
        reason, fix = "these keys may not use the KMS key", "give them kms:GenerateDataKey and kms:Decrypt for it"
    return f"{reason} ({error.operation_name}{after}: {code or 'no code'}, {told})", fix
