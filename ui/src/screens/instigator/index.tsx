/** One schedule, sensor or set of conditions: its next fire times and every time it was evaluated, with reasons. */
import "./instigator.css";

import { Zap } from "lucide-react";
import { useState } from "react";

import type { Instigator, Tick } from "../../api/contract";
import { instigate, useInstigators, useTicks } from "../../api/operating";
import { useMay, useSession } from "../../api/queries";
import { Go, useEnv } from "../../app/location";
import { Button, ButtonLink } from "../../parts/button";
import { Confirm } from "../../parts/confirm";
import { Dialog } from "../../parts/dialog";
import { Facts } from "../../parts/fields";
import { Card, Page } from "../../parts/page";
import { Description } from "../../parts/prose";
import { Answer, Empty, ErrorNote, Loading } from "../../parts/states";
import { type Column, DataTable } from "../../parts/table";
import { Time } from "../../parts/time";
import { toast, toastError } from "../../parts/toasts";
import { absolute, duration, many } from "../../words/format";
import { Came, TickMark, useInstigatorsLive, whenWord } from "../automation";
import { RunsSwitch } from "../automation/switch";
import { Decisions } from "./decisions";

export default function InstigatorPage({ params }: { params: Record<string, string> }) {
  const name = params["name"] ?? "";
  const env = useEnv();
  const instigators = useInstigators(env);
  useInstigatorsLive();
  return (
    <Answer of={instigators} what="Loading">
      {({ items }) => {
        const one = items.find((each) => each.name === name);
        if (one) return <Known one={one} env={env} />;
        return (
          <Page title="Automation" heading={name}>
            <Empty title={`There is no schedule or sensor ${name}`} action={<ButtonLink to="/automation">All of them</ButtonLink>} />
          </Page>
        );
      }}
    </Answer>
  );
}

function Known({ one, env }: { one: Instigator; env: string | null }) {
  const may = useMay();
  return (
    <Page
      title={one.name}
      crumbs={<Go to="/automation">Automation</Go>}
      about={`${one.kind === "automation" ? "conditions" : one.kind}${one.job ? ` of job ${one.job}` : ""} · ${whenWord(one)}`}
      actions={
        <>
          <span className="row small">
            {may && (one.running ? "On" : "Off")}
            <RunsSwitch of={one} env={env} />
          </span>
          {may && <RunNow one={one} env={env} />}
        </>
      }
    >
      <div className="instigator">
        <Ticks one={one} env={env} />
        <div className="stack">
          <Card title="About">
            <div className="stack">
              {one.description && <Description text={one.description} />}
              <Facts
                facts={[
                  ["When", whenWord(one)],
                  ["Cron", one.cron && one.cron.length > 0 && <code key="cron">{one.cron.join(", ")}</code>],
                  ["Time zone", one.timezone],
                  ["Job", one.job && <Go key="job" to={`/jobs/${encodeURIComponent(one.job)}`}>{one.job}</Go>],
                  ["Cursor", one.cursor && <code key="cursor">{one.cursor}</code>],
                  ["By default", one.default_running ? "on" : "off"],
                ]}
              />
            </div>
          </Card>
          {one.kind === "schedule" && (
            <Card title="Next fire times">
              {one.next.length === 0 ? (
                <p className="small muted">None.</p>
              ) : (
                <ol className="fires" data-testid="fires">
                  {one.next.slice(0, 5).map((at) => (
                    <li key={at}>
                      <span className="num">{inZone(at, one.timezone)}</span>
                      <span className="muted">
                        <Time at={at} />
                      </span>
                    </li>
                  ))}
                </ol>
              )}
              {!one.running && <p className="small muted fires-off">It is off, so it will not fire.</p>}
            </Card>
          )}
          {one.kind === "automation" && <Decisions />}
        </div>
      </div>
    </Page>
  );
}

/** The moment as the schedule means it: in its own zone. */
const inZone = (at: number, zone: string | null): string => absolute(at, zone ?? undefined).replace(/:\d\d(?= [A-Z+-])/, "");

