import { describe, expect, it } from "vitest";

import { CARD, compound, type LayoutRequest } from "./compound";
import { layered } from "./layered";

const GAPS = { layer: 60, row: 16, part: 24 };
const equal = (n: number) => ({ w: new Float64Array(n).fill(100), h: new Float64Array(n).fill(40) });

/** A graph that is made up the same way every time. */
function madeUp(n: number, seed = 7): [number, number][] {
  let state = seed;
  const random = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
  return Array.from({ length: n - 1 }, (_, i) => i + 1).flatMap((b) => {
    const edges: [number, number][] = [[Math.floor(random() * b), b]];
    if (random() < 0.6 && b > 1) edges.push([Math.max(0, b - 1 - Math.floor(random() * 8)), b]);
    return edges;
  });
}

function overlapping(x: Float64Array, y: Float64Array, w: number, h: number): number {
  let found = 0;
  for (let i = 0; i < x.length; i++)
    for (let j = i + 1; j < x.length; j++)
      if (Math.abs(x[i]! - x[j]!) < w - 0.01 && Math.abs(y[i]! - y[j]!) < h - 0.01) found += 1;
  return found;
}

describe("the layered layout", () => {
  it("lays a chain on one straight line", () => {
    const laid = layered(equal(4), [[0, 1], [1, 2], [2, 3]], GAPS);
    expect([...laid.x]).toEqual([0, 160, 320, 480]);
    expect(new Set(laid.y).size).toBe(1);
  });
  it("puts the middle of a diamond above and below its ends", () => {
    const { x, y } = layered(equal(4), [[0, 1], [0, 2], [1, 3], [2, 3]], GAPS);
    expect(x[1]).toBe(x[2]);
    expect(Math.abs(y[1]! - y[2]!)).toBe(56);
    expect(y[0]).toBeCloseTo((y[1]! + y[2]!) / 2);
    expect(y[3]).toBeCloseTo(y[0]!);
  });
  it("leads every edge to the right, but those that close a circle", () => {
    const edges = madeUp(300);
    const laid = layered(equal(300), edges, GAPS);
    expect(edges.filter(([a, b]) => laid.x[b]! <= laid.x[a]!)).toEqual([]);
    const circle = layered(equal(3), [[0, 1], [1, 2], [2, 0]], GAPS);
    expect(new Set(circle.x).size).toBe(3);
  });
  it("lets no two nodes overlap", () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const laid = layered(equal(200), madeUp(200, seed), GAPS);
      expect(overlapping(laid.x, laid.y, 100, 40)).toBe(0);
    }
  });
  it("leads long edges round what lies between", () => {
    const laid = layered(equal(4), [[0, 1], [1, 2], [2, 3], [0, 3]], GAPS);
    const bends = laid.bends[3]!;
    expect(bends).toHaveLength(8);
    for (const k of [1, 2]) expect(Math.abs(bends[4 * (k - 1) + 1]! - (laid.y[k]! + 20))).toBeGreaterThan(20);
  });
  it("moves what has one consumer next to it", () => {
    const { x } = layered(equal(5), [[0, 1], [1, 2], [2, 3], [4, 3]], GAPS);
    expect(x[4]).toBe(x[2]);
  });
  it("packs what does not hang together into a block and not a column", () => {
    const laid = layered(equal(60), [], GAPS);
    expect(laid.h).toBeLessThan(12 * 64);
    expect(overlapping(laid.x, laid.y, 100, 40)).toBe(0);
  });
  it("makes the same picture again, and keeps it when an asset is added at the end", () => {
    const edges = madeUp(100);
    const once = layered(equal(100), edges, GAPS);
    expect(layered(equal(100), edges, GAPS)).toEqual(once);
    const more = layered(equal(101), [...edges, [99, 100]], GAPS);
    const ranks = (laid: typeof once) => [...laid.x].slice(0, 100);
    expect(ranks(more)).toEqual(ranks(once));
  });
});

function grouped(n: number, size: number, folded: boolean): LayoutRequest {
  const groups = Array.from({ length: Math.ceil(n / size) }, (_, i) => `g${i}`);
  const groupOf = Int32Array.from({ length: n }, (_, i) => Math.floor(i / size));
  return { groups, groupOf, edges: madeUp(n), folded: groups.map(() => folded), boxed: true, vertical: false };
}

describe("groups as boxes", () => {
  it("hold their own and nothing else", () => {
    const request = grouped(120, 20, false);
    const { x, y, boxes } = compound(request);
    boxes.forEach((box) =>
      request.groupOf.forEach((g, i) => {
        const inside = x[i]! >= box.x && y[i]! >= box.y && x[i]! + CARD.w <= box.x + box.w && y[i]! + CARD.h <= box.y + box.h;
        expect(inside).toBe(g === box.group);
      }),
    );
  });
  it("that are folded hide their nodes, and bundle their edges with a count", () => {
    const { x, boxes, lines } = compound(grouped(120, 20, true));
    expect([...x].every(Number.isNaN)).toBe(true);
    expect(boxes.every((box) => box.folded && box.count === 20)).toBe(true);
    expect(lines.every((line) => line.from < 0 && line.to < 0)).toBe(true);
    expect(Math.max(...lines.map((line) => line.count))).toBeGreaterThan(1);
  });
  it("lie below each other when asked for", () => {
    const request = { ...grouped(6, 2, false), vertical: true, edges: [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5]] as [number, number][] };
    const { y } = compound(request);
    for (let i = 1; i < 6; i++) expect(y[i]!).toBeGreaterThan(y[i - 1]!);
  });
  it("take a thousand assets in a fraction of a second, and ten thousand in a few", () => {
    expect(compound(grouped(1000, 40, false)).ms).toBeLessThan(1000);
    expect(compound(grouped(10_000, 100, true)).ms).toBeLessThan(3000);
  });
});
