/** How a step stands, in marks and words. What was not made on purpose is never shown as something wrong. */
import type { RunStep, RunSteps, RunSummary } from "../api/contract";
import type { Share } from "../parts/charts";
import type { Mark } from "../parts/status";

const MARKS: Record<string, { mark: Mark; word: string }> = {
  waiting: { mark: "never", word: "waiting" },
  ready: { mark: "queued", word: "queued" },
  running: { mark: "running", word: "running" },
  retrying: { mark: "queued", word: "waits to be tried again" },
  pooled: { mark: "queued", word: "waits for its pool" },
  success: { mark: "done", word: "done" },
  unchanged: { mark: "done", word: "unchanged" },
  skipped: { mark: "skipped", word: "pruned" },
  failed: { mark: "failed", word: "failed" },
  upstream_failed: { mark: "skipped", word: "not run" },
  cancelled: { mark: "cancelled", word: "cancelled" },
};

type Standing = Pick<RunStep, "state" | "made" | "assets">;

/** Did the step end well without making anything, as it may? */
export const madeNothing = ({ state, made, assets }: Standing): boolean =>
  state === "success" && made !== null && made !== undefined && made.length === 0 && assets.length > 0;

export function standing(step: Standing): { mark: Mark; word: string } {
  if (madeNothing(step)) return { mark: "skipped", word: "skipped – no output" };
  return MARKS[step.state] ?? { mark: "queued", word: step.state };
}

export const ENDED = new Set(["success", "unchanged", "skipped", "failed", "upstream_failed", "cancelled"]);

/** The order in which states are listed and drawn. */
export const MARK_ORDER: Mark[] = ["failed", "running", "queued", "done", "skipped", "cancelled", "never"];

/** The steps of a run by how they stand; `done` of the server counts all that have ended. */
export const sharesOf = ({ total, done, failed, skipped, running }: RunSteps): Share[] => [
  { tone: "done", count: Math.max(0, done - failed - skipped), word: "done" },
  { tone: "failed", count: failed, word: "failed" },
  { tone: "skipped", count: skipped, word: "skipped" },
  { tone: "running", count: running, word: "running" },
  { tone: "never", count: Math.max(0, total - done - running), word: "waiting" },
];

/** What a run is about, as its title. */
export const titleOf = (run: Pick<RunSummary, "target" | "name">): string => (run.target === "*" ? "All assets" : run.target || run.name);
