/** All steps of a run as a table: which took longest, and where their time went. */
import { useMemo, useState } from "react";

import type { RunStep } from "../../api/contract";
import { StatusMark } from "../../parts/status";
import { type Column, DataTable, type Sort } from "../../parts/table";
import { Time, Took } from "../../parts/time";
import { spent } from "../../words/format";
import { standing } from "../../words/steps";
import type { Focus } from "./focus";
import { labelOf } from "./gantt_model";

const took = (step: RunStep): number => (step.started === null ? -1 : (step.ended ?? Date.now() / 1000) - step.started);
const seconds = (value: number | null) => <span className="num">{spent(value)}</span>;

const COLUMNS: Column<RunStep>[] = [
  { id: "step", head: "Step", width: "minmax(200px, 2fr)", sortable: true, cell: (step) => <span className="mono">{labelOf(step)}</span> },
  {
    id: "state",
    head: "Status",
    width: "minmax(176px, 1fr)",
    sortable: true,
    cell: (step) => {
      const { mark, word } = standing(step);
      return <StatusMark mark={mark} label={word} />;
    },
  },
  { id: "started", head: "Began", width: "96px", sortable: true, narrow: true, cell: (step) => <Time at={step.started} /> },
  { id: "took", head: "Took", width: "88px", align: "end", sortable: true, cell: (step) => <Took from={step.started} to={step.ended} /> },
  { id: "load", head: "Load", width: "80px", align: "end", sortable: true, narrow: true, cell: (step) => seconds(step.load) },
  { id: "compute", head: "Compute", width: "88px", align: "end", sortable: true, narrow: true, cell: (step) => seconds(step.compute) },
  { id: "store", head: "Store", width: "80px", align: "end", sortable: true, narrow: true, cell: (step) => seconds(step.store) },
  { id: "attempt", head: "Attempt", width: "80px", align: "end", sortable: true, narrow: true, cell: (step) => <span className="num">{step.started === null ? "–" : step.attempt + 1}</span> },
  { id: "worker", head: "Worker", width: "minmax(100px, 1fr)", sortable: true, narrow: true, cell: (step) => step.worker ?? <span className="faint">–</span> },
];

const VALUES: Record<string, (step: RunStep) => number | string> = {
  step: labelOf,
  state: (step) => standing(step).word,
  started: (step) => step.started ?? Infinity,
  took,
  load: (step) => step.load ?? -1,
  compute: (step) => step.compute ?? -1,
  store: (step) => step.store ?? -1,
  attempt: (step) => step.attempt,
  worker: (step) => step.worker ?? "",
};

export function Steps({ steps, focus }: { steps: RunStep[]; focus: Focus }) {
  const [sort, setSort] = useState<Sort>({ by: "started", down: false });
  const sorted = useMemo(() => {
    const value = VALUES[sort.by] ?? labelOf;
    const sign = sort.down ? -1 : 1;
    return [...steps].sort((a, b) => {
      const [one, other] = [value(a), value(b)];
      return sign * (typeof one === "number" && typeof other === "number" ? one - other || a.index - b.index : String(one).localeCompare(String(other), "en", { numeric: true }));
    });
  }, [steps, sort]);
  return (
    <DataTable
      label="Steps"
      columns={COLUMNS}
      rows={sorted}
      rowKey={(step) => String(step.index)}
      rowHeight={34}
      sort={sort}
      onSort={setSort}
      onOpen={(step) => focus.select(step.index)}
      rowClass={(step) => (step.index === focus.at ? "on" : undefined)}
    />
  );
}
