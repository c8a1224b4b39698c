/** What the shell does with live events: caches are kept up, so that screens need not listen themselves. */
import { useEffect } from "react";

import type { Definitions, RunSummary, Session, Status } from "../api/contract";
import { live } from "../api/live";
import { cache } from "../api/queries";
import { statuses } from "../api/statuses";
import { announce } from "../parts/toasts";

type Runs = { items: RunSummary[]; next: string | null };
type Pages = { pages: Runs[]; pageParams: unknown[] };
const isPages = (runs: Runs | Pages): runs is Pages => "pages" in runs;
const ENDED = new Set(["success", "failed", "cancelled"]);
let runsTimer: ReturnType<typeof setTimeout> | null = null;
let runsAt = 0;

/** Lists of runs are asked for again at most every 1.5 s; rows that are shown change at once. */
function runsChanged(items: RunSummary[]): void {
  const changed = new Map(items.map((run) => [run.id, run]));
  let missing = false;
  const renewed = (page: Runs): Runs => ({ ...page, items: page.items.map((run) => changed.get(run.id) ?? run) });
  for (const [key, runs] of cache.getQueriesData<Runs | Pages>({ queryKey: ["runs"] })) {
    if (!runs) continue;
    const pages = isPages(runs) ? runs.pages : [runs];
    const known = new Set(pages.flatMap((page) => page.items.map((run) => run.id)));
    if (items.some((run) => !known.has(run.id))) missing = true;
    cache.setQueryData<Runs | Pages>(key, isPages(runs) ? { ...runs, pages: pages.map(renewed) } : renewed(runs));
  }
  const ended = items.filter((run) => ENDED.has(run.status));
  if (ended.length > 0) {
    const failed = ended.reduce((sum, run) => sum + run.steps.failed, 0);
    announce(`${ended.length === 1 ? "Run" : `${ended.length} runs`} finished, ${failed} failed`);
  }
  if (!missing && ended.length === 0) return;
  runsTimer ??= setTimeout(
    () => {
      runsTimer = null;
      runsAt = performance.now();
      for (const name of ["runs", "backfills", "asset-history"]) void cache.invalidateQueries({ queryKey: [name] });
    },
    Math.max(0, 1500 - (performance.now() - runsAt)),
  );
}

/** Of an asset that is not under way any more there may be more to tell. */
function statusesChanged(told: Record<string, Status>): void {
  const ended = new Set<unknown>(statuses.merge(told).filter((key) => told[key]!.state !== "running" && told[key]!.state !== "queued"));
  if (ended.size === 0) return;
  void cache.invalidateQueries({ predicate: ({ queryKey: [name, key] }) => (name === "asset" || name === "asset-history") && ended.has(key) });
}

function definitionsChanged(): void {
  for (const name of ["session", "definitions", "graph", "asset", "statuses", "jobs", "instigators"])
    void cache.invalidateQueries({ queryKey: [name] });
}

const FOLLOWED = new Set<unknown>(["session", "definitions", "graph", "statuses"]); // a connection begins with how they are

/** The version of the definitions that are shown; null if none have been asked for yet. */
function shownVersion(): string | null {
  const shown = cache.getQueryState<Definitions>(["definitions"]);
  return shown?.status === "error" ? "" : (shown?.data?.version ?? null);
}

export function useLiveCaches(env: string | null): void {
  useEffect(() => {
    if (env === null) return;
    live.setEnvironment(env);
    let version: string | null = null;
    const ends = [
      live.want(["runs", "status"]), // the broker and the definitions are told to everybody,
      live.on("hello", ({ version: said }) => {
        if ((version ?? shownVersion() ?? said) !== said) definitionsChanged();
        // Of what happened between the first answers and now nobody tells.
        if (version === null) void cache.invalidateQueries({ predicate: ({ queryKey: [name] }) => !FOLLOWED.has(name) });
        version = said;
      }),
      live.on("status", statusesChanged),
      live.on("runs", ({ items }) => runsChanged(items)),
      live.on("definitions", definitionsChanged),
      live.on("broker", ({ ok, message }) => {
        const was = cache.getQueryData<Session>(["session"])?.broker.ok;
        cache.setQueryData<Session>(["session"], (session) =>
          session && { ...session, broker: { ok, message, since: ok === session.broker.ok ? session.broker.since : Date.now() / 1000 } },
        );
        if (ok && was === false) void cache.invalidateQueries();
      }),
      live.on("resync", () => void cache.invalidateQueries()),
      live.on("poll", () => void cache.invalidateQueries({ type: "active" })),
    ];
    return () => ends.forEach((end) => end());
  }, [env]);
}
