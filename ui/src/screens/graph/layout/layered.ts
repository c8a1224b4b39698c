/**
 * Layered layout (Sugiyama's way): ranks, order within ranks, coordinates. Layers lie beside each other, from left to
 * right; the caller swaps axes for the other way. Everything is deterministic: the same graph gets the same picture.
 */

export type Gaps = { layer: number; row: number; part: number };
export type Sizes = { w: Float64Array; h: Float64Array };
export type Laid = {
  x: Float64Array; // left edges
  y: Float64Array; // top edges
  w: number;
  h: number;
  /** For an edge over several layers: points between its ends, x1, y1, x2, y2, … in pairs that are level. */
  bends: (number[] | null)[];
};

type Edges = readonly (readonly [number, number])[];
const SWEEPS = 8;
const MOST_BENDS_A_NODE = 12;

/** Lay out the nodes 0..n-1. Parts that do not hang together are packed beside each other. */
export function layered(sizes: Sizes, edges: Edges, gaps: Gaps): Laid {
  const n = sizes.w.length;
  const laid: Laid = { x: new Float64Array(n), y: new Float64Array(n), w: 0, h: 0, bends: edges.map(() => null) };
  const parts = components(n, edges);
  const boxes = parts.map((part) => layPart(part, sizes, edges, gaps, laid));
  const places = pack(boxes, gaps.part);
  parts.forEach((part, p) => {
    const [dx, dy] = places.at[p] ?? [0, 0];
    for (const i of part.nodes) {
      laid.x[i] = (laid.x[i] ?? 0) + dx;
      laid.y[i] = (laid.y[i] ?? 0) + dy;
    }
    for (const e of part.edges) {
      const bends = laid.bends[e];
      if (bends) laid.bends[e] = bends.map((value, k) => value + (k % 2 === 0 ? dx : dy));
    }
  });
  laid.w = places.w;
  laid.h = places.h;
  return laid;
}

type Part = { nodes: number[]; edges: number[] };

function components(n: number, edges: Edges): Part[] {
  const parent = Int32Array.from({ length: n }, (_, i) => i);
  const root = (i: number): number => {
    let r = i;
    while (parent[r] !== r) r = parent[r]!;
    while (parent[i] !== r) [parent[i], i] = [r, parent[i]!];
    return r;
  };
  for (const [a, b] of edges) parent[root(a)] = root(b);
  const parts = new Map<number, Part>();
  for (let i = 0; i < n; i++) {
    const r = root(i);
    const part = parts.get(r);
    if (part) part.nodes.push(i);
    else parts.set(r, { nodes: [i], edges: [] });
  }
  edges.forEach(([a], e) => parts.get(root(a))!.edges.push(e));
  return [...parts.values()];
}

/** Boxes onto shelves about as wide as the whole is high by two; tall ones first. */
function pack(boxes: { w: number; h: number }[], gap: number): { at: [number, number][]; w: number; h: number } {
  const at: [number, number][] = boxes.map(() => [0, 0]);
  const area = boxes.reduce((sum, box) => sum + (box.w + gap) * (box.h + gap), 0);
  const widest = Math.max(0, ...boxes.map((box) => box.w));
  const limit = Math.max(widest, Math.sqrt(area * 1.9));
  const order = boxes.map((_, i) => i).sort((a, b) => boxes[b]!.h - boxes[a]!.h || a - b);
  let [x, y, shelf, w] = [0, 0, 0, 0];
  for (const i of order) {
    const box = boxes[i]!;
    if (x > 0 && x + box.w > limit) {
      x = 0;
      y += shelf + gap;
      shelf = 0;
    }
    at[i] = [x, y];
    x += box.w + gap;
    shelf = Math.max(shelf, box.h);
    w = Math.max(w, x - gap);
  }
  return { at, w, h: y + shelf };
}

