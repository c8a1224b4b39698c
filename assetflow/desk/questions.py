"""What a desk is asked, and what it answers: plain data, for those that must not load users' code."""

from __future__ import annotations

from typing import Any

import msgspec


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a question is not answered.

    Attributes:
        kind: name of the error's class.
        message, where, fix: of the error.
        details: more of it, such as each thing that is wrong in a config.
    """

    kind: str
    message: str
    where: str | None = None
    fix: str | None = None
    details: list[dict[str, Any]] = []


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What comes back of a question: one of the two.

    Attributes:
        answer: JSON.
        refusal: why there is none.
    """

    answer: msgspec.Raw = msgspec.Raw(b"null")
    refusal: Refusal | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be planned, or run.

    Attributes:
        env: name of the environment.
        selection: text of the selection language, or keys; None for everything.
        partition: one key, of assets that are all divided in the same way.
        partitions: keys, ranges ``A..B``, or ``all``.
        config: the run config; None for the job's.
        stale_only: only what is stale.
        job: whose selection, config and tags count where none are given.
        exclude: keys that are left out of the selection.
        force: keys that are run even if they are fresh.
    """

    env: str
    selection: str | list[str] | None = None
    partition: str | None = None
    partitions: str | list[str] | None = None
    config: dict[str, Any] | None = None
    stale_only: bool = False
    job: str | None = None
    exclude: list[str] = []
    force: list[str] = []


class LaunchAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A run that is to be started.

    Attributes:
        asked: what it does.
        digest: of the plan that was shown, which it must still be; empty if none was.
        tags: of the run.
        run_key: the asker's own name for the request; the same again is the same run.
        yes: it is meant, even where the environment is protected.
    """

    asked: Asked
    digest: str = ""
    tags: dict[str, str] = {}
    run_key: str | None = None
    yes: bool = False
