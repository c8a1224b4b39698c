/** Runs over many partitions: how far each is, what failed, and a way to run that again. */
import "./backfills.css";

import { SquareStack } from "lucide-react";
import { useState } from "react";

import type { Backfill } from "../../api/contract";
import { useBackfills } from "../../api/operating";
import { go, setParams, useEnv, useParam } from "../../app/location";
import { Button, ButtonLink } from "../../parts/button";
import { ShareBar } from "../../parts/charts";
import { Page } from "../../parts/page";
import { Empty, ErrorNote, Loading } from "../../parts/states";
import { RunStatusMark } from "../../parts/status";
import { type Column, DataTable } from "../../parts/table";
import { Time, Took, useNow } from "../../parts/time";
import { count, duration, many, shortId } from "../../words/format";
import { titleOf } from "../../words/steps";
import { Retrying, type RetryOf } from "../run/acts";
import { BackfillSheet } from "./sheet";

const COLUMNS: Column<Backfill>[] = [
  { id: "status", head: "Status", width: "112px", cell: (run) => <RunStatusMark status={run.status} soft /> },
  {
    id: "target",
    head: "What",
    width: "minmax(170px, 1.6fr)",
    cell: (run) => (
      <div className="cell-lines">
        <span className="clip">{titleOf(run)}</span>
        <span className="clip xs faint">
          <span className="mono">{shortId(run.id)}</span>
          {run.partition !== null && ` · ${run.partition}`}
          {run.job !== null && ` · job ${run.job}`}
        </span>
      </div>
    ),
  },
  {
    id: "progress",
    head: "Partitions",
    width: "minmax(170px, 1.6fr)",
    cell: ({ partitions }) => (
      <div className="backfill-progress">
        <span className="xs muted num">
          {count(partitions.done)} of {count(partitions.total)}
        </span>
        <ShareBar shares={sharesOfPartitions(partitions)} />
      </div>
    ),
  },
  {
    id: "failed",
    head: "Failed",
    width: "84px",
    align: "end",
    cell: ({ partitions }) => (partitions.failed > 0 ? <span className="num tone-failed">{count(partitions.failed)}</span> : <span className="faint">–</span>),
  },
  { id: "who", head: "By", width: "minmax(80px, 0.7fr)", narrow: "first", cell: (run) => run.who ?? <span className="faint">–</span> },
  { id: "when", head: "When", width: "92px", narrow: true, cell: (run) => <Time at={run.created} /> },
  { id: "took", head: "Took", width: "84px", align: "end", narrow: true, cell: (run) => <Took from={run.started} to={run.ended} /> },
  { id: "left", head: "Left", width: "96px", align: "end", narrow: true, cell: (run) => <LeftOf run={run} /> },
];

export const sharesOfPartitions = ({ total, done, failed, running }: Backfill["partitions"]) => [
  { tone: "done", count: done, word: "done" },
  { tone: "failed", count: failed, word: "failed" },
  { tone: "running", count: running, word: "running" },
  { tone: "never", count: Math.max(0, total - done - failed - running), word: "waiting" },
];

/** By its pace so far. */
function LeftOf({ run }: { run: Backfill }) {
  const now = useNow();
  const { total, done, failed } = run.partitions;
  if (run.status !== "running" || run.started === null || done + failed === 0) return <span className="faint">–</span>;
  const left = ((now - run.started) / (done + failed)) * (total - done - failed);
  return <span className="num">{`about ${duration(Math.max(1, Math.round(left)))}`}</span>;
}

export default function Backfills() {
  const env = useEnv();
  const [open] = useParam("run");
  const [retry, setRetry] = useState<{ run: Backfill; of: RetryOf } | null>(null);
  const backfills = useBackfills(env);
  const { rows } = backfills;
  const shown = rows?.find((run) => run.id === open);
  return (
    <Page full title="Backfills" about={rows && many(rows.length, "backfill")}>
      {rows === undefined ? (
        backfills.error ? (
          <ErrorNote error={backfills.error} onRetry={() => void backfills.refetch()} />
        ) : (
          <Loading what="Loading backfills" />
        )
      ) : (
        <DataTable
          label="Backfills"
          columns={COLUMNS}
          rows={rows}
          rowKey={(run) => run.id}
          rowHeight={48}
          onOpen={(run) => setParams({ run: run.id }, true)}
          onEnd={backfills.more}
          empty={
            <Empty title="No backfills" icon={<SquareStack size={18} />} action={<ButtonLink to="/assets">Choose partitioned assets</ButtonLink>}>
              Materialize several partitions of an asset at once, and the run is followed here partition by partition.
            </Empty>
          }
        />
      )}
      {shown && (
        <BackfillSheet
          run={shown}
          onClose={() => setParams({ run: null })}
          onRetry={() => setRetry({ run: shown, of: { from: "failure", step: null } })}
          extra={<Button onClick={() => go(`/runs/${shown.id}`)}>Open the run</Button>}
        />
      )}
      {retry && <Retrying run={retry.run} of={retry.of} onClose={() => setRetry(null)} />}
    </Page>
  );
}
