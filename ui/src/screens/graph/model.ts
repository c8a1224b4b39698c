/** The graph as the page knows it: names, groups, who needs whom. Topology only; how assets stand is elsewhere. */
import type { Graph } from "../../api/contract";
import type { LayoutRequest } from "./layout/compound";

export type Topology = {
  keys: string[];
  groupOf: Int32Array;
  groups: string[];
  flags: Int32Array;
  edges: [number, number][];
  index: Map<string, number>;
  up: number[][];
  down: number[][];
};

export function topologyOf(graph: Graph): Topology {
  const groups: string[] = [];
  const numbers = new Map<string, number>();
  const keys: string[] = [];
  const groupOf = new Int32Array(graph.nodes.length);
  const flags = new Int32Array(graph.nodes.length);
  graph.nodes.forEach(([key, group, flag], i) => {
    keys.push(key);
    flags[i] = flag;
    let number = numbers.get(group);
    if (number === undefined) {
      number = groups.push(group) - 1;
      numbers.set(group, number);
    }
    groupOf[i] = number;
  });
  const up: number[][] = keys.map(() => []);
  const down: number[][] = keys.map(() => []);
  for (const [a, b] of graph.edges) {
    up[b]?.push(a);
    down[a]?.push(b);
  }
  return { keys, groupOf, groups, flags, edges: graph.edges, index: new Map(keys.map((key, i) => [key, i])), up, down };
}

/** What is shown of the topology: which nodes, which of their groups are folded. */
export type Scene = {
  nodes: number[]; // of the topology
  foreign: ReadonlySet<number>; // of the topology: neighbours of a group that is looked at by itself
  groups: number[]; // of the topology
  folded: boolean[]; // by position in groups
  boxed: boolean;
  request: LayoutRequest;
  shape: string;
};

export const MANY = 150; // from here on large groups begin folded
export const LARGE_GROUP = 30;

export type View = {
  group: string | null; // look at this one by itself
  only: ReadonlySet<string> | null; // keys that a query has found
  unfolded: ReadonlySet<string>;
  refolded: ReadonlySet<string>;
  vertical: boolean;
};

/** Choose what is shown. */
export function sceneOf(topology: Topology, view: View): Scene {
  const shown = new Uint8Array(topology.keys.length);
  const foreign = new Set<number>();
  topology.keys.forEach((key, i) => {
    const inGroup = view.group === null || topology.groups[topology.groupOf[i]!] === view.group;
    if (inGroup && (view.only === null || view.only.has(key))) shown[i] = 1;
  });
  if (view.group !== null && view.only === null) {
    for (const [a, b] of topology.edges) {
      if (shown[a] === 1 && shown[b] === 0) foreign.add(b);
      if (shown[b] === 1 && shown[a] === 0) foreign.add(a);
    }
    for (const i of foreign) shown[i] = 1;
  }
  const nodes: number[] = [];
  shown.forEach((on, i) => on === 1 && nodes.push(i));
  const place = new Map(nodes.map((node, i) => [node, i]));
  const edges: [number, number][] = [];
  for (const [a, b] of topology.edges) {
    if (shown[a] !== 1 || shown[b] !== 1 || (foreign.has(a) && foreign.has(b))) continue;
    edges.push([place.get(a)!, place.get(b)!]);
  }
  const boxed = view.group === null && topology.groups.length > 1;
  const groups = boxed ? [...new Set(nodes.map((i) => topology.groupOf[i]!))] : [0];
  const number = new Map(groups.map((group, i) => [group, i]));
  const groupOf = Int32Array.from(nodes, (i) => (boxed ? number.get(topology.groupOf[i]!)! : 0));
  const sizes = new Int32Array(groups.length);
  groupOf.forEach((g) => (sizes[g] = sizes[g]! + 1));
  const folded = groups.map((group, g) => {
    const name = topology.groups[group]!;
    if (!boxed || view.unfolded.has(name)) return false;
    return view.refolded.has(name) || (nodes.length > MANY && sizes[g]! > LARGE_GROUP);
  });
  const request: LayoutRequest = {
    groups: groups.map((group) => topology.groups[group]!), groupOf, edges, folded, boxed, vertical: view.vertical,
  };
  return { nodes, foreign, groups, folded, boxed, request, shape: shapeOf(topology, nodes, request) };
}

/** A name for what the layout depends on: the same name, the same picture. */
function shapeOf(topology: Topology, nodes: number[], request: LayoutRequest): string {
  let hash = 2166136261;
  const mix = (text: string): void => {
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
  };
  for (const i of nodes) mix(topology.keys[i]!);
  for (const g of request.groupOf) hash = Math.imul(hash ^ g, 16777619);
  for (const [a, b] of request.edges) hash = Math.imul(hash ^ (a * 31 + b), 16777619);
  return `${nodes.length} ${request.edges.length} ${(hash >>> 0).toString(36)} ${request.folded.map(Number).join("")} ${request.boxed} ${request.vertical}`;
}

/** Everything upstream (or downstream) of some nodes, themselves among it, `hops` far. */
export function reach(neighbours: number[][], from: Iterable<number>, hops = Infinity): Set<number> {
  const found = new Set(from);
  let edge = [...found];
  for (let hop = 0; hop < hops && edge.length > 0; hop++) {
    const next: number[] = [];
    for (const i of edge)
      for (const j of neighbours[i] ?? [])
        if (!found.has(j)) {
          found.add(j);
          next.push(j);
        }
    edge = next;
  }
  return found;
}

export type Point = { x: number; y: number };

/**
 * Where an arrow key leads from a node: along the edges the nearest neighbour; across them the nearest node that lies
 * on that side. Null when there is none.
 */
export function towards(
  key: string,
  at: number,
  centres: ReadonlyMap<number, Point>,
  topology: Pick<Topology, "up" | "down">,
  vertical: boolean,
): number | null {
  const here = centres.get(at);
  if (!here) return null;
  const along: Record<string, "up" | "down"> = vertical ? { ArrowUp: "up", ArrowDown: "down" } : { ArrowLeft: "up", ArrowRight: "down" };
  const side = along[key];
  if (side !== undefined) {
    const linked = topology[side][at]!.filter((i) => centres.has(i));
    return nearest(here, linked, centres, vertical ? "x" : "y");
  }
  const [axis, other, sign] = vertical
    ? (["x", "y", key === "ArrowRight" ? 1 : -1] as const)
    : (["y", "x", key === "ArrowDown" ? 1 : -1] as const);
  let [best, cost] = [null as number | null, Infinity];
  for (const [i, point] of centres) {
    const ahead = (point[axis] - here[axis]) * sign;
    if (i === at || ahead < 1) continue;
    const far = ahead + 3 * Math.abs(point[other] - here[other]);
    if (far < cost) [best, cost] = [i, far];
  }
  return best;
}

function nearest(here: Point, among: number[], centres: ReadonlyMap<number, Point>, axis: "x" | "y"): number | null {
  let [best, cost] = [null as number | null, Infinity];
  for (const i of among) {
    const far = Math.abs(centres.get(i)![axis] - here[axis]);
    if (far < cost) [best, cost] = [i, far];
  }
  return best;
}
