/** Groups as boxes: each is laid out by itself, then the boxes are, like nodes of their own size. */
import { type Gaps, layered } from "./layered";

export const CARD = { w: 228, h: 58 };
export const FOLDED = { w: 228, h: 78 };
const GAPS: Gaps = { layer: 52, row: 18, part: 28 };
const GROUP_GAPS: Gaps = { layer: 64, row: 40, part: 56 };
const PAD = 18;
const HEAD = 38;

export type LayoutRequest = {
  groups: string[];
  groupOf: Int32Array; // of each node, an index into groups
  edges: [number, number][];
  folded: boolean[]; // by group
  boxed: boolean; // draw boxes around groups; otherwise all nodes are one graph
  vertical: boolean;
};
export type GroupBox = { group: number; folded: boolean; x: number; y: number; w: number; h: number; count: number };
/** Ends: a node's index, or -1 - group for a group that is folded. Points: x, y, x, y … from end to end. */
export type Line = { from: number; to: number; points: number[]; count: number };
export type Layout = {
  x: Float64Array; // left edges of cards; NaN where the group is folded
  y: Float64Array;
  boxes: GroupBox[];
  lines: Line[];
  w: number;
  h: number;
  ms: number;
};

export function compound(request: LayoutRequest): Layout {
  const begun = performance.now();
  const layout = request.boxed ? boxed(request) : flat(request);
  layout.ms = performance.now() - begun;
  return layout;
}

/** Run `layered` so that layers lie below each other if asked for. */
function oriented(w: Float64Array, h: Float64Array, edges: [number, number][], gaps: Gaps, vertical: boolean) {
  if (!vertical) return layered({ w, h }, edges, gaps);
  const turned = layered({ w: h, h: w }, edges, gaps);
  const bends = turned.bends.map((points) => points && points.map((_, i) => points[i % 2 === 0 ? i + 1 : i - 1]!));
  return { x: turned.y, y: turned.x, w: turned.h, h: turned.w, bends };
}

const filled = (n: number, value: number): Float64Array => new Float64Array(n).fill(value);

function flat({ groupOf, edges, vertical }: LayoutRequest): Layout {
  const n = groupOf.length;
  const laid = oriented(filled(n, CARD.w), filled(n, CARD.h), edges, GAPS, vertical);
  const lines = edges.map(([a, b], e) =>
    line(a, b, rect(laid.x[a]!, laid.y[a]!, CARD), rect(laid.x[b]!, laid.y[b]!, CARD), laid.bends[e] ?? [], vertical),
  );
  return { x: laid.x, y: laid.y, boxes: [], lines, w: laid.w, h: laid.h, ms: 0 };
}

type Rect = { x: number; y: number; w: number; h: number };
const rect = (x: number, y: number, size: { w: number; h: number }): Rect => ({ x, y, w: size.w, h: size.h });

function line(from: number, to: number, a: Rect, b: Rect, bends: number[], vertical: boolean): Line {
  const ends = vertical
    ? [a.x + a.w / 2, a.y + a.h, ...bends, b.x + b.w / 2, b.y]
    : [a.x + a.w, a.y + a.h / 2, ...bends, b.x, b.y + b.h / 2];
  return { from, to, points: ends, count: 1 };
}

function boxed({ groups, groupOf, edges, folded, vertical }: LayoutRequest): Layout {
  const members: number[][] = groups.map(() => []);
  const place = new Int32Array(groupOf.length);
  groupOf.forEach((g, i) => (place[i] = members[g]!.push(i) - 1));
  const inner: [number, number][][] = groups.map(() => []);
  const innerEdges: number[][] = groups.map(() => []);
  const outer: number[] = [];
  edges.forEach(([a, b], e) => {
    const g = groupOf[a]!;
    if (g !== groupOf[b]) outer.push(e);
    else if (!folded[g]) {
      inner[g]!.push([place[a]!, place[b]!]);
      innerEdges[g]!.push(e);
    }
  });
  const inside = groups.map((_, g) =>
    folded[g] ? null : oriented(filled(members[g]!.length, CARD.w), filled(members[g]!.length, CARD.h), inner[g]!, GAPS, vertical),
  );
  const w = Float64Array.from(groups, (_, g) => (inside[g] ? inside[g].w + 2 * PAD : FOLDED.w));
  const h = Float64Array.from(groups, (_, g) => (inside[g] ? inside[g].h + PAD + HEAD : FOLDED.h));
  const between = new Map<string, [number, number]>();
  for (const e of outer) {
    const [a, b] = [groupOf[edges[e]![0]]!, groupOf[edges[e]![1]]!];
    between.set(`${a} ${b}`, [a, b]);
  }
  const roads = [...between.values()];
  const outside = oriented(w, h, roads, GROUP_GAPS, vertical);
  const bendsOf = new Map(roads.map(([a, b], i) => [`${a} ${b}`, outside.bends[i] ?? []]));

  const x = filled(groupOf.length, NaN);
  const y = filled(groupOf.length, NaN);
  const lines: Line[] = [];
  groups.forEach((_, g) => {
    const laid = inside[g];
    if (!laid) return;
    const [dx, dy] = [outside.x[g]! + PAD, outside.y[g]! + HEAD];
    members[g]!.forEach((node, i) => {
      x[node] = laid.x[i]! + dx;
      y[node] = laid.y[i]! + dy;
    });
    innerEdges[g]!.forEach((e, k) => {
      const [a, b] = edges[e]!;
      const bends = (laid.bends[k] ?? []).map((value, i) => value + (i % 2 === 0 ? dx : dy));
      lines.push(line(a, b, rect(x[a]!, y[a]!, CARD), rect(x[b]!, y[b]!, CARD), bends, vertical));
    });
  });
  const boxes: GroupBox[] = groups.map((_, g) => ({
    group: g, folded: folded[g] ?? false, x: outside.x[g]!, y: outside.y[g]!, w: w[g]!, h: h[g]!, count: members[g]!.length,
  }));
  const end = (node: number): number => (folded[groupOf[node]!] ? -1 - groupOf[node]! : node);
  const rectOf = (id: number): Rect => (id < 0 ? boxes[-1 - id]! : rect(x[id]!, y[id]!, CARD));
  const known = new Map<string, Line>();
  for (const e of outer) {
    const [a, b] = edges[e]!;
    const [from, to] = [end(a), end(b)];
    const name = `${from} ${to}`;
    const same = known.get(name);
    if (same) {
      same.count += 1;
      continue;
    }
    const bends = bendsOf.get(`${groupOf[a]} ${groupOf[b]}`) ?? [];
    const made = line(from, to, rectOf(from), rectOf(to), bends, vertical);
    known.set(name, made);
    lines.push(made);
  }
  return { x, y, boxes, lines, w: outside.w, h: outside.h, ms: 0 };
}
