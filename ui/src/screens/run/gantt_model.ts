/** When what ran where, as rows of bars. All times are seconds since the run began. */
import type { RunStep } from "../../api/contract";
import type { Mark } from "../../parts/status";
import { MARK_ORDER, standing } from "../../words/steps";

export type Grouping = "slot" | "step";
export type Bar = {
  steps: number[]; // one, or several that are too close to be told apart
  from: number;
  to: number;
  mark: Mark;
  critical: boolean;
  parts: [load: number, compute: number, store: number] | null; // shares of the bar
};
export type Row = { id: string; label: string; step: number | null; bars: Bar[]; tries: { at: number; outcome: string }[] };
export type Window = { from: number; to: number };

/** Of each step that has begun, the bar; those that run end now. */
export function barOf(step: RunStep, origin: number, now: number): Bar | null {
  if (step.started === null) return null;
  const from = Math.max(0, step.started - origin);
  const to = Math.max(from, (step.ended ?? now) - origin);
  const spent = (step.load ?? 0) + (step.compute ?? 0) + (step.store ?? 0);
  return {
    steps: [step.index],
    from,
    to,
    mark: standing(step).mark,
    critical: step.critical,
    parts: spent > 0 ? [(step.load ?? 0) / spent, (step.compute ?? 0) / spent, (step.store ?? 0) / spent] : null,
  };
}

/** Rows by the slot that did the work, or one for each step in the order of their beginnings. */
export function rowsOf(steps: readonly RunStep[], by: Grouping, origin: number, now: number): Row[] {
  return by === "slot" ? slotRows(steps, origin, now) : stepRows(steps, origin, now);
}

function slotRows(steps: readonly RunStep[], origin: number, now: number): Row[] {
  const rows = new Map<string, Row>();
  for (const step of steps) {
    const bar = barOf(step, origin, now);
    if (bar === null) continue;
    const id = step.slot ?? step.worker ?? "unknown";
    const row = rows.get(id) ?? { id, label: step.worker ?? step.slot?.split(":")[0] ?? "not known", step: null, bars: [], tries: [] };
    row.bars.push(bar);
    rows.set(id, row);
  }
  for (const row of rows.values()) row.bars.sort((a, b) => a.from - b.from);
  const sorted = [...rows.values()].sort((a, b) => a.label.localeCompare(b.label, "en", { numeric: true }) || a.id.localeCompare(b.id));
  // Ids of slots say nothing to people: those of one worker are counted.
  const seen = new Map<string, number>();
  for (const row of sorted) {
    const n = (seen.get(row.label) ?? 0) + 1;
    seen.set(row.label, n);
    row.label = `${row.label} · ${n}`;
  }
  return sorted;
}

function stepRows(steps: readonly RunStep[], origin: number, now: number): Row[] {
  const rows = steps.map<Row>((step) => {
    const bar = barOf(step, origin, now);
    const tries = (step.attempts ?? []).filter(({ outcome }) => outcome !== "succeeded").map(({ at, outcome }) => ({ at: Math.max(0, at - origin), outcome }));
    return { id: String(step.index), label: labelOf(step), step: step.index, bars: bar === null ? [] : [bar], tries };
  });
  const begun = (row: Row): number => row.bars[0]?.from ?? Infinity;
  return rows.sort((a, b) => (begun(a) === begun(b) ? Number(a.id) - Number(b.id) : begun(a) - begun(b)));
}

export const labelOf = (step: Pick<RunStep, "step" | "partition">): string =>
  step.partition !== null && !step.step.includes(step.partition) ? `${step.step} [${step.partition}]` : step.step;

/** Bars in sight; such as would be less than `least` wide or apart are drawn as one, in the most urgent colour. */
export function drawn(bars: readonly Bar[], window: Window, least: number): Bar[] {
  const found: Bar[] = [];
  for (const bar of bars) {
    if (bar.to < window.from || bar.from > window.to) continue;
    const last = found.at(-1);
    if (last && bar.from - last.to < least && bar.to - bar.from < least && last.steps.length + bar.steps.length <= 500 && (last.steps.length > 1 || last.to - last.from < least)) {
      found[found.length - 1] = {
        steps: [...last.steps, ...bar.steps],
        from: last.from,
        to: Math.max(last.to, bar.to),
        mark: MARK_ORDER.indexOf(bar.mark) < MARK_ORDER.indexOf(last.mark) ? bar.mark : last.mark,
        critical: last.critical || bar.critical,
        parts: null,
      };
    } else found.push(bar);
  }
  return found;
}

/** Where all of it begins and ends, with a little air. */
export function extent(steps: readonly RunStep[], origin: number, now: number, predicted: number | null, over: boolean): Window {
  let to = 0;
  for (const step of steps) if (step.started !== null) to = Math.max(to, (step.ended ?? now) - origin);
  if (!over) to = Math.max(to, now - origin, Math.min(predicted ?? 0, (now - origin) * 4 + 5));
  return { from: 0, to: Math.max(to * 1.02, 0.05) };
}

const NICE = [1, 2, 5];

/** Round moments, about `wanted` of them. */
export function ticks({ from, to }: Window, wanted: number): number[] {
  const step = niceStep((to - from) / Math.max(1, wanted));
  const first = Math.ceil(from / step - 1e-9);
  const found: number[] = [];
  for (let i = first; i * step <= to && found.length < 100; i += 1) found.push(Number((i * step).toPrecision(12)));
  return found;
}

function niceStep(rough: number): number {
  if (rough >= 60) return [60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400].find((one) => one >= rough) ?? Math.ceil(rough / 86_400) * 86_400;
  if (rough > 5) return [10, 15, 30, 60].find((one) => one >= rough) ?? 60;
  const power = 10 ** Math.floor(Math.log10(rough));
  return (NICE.find((one) => one * power >= rough * 0.999999) ?? 10) * power;
}

/** Zoom by `factor` (below 1: in) around `at`, within `all`, never narrower than a millisecond. */
export function zoomed(window: Window, all: Window, factor: number, at: number): Window {
  const width = Math.min(all.to - all.from, Math.max(0.001, (window.to - window.from) * factor));
  const share = (at - window.from) / Math.max(window.to - window.from, 1e-9);
  return within({ from: at - width * share, to: at + width * (1 - share) }, all);
}

/** The window moved so that it lies in `all`. */
export function within(window: Window, all: Window): Window {
  const width = Math.min(window.to - window.from, all.to - all.from);
  const from = Math.max(all.from, Math.min(window.from, all.to - width));
  return { from, to: from + width };
}
