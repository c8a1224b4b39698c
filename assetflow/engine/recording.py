"""From the facts of a run to the entries that the history keeps of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from assetflow.definitions.data_version import DATA_VERSION_TAG
from assetflow.definitions.environment import DEFAULT_ENVIRONMENT
from assetflow.engine.readings import Readings
from assetflow.engine.request import RunRequest
from assetflow.engine.told_details import ToldError, ToldOutput, ToldStep
from assetflow.log import logger
from assetflow.planning.plan import Plan, Step, StepOutput
from assetflow.runs.entries import (
    AlertEntry,
    AttemptEntry,
    CheckEntry,
    Entries,
    FactEntry,
    LogEntry,
    MaterializationEntry,
    ObservationEntry,
    PartitionEntry,
    RunChange,
    RunEntry,
    StatusEntry,
    UnmadeEntry,
)
from assetflow.runs.facts import Fact, FactKind, LogDetail, PartDetail
from assetflow.runs.outbox import RunHead, StreamedFact
from assetflow.runs.states import RunStatus

_TRIES = {
    FactKind.STEP_SUCCEEDED: "succeeded",
    FactKind.STEP_FAILED: "failed",
    FactKind.STEP_RETRY: "retry",
    FactKind.STEP_LOST: "lost",
}
_NOT_TRIED = {FactKind.STEP_SKIPPED: "skipped", FactKind.STEP_UPSTREAM_FAILED: "upstream failed"}
_STATUS = {
    FactKind.RUN_QUEUED: RunStatus.QUEUED,
    FactKind.RUN_STARTED: RunStatus.RUNNING,
    FactKind.RUN_PAUSED: RunStatus.PAUSED,
    FactKind.RUN_RESUMED: RunStatus.RUNNING,
    FactKind.RUN_CANCELLING: RunStatus.CANCELLING,
    FactKind.RUN_ABORTED: RunStatus.CANCELLING,
}
_AS_MEANT = (RunStatus.SUCCEEDED.value, RunStatus.CANCELLED.value)


class _Path(msgspec.Struct):
    type: str = ""
    value: Any = None


class _PathIn(msgspec.Struct):
    path: _Path | None = None


_detail = msgspec.json.Decoder(ToldStep)
_path_in = msgspec.json.Decoder(_PathIn)


def run_entry(head: RunHead, request: RunRequest) -> RunEntry:
    """What is kept of a run that was just created."""
    return RunEntry(
        run_id=head.run_id,
        status=RunStatus.NEW.value,
        created=head.born / 1000,
        started=None,
        ended=None,
        environment=request.environment,
        job_name=request.job_name,
        selection=request.selection,
        code=request.code.label or request.code.module,
        bundle=head.code,
        steps=len(request.plan.steps),
        done=0,
        priority=request.priority,
        tags=json.dumps(request.tags),
        error=None,
        envelope=head.envelope,
    )


def unread_entry(head: RunHead) -> RunEntry:
    """What is kept of a run whose request cannot be read here."""
    created = head.born / 1000
    return RunEntry(
        head.run_id, RunStatus.NEW.value, created, None, None, "", "", "", "", "", 0, 0, 0, "{}", None, head.envelope
    )


class RunRecord:
    """Turns the facts of one run into entries, in the order in which they come.

    Args:
        plan: of the run; None if it cannot be read here, and then the facts alone are kept.
        readings: what its steps have read so far.
        environment: that the run is for.
        alerts: whether somebody is to be told if it fails.
    """

    def __init__(
        self,
        run_id: str,
        plan: Plan | None,
        readings: Readings | None = None,
        environment: str = DEFAULT_ENVIRONMENT,
        *,
        alerts: bool = False,
    ) -> None:
        self._alerts = alerts
        self._run_id = run_id
        self._environment = environment
        self._plan = plan
        self._readings = readings or Readings(plan or Plan(steps=()), {}, environment, lambda *_: {})
        self._outputs = {} if plan is None else {output.index: output for step in plan.steps for output in step.outputs}
        self._names: dict[tuple[str, ...], str] = {}

    @property
    def plan(self) -> Plan | None:
        """Of the run; None if it cannot be read here."""
        return self._plan

    @property
    def is_compared(self) -> bool:
        """Whether steps of the run look up what others of it have told."""
        return self._plan is not None and any(step.baseline is not None for step in self._plan.steps)

    def recall(self, facts: Iterable[Fact]) -> None:
        """Know again what steps have read, of which others go on telling."""
        for fact in facts:
            if fact.kind is FactKind.STEP_SUCCEEDED and self._plan is not None:
                told = fact.told()
                self._readings.settled(self._plan.steps[fact.steps[0]], told.loaded, told.started, told.kept)

    def add(self, born: int, facts: Iterable[StreamedFact], into: Entries) -> None:
        """Turn facts into entries."""
        status: str | None = None
        started: float | None = None
        ended: float | None = None
        error: str | None = None
        done = 0
        for fact in facts:
            digits, _, seq = fact.id.partition("-")
            ms = int(digits)
            at = ms / 1000
            text = fact.detail.decode(errors="replace")
            into.facts.append(FactEntry(self._run_id, born, ms, int(seq), at, fact.kind, fact.steps, fact.token, text))
            try:
                kind = _KINDS[fact.kind]
                detail = _detail.decode(fact.detail)
            except (KeyError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
                logger.warning("run %s: a fact of kind %s is kept unread: %s", self._run_id, fact.kind, problem)
                continue
            if kind in _STATUS:
                status = _STATUS[kind].value
                into.statuses.append(StatusEntry(self._run_id, status, at))
                started = at if kind is FactKind.RUN_STARTED else started
                if detail.error is not None and error is None:
                    error = _told(detail.error)
            elif kind is FactKind.RUN_ENDED:
                status, ended = detail.status or RunStatus.SUCCEEDED.value, at
                into.statuses.append(StatusEntry(self._run_id, status, at))
                if self._alerts and status not in _AS_MEANT:
                    into.alerts.append(AlertEntry(self._run_id, at, at))
            elif fact.steps and self._plan is not None:
                steps = [self._plan.steps[int(part)] for part in fact.steps.split(",")]
                if detail.log is not None:
                    into.logs.append(self._log(steps[0], fact.token, at, detail.retry, detail.log))
                if kind in _TRIES:
                    self._try(steps[0], kind, fact.token, at, detail, into)
                elif kind in _NOT_TRIED:
                    self._not_tried(steps, _NOT_TRIED[kind], at, into)
                if kind is FactKind.STEP_FAILED and detail.error is not None and error is None:
                    error = f"step {steps[0].key}: {_told(detail.error)}"
                done += len(steps) if kind in _ENDS else 0
        into.changes.append(RunChange(self._run_id, status, started, ended, error, done))

    def _try(self, step: Step, kind: FactKind, token: int, at: float, detail: ToldStep, into: Entries) -> None:
        into.attempts.append(
            AttemptEntry(
                self._run_id,
                step.index,
                token,
                step.key,
                "unchanged" if detail.unchanged else _TRIES[kind],
                detail.retry,
                detail.slot,
                detail.started or None,
                at,
                detail.seconds,
                None if detail.error is None else _told(detail.error),
            )
        )
        if kind is FactKind.STEP_SUCCEEDED:
            for told in detail.partitions:
                when = None if told.removed else at
                into.partitions += [PartitionEntry(told.definition, key, when) for key in told.keys]
            self._readings.settled(step, detail.loaded, detail.started, detail.kept)
        if detail.outputs and kind is FactKind.STEP_SUCCEEDED:
            inputs = self._readings.of(step, detail.loaded, detail.started)
            for made in detail.outputs:
                self._materialization(step, made, token, at, detail.seconds, inputs, into)
        self._not_made(step, kind, detail, at, into)
        for seq, check in enumerate(detail.checks):
            into.checks.append(
                CheckEntry(
                    self._name(check.key),
                    self._environment,
                    check.name,
                    self._run_id,
                    step.index,
                    token,
                    seq,
                    at,
                    check.passed,
                    check.severity,
                    check.blocking,
                    _clean(check.description),
                    bytes(check.metadata).decode(),
                )
            )
        for seq, raw in enumerate(detail.observations):
            self._told_by_hand(step, raw, seq, token, at, detail.seconds, into)

    def _materialization(
        self, step: Step, made: ToldOutput, token: int, at: float, seconds: float, inputs: str, into: Entries
    ) -> None:
        planned: StepOutput | None = self._outputs.get(made.output)
        data_version = made.data_version or made.version or f"{token:016x}"  # nobody can say that it is like any other
        self._readings.made(made.output, made.version, data_version)
        metadata, tags = bytes(made.metadata).decode(), bytes(made.tags).decode()
        uri = made.uri or _path(bytes(made.metadata))
        parts = made.parts or [PartDetail(key, data_version, made.size, uri) for key in step.partitions or ("",)]
        for seq, part in enumerate(parts):
            into.materializations.append(
                MaterializationEntry(
                    self._name(made.key),
                    self._environment,
                    part.key,
                    self._run_id,
                    step.index,
                    step.key,
                    token,
                    made.output,
                    seq,
                    at,
                    seconds,
                    part.size,
                    part.uri or (None if made.parts else uri),
                    made.version,
                    part.data_version or data_version,
                    made.code_version or (planned.code_version if planned is not None else None),
                    None,
                    metadata,
                    tags,
                    inputs,
                )
            )

    def _told_by_hand(
        self, step: Step, raw: Mapping[str, Any], seq: int, token: int, at: float, seconds: float, into: Entries
    ) -> None:
        metadata, tags = json.dumps(raw.get("metadata") or {}), json.dumps(raw.get("tags") or {})
        asset = self._name(tuple(raw.get("key") or ()))
        partition, description = _clean(raw.get("partition")) or "", _clean(raw.get("description"))
        kind = str(raw.get("kind"))
        data_version = (raw.get("tags") or {}).get(DATA_VERSION_TAG)
        if kind == "observation" and data_version:
            self._readings.seen(tuple(raw.get("key") or ()), at, data_version)
        if kind == "materialization":
            into.materializations.append(
                MaterializationEntry(
                    asset,
                    self._environment,
                    partition,
                    self._run_id,
                    step.index,
                    step.key,
                    token,
                    -1,
                    seq,
                    at,
                    seconds,
                    None,
                    None,
                    None,
                    data_version,
                    None,
                    description,
                    metadata,
                    tags,
                    "[]",
                )
            )
        else:
            into.observations.append(
                ObservationEntry(
                    asset,
                    self._environment,
                    partition,
                    self._run_id,
                    step.index,
                    step.key,
                    token,
                    seq,
                    at,
                    kind,
                    _clean(raw.get("label")),
                    raw.get("success"),
                    data_version,
                    description,
                    metadata,
                    tags,
                )
            )

    def _log(self, step: Step, token: int, at: float, retry: int, log: LogDetail) -> LogEntry:
        numbers = (log.size, log.left_out, log.lines, log.stored)
        return LogEntry(self._run_id, step.index, token, step.key, retry, at, log.uri, *numbers)

    def _not_tried(self, steps: list[Step], outcome: str, at: float, into: Entries) -> None:
        for step in steps:
            into.attempts.append(
                AttemptEntry(self._run_id, step.index, 0, step.key, outcome, 0, "", None, at, 0.0, None)
            )
            self._unmade(step, step.outputs, outcome, at, into)

    def _not_made(self, step: Step, kind: FactKind, detail: ToldStep, at: float, into: Entries) -> None:
        """What a try was to make, and has not."""
        if kind is FactKind.STEP_FAILED:
            self._unmade(step, step.outputs, "failed", at, into)
        elif kind is FactKind.STEP_SUCCEEDED and detail.unchanged:
            self._unmade(step, step.outputs, "unchanged", at, into)
        elif kind is FactKind.STEP_SUCCEEDED and not all(output.required for output in step.outputs):
            made = {one.output for one in detail.outputs}
            left_out = [one for one in step.outputs if not one.required and one.index not in made]
            self._unmade(step, left_out, "skipped", at, into)

    def _unmade(self, step: Step, outputs: Iterable[StepOutput], outcome: str, at: float, into: Entries) -> None:
        for output in outputs:
            if output.key:
                place = (self._environment, self._name(output.key))
                into.unmade += [
                    UnmadeEntry(*place, key, outcome, self._run_id, step.index, at) for key in step.partitions or ("",)
                ]

    def _name(self, key: tuple[str, ...]) -> str:
        name = self._names.get(key)
        if name is None:
            plain = len(key) == 1 and key[0].isascii() and key[0].isidentifier()
            name = self._names[key] = f'["{key[0]}"]' if plain else json.dumps(list(key))
        return name


_KINDS = {kind.value: kind for kind in FactKind}
_ENDS = {FactKind.STEP_SUCCEEDED, FactKind.STEP_FAILED, *_NOT_TRIED}


def _told(error: ToldError) -> str:
    return _clean(f"{error.type}: {error.message}") or ""


def _clean(text: Any) -> str | None:
    """A text without the one character that PostgreSQL cannot keep."""
    return None if text is None else str(text).replace("\0", "\N{REPLACEMENT CHARACTER}")


def _path(metadata: bytes) -> str | None:
    """Where an IO manager says that it has stored a value."""
    if b'"path"' not in metadata:
        return None
    try:
        found = _path_in.decode(metadata).path
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found.value if found is not None and found.type == "path" and isinstance(found.value, str) else None
