/** What starts runs by itself: schedules, sensors and conditions; when next, and what came of the last time. */
import { Bot } from "lucide-react";
import { useMemo } from "react";

import type { Instigator, Tick } from "../../api/contract";
import { useInstigators } from "../../api/operating";
import { useLive } from "../../api/live";
import { cache, useMay } from "../../api/queries";
import { Go, go, setParams, useEnv, useParam } from "../../app/location";
import { Button } from "../../parts/button";
import { FilterBox } from "../../parts/fields";
import { Page } from "../../parts/page";
import { Answer, Command, Empty } from "../../parts/states";
import { type Mark, StatusMark } from "../../parts/status";
import { type Column, DataTable } from "../../parts/table";
import { Time } from "../../parts/time";
import { duration, many } from "../../words/format";
import { RunsSwitch } from "./switch";

const KINDS = ["schedule", "sensor", "automation"] as const;
const TICKS: Record<Tick["status"], { mark: Mark; word: string }> = {
  started: { mark: "running", word: "being evaluated" },
  success: { mark: "done", word: "launched" },
  skipped: { mark: "skipped", word: "skipped" },
  failed: { mark: "failed", word: "failed" },
};

export function TickMark({ tick, soft = false }: { tick: Tick; soft?: boolean }) {
  const { mark, word } = TICKS[tick.status];
  return <StatusMark mark={mark} label={tick.status === "success" && tick.run_ids.length === 0 ? "nothing to launch" : word} soft={soft} />;
}

/** When it is evaluated, in words. */
export function whenWord(one: Instigator): string {
  if (one.cron_words) return one.cron_words;
  if (one.cron && one.cron.length > 0) return one.cron.join(", ");
  return one.interval === null ? "" : `looks every ${duration(one.interval)}`;
}

/** Topics of the live connection that mean "ask again". */
export function useInstigatorsLive(): void {
  useLive("instigators", { instigators: () => void cache.invalidateQueries({ queryKey: ["instigators"] }) });
}

export default function Automation() {
  const env = useEnv();
  const may = useMay();
  const [text, setText] = useParam("text");
  const [kind, setKind] = useParam("kind");
  const instigators = useInstigators(env);
  useInstigatorsLive();
  const all = instigators.data?.items ?? [];
  const rows = useMemo(
    () => all.filter((one) => (kind === "" || one.kind === kind) && `${one.name} ${one.job ?? ""} ${one.description ?? ""}`.toLowerCase().includes(text.toLowerCase())),
    [all, kind, text],
  );
  const columns: Column<Instigator>[] = [
    { id: "on", head: "On", width: "60px", cell: (one) => <RunsSwitch of={one} env={env} /> },
    {
      id: "name",
      head: "Name",
      width: "minmax(170px, 1.6fr)",
      cell: (one) => (
        <div className="cell-lines">
          <span className="clip strong">{one.name}</span>
          <span className="clip xs faint">
            {one.kind}
            {one.job !== null && ` of ${one.job}`}
          </span>
        </div>
      ),
    },
    {
      id: "when",
      head: "When",
      width: "minmax(150px, 1.4fr)",
      cell: (one) => (
        <div className="cell-lines">
          <span className="clip">{whenWord(one)}</span>
          {one.timezone && <span className="clip xs faint">{one.timezone}</span>}
        </div>
      ),
    },
    { id: "next", head: "Next", width: "92px", cell: (one) => (one.running ? <Time at={one.next[0]} /> : <span className="faint">off</span>) },
    { id: "last", head: "Last time", width: "136px", narrow: true, cell: (one) => (one.last_tick ? <TickMark tick={one.last_tick} /> : <span className="faint">not yet</span>) },
    {
      id: "why",
      head: "What came of it",
      width: "minmax(160px, 2fr)",
      narrow: true,
      cell: (one) => one.last_tick && <Came of={one.last_tick} />,
    },
    { id: "at", head: "", width: "92px", narrow: true, cell: (one) => <Time at={one.last_tick?.at} /> },
  ];
  const nobody = instigators.data?.evaluated_by === null && all.length > 0;
  return (
    <Page
      full
      title="Automation"
      about={instigators.data && `${many(all.filter((one) => one.running).length, "of them", "of them")} on, ${many(all.length, "schedule or sensor", "schedules and sensors")} in all`}
      below={
        <div className="filters">
          <FilterBox label="Filter schedules and sensors" value={text} onChange={setText} />
          <div className="segmented" role="group" aria-label="Kind">
            {KINDS.map((one) => (
              <button key={one} type="button" aria-pressed={kind === one} onClick={() => setKind(kind === one ? null : one, true)}>
                {one === "automation" ? "conditions" : `${one}s`}
              </button>
            ))}
          </div>
        </div>
      }
    >
      {nobody && (
        <div className="note stale page-note" role="status">
          <div className="grow stack tight">
            <p>No daemon is running: nothing is evaluated, whatever is switched on.</p>
            <Command text="assetflow daemon" />
          </div>
        </div>
      )}
      <Answer of={instigators} what="Loading schedules and sensors">
        {() => (
          <DataTable
            label="Schedules and sensors"
            columns={columns}
            rows={rows}
            rowKey={(one) => one.name}
            rowHeight={50}
            onOpen={(one) => go(`/automation/${encodeURIComponent(one.name)}`)}
            empty={
              text !== "" || kind !== "" ? (
                <Empty title="Nothing matches" action={<Button onClick={() => setParams({ text: null, kind: null })}>Clear the filter</Button>} />
              ) : (
                <Empty title="Nothing starts by itself" icon={<Bot size={18} />}>
                  {may
                    ? "Put a ScheduleDefinition, a sensor or an automation condition among the definitions, and it is listed here with its next fire times."
                    : "There are no schedules or sensors."}
                </Empty>
              )
            }
          />
        )}
      </Answer>
    </Page>
  );
}

/** The runs that were launched, or why none was. */
export function Came({ of: tick }: { of: Tick }) {
  if (tick.error) return <span className="tone-failed clip">{tick.error.split("\n")[0]}</span>;
  if (tick.run_ids.length === 1)
    return (
      <Go to={`/runs/${tick.run_ids[0]}`} className="mono xs">
        run {tick.run_ids[0]?.slice(-8)}
      </Go>
    );
  if (tick.run_ids.length > 1) return <span>{many(tick.run_ids.length, "run")}</span>;
  return <span className="muted clip">{tick.reason ?? "nothing to do"}</span>;
}
