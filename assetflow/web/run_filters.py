"""Finding runs."""

from __future__ import annotations

from dataclasses import dataclass

from assetflow.web.run_summaries import RunSummaries
from assetflow.web.schemas.runs import RunSummary

_LOOKED_AT = 5000  # runs, for one page
_AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """What is looked for; None and empty mean anything.

    Attributes:
        tag: ``name`` or ``name=value``.
        text: stands in what lists show.
        since: when they were created at the earliest, in seconds since the epoch.
    """

    states: tuple[str, ...] = ()
    job: str | None = None
    asset: str | None = None
    tag: str | None = None
    text: str | None = None
    env: str | None = None
    since: float | None = None
    backfill: bool | None = None

    @property
    def is_plain(self) -> bool:
        """Whether nothing is looked for but how runs stand."""
        return self == RunFilter(states=self.states)

    def fits(self, run: RunSummary, assets: tuple[str, ...]) -> bool:
        """Whether a run is one of those.

        Args:
            assets: all that it makes.
        """
        if self.env is not None and run.env != self.env:
            return False
        if self.job is not None and run.job != self.job:
            return False
        if self.asset is not None and self.asset not in assets:
            return False
        if self.backfill is not None and run.backfill != self.backfill:
            return False
        if self.tag is not None and not _has_tag(run.tags, self.tag):
            return False
        return self.text is None or self.text.lower() in _shown(run).lower()


def filtered(
    summaries: RunSummaries, wanted: RunFilter, before: str | None, limit: int
) -> tuple[list[RunSummary], str | None]:
    """Runs, newest first, and the cursor of the next page, if there is one."""
    found: list[RunSummary] = []
    looked = 0
    size = limit + 1 if wanted.is_plain else max(_AT_ONCE, limit + 1)
    while True:
        page = summaries.page(size, before, wanted.states)
        looked += len(page)
        for run in page:
            before = run.id
            if wanted.since is not None and run.created < wanted.since:
                return found, None
            if wanted.fits(run, summaries.assets_of(run)):
                found.append(run)
            if len(found) > limit:
                return found[:limit], found[limit - 1].id
        if len(page) < size:
            return found, None
        if looked >= _LOOKED_AT:
            return found, before


def _has_tag(tags: dict[str, str], wanted: str) -> bool:
    name, sign, value = wanted.partition("=")
    return name in tags and (not sign or tags[name] == value)


def _shown(run: RunSummary) -> str:
    tags = " ".join(f"{name}={value}" for name, value in run.tags.items())
    return " ".join([run.id, run.target, run.job or "", run.partition or "", run.who or "", *run.assets, tags])
