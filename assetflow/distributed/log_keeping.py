"""Keeping what a step has written, when it is over: all of it in a file, the last of it for those who follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from assetflow.distributed.cells import Cell
from assetflow.distributed.spool import STREAMS, Spool
from assetflow.errors import AssetflowError
from assetflow.log import logger
from assetflow.runs.claims import Claim
from assetflow.runs.facts import LogDetail
from assetflow.runs.masking import masked
from assetflow.runs.step_logs import KeptLog, LiveLogs, LogFiles, LogPiece, Section

LARGEST_PIECE = 32_768  # bytes that are sent along at once; who follows is told of what is left out


class LogKeeping:
    """Where the logs of steps go.

    Args:
        files: keeps them for good.
        live: for those who follow.
        most: bytes of each that are kept.
        secrets: values that nobody is to read there.
    """

    def __init__(self, files: LogFiles, live: LiveLogs, most: int, secrets: Callable[[], Iterable[str]]) -> None:
        self.most = most
        self._secrets = secrets
        self._files = files
        self._live = live

    def keep(self, spool: Spool, cell: Cell, run_id: str, claim: Claim, place: str) -> LogDetail:
        """Keep what a step has written that is over, and empty its spool."""
        self.send(spool, cell, run_id, claim, whole=True)
        log = self.read(spool)
        spool.clear()
        told = self.told(log, run_id, claim, place)
        self.store(log, told)
        return told

    def read(self, spool: Spool) -> KeptLog:
        """What was written, as far as it is kept and fit to be read."""
        log, secrets = spool.log(self.most), list(self._secrets())
        return KeptLog(
            *(
                Section(masked(one.head, secrets), one.left_out, masked(one.tail, secrets))
                for one in (log.stdout, log.stderr)
            )
        )

    def told(self, log: KeptLog, run_id: str, claim: Claim, place: str) -> LogDetail:
        """What there will be to tell of it."""
        uri = ""
        try:
            uri = self._files.uri(place, run_id, claim.step, claim.token) if place else ""
        except AssetflowError as error:
            logger.warning("what step %d of run %s has written cannot be kept: %s", claim.step, run_id, error)
        return LogDetail(uri=uri, size=log.size, left_out=log.left_out, lines=log.line_count)

    def store(self, log: KeptLog, told: LogDetail) -> None:
        """Keep it; what cannot be is told in the worker's log, and is no reason for a step to fail."""
        if not told.uri:
            return
        try:
            told.stored = self._files.keep(told.uri, log)
        except (AssetflowError, OSError) as error:
            logger.warning("what a step has written cannot be kept at %s: %s", told.uri, error)
            told.uri = ""

    def send(
        self,
        spool: Spool,
        cell: Cell,
        run_id: str,
        claim: Claim,
        *,
        whole: bool,
        is_current: Callable[[], bool] = lambda: True,
    ) -> None:
        """Send along what was written since that was done last.

        Args:
            whole: the step is over; else a line that has not ended waits for its end.
            is_current: whether the spool is still that of the claim, for who looks at another process's.
        """
        sizes, secrets = spool.sizes, list(self._secrets())
        sent = list(cell.sent(claim.token))
        pieces = []
        for number in range(len(STREAMS)):
            begin = max(sent[number], sizes[number] - LARGEST_PIECE)
            data = spool.read(number, begin, sizes[number]) if sizes[number] > sent[number] else b""
            if not whole and len(data) < LARGEST_PIECE:
                data = data[: data.rfind(b"\n") + 1]
            if data:
                sent[number] = begin + len(data)
                pieces.append(
                    LogPiece(
                        step=claim.step,
                        token=claim.token,
                        retry=claim.retries,
                        stream=STREAMS[number],
                        at=begin,
                        data=masked(data, secrets),
                    )
                )
        if pieces and is_current():
            self._live.add(run_id, pieces)
            cell.set_sent(claim.token, (sent[0], sent[1]))
