"""Putting the server together, beside `assetflow.wiring`."""

from __future__ import annotations

import os
from collections.abc import Callable

from assetflow.daemon.code_process import CodeProcess
from assetflow.local.cluster import own_import_path
from assetflow.settings import Settings
from assetflow.web.access import Access
from assetflow.web.backend import Backend
from assetflow.web.comparisons import Comparisons
from assetflow.web.desk_keeper import DeskKeeper
from assetflow.web.live_board import LiveBoard
from assetflow.web.live_reader import LiveReader
from assetflow.web.log_pages import LogPages
from assetflow.web.partition_states import PartitionStates
from assetflow.web.parts import WebParts
from assetflow.web.run_details import RunDetails
from assetflow.web.run_facts import RunFactsCache
from assetflow.web.run_fold import RunFolds
from assetflow.web.run_summaries import RunSummaries
from assetflow.web.statuses import Statuses
from assetflow.wiring import signer_for


def build_web(settings: Settings, target: str, *, watches: bool = True, is_open: bool = False) -> WebParts:
    """The parts of a web server.

    Args:
        settings: of this installation; the environment is the one that the page begins with.
        target: a module with definitions, or ``file:PATH``.
        watches: code that is changed is loaded again.
        is_open: everybody may do everything, without logging in.
    """
    desk = DeskKeeper(target, _starter(settings), watches=watches)
    backend = Backend(settings, desk)
    facts = RunFactsCache(lambda: signer_for(settings), lambda run_id: backend.connection().store.envelope(run_id))
    folds = RunFolds(lambda: backend.connection().store)
    summaries = RunSummaries(backend, facts)
    details = RunDetails(backend, facts, folds, summaries)
    statuses = Statuses(backend, facts, folds)
    summaries.durations = statuses.durations
    board = LiveBoard()
    log_pages = LogPages(lambda: backend.connection().store, lambda: backend.connection().logs)
    reader = LiveReader(backend, board, facts, folds, summaries, details, statuses, log_pages)
    desk.changed = lambda: board.publish("", "definitions", _definitions(desk), reader.position)
    return WebParts(
        settings=settings,
        backend=backend,
        facts=facts,
        folds=folds,
        summaries=summaries,
        details=details,
        statuses=statuses,
        board=board,
        reader=reader,
        log_pages=log_pages,
        partitions=PartitionStates(backend, statuses),
        comparisons=Comparisons(desk),
        access=Access(settings, lambda: backend.history().access, is_open=is_open),
    )


def _definitions(desk: DeskKeeper) -> dict[str, object]:
    state = desk.state
    first, _, rest = state.error.partition("\n")
    return {
        "version": None if state.loaded is None else state.loaded.version,
        "ok": not state.error,
        "error": {"message": first, "trace": rest} if state.error else None,
    }


def _starter(settings: Settings) -> Callable[[], CodeProcess]:
    environment = {
        **os.environ,
        "ASSETFLOW_HOME": str(settings.home.resolve()),
        "ASSETFLOW_REDIS_URL": settings.redis_url or "",
        "ASSETFLOW_BROKER_URL": settings.broker_url or "",
        "ASSETFLOW_DATABASE_URL": settings.database_url or "",
        "ASSETFLOW_ENV": settings.env,
    }
    path = os.pathsep.join((*own_import_path(), environment.get("PYTHONPATH", ""))).rstrip(os.pathsep)
    environment["PYTHONPATH"] = path
    return lambda: CodeProcess("-", environment, entry="assetflow.desk")
