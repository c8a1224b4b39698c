"""Launching: a request becomes a run whose roots are ready."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from assetflow.code.signing import Signer
from assetflow.engine.differences import differences
from assetflow.engine.naming import named
from assetflow.engine.request import RunAbout, RunRequest
from assetflow.errors import AssetflowError, ConflictError, InvalidInvocationError
from assetflow.planning.plan import Step, waits_of
from assetflow.runs.claims import FIRST_MARK, Announcement
from assetflow.runs.store import Created, Letter, NewRun, RunStore, Standing, StepRow

LONGEST_RUN_KEY = 1000
Write = Callable[[str, Announcement], Letter | None]

_TRAVELS = 2000  # bytes of a plan that go with the first wake-up, whose message is slower with more


def launch(
    store: RunStore, signer: Signer, request: RunRequest, *, run_key: str | None = None, write: Write | None = None
) -> Created:
    """Store the plan and open its roots. Launching the same request again changes nothing.

    Args:
        run_key: the caller's own name for the request; used twice in one environment it leads to the first run.
        write: told the first wake-up, writes it for a store that can send it itself; None if there is no such.

    Raises:
        ConflictError: the run key was used with another request.
        InvalidInvocationError: the run key cannot be used.
    """
    known = isinstance(run_key, str) and run_key.strip() and len(run_key) <= LONGEST_RUN_KEY
    if run_key is not None and not known:
        raise InvalidInvocationError(f"a run key is a text of 1 to {LONGEST_RUN_KEY} characters, not {run_key!r:.60}")
    sealed = request.sealed(signer)
    # What is configured may be secret, and does not leave the store.
    travels = sealed if len(sealed) <= _TRAVELS and not request.run_config else b""
    new = new_run(request, sealed, run_key=run_key)
    if write is not None and (first := _first(request, new, travels)) is not None:
        new = msgspec.structs.replace(new, letter=write(request.run_id, first))
    try:
        created = store.create(new)
    except ConflictError as error:
        raise _explained(error, store, signer, request) from None
    if created.run_id != request.run_id:
        return created
    announcements = named(created.announcements, request.plan)
    if travels:
        announcements = [msgspec.structs.replace(one, plan=travels) for one in announcements]
    return msgspec.structs.replace(created, announcements=announcements)


def _first(request: RunRequest, new: NewRun, travels: bytes) -> Announcement | None:
    """The wake-up that the run begins with, unless something comes between; None if none is expected."""
    ready = [step for step, row in zip(request.plan.steps, new.steps, strict=True) if not row.waits]
    if not ready:
        return None
    queue = request.plan.steps[0].queue
    first = max(ready, key=lambda step: (step.queue == queue, step.rank, -step.index))
    return Announcement(first.queue, first.index, FIRST_MARK, "", request.priority, first.key, travels)


def new_run(
    request: RunRequest, envelope: bytes, *, run_key: str | None = None, standing: Standing | None = None
) -> NewRun:
    """What the store is asked for.

    Args:
        envelope: the request, sealed.
        standing: how far the run was, if it is brought back.
    """
    plan = request.plan
    queues = tuple(dict.fromkeys(step.queue for step in plan.steps)) or ("default",)
    place = {queue: index for index, queue in enumerate(queues)}
    pools = tuple(dict.fromkeys(step.pool for step in plan.steps if step.pool))
    pool_place = {pool: index for index, pool in enumerate(pools)}
    waits = waits_of(plan)
    about = RunAbout(
        environment=request.environment,
        selection=request.selection,
        code=request.code.label or request.code.module,
        steps=len(plan.steps),
        tags=request.tags,
    )
    return NewRun(
        run_id=request.run_id,
        envelope=envelope,
        fingerprint=request.fingerprint(),
        run_key=None if run_key is None else f"{request.environment}\0{run_key}",
        queues=queues,
        pools=pools,
        priority=request.priority,
        limits=limits_of(request.tags),
        steps=tuple(_row(step, place[step.queue], waits[step.index], pool_place) for step in plan.steps),
        outputs=plan.output_count,
        about=msgspec.json.encode(about).decode(),
        code=request.code.bundle,
        standing=standing,
    )


def _explained(error: ConflictError, store: RunStore, signer: Signer, request: RunRequest) -> ConflictError:
    """The same error, with what differs, as far as the other run can still be read."""
    try:
        other = RunRequest.opened(signer, store.envelope(error.run_id), error.run_id)
    except AssetflowError:
        return error
    lines = "".join(f"\n    {line}" for line in differences(other, request))
    told = ConflictError(f"{error.message}; it differs in:{lines}", where=error.where, fix=error.fix)
    told.run_id = error.run_id
    return told


def limits_of(tags: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the run limits that count a run with these tags."""
    return ("*", *(name for tag, value in sorted(tags.items()) for name in (tag, f"{tag}={value}")))


def _row(step: Step, queue: int, waits: int, pools: Mapping[str, int]) -> StepRow:
    return StepRow(
        rank=step.rank,
        queue=queue,
        waits=waits,
        line=-1 if step.line is None else step.line,
        pool=pools.get(step.pool, -1),
        alone=bool(step.pool) or step.timeout is not None,
    )
