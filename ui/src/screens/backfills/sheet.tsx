/** One backfill: each partition as a cell, and what failed with its reason. */
import { useQuery } from "@tanstack/react-query";
import { RotateCcw } from "lucide-react";
import type { ReactNode } from "react";

import { get } from "../../api/client";
import type { Backfill, Listed, RunDetail, RunEvent, RunStep } from "../../api/contract";
import { useMay } from "../../api/queries";
import { Go } from "../../app/location";
import { Button } from "../../parts/button";
import { ShareBar } from "../../parts/charts";
import { Dialog } from "../../parts/dialog";
import { Facts } from "../../parts/fields";
import { Answer } from "../../parts/states";
import { RunStatusMark } from "../../parts/status";
import { StateStrip } from "../../parts/state_strip";
import { Time, Took } from "../../parts/time";
import { count, many } from "../../words/format";
import { standing, titleOf } from "../../words/steps";
import { sharesOfPartitions } from ".";

const PAGE = 2000;
const MOST_STEPS = 20_000;
const MOST_FAILURES = 200;

async function allSteps(id: string, signal: AbortSignal): Promise<RunStep[]> {
  const found: RunStep[] = [];
  for (;;) {
    const page = await get<RunDetail>(`/runs/${encodeURIComponent(id)}`, { steps_offset: found.length, steps_limit: PAGE }, signal);
    found.push(...page.step_list);
    if (page.step_list.length === 0 || found.length >= Math.min(page.steps_total, MOST_STEPS)) return found;
  }
}

export function BackfillSheet({ run, onClose, onRetry, extra }: { run: Backfill; onClose: () => void; onRetry: () => void; extra: ReactNode }) {
  const may = useMay();
  const over = run.ended !== null;
  const steps = useQuery({
    queryKey: ["backfills", run.id, "steps"],
    queryFn: ({ signal }) => allSteps(run.id, signal),
    refetchInterval: over ? false : 4000,
  });
  const failures = useQuery({
    queryKey: ["backfills", run.id, "failures", run.partitions.failed],
    queryFn: ({ signal }) => get<Listed<RunEvent>>(`/runs/${encodeURIComponent(run.id)}/events`, { type: "step_failed", limit: MOST_FAILURES }, signal),
    enabled: run.steps.failed > 0,
  });
  return (
    <Dialog
      sheet
      title={titleOf(run)}
      onClose={onClose}
      actions={
        <>
          {extra}
          {may && over && run.status !== "success" && (
            <Button look="primary" icon={<RotateCcw size={14} />} onClick={onRetry}>
              Run what failed again
            </Button>
          )}
        </>
      }
    >
      <div className="stack">
        <div className="row wrap">
          <RunStatusMark status={run.status} soft />
          <span className="small muted num">
            {count(run.partitions.done)} of {many(run.partitions.total, "partition")} done
          </span>
        </div>
        <ShareBar label="Partitions" shares={sharesOfPartitions(run.partitions)} />
        <Facts
          facts={[
            ["Partitions", run.partition],
            ["Launched", <Time key="at" at={run.created} long />],
            ["By", run.who],
            ["Took", <Took key="took" from={run.started} to={run.ended} />],
          ]}
        />
        <h3>Partition by partition</h3>
        <Answer of={steps} what="Loading partitions">
          {(list) => <StateStrip label="Partitions in order" cells={list.map((step) => ({ mark: standing(step).mark, name: step.partition ?? step.step }))} />}
        </Answer>
        {run.steps.failed > 0 && (
          <>
            <h3>What failed</h3>
            <Answer of={failures} what="Loading failures">
              {({ items }) => (
                <ul className="backfill-failures">
                  {items.map((event) => (
                    <li key={event.id}>
                      <Go to={`/runs/${run.id}`} params={{ step: event.step }} className="mono small">
                        {event.step ?? "several steps"}
                      </Go>
                      <span className="tone-failed small">{event.message.split("\n")[0]}</span>
                    </li>
                  ))}
                  {run.steps.failed > items.length && <li className="muted small">and {many(run.steps.failed - items.length, "more", "more")}</li>}
                </ul>
              )}
            </Answer>
          </>
        )}
      </div>
    </Dialog>
  );
}
