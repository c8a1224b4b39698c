"""What facts tell, read for the history: what is kept as it is stays as it is."""

from __future__ import annotations

from typing import Any

import msgspec

from assetflow.planning.plan import SettledOutput
from assetflow.runs.facts import LogDetail, PartDetail, PartitionsDetail, Read

NOTHING_TOLD = msgspec.Raw(b"{}")


class ToldError(msgspec.Struct):
    """As ErrorDetail, as far as it is kept."""

    type: str = ""
    message: str = ""


class ToldOutput(msgspec.Struct):
    """As OutputDetail; what is kept as it is stays as it is."""

    output: int
    key: tuple[str, ...]
    version: str | None = None
    metadata: msgspec.Raw = NOTHING_TOLD
    data_version: str | None = None
    code_version: str | None = None
    tags: msgspec.Raw = NOTHING_TOLD
    size: int | None = None
    uri: str | None = None
    parts: list[PartDetail] = []


class ToldCheck(msgspec.Struct):
    """As CheckDetail."""

    key: tuple[str, ...]
    name: str
    passed: bool
    severity: str = "ERROR"
    blocking: bool = False
    description: str | None = None
    metadata: msgspec.Raw = NOTHING_TOLD


class ToldStep(msgspec.Struct):
    """As StepDetail, and as what is told of a step that was lost."""

    slot: str = ""
    started: float = 0.0
    seconds: float = 0.0
    retry: int = 0
    outputs: list[ToldOutput] = []
    checks: list[ToldCheck] = []
    observations: list[dict[str, Any]] = []
    loaded: list[Read] = []
    unchanged: bool = False
    kept: list[SettledOutput] = []
    error: ToldError | None = None
    log: LogDetail | None = None
    partitions: list[PartitionsDetail] = []
    status: str = ""
