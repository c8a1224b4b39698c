"""What is asked to be planned or run, and plans."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from assetflow.web.schemas.answer import Answer

Name = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
EnvName = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9][\w-]*$")]
MOST_KEYS = 20_000


class PlanAsked(BaseModel, extra="forbid"):
    """What is to be planned: a selection as text, or keys."""

    selection: (
        Annotated[str, Field(max_length=1_000_000)] | Annotated[list[Name], Field(max_length=MOST_KEYS)] | None
    ) = None
    env: EnvName | None = None
    partition: Name | None = None
    partitions: Name | Annotated[list[Name], Field(max_length=MOST_KEYS)] | None = None
    config: dict[str, Any] | None = None
    stale_only: bool = False
    job: Name | None = None
    exclude: Annotated[list[Name], Field(max_length=MOST_KEYS)] = []
    force: Annotated[list[Name], Field(max_length=MOST_KEYS)] = []


class RunAsked(PlanAsked, extra="forbid"):
    """A run: of a plan that was shown, or of what is asked for here."""

    plan_id: Annotated[str, Field(max_length=2_000_000)] | None = None
    tags: Annotated[dict[Annotated[str, StringConstraints(max_length=200)], str], Field(max_length=100)] = {}
    run_key: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    confirm_env: str | None = None


class PlanRead(Answer):
    """Something that a step reads."""

    key: str
    env: str
    version: str | None
    from_: Literal["run", "storage"] = Field(alias="from")


class Estimate(Answer):
    """How long it may take in seconds, and how many bytes it may make."""

    seconds: float
    bytes: int | None


class PlanStep(Answer):
    """A step, or the steps that do the same for many partitions."""

    step: str
    assets: list[str]
    checks: list[str]
    partition: str | None
    action: Literal["run", "maybe", "skip"]
    reason: str
    cause: str
    reads: list[PlanRead]
    estimate: Estimate | None
    group: str
    queue: str
    made_at: float | None = None


class PlanTotals(Answer):
    """How many steps there are of each kind."""

    run: int
    maybe: int
    skip: int


class PlanEstimate(Answer):
    """All steps one after the other, the longest chain of them, and how many nothing is known of."""

    seconds: float
    path_seconds: float
    unknown: int


class ConfigProblem(Answer):
    """One thing that is wrong in the config."""

    path: str
    message: str
    reason: str


class PlanAnswer(Answer):
    """A plan; `id` starts exactly this one."""

    id: str
    env: str
    digest: str
    steps: list[PlanStep]
    totals: PlanTotals
    estimate: PlanEstimate | None
    warnings: list[str]
    cli: str
    config_schema: dict[str, Any] | None
    config_errors: list[ConfigProblem]
    needs_confirmation: str | None
    dimensions: bool = Field(description="whether something of it has partitions")