function layPart(part: Part, sizes: Sizes, edges: Edges, gaps: Gaps, laid: Laid): { w: number; h: number } {
  if (part.nodes.length === 1) {
    const i = part.nodes[0]!;
    return { w: sizes.w[i]!, h: sizes.h[i]! };
  }
  const local = new Map(part.nodes.map((node, i) => [node, i]));
  const own = part.edges.map((e) => [local.get(edges[e]![0])!, local.get(edges[e]![1])!] as [number, number]);
  const forward = acyclic(part.nodes.length, own);
  const ranks = ranked(part.nodes.length, forward);
  const chain = new Chain(part.nodes.length, ranks, forward);
  const layers = chain.layers();
  chain.order(layers);
  const half = new Float64Array(chain.count).fill(1);
  part.nodes.forEach((node, i) => (half[i] = sizes.h[node]! / 2));
  const y = chain.coordinates(layers, half, gaps.row);

  const x0: number[] = [];
  const widths = layers.map((layer) => Math.max(...[...layer].map((v) => (v < part.nodes.length ? sizes.w[part.nodes[v]!]! : 0))));
  let x = 0;
  for (const width of widths) {
    x0.push(x);
    x += width + gaps.layer;
  }
  let [top, bottom] = [Infinity, -Infinity];
  for (let v = 0; v < chain.count; v++) {
    top = Math.min(top, y[v]! - half[v]!);
    bottom = Math.max(bottom, y[v]! + half[v]!);
  }
  part.nodes.forEach((node, i) => {
    const rank = ranks[i]!;
    laid.x[node] = x0[rank]! + (widths[rank]! - sizes.w[node]!) / 2;
    laid.y[node] = y[i]! - half[i]! - top;
  });
  part.edges.forEach((e, k) => {
    const bends = chain.bends[k]!;
    if (bends.length === 0) return;
    const points = bends.flatMap((v) => {
      const rank = chain.ranks[v]!;
      return [x0[rank]!, y[v]! - top, x0[rank]! + widths[rank]!, y[v]! - top];
    });
    const turned = own[k]![0] !== forward[k]![0];
    laid.bends[e] = turned ? backwards(points) : points;
  });
  return { w: x - gaps.layer, h: bottom - top };
}

function backwards(points: number[]): number[] {
  const turned: number[] = [];
  for (let i = points.length - 2; i >= 0; i -= 2) turned.push(points[i]!, points[i + 1]!);
  return turned;
}

/** The edges with those turned round that would close a circle. */
function acyclic(n: number, edges: Edges): [number, number][] {
  const out: number[][] = Array.from({ length: n }, () => []);
  edges.forEach(([a], e) => out[a]!.push(e));
  const state = new Uint8Array(n); // 1: on the way, 2: done
  const turned = new Uint8Array(edges.length);
  for (let start = 0; start < n; start++) {
    if (state[start] !== 0) continue;
    const stack: [number, number][] = [[start, 0]];
    state[start] = 1;
    while (stack.length > 0) {
      const frame = stack.at(-1)!;
      const e = out[frame[0]]![frame[1]++];
      if (e === undefined) {
        state[frame[0]] = 2;
        stack.pop();
        continue;
      }
      const to = edges[e]![1];
      if (state[to] === 1) turned[e] = 1;
      else if (state[to] === 0) {
        state[to] = 1;
        stack.push([to, 0]);
      }
    }
  }
  return edges.map(([a, b], e) => (turned[e] === 1 ? [b, a] : [a, b]));
}

