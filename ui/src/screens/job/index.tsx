/** One job: what it makes, how it went, what launches it. */
import "./job.css";

import { Play } from "lucide-react";
import { useMemo } from "react";

import type { Job } from "../../api/contract";
import { useInstigators, useJobs } from "../../api/operating";
import { useDefinitions, useMay, useRuns } from "../../api/queries";
import { shownOf, statuses, useStatusVersion } from "../../api/statuses";
import { openPlan } from "../../app/launching";
import { Go, go, KeyText, useEnv } from "../../app/location";
import { useShortcuts } from "../../app/shortcuts";
import { Button, ButtonLink } from "../../parts/button";
import { Chip, Facts } from "../../parts/fields";
import { LaneGraph, type LaneNode } from "../../parts/lane_graph";
import { Card, Page } from "../../parts/page";
import { Description } from "../../parts/prose";
import { Answer, Empty } from "../../parts/states";
import { StatusMark, wordOf } from "../../parts/status";
import { DataTable } from "../../parts/table";
import { Time } from "../../parts/time";
import { many } from "../../words/format";
import { COLUMNS } from "../runs/columns";

export default function JobPage({ params }: { params: Record<string, string> }) {
  const name = params["name"] ?? "";
  const jobs = useJobs();
  return (
    <Answer of={jobs} what="Loading the job">
      {({ items }) => {
        const job = items.find((one) => one.name === name);
        if (job) return <Known job={job} />;
        return (
          <Page title="Job" heading={name}>
            <Empty title={`There is no job ${name}`} action={<ButtonLink to="/jobs">All jobs</ButtonLink>}>
              It may have been renamed, or the definitions that have it do not load.
            </Empty>
          </Page>
        );
      }}
    </Answer>
  );
}

const SHOWN = ["status", "target", "who", "steps", "created", "took"];

function Known({ job }: { job: Job }) {
  const env = useEnv();
  const may = useMay();
  const runs = useRuns({ job: job.name, env, limit: 50 });
  const launch = (): void => openPlan({ selection: "", job: job.name });
  useShortcuts([{ keys: "m", what: "Launch the job", group: "Job", command: true, run: launch }], may);
  return (
    <Page
      title={job.name}
      crumbs={<Go to="/jobs">Jobs</Go>}
      about={job.description ? <Description text={job.description} /> : undefined}
      actions={
        may && (
          <Button look="primary" icon={<Play size={14} />} keys="m" onClick={launch}>
            Launch
          </Button>
        )
      }
    >
      <div className="job">
        <div className="stack">
          <Answer of={runs} what="Loading runs">
            {({ items }) => (
              <Card title="Runs" flush actions={<ButtonLink small look="quiet" to="/runs" params={{ job: job.name }}>All of them</ButtonLink>}>
                <DataTable
                  label="Runs of this job"
                  columns={COLUMNS.filter((column) => SHOWN.includes(column.id))}
                  rows={items}
                  rowKey={(run) => run.id}
                  rowHeight={44}
                  height="min(32rem, 60vh)"
                  onOpen={(run) => go(`/runs/${run.id}`)}
                  empty={<Empty title="It has not run yet">{may ? "Launch it, or let a schedule or a sensor do so." : "Nobody has launched it here."}</Empty>}
                />
              </Card>
            )}
          </Answer>
        </div>
        <div className="stack">
          <Card title="Job">
            <Facts
              facts={[
                ["Selection", job.selection ? <code key="selection">{job.selection}</code> : "all assets"],
                ["Partitions", job.partitions?.description],
                ["Config", configWord(job)],
                [
                  "Tags",
                  Object.keys(job.tags).length > 0 && (
                    <span key="tags" className="row wrap">
                      {Object.entries(job.tags).map(([name, value]) => (
                        <Chip key={name}>
                          {name}: {value}
                        </Chip>
                      ))}
                    </span>
                  ),
                ],
              ]}
            />
          </Card>
          <LaunchedBy job={job} env={env} />
          <Card title={`Makes ${many(job.assets.length, "asset")}`}>
            <JobGraph job={job} />
          </Card>
        </div>
      </div>
    </Page>
  );
}

function configWord(job: Job): string | null {
  const names = Object.keys(job.config_schema?.properties ?? {});
  return names.length === 0 ? null : names.join(", ");
}

function LaunchedBy({ job, env }: { job: Job; env: string | null }) {
  const { data } = useInstigators(env);
  const its = data?.items.filter((one) => one.job === job.name) ?? [];
  if (its.length === 0) return null;
  return (
    <Card title="Launched by">
      <ul className="stack tight">
        {its.map((one) => (
          <li key={one.name} className="row wide small">
            <span className="cell-lines">
              <Go to={`/automation/${encodeURIComponent(one.name)}`} className="clip" title={one.name}>
                {one.name}
              </Go>
              <span className="xs muted clip" title={one.cron_words ?? undefined}>
                {one.cron_words ?? one.kind}
              </span>
            </span>
            {one.running ? one.next[0] !== undefined && <Time at={one.next[0]} /> : <StatusMark mark="paused" label="off" />}
          </li>
        ))}
      </ul>
    </Card>
  );
}

const MOST = 300;

function JobGraph({ job }: { job: Job }) {
  const { data } = useDefinitions();
  const version = useStatusVersion();
  const needs = useMemo(() => {
    const at = new Map(job.assets.map((key, i) => [key, i]));
    const byKey = new Map((data?.assets ?? []).map((asset) => [asset.key, asset]));
    return job.assets.map((key) => (byKey.get(key)?.deps ?? []).flatMap((dep) => at.get(dep.key) ?? []));
  }, [job.assets, data]);
  const nodes = useMemo(
    () =>
      job.assets.map<LaneNode>((key) => {
        const shown = shownOf(statuses.get(key));
        return { id: key, label: <KeyText name={key} />, title: key, mark: shown, word: wordOf(shown) };
      }),
    [job.assets, version],
  );
  if (job.assets.length > MOST) return <p className="small muted">Too many to be listed here. Open them in the graph.</p>;
  return <LaneGraph label="Assets of this job, each after what it needs" nodes={nodes} needs={needs} at={null} onSelect={(i) => go("/asset", { key: job.assets[i] })} />;
}
