/** Jobs: named selections with config, and how they went lately. */
import { Play, Workflow } from "lucide-react";
import { useMemo } from "react";

import type { Job } from "../../api/contract";
import { useJobs } from "../../api/operating";
import { useMay } from "../../api/queries";
import { openPlan } from "../../app/launching";
import { go, useParam } from "../../app/location";
import { Button } from "../../parts/button";
import { Sparkline } from "../../parts/charts";
import { FilterBox } from "../../parts/fields";
import { Page } from "../../parts/page";
import { Answer, Empty } from "../../parts/states";
import { markOfRun, RunStatusMark, toneOf } from "../../parts/status";
import { type Column, DataTable } from "../../parts/table";
import { Time } from "../../parts/time";
import { duration, many } from "../../words/format";

/** How long the last runs took, the newest to the right, each in the colour of its end. */
export function Lately({ job }: { job: Pick<Job, "last_runs"> }) {
  const runs = [...job.last_runs].reverse().filter((run) => run.started !== null && run.ended !== null);
  if (runs.length === 0) return <span className="faint">–</span>;
  const took = runs.map((run) => (run.ended ?? 0) - (run.started ?? 0));
  return <Sparkline values={took} tones={runs.map((run) => toneOf(markOfRun(run.status)))} label={`The last ${many(runs.length, "run")} took ${took.map(duration).join(", ")}`} />;
}

export default function Jobs() {
  const jobs = useJobs();
  const may = useMay();
  const [text, setText] = useParam("text");
  const rows = useMemo(() => (jobs.data?.items ?? []).filter((job) => `${job.name} ${job.description ?? ""}`.toLowerCase().includes(text.toLowerCase())), [jobs.data, text]);
  const columns: Column<Job>[] = [
    {
      id: "name",
      head: "Job",
      width: "minmax(120px, 2fr)",
      cell: (job) => (
        <div className="cell-lines">
          <span className="clip strong">{job.name}</span>
          {job.description && <span className="clip xs faint">{job.description.split("\n")[0]}</span>}
        </div>
      ),
    },
    { id: "assets", head: "Makes", width: "96px", narrow: true, cell: (job) => <span className="muted">{many(job.assets.length, "asset")}</span> },
    { id: "partitions", head: "Partitions", width: "minmax(120px, 1fr)", narrow: true, cell: (job) => job.partitions?.description ?? <span className="faint">–</span> },
    { id: "last", head: "Last run", width: "112px", cell: (job) => (job.last_runs[0] ? <RunStatusMark status={job.last_runs[0].status} /> : <span className="faint">never</span>) },
    { id: "when", head: "When", width: "92px", narrow: true, cell: (job) => <Time at={job.last_runs[0]?.created} /> },
    { id: "lately", head: "Lately", width: "96px", narrow: true, cell: (job) => <Lately job={job} /> },
    {
      id: "launch",
      head: <span className="sr">Launch</span>,
      width: "108px",
      align: "end",
      cell: (job) =>
        may && (
          <Button small icon={<Play size={12} />} onClick={() => openPlan({ selection: "", job: job.name })}>
            Launch
          </Button>
        ),
    },
  ];
  return (
    <Page
      full
      title="Jobs"
      about={jobs.data && many(jobs.data.items.length, "job")}
      below={
        <div className="filters">
          <FilterBox label="Filter jobs" value={text} onChange={setText} />
        </div>
      }
    >
      <Answer of={jobs} what="Loading jobs">
        {() => (
          <DataTable
            label="Jobs"
            columns={columns}
            rows={rows}
            rowKey={(job) => job.name}
            rowHeight={48}
            onOpen={(job) => go(`/jobs/${encodeURIComponent(job.name)}`)}
            empty={
              text !== "" ? (
                <Empty title="No job matches" action={<Button onClick={() => setText("")}>Clear the filter</Button>} />
              ) : (
                <Empty title="There are no jobs" icon={<Workflow size={18} />}>
                  A job is a selection of assets with a name: <code>define_asset_job("nightly", selection="*daily_sales")</code> among the definitions. Schedules and sensors launch
                  jobs; without one, launch any selection from the assets or the graph.
                </Empty>
              )
            }
          />
        )}
      </Answer>
    </Page>
  );
}
