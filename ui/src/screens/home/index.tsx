/** What matters now: what runs, what has failed, what is stale, what comes next, who works. */
import "./home.css";

import { useQuery } from "@tanstack/react-query";
import { ArrowRight, Play, RefreshCw } from "lucide-react";
import { type ReactNode, useMemo, useState } from "react";

import { get } from "../../api/client";
import type { Instigator, Listed, RunSummary, Workers } from "../../api/contract";
import { useDefinitions, useMay, useRuns, useWorkers } from "../../api/queries";
import { type Shown, shownOf, statuses, useStatusVersion } from "../../api/statuses";
import { openPlan } from "../../app/launching";
import { AssetLink, Go, useEnv } from "../../app/location";
import { Button, ButtonLink } from "../../parts/button";
import { Progress, ShareBar } from "../../parts/charts";
import { isUnloaded, NoAssets, Unloaded } from "../../parts/nothing_defined";
import { Card, Page } from "../../parts/page";
import { Answer, Command } from "../../parts/states";
import { RunStatusMark, StatusDot, StatusMark, toneOf, wordOf } from "../../parts/status";
import { Time, Took } from "../../parts/time";
import { Unheard, unheard, useWorkerCommand } from "../../parts/unheard";
import { count, many } from "../../words/format";

export default function Home() {
  const env = useEnv();
  const definitions = useDefinitions();
  const runs = useRuns({ limit: 12, env });
  const nothing = definitions.data !== undefined && definitions.data.assets.length > 0 && runs.data?.items.length === 0;
  const some = definitions.data === undefined ? !isUnloaded(definitions) : definitions.data.assets.length > 0;
  const unloaded = isUnloaded(definitions);
  return (
    <Page title="Home" about={env && <>Environment {env}</>} actions={<Launch />}>
      <div className="home">
        {unloaded && <Unloaded />}
        {definitions.data?.assets.length === 0 && <NoAssets />}
        {nothing && <FirstRun assets={definitions.data!.assets.filter((asset) => asset.is_executable).length} />}
        {some && <Standing />}
        <div className="home-columns">
          <div className="stack wide-gap">
            <RunsCard runs={runs} />
          </div>
          <div className="stack wide-gap">
            {some && <Attention />}
            {!unloaded && <Next />}
            <WorkersCard />
          </div>
        </div>
      </div>
    </Page>
  );
}

function Launch() {
  const may = useMay();
  const { data } = useDefinitions();
  if (!may || !data || data.assets.length === 0) return <ButtonLink to="/graph">Open the graph</ButtonLink>;
  return (
    <>
      <ButtonLink to="/graph">Open the graph</ButtonLink>
      <Button look="primary" icon={<RefreshCw size={13} />} onClick={() => openPlan({ selection: "*", stale_only: true })}>
        Materialize what is stale
      </Button>
    </>
  );
}

const SEEN = "assetflow.first-run";

function FirstRun({ assets }: { assets: number }) {
  const may = useMay();
  const [seen, setSeen] = useState(() => localStorage.getItem(SEEN) !== null);
  if (seen) return null;
  return (
    <section className="first-run" aria-label="Nothing has run yet">
      <div className="grow">
        <h2>Nothing has run yet</h2>
        <p className="muted small">{many(assets, "asset")} can be made. A plan is shown before anything starts.</p>
      </div>
      {may && (
        <Button look="primary" icon={<Play size={13} />} onClick={() => openPlan({ selection: "*" })}>
          {`Materialize all (${count(assets)})`}
        </Button>
      )}
      <Button
        look="quiet"
        onClick={() => {
          localStorage.setItem(SEEN, "seen");
          setSeen(true);
        }}
      >
        Dismiss
      </Button>
    </section>
  );
}

const TALLY: Shown[] = ["failed", "running", "queued", "stale", "done", "skipped", "never", "unknown"];

type Tally = { shown: Shown; keys: string[] }[];

/** Whether anybody has told yet how assets stand. */
const isTold = (tally: Tally): boolean => tally.every(({ shown, keys }) => shown !== "unknown" || keys.length === 0);

function useTally(): Tally {
  const { data } = useDefinitions();
  const version = useStatusVersion();
  return useMemo(() => {
    const found = new Map<Shown, string[]>(TALLY.map((shown) => [shown, []]));
    for (const asset of data?.assets ?? []) found.get(shownOf(statuses.get(asset.key), asset.is_source))?.push(asset.key);
    return TALLY.map((shown) => ({ shown, keys: found.get(shown) ?? [] }));
  }, [data, version]);
}

function Standing() {
  const tally = useTally();
  const isKnown = isTold(tally);
  const told = tally.filter(({ shown, keys }) => keys.length > 0 || (isKnown && ["failed", "running", "stale", "done"].includes(shown)));
  return (
    <section aria-label="How assets stand" className="standing">
      <ShareBar label="Assets" shares={tally.map(({ shown, keys }) => ({ tone: toneOf(shown), word: wordOf(shown), count: keys.length }))} />
      <ul>
        {told.map(({ shown, keys }) => (
          <li key={shown}>
            <Go to="/assets" params={{ status: shown }} className="standing-link">
              <span className="standing-count num">{count(keys.length)}</span>
              <StatusMark mark={shown} />
            </Go>
          </li>
        ))}
      </ul>
    </section>
  );
}