function RunNow({ one, env }: { one: Instigator; env: string | null }) {
  const { data } = useSession();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const isProtected = data?.environments.find((each) => each.name === env)?.protected ?? false;
  async function run(): Promise<void> {
    const { run_ids: runs, reason } = await instigate(one.name, "run", env, isProtected ? env : null);
    if (runs.length === 0) toast(reason ? `Nothing launched: ${reason}` : "Evaluated: there was nothing to launch.");
    else toast(<Go to={`/runs/${runs[0]}`}>{`${many(runs.length, "run")} launched. Open`}</Go>, "done");
  }
  function pressed(): void {
    if (isProtected) return setAsking(true);
    setBusy(true);
    run()
      .catch(toastError)
      .finally(() => setBusy(false));
  }
  return (
    <>
      <Button look="primary" icon={<Zap size={14} />} busy={busy} onClick={pressed}>
        Run now
      </Button>
      {asking && (
        <Confirm title={`Evaluate ${one.name} now?`} action="Run now" typeName={env} onClose={() => setAsking(false)} onConfirm={run}>
          <p className="small">It is evaluated as if it were due, and launches what it asks for in {env}.</p>
        </Confirm>
      )}
    </>
  );
}

const COLUMNS: Column<Tick>[] = [
  { id: "at", head: "When", width: "104px", cell: (tick) => <Time at={tick.at} /> },
  { id: "status", head: "What", width: "152px", cell: (tick) => <TickMark tick={tick} /> },
  { id: "why", head: "What came of it", width: "minmax(160px, 2fr)", cell: (tick) => <Came of={tick} /> },
  { id: "fire", head: "Due", width: "196px", narrow: true, cell: (tick) => <span className="num muted">{tick.fire_time === null ? "–" : absolute(tick.fire_time)}</span> },
  { id: "took", head: "Took", width: "76px", align: "end", narrow: true, cell: (tick) => <span className="num">{duration(tick.duration)}</span> },
];

function Ticks({ one, env }: { one: Instigator; env: string | null }) {
  const ticks = useTicks(one.name, env);
  const [shown, setShown] = useState<Tick | null>(null);
  if (ticks.rows === undefined) return ticks.error ? <ErrorNote error={ticks.error} onRetry={() => void ticks.refetch()} /> : <Loading what="Loading ticks" />;
  return (
    <Card
      flush
      title="Evaluations"
      actions={
        <span className="small muted num">
          {many(ticks.rows.length, "tick")}
          {ticks.hasMore && " and more"}
        </span>
      }
    >
      <TickStrip ticks={ticks.rows} />
      <DataTable
        label="Evaluations"
        columns={COLUMNS}
        rows={ticks.rows}
        rowKey={(tick) => String(tick.id)}
        rowHeight={36}
        height="max(22rem, calc(100vh - 19rem))"
        onOpen={setShown}
        onEnd={ticks.more}
        empty={<Empty title="Not evaluated yet">{one.running ? "The daemon evaluates it when it is due." : "It is off."}</Empty>}
      />
      {shown && <TickDialog tick={shown} onClose={() => setShown(null)} />}
    </Card>
  );
}

const TONES = { started: "running", success: "done", skipped: "skipped", failed: "failed" } as const;
const STRIP = 80;

/** The last evaluations as one line, the newest to the right. */
function TickStrip({ ticks }: { ticks: Tick[] }) {
  if (ticks.length < 2) return null;
  const shown = ticks.slice(0, STRIP).reverse();
  const failed = shown.filter((tick) => tick.status === "failed").length;
  return (
    <div className="tick-strip" role="img" aria-label={`The last ${shown.length} evaluations, ${failed} failed`}>
      {shown.map((tick) => (
        <span key={tick.id} className={`tick ${tick.status === "success" && tick.run_ids.length === 0 ? "bg-skipped" : `bg-${TONES[tick.status]}`}`} title={`${absolute(tick.at)}: ${tick.status}`} />
      ))}
    </div>
  );
}

function TickDialog({ tick, onClose }: { tick: Tick; onClose: () => void }) {
  return (
    <Dialog title="One evaluation" onClose={onClose} wide>
      <div className="stack">
        <TickMark tick={tick} soft />
        <Facts
          facts={[
            ["Evaluated", absolute(tick.at)],
            ["Due", tick.fire_time === null ? null : absolute(tick.fire_time)],
            ["Took", tick.duration === null ? null : duration(tick.duration)],
            ["Reason", tick.reason],
            ["Cursor", tick.cursor && <code key="cursor">{tick.cursor}</code>],
            [
              "Runs",
              tick.run_ids.length > 0 && (
                <ul key="runs">
                  {tick.run_ids.map((id) => (
                    <li key={id}>
                      <Go to={`/runs/${id}`} className="mono small">
                        {id}
                      </Go>
                    </li>
                  ))}
                </ul>
              ),
            ],
          ]}
        />
        {tick.error && <pre className="code">{tick.error}</pre>}
      </div>
    </Dialog>
  );
}