/** The longest way from a root; then what only gives moves up to who takes it. */
function ranked(n: number, edges: Edges): Int32Array {
  const ranks = new Int32Array(n);
  const out: number[][] = Array.from({ length: n }, () => []);
  const into: number[][] = Array.from({ length: n }, () => []);
  const open = new Int32Array(n);
  for (const [a, b] of edges) {
    if (a === b) continue;
    out[a]!.push(b);
    into[b]!.push(a);
    open[b] = open[b]! + 1;
  }
  const order: number[] = [];
  for (let i = 0; i < n; i++) if (open[i] === 0) order.push(i);
  for (let k = 0; k < order.length; k++) {
    const a = order[k]!;
    for (const b of out[a]!) {
      ranks[b] = Math.max(ranks[b]!, ranks[a]! + 1);
      open[b] = open[b]! - 1;
      if (open[b] === 0) order.push(b);
    }
  }
  for (let k = order.length - 1; k >= 0; k--) {
    const a = order[k]!;
    if (out[a]!.length > into[a]!.length) ranks[a] = Math.min(...out[a]!.map((b) => ranks[b]!)) - 1;
  }
  const least = ranks.reduce((low, rank) => Math.min(low, rank), 0);
  return ranks.map((rank) => rank - least);
}

/** Nodes and, for edges over several layers, one bend a layer between; then all edges join neighbouring layers. */
class Chain {
  readonly count: number;
  readonly ranks: Int32Array;
  readonly bends: number[][];
  private readonly before: number[][];
  private readonly after: number[][];
  private readonly real: number;

  constructor(n: number, ranks: Int32Array, edges: Edges) {
    this.real = n;
    const spans = edges.map(([a, b]) => Math.max(0, ranks[b]! - ranks[a]! - 1));
    const all = spans.reduce((sum, span) => sum + span, 0);
    const bent = all <= MOST_BENDS_A_NODE * n + 2000; // beyond that straight lines are kinder than none
    this.count = n + (bent ? all : 0);
    this.ranks = new Int32Array(this.count);
    this.ranks.set(ranks);
    this.before = Array.from({ length: this.count }, () => []);
    this.after = Array.from({ length: this.count }, () => []);
    let next = n;
    this.bends = edges.map(([a, b], e) => {
      if (a === b) return [];
      const bends: number[] = [];
      let last = a;
      for (let k = 1; bent && k <= spans[e]!; k++) {
        this.ranks[next] = ranks[a]! + k;
        this.join(last, next);
        bends.push(next);
        last = next++;
      }
      if (bent || spans[e] === 0) this.join(last, b);
      return bends;
    });
  }

  private join(a: number, b: number): void {
    this.after[a]!.push(b);
    this.before[b]!.push(a);
  }

  /** By rank, in the order of a walk along the edges: neighbours begin near each other. */
  layers(): Int32Array[] {
    const height = this.ranks.reduce((top, rank) => Math.max(top, rank), 0) + 1;
    const layers: number[][] = Array.from({ length: height }, () => []);
    const seen = new Uint8Array(this.count);
    for (let start = 0; start < this.count; start++) {
      if (seen[start] === 1) continue;
      const stack = [start];
      seen[start] = 1;
      while (stack.length > 0) {
        const v = stack.pop()!;
        layers[this.ranks[v]!]!.push(v);
        for (const next of [this.before[v]!, this.after[v]!])
          for (let k = next.length - 1; k >= 0; k--) {
            const w = next[k]!;
            if (seen[w] === 1) continue;
            seen[w] = 1;
            stack.push(w);
          }
      }
    }
    return layers.map((layer) => Int32Array.from(layer));
  }

  /** Fewer crossings: each node to the middle of its neighbours, down and up in turn; the best order seen is kept. */
  order(layers: Int32Array[]): void {
    const place = new Float64Array(this.count);
    const note = (layer: Int32Array): void => layer.forEach((v, i) => (place[v] = i));
    layers.forEach(note);
    let best = layers.map((layer) => layer.slice());
    let least = this.crossings(layers, place);
    const sweeps = this.count > 6000 ? 3 : SWEEPS;
    for (let sweep = 0; sweep < sweeps && least > 0; sweep++) {
      const down = sweep % 2 === 0;
      for (let k = 1; k < layers.length; k++) {
        const layer = layers[down ? k : layers.length - 1 - k]!;
        this.sortByMiddle(layer, down ? this.before : this.after, place);
        note(layer);
      }
      const crossings = this.crossings(layers, place);
      if (crossings < least) {
        least = crossings;
        best = layers.map((layer) => layer.slice());
      }
    }
    best.forEach((layer, i) => (layers[i] = layer));
  }

