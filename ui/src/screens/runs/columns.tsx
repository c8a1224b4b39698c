/** How a run is one row. */
import type { RunSummary } from "../../api/contract";
import { Progress, ShareBar } from "../../parts/charts";
import { RunStatusMark } from "../../parts/status";
import type { Column } from "../../parts/table";
import { Time, Took, useNow } from "../../parts/time";
import { count, duration, shortId } from "../../words/format";
import { sharesOf, titleOf } from "../../words/steps";

export const isOver = (run: Pick<RunSummary, "status">): boolean => ["success", "failed", "cancelled"].includes(run.status);

export const COLUMNS: Column<RunSummary>[] = [
  { id: "status", head: "Status", width: "112px", cell: (run) => <RunStatusMark status={run.status} soft /> },
  {
    id: "target",
    head: "What",
    width: "minmax(100px, 2.2fr)",
    cell: (run) => (
      <div className="cell-lines">
        <span className="clip">{titleOf(run)}</span>
        <span className="clip xs faint">
          <span className="mono">{shortId(run.id)}</span>
          {run.job !== null && ` · job ${run.job}`}
          {run.partition !== null && ` · ${run.partition}`}
          {run.backfill && " · backfill"}
        </span>
      </div>
    ),
  },
  { id: "who", head: "By", width: "minmax(90px, 0.9fr)", narrow: "first", cell: (run) => run.who ?? <span className="faint">–</span> },
  {
    id: "steps",
    head: "Steps",
    width: "minmax(110px, 1fr)",
    narrow: true,
    cell: (run) => (
      <div className="cell-steps">
        <span className="num xs muted">
          {count(run.steps.done)}/{count(run.steps.total)}
        </span>
        <ShareBar shares={sharesOf(run.steps)} />
      </div>
    ),
  },
  { id: "created", head: "When", width: "92px", cell: (run) => <Time at={run.created} /> },
  { id: "took", head: "Took", width: "84px", align: "end", narrow: true, cell: (run) => <Took from={run.started} to={run.ended} /> },
  { id: "expected", head: "As expected", width: "104px", align: "end", narrow: true, cell: (run) => <Expected run={run} /> },
  { id: "attempts", head: "Tries", width: "64px", align: "end", narrow: true, cell: (run) => <span className="num">{run.attempts > 0 ? count(run.attempts) : "–"}</span> },
];

/** For runs that have ended, how far they were off; for others, how far they are. */
function Expected({ run }: { run: RunSummary }) {
  if (run.predicted === null || run.started === null) return <span className="faint">–</span>;
  if (isOver(run) && run.ended !== null) {
    const share = (run.ended - run.started) / Math.max(run.predicted, 0.001);
    const off = Math.round(Math.abs(share - 1) * 100);
    const word = off < 10 ? "yes" : share > 1 ? (off >= 200 ? `${Math.round(share)} × as long` : `${off} % longer`) : `${off} % shorter`;
    return <span className={`num xs ${share > 1.5 ? "tone-stale" : "muted"}`} title={`expected ${duration(run.predicted)}`}>{word}</span>;
  }
  return <Running from={run.started} predicted={run.predicted} />;
}

function Running({ from, predicted }: { from: number; predicted: number }) {
  const now = useNow();
  return <Progress value={(now - from) / Math.max(predicted, 0.001)} label={`of ${duration(predicted)} expected`} />;
}
