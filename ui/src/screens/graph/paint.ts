/** The canvas below the cards: lines and boxes always, cards as coloured rectangles when they are too small to read. */
import { type Shown, shownOf, statuses } from "../../api/statuses";
import { shapeOf, toneOf } from "../../parts/status";
import type { Camera } from "./camera";
import { CARD, type Layout, type Line } from "./layout/compound";
import type { Scene, Topology } from "./model";

export const CARDS_FROM = 0.62; // scale from which cards are elements of the page
const NAMES_FROM = 0.22;
const MOST_LINES = 6000;

export type Colours = Record<string, string>;
const NAMES = [
  "paper", "surface", "raised", "line", "line-strong", "text", "muted", "faint", "accent", "ring", "sunken",
  "done-fill", "running-fill", "queued-fill", "stale-fill", "failed-fill", "skipped-fill", "never-fill",
  "done", "running", "queued", "stale", "failed", "skipped", "never",
];

/** The colours of the theme, for the canvas. */
export function coloursNow(): Colours {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

export const fillOf = (shown: Shown): string => `${toneOf(shown)}-fill`;

export type Look = {
  scene: Scene;
  layout: Layout;
  topology: Topology;
  colours: Colours;
  selected: ReadonlySet<number>; // of the topology
  near: ReadonlySet<number> | null; // ends whose lines stand out; ids as in Line
};

export function paint(context: CanvasRenderingContext2D, camera: Camera, look: Look): void {
  const { at, size } = camera;
  const ratio = window.devicePixelRatio || 1;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, size.w, size.h);
  context.setTransform(ratio * at.z, 0, 0, ratio * at.z, -at.x * at.z * ratio, -at.y * at.z * ratio);
  const sight = { x0: at.x, y0: at.y, x1: at.x + size.w / at.z, y1: at.y + size.h / at.z };
  boxes(context, look, at.z, sight);
  lines(context, look, at.z, sight);
  if (at.z < CARDS_FROM) rectangles(context, look, at.z, sight);
}

type Within = { x0: number; y0: number; x1: number; y1: number };
const inSight = (s: Within, x: number, y: number, w: number, h: number): boolean =>
  x < s.x1 && y < s.y1 && x + w > s.x0 && y + h > s.y0;

function boxes(context: CanvasRenderingContext2D, { layout, colours }: Look, z: number, sight: Within): void {
  for (const box of layout.boxes) {
    if (box.folded || !inSight(sight, box.x, box.y, box.w, box.h)) continue;
    context.beginPath();
    context.roundRect(box.x, box.y, box.w, box.h, 14);
    context.fillStyle = colours["sunken"]!;
    context.fill();
    context.lineWidth = 1 / Math.max(z, 0.2);
    context.strokeStyle = colours["line"]!;
    context.stroke();
  }
}

function lines(context: CanvasRenderingContext2D, { layout, colours, near }: Look, z: number, sight: Within): void {
  const visible = layout.lines.filter((line) => lineInSight(line, sight));
  if (visible.length <= MOST_LINES) {
    context.lineWidth = Math.max(1.25, 0.8 / z);
    context.strokeStyle = colours["line-strong"]!;
    context.globalAlpha = near === null ? 1 : 0.55;
    context.beginPath();
    for (const line of visible) trace(context, line.points, z);
    context.stroke();
    context.globalAlpha = 1;
    if (z >= CARDS_FROM) heads(context, visible, colours["line-strong"]!);
  }
  if (near === null) return;
  const marked = visible.filter((line) => near.has(line.from) || near.has(line.to));
  context.lineWidth = Math.max(1.75, 1.2 / z);
  context.strokeStyle = colours["ring"]!;
  context.beginPath();
  for (const line of marked) trace(context, line.points, z);
  context.stroke();
  if (z >= CARDS_FROM) heads(context, marked, colours["ring"]!);
}

function lineInSight({ points }: Line, sight: Within): boolean {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < points.length; i += 2) {
    x0 = Math.min(x0, points[i]!);
    x1 = Math.max(x1, points[i]!);
    y0 = Math.min(y0, points[i + 1]!);
    y1 = Math.max(y1, points[i + 1]!);
  }
  return x0 < sight.x1 && x1 > sight.x0 && y0 < sight.y1 && y1 > sight.y0;
}

let vertical = false;
export function setVertical(on: boolean): void {
  vertical = on;
}

