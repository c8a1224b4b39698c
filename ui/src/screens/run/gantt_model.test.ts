import { describe, expect, it } from "vitest";

import type { RunStep } from "../../api/contract";
import { drawn, extent, rowsOf, ticks, within, zoomed } from "./gantt_model";

const unknown = { load: null, compute: null, store: null };

function step(index: number, more: Partial<RunStep> = {}): RunStep {
  return {
    index, step: `s${index}`, assets: [`s${index}`], partition: null, state: "success", attempt: 1, slot: "w1:0", worker: "w1",
    started: 100 + index, ended: 101 + index, load: 0.1, compute: 0.2, store: 0.1, reason: "", error: null, critical: false,
    depends: [], log_size: 0, seconds: 1, queue: "default", pool: "", attempts: [], made: [`s${index}`], ...more,
  };
}

describe("rows of a run", () => {
  it("by slot hold the bars of each slot in order, and nothing of steps that have not begun", () => {
    const steps = [step(1), step(0), step(2, { slot: "w1:1" }), step(3, { started: null, ended: null, slot: null, state: "waiting" })];
    const rows = rowsOf(steps, "slot", 100, 200);
    expect(rows.map((row) => [row.label, row.bars.map((bar) => [bar.from, bar.to])])).toEqual([
      ["w1 · 1", [[0, 1], [1, 2]]],
      ["w1 · 2", [[2, 3]]],
    ]);
  });
  it("by step come in the order of their beginnings, those that wait last", () => {
    const steps = [step(0, { started: null, state: "waiting" }), step(1, { started: 105 }), step(2, { started: 103 })];
    expect(rowsOf(steps, "step", 100, 200).map((row) => row.step)).toEqual([2, 1, 0]);
  });
  it("end now where a step runs", () => {
    expect(rowsOf([step(0, { ended: null, state: "running" })], "step", 100, 107)[0]?.bars[0]).toMatchObject({ from: 0, to: 7, mark: "running" });
  });
  it("show tries that failed before", () => {
    const tried = step(0, { attempts: [{ outcome: "failed", at: 100.5, error: "no", ...unknown }, { outcome: "succeeded", at: 101, error: "", ...unknown }] });
    expect(rowsOf([tried], "step", 100, 200)[0]?.tries).toEqual([{ at: 0.5, outcome: "failed" }]);
  });
});

describe("bars", () => {
  it("that are too close are one, in the most urgent colour", () => {
    const steps = Array.from({ length: 300 }, (_, i) => step(i, { started: 100 + i * 0.001, ended: 100.0005 + i * 0.001, state: i === 200 ? "failed" : "success" }));
    const bars = rowsOf(steps, "slot", 100, 200)[0]?.bars ?? [];
    const merged = drawn(bars, { from: 0, to: 100 }, 0.1);
    expect(merged).toHaveLength(1);
    expect([merged[0]?.mark, merged[0]?.steps.length]).toEqual(["failed", 300]);
    expect(drawn(bars, { from: 0, to: 0.01 }, 0.00001).length).toBeGreaterThan(5);
  });
  it("out of sight are not drawn", () => {
    const bars = rowsOf([step(0), step(50)], "slot", 100, 200)[0]?.bars ?? [];
    expect(drawn(bars, { from: 40, to: 60 }, 0.001).map((bar) => bar.steps)).toEqual([[50]]);
  });
});

describe("the axis", () => {
  it("has round ticks", () => {
    expect(ticks({ from: 0, to: 10 }, 5)).toEqual([0, 2, 4, 6, 8, 10]);
    expect(ticks({ from: 0.31, to: 0.92 }, 6)).toEqual([0.4, 0.6, 0.8]);
    expect(ticks({ from: 0, to: 3600 }, 6)).toEqual([0, 600, 1200, 1800, 2400, 3000, 3600]);
  });
  it("reaches as far as is foreseen, but not so far that what runs is a dot", () => {
    const running = [step(0, { ended: null, state: "running" })];
    expect(extent(running, 100, 110, 20, false).to).toBeCloseTo(20.4);
    expect(extent(running, 100, 110, 100_000, false).to).toBeCloseTo(45.9);
  });
  it("zooms around the point that is looked at and stays inside", () => {
    const all = { from: 0, to: 100 };
    expect(zoomed(all, all, 0.5, 50)).toEqual({ from: 25, to: 75 });
    expect(zoomed({ from: 0, to: 10 }, all, 20, 5)).toEqual(all);
    expect(within({ from: 95, to: 115 }, all)).toEqual({ from: 80, to: 100 });
  });
});
