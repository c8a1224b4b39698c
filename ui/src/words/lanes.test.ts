import { describe, expect, it } from "vitest";

import { lanesOf } from "./lanes";

describe("a graph as a list", () => {
  it("keeps a chain in one lane", () => {
    expect(lanesOf([[], [0], [1]])).toEqual({ order: [0, 1, 2], lane: [0, 0, 0], width: 1 });
  });
  it("gives a diamond's arms lanes of their own", () => {
    const { order, lane } = lanesOf([[], [0], [0], [1, 2]]);
    expect(order).toEqual([0, 1, 2, 3]);
    expect(lane[1]).not.toBe(lane[2]);
  });
  it("lists what is needed before what needs it, and no lane is given away while a line runs down it", () => {
    const needs = Array.from({ length: 200 }, (_, i) => [i - 1 - (i % 7), i - 1 - (i % 13)].filter((one) => one >= 0 && i % 5 !== 0));
    const { order, lane } = lanesOf(needs);
    const at = new Map(order.map((node, row) => [node, row]));
    const last = new Map<number, number>();
    needs.forEach((list, node) => list.forEach((one) => last.set(one, Math.max(last.get(one) ?? 0, at.get(node) ?? 0))));
    for (const [row, node] of order.entries()) {
      for (const one of needs[node] ?? []) expect(at.get(one)).toBeLessThan(row);
      const over = order.slice(0, row).filter((other) => lane[other] === lane[node] && (last.get(other) ?? -1) > row);
      expect(over).toEqual([]);
    }
  });
  it("ends also where there is a cycle", () => expect(lanesOf([[1], [0]]).order).toHaveLength(2));
});