  private sortByMiddle(layer: Int32Array, neighbours: number[][], place: Float64Array): void {
    const middle = new Map<number, number>();
    for (const v of layer) {
      const near = neighbours[v]!;
      let sum = 0;
      for (const w of near) sum += place[w]!;
      middle.set(v, near.length > 0 ? sum / near.length : place[v]!);
    }
    layer.sort((a, b) => middle.get(a)! - middle.get(b)! || place[a]! - place[b]!);
  }

  private crossings(layers: Int32Array[], place: Float64Array): number {
    let total = 0;
    for (let k = 0; k + 1 < layers.length; k++) {
      const size = layers[k + 1]!.length;
      const tree = new Int32Array(size + 1);
      let known = 0;
      for (const v of layers[k]!) {
        const ends = this.after[v]!.map((w) => place[w]!).sort((a, b) => a - b);
        for (const end of ends) {
          let less = 0;
          for (let i = end + 1; i > 0; i -= i & -i) less += tree[i]!;
          total += known - less;
        }
        for (const end of ends) {
          for (let i = end + 1; i <= size; i += i & -i) tree[i] = tree[i]! + 1;
          known += 1;
        }
      }
    }
    return total;
  }

  /** Centres: as near to the neighbours as the order and the gaps allow; long edges are drawn straight first. */
  coordinates(layers: Int32Array[], half: Float64Array, gap: number): Float64Array {
    const y = new Float64Array(this.count);
    for (const layer of layers) {
      let at = 0;
      for (const v of layer) {
        at += half[v]!;
        y[v] = at;
        at += half[v]! + gap;
      }
      for (const v of layer) y[v] = y[v]! - (at - gap) / 2;
    }
    const passes = this.count > 6000 ? 4 : 10;
    for (let pass = 0; pass < passes; pass++) {
      const last = pass >= passes - 2;
      const sides = last ? [this.before, this.after] : pass % 2 === 0 ? [this.before] : [this.after];
      for (let k = 0; k < layers.length; k++) this.settle(layers[pass % 2 === 0 ? k : layers.length - 1 - k]!, sides, y, half, gap);
    }
    return y;
  }

  /** The nearest centres to those wished for that keep the order and the gaps: pooling of adjacent violators. */
  private settle(layer: Int32Array, sides: number[][][], y: Float64Array, half: Float64Array, gap: number): void {
    const starts: number[] = [];
    const means: number[] = [];
    const weights: number[] = [];
    const offsets = new Float64Array(layer.length);
    for (let i = 0; i < layer.length; i++) {
      const v = layer[i]!;
      if (i > 0) {
        const u = layer[i - 1]!;
        const between = v >= this.real && u >= this.real ? gap / 3 : gap;
        offsets[i] = offsets[i - 1]! + half[u]! + half[v]! + between;
      }
      let [sum, weight] = [0, 0];
      for (const side of sides)
        for (const w of side[v]!) {
          const pull = v >= this.real && w >= this.real ? 8 : v >= this.real || w >= this.real ? 2 : 1;
          sum += pull * y[w]!;
          weight += pull;
        }
      let mean = (weight > 0 ? sum / weight : y[v]!) - offsets[i]!;
      weight = weight > 0 ? weight : 0.01;
      let start = i;
      while (means.length > 0 && means.at(-1)! > mean) {
        const w = weights.pop()!;
        mean = (means.pop()! * w + mean * weight) / (w + weight);
        weight += w;
        start = starts.pop()!;
      }
      means.push(mean);
      weights.push(weight);
      starts.push(start);
    }
    for (let b = 0; b < means.length; b++)
      for (let i = starts[b]!; i < (starts[b + 1] ?? layer.length); i++) y[layer[i]!] = means[b]! + offsets[i]!;
  }
}