/** Pairs of level points are joined straight, from one pair to the next in a curve that begins and ends level. */
function trace(context: CanvasRenderingContext2D, points: number[], z: number): void {
  context.moveTo(points[0]!, points[1]!);
  for (let i = 2; i < points.length; i += 2) {
    const [x0, y0, x1, y1] = [points[i - 2]!, points[i - 1]!, points[i]!, points[i + 1]!];
    if ((vertical ? x0 === x1 : y0 === y1) || z < 0.12) context.lineTo(x1, y1);
    else if (vertical) {
      const d = Math.max(24, Math.abs(y1 - y0) / 2);
      context.bezierCurveTo(x0, y0 + d, x1, y1 - d, x1, y1);
    } else {
      const d = Math.max(24, Math.abs(x1 - x0) / 2);
      context.bezierCurveTo(x0 + d, y0, x1 - d, y1, x1, y1);
    }
  }
}

function heads(context: CanvasRenderingContext2D, shown: Line[], colour: string): void {
  context.fillStyle = colour;
  context.beginPath();
  for (const { points } of shown) {
    const [x, y] = [points.at(-2)!, points.at(-1)!];
    context.moveTo(x, y);
    if (vertical) {
      context.lineTo(x - 4, y - 7);
      context.lineTo(x + 4, y - 7);
    } else {
      context.lineTo(x - 7, y - 4);
      context.lineTo(x - 7, y + 4);
    }
    context.closePath();
  }
  context.fill();
}

/** Cards from afar: the colour of their status, and their name while it can be read. */
function rectangles(context: CanvasRenderingContext2D, look: Look, z: number, sight: Within): void {
  const { layout, scene, topology, colours, selected } = look;
  const byFill = new Map<string, number[]>();
  scene.nodes.forEach((node, i) => {
    const x = layout.x[i]!;
    if (Number.isNaN(x) || !inSight(sight, x, layout.y[i]!, CARD.w, CARD.h)) return;
    const fill = fillOf(shownOf(statuses.get(topology.keys[node]!), (topology.flags[node]! & 1) === 1));
    const list = byFill.get(fill);
    if (list) list.push(i);
    else byFill.set(fill, [i]);
  });
  const names = z >= NAMES_FROM;
  for (const [fill, list] of byFill) {
    context.beginPath();
    for (const i of list) {
      if (names) context.roundRect(layout.x[i]!, layout.y[i]!, CARD.w, CARD.h, 10);
      else context.rect(layout.x[i]!, layout.y[i]!, CARD.w, CARD.h);
    }
    context.fillStyle = names ? colours["surface"]! : colours[fill]!;
    context.fill();
    if (!names) continue;
    context.strokeStyle = colours["line-strong"]!;
    context.lineWidth = 1 / z;
    context.stroke();
    context.beginPath();
    for (const i of list) context.rect(layout.x[i]!, layout.y[i]! + 10, 10, CARD.h - 20);
    context.fillStyle = colours[fill]!;
    context.fill();
  }
  if (names) writeNames(context, look, [...byFill.values()].flat());
  outline(context, look, selected, z);
}

function writeNames(context: CanvasRenderingContext2D, { layout, scene, topology, colours }: Look, shown: number[]): void {
  context.fillStyle = colours["text"]!;
  context.font = '500 22px "Geist Mono Variable", monospace';
  context.textBaseline = "middle";
  for (const i of shown) {
    const name = topology.keys[scene.nodes[i]!]!.split("/").at(-1)!;
    context.fillText(name.length > 13 ? `${name.slice(0, 12)}…` : name, layout.x[i]! + 20, layout.y[i]! + CARD.h / 2);
  }
  // A shape beside the colour: not everybody tells colours apart.
  context.font = '20px "DejaVu Sans", "Segoe UI Symbol", sans-serif';
  context.textAlign = "center";
  for (const i of shown) {
    const node = scene.nodes[i]!;
    const mark = shownOf(statuses.get(topology.keys[node]!), (topology.flags[node]! & 1) === 1);
    context.fillStyle = colours[toneOf(mark)]!;
    context.fillText(shapeOf(mark), layout.x[i]! + CARD.w - 20, layout.y[i]! + CARD.h / 2);
  }
  context.textAlign = "start";
}

function outline(context: CanvasRenderingContext2D, { layout, scene, colours }: Look, selected: ReadonlySet<number>, z: number): void {
  if (selected.size === 0) return;
  context.beginPath();
  scene.nodes.forEach((node, i) => {
    if (selected.has(node) && !Number.isNaN(layout.x[i]!)) context.roundRect(layout.x[i]!, layout.y[i]!, CARD.w, CARD.h, 10);
  });
  context.strokeStyle = colours["ring"]!;
  context.lineWidth = 2.5 / z;
  context.stroke();
}
