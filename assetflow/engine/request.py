"""What a run is created with and every worker reads: one signed document."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from assetflow.code.reference import CodeRef
from assetflow.code.signing import Signer
from assetflow.collecting import collecting_later
from assetflow.errors import DamagedRecordError
from assetflow.planning.plan import SCHEMA, Plan

USER_TAG = "assetflow/user"  # who has asked for the run


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A plan, and all that is needed to carry it out.

    Attributes:
        run_id: the run it belongs to; a request copied under another run's name is refused.
        code: where the definitions come from.
        plan: what to do.
        environment: name of the storage and resources it is for.
        selection: what the user asked for, in words.
        run_config: as the user gave it.
        tags: as the user gave them.
        job_name: of the job it runs.
        priority: -1000 to 1000; higher goes first.
        stale_only: the plan is what was stale when the run was asked for.
    """

    run_id: str
    code: CodeRef
    plan: Plan
    environment: str = "default"
    selection: str = "*"
    run_config: dict[str, Any] = {}
    tags: dict[str, str] = {}
    job_name: str = "__ASSET_JOB"
    priority: int = 0
    stale_only: bool = False

    def sealed(self, signer: Signer) -> bytes:
        """The document as it is stored."""
        # In JSON there are no numbers such as NaN, and no keys but texts; in a config there are.
        return signer.seal("run", msgspec.msgpack.encode(self))

    def fingerprint(self) -> str:
        """A hash that is the same for the same request under another run id, whoever asks."""
        tags = _in_order({name: text for name, text in self.tags.items() if name != USER_TAG})
        config = _in_order(self.run_config)
        # What is stale differs from one time to the next, and yet the same is asked for.
        asked = self.selection if self.stale_only else self.plan
        body = (self.code, asked, self.environment, config, tags, self.job_name, self.priority, self.stale_only)
        return hashlib.sha256(msgspec.msgpack.encode(body)).hexdigest()

    @staticmethod
    def opened(signer: Signer, sealed: bytes, run_id: str) -> RunRequest:
        """Check the signature, then read.

        Raises:
            SignatureError: it is not signed with this key.
            DamagedRecordError: it is signed and yet malformed, or belongs to another run.
        """
        raw = signer.open("run", sealed, what=f"the plan of run {run_id}")
        try:
            with collecting_later():
                request = msgspec.msgpack.decode(raw, type=RunRequest)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if _schema_in(raw) > SCHEMA:
                raise _too_new(run_id, _schema_in(raw)) from None
            raise DamagedRecordError(
                f"the plan of run {run_id} cannot be read: {error}",
                fix="run the same version of assetflow on clients and workers",
            ) from None
        if request.plan.schema > SCHEMA:
            raise _too_new(run_id, request.plan.schema)
        if request.run_id != run_id:
            raise DamagedRecordError(f"the plan stored for run {run_id} belongs to run {request.run_id}")
        return request


class _PlanHead(msgspec.Struct):
    schema: int = 0


class _Head(msgspec.Struct):
    """All that is read of a request that another version has written."""

    plan: _PlanHead


def _schema_in(raw: bytes) -> int:
    try:
        return msgspec.msgpack.decode(raw, type=_Head).plan.schema
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return 0


def _too_new(run_id: str, schema: int) -> DamagedRecordError:
    return DamagedRecordError(
        f"the plan of run {run_id} has format {schema}; this version reads up to {SCHEMA}",
        fix="upgrade assetflow on the workers",
    )


def _in_order(value: Any) -> Any:
    """The same for dicts that differ only in the order of their keys, which may be of several types."""
    if isinstance(value, dict):
        return [[key, _in_order(value[key])] for key in sorted(value, key=repr)]
    return [_in_order(item) for item in value] if isinstance(value, list) else value


class RunAbout(msgspec.Struct, frozen=True, kw_only=True):
    """What listings show of a run without opening its plan."""

    environment: str = "default"
    selection: str = "*"
    code: str = ""
    steps: int = 0
    tags: dict[str, str] = {}
