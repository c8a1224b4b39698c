"""Launching: a request becomes a run whose roots are ready."""

from __future__ import annotations

import msgspec

from assetflow.code.signing import Signer
from assetflow.engine.request import RunAbout, RunRequest
from assetflow.planning.plan import Topology
from assetflow.runs.store import Created, NewRun, RunStore


def launch(store: RunStore, signer: Signer, request: RunRequest, *, run_key: str | None = None) -> Created:
    """Store the plan and open its roots. Launching the same request again changes nothing.

    Args:
        run_key: the caller's own name for the request; used twice in one environment it leads to the first run.

    Raises:
        ConflictError: the run key was used with another request.
    """
    plan = request.plan
    queues = tuple(dict.fromkeys(step.queue for step in plan.steps)) or ("default",)
    place = {queue: index for index, queue in enumerate(queues)}
    waiting = Topology(plan).waiting
    about = RunAbout(
        environment=request.environment,
        selection=request.selection,
        code=request.code.label or request.code.module,
        steps=len(plan.steps),
        tags=request.tags,
    )
    return store.create(
        NewRun(
            run_id=request.run_id,
            envelope=request.sealed(signer),
            fingerprint=request.fingerprint(),
            run_key=None if run_key is None else f"{request.environment}\0{run_key}",
            queues=queues,
            steps=tuple(
                (step.rank, place[step.queue], -1 if step.line is None else step.line, waiting[step.index])
                for step in plan.steps
            ),
            outputs=plan.output_count,
            about=msgspec.json.encode(about).decode(),
            code=request.code.bundle,
        )
    )