function RunsCard({ runs }: { runs: ReturnType<typeof useRuns> }) {
  return (
    <Card
      flush
      title="Runs"
      actions={
        <Go to="/runs" className="more">
          All runs <ArrowRight size={13} aria-hidden="true" />
        </Go>
      }
    >
      <Answer of={runs} what="Loading runs">
        {({ items }) =>
          items.length === 0 ? (
            <p className="home-none muted small">No runs yet.</p>
          ) : (
            <ul className="home-runs">
              {items.map((run) => (
                <li key={run.id}>
                  <RunRow run={run} />
                </li>
              ))}
            </ul>
          )
        }
      </Answer>
    </Card>
  );
}

function RunRow({ run }: { run: RunSummary }) {
  const { steps } = run;
  const ended = run.ended !== null;
  return (
    <Go to={`/runs/${run.id}`} className="home-run">
      <RunStatusMark status={run.status} />
      <span className="grow clip">
        <span className="home-run-target">{run.target || run.name}</span>
        {run.who && <span className="faint"> by {run.who}</span>}
      </span>
      {!ended && steps.total > 0 ? (
        <span className="home-run-progress">
          <Progress value={steps.done / steps.total} label="Steps done" tone={steps.failed > 0 ? "failed" : "running"} />
        </span>
      ) : (
        steps.failed > 0 && <span className="tone-failed xs">{many(steps.failed, "step")} failed</span>
      )}
      <span className="home-run-took muted not-narrow">
        <Took from={run.started} to={run.ended} />
      </span>
      <span className="home-run-when muted">
        <Time at={run.created} />
      </span>
    </Go>
  );
}

function Attention() {
  const tally = useTally();
  const keys = (shown: Shown): string[] => tally.find((one) => one.shown === shown)?.keys ?? [];
  const isKnown = isTold(tally);
  const rows = [...keys("failed").map((key) => ["failed", key] as const), ...keys("stale").map((key) => ["stale", key] as const)];
  return (
    <Card title="Needs attention" flush>
      {rows.length === 0 ? (
        <p className="home-none muted small">{isKnown ? "Nothing has failed, and nothing is stale." : "Not known yet."}</p>
      ) : (
        <ul className="home-list">
          {rows.slice(0, 7).map(([shown, key]) => (
            <li key={key} className="row">
              <StatusDot mark={shown} />
              <AssetLink name={key} className="grow" />
              <span className={`xs tone-${shown}`}>{shown}</span>
            </li>
          ))}
          {rows.length > 7 && (
            <li>
              <Go to="/assets" params={{ sort: "status" }} className="more">
                {many(rows.length - 7, "more", "more")} <ArrowRight size={13} aria-hidden="true" />
              </Go>
            </li>
          )}
        </ul>
      )}
    </Card>
  );
}

function Next() {
  const next = useQuery({
    queryKey: ["instigators"],
    queryFn: ({ signal }) => get<Listed<Instigator>>("/instigators", undefined, signal),
  });
  const coming = useMemo(
    () =>
      (next.data?.items ?? [])
        .filter((one) => one.running && one.next.length > 0)
        .map((one) => ({ name: one.name, at: one.next[0]!, words: one.cron_words }))
        .sort((a, b) => a.at - b.at)
        .slice(0, 5),
    [next.data],
  );
  return (
    <Card title="Next" flush actions={<More to="/automation">Automation</More>}>
      <Answer of={next}>
        {() =>
          coming.length === 0 ? (
            <p className="home-none muted small">No schedule is on.</p>
          ) : (
            <ul className="home-list">
              {coming.map((one) => (
                <li key={one.name} className="row">
                  <Go to={`/automation/${encodeURIComponent(one.name)}`} className="grow clip" title={one.words ?? undefined}>
                    {one.name}
                  </Go>
                  <span className="muted small">
                    <Time at={one.at} />
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Answer>
    </Card>
  );
}

const More = ({ to, children }: { to: string; children: ReactNode }) => (
  <Go to={to} className="more">
    {children} <ArrowRight size={13} aria-hidden="true" />
  </Go>
);

function WorkersCard() {
  const workers = useWorkers();
  return (
    <Card title="Workers" flush actions={<More to="/workers">Workers</More>}>
      <Answer of={workers}>{(data) => <WorkerStrip {...data} />}</Answer>
    </Card>
  );
}

function WorkerStrip({ items, queues }: Workers) {
  const command = useWorkerCommand();
  const lonely = unheard(queues)[0];
  if (lonely !== undefined || items.length === 0)
    return (
      <div className="home-none stack small">
        {lonely === undefined ? (
          <>
            <p>No worker listens. Start one:</p>
            <Command text={command()} />
          </>
        ) : (
          <Unheard queue={lonely} />
        )}
      </div>
    );
  return (
    <ul className="home-list">
      {items.slice(0, 6).map((worker) => (
        <li key={worker.name} className="row">
          <span className="grow clip" title={worker.name}>
            {worker.host} <span className="faint num">· {worker.pid}</span>
          </span>
          <span className="home-run-progress">
            <Progress value={worker.busy / Math.max(1, worker.slots)} label={`Slots of ${worker.host}, process ${worker.pid}, in use`} />
          </span>
          <span className="num small muted">
            {worker.busy} of {many(worker.slots, "slot")}
          </span>
        </li>
      ))}
    </ul>
  );
}
