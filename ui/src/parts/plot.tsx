/** A line of numbers over time or partition by partition, with axes and a readout under the pointer. */
import { useId, useRef, useState } from "react";

import { absolute, number } from "../words/format";
import { useWidth } from "./use_width";

/** `x` is a moment, or the place of `label` among all that are shown; `at` is when it was made. */
export type PlotPoint = { x: number; y: number; at: number; label?: string; href?: string };
const HEIGHT = 180;
const LEFT = 56;
const BOTTOM = 22;
const TOP = 10;
const RIGHT = 12;

/** About `count` round numbers from low to high. */
export function ticks(low: number, high: number, count: number): number[] {
  if (!(high > low)) return [low];
  const raw = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= raw) ?? raw;
  const first = Math.ceil(low / step) * step;
  return Array.from({ length: Math.floor((high - first) / step + 1e-9) + 1 }, (_, i) => Number((first + i * step).toPrecision(12)));
}

/** What the plot of an asset with partitions shows: the newest number of each, in the order of their keys. */
export function byPartition(points: readonly PlotPoint[]): PlotPoint[] {
  const newest = new Map<string, PlotPoint>();
  for (const point of points) if (point.label !== undefined) newest.set(point.label, point);
  return [...newest.values()].sort((a, b) => inOrder.compare(a.label ?? "", b.label ?? "")).map((point, x) => ({ ...point, x }));
}
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 4 });
/** As there is room for at an axis. */
const short = (value: number): string => (Math.abs(value) >= 1e6 ? compact.format(value) : number(value));
const inOrder = new Intl.Collator("en", { numeric: true });

/** How numbers are written that are more than numbers, and the sign of the unit they are in. */
export type Unit = { told: (value: number) => string; sign: string };

/** What stands at the axis: in words as long as these tell the ticks apart. */
export function tickWords(values: readonly number[], unit?: Unit): string[] {
  if (unit === undefined) return values.map(short);
  const words = values.map(unit.told);
  return new Set(words).size === words.length ? words : values.map((value) => `${short(value)} ${unit.sign}`);
}

export function Plot({ points, label, onOpen, partitions = false, unit }: {
  points: PlotPoint[];
  label: string;
  onOpen?: (point: PlotPoint) => void;
  partitions?: boolean;
  unit?: Unit;
}) {
  const told = unit?.told ?? number;
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box, 480, 160);
  const [at, setAt] = useState<number | null>(null);
  const name = useId();
  const ys = points.map((point) => point.y);
  const [low, high] = padded(Math.min(...ys), Math.max(...ys));
  const [first, last] = [points[0]?.x ?? 0, points.at(-1)?.x ?? 1];
  const px = (x: number): number => LEFT + (last > first ? (x - first) / (last - first) : 0.5) * (width - LEFT - RIGHT);
  const py = (y: number): number => TOP + (1 - (y - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const path = points.map((point, i) => `${i === 0 ? "M" : "L"}${px(point.x).toFixed(1)} ${py(point.y).toFixed(1)}`).join("");
  const yTicks = ticks(low, high, 4);
  const yWords = tickWords(yTicks, unit);
  const shown = at === null ? points.at(-1) : points[at];

  function hover(event: React.PointerEvent): void {
    const x = event.clientX - (box.current?.getBoundingClientRect().left ?? 0);
    let [best, distance] = [0, Infinity];
    points.forEach((point, i) => {
      const far = Math.abs(px(point.x) - x);
      if (far < distance) [best, distance] = [i, far];
    });
    setAt(best);
  }
  return (
    <figure className="plot" aria-labelledby={name}>
      <figcaption className="row wide">
        <span id={name} className="plot-name">
          {label}
        </span>
        {shown && (
          <span className="small">
            <strong className="num">{told(shown.y)}</strong>
            <span className="faint" title={absolute(shown.at)}>
              {" "}
              {partitions ? shown.label : `${shown.label ? `${shown.label}, ` : ""}${absolute(shown.at)}`}
            </span>
          </span>
        )}
      </figcaption>
      <div ref={box} onPointerMove={hover} onPointerLeave={() => setAt(null)} onClick={() => at !== null && points[at] && onOpen?.(points[at])}>
        <svg width={width} height={HEIGHT} role="img" aria-label={`${label}: ${points.length} values from ${told(Math.min(...ys))} to ${told(Math.max(...ys))}`}>
          {yTicks.map((tick, i) => (
            <g key={tick}>
              <line x1={LEFT} x2={width - RIGHT} y1={py(tick)} y2={py(tick)} className="plot-grid" />
              <text x={LEFT - 8} y={py(tick)} dy="0.32em" textAnchor="end" className="plot-tick">
                {yWords[i]}
              </text>
            </g>
          ))}
          {(partitions ? labelTicks(points, width) : dayTicks(first, last, width)).map((tick) => (
            <text key={tick.at} x={px(tick.at)} y={HEIGHT - 5} textAnchor="middle" className="plot-tick">
              {tick.text}
            </text>
          ))}
          <path d={path} className="plot-line" />
          {points.length <= 120 && points.map((point, i) => <circle key={i} cx={px(point.x)} cy={py(point.y)} r={at === i ? 4 : 2.25} className="plot-dot" />)}
          {at !== null && points[at] && <line x1={px(points[at].x)} x2={px(points[at].x)} y1={TOP} y2={HEIGHT - BOTTOM} className="plot-cross" />}
        </svg>
      </div>
    </figure>
  );
}

function padded(low: number, high: number): [number, number] {
  if (low === high) return [low - Math.max(1, Math.abs(low) * 0.1), high + Math.max(1, Math.abs(high) * 0.1)];
  const room = (high - low) * 0.08;
  return [low - room, high + room];
}

function dayTicks(first: number, last: number, width: number): { at: number; text: string }[] {
  const some = Math.max(2, Math.floor(width / 140));
  const options: Intl.DateTimeFormatOptions =
    last - first > 86400 * 2 ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit", ...(last - first < 600 && { second: "2-digit" }) };
  const format = new Intl.DateTimeFormat("en-GB", options);
  if (!(last > first)) return [{ at: first, text: format.format(new Date(first * 1000)) }];
  return Array.from({ length: some }, (_, i) => first + ((i + 0.5) / some) * (last - first)).map((at) => ({ at, text: format.format(new Date(at * 1000)) }));
}

function labelTicks(points: readonly PlotPoint[], width: number): { at: number; text: string }[] {
  const longest = Math.max(...points.map((point) => point.label?.length ?? 0));
  const some = Math.max(1, Math.min(points.length, Math.floor((width - LEFT) / (Math.min(longest, 20) * 7 + 16))));
  return Array.from({ length: some }, (_, i) => points[Math.floor(((i + 0.5) / some) * points.length)]!).map(({ x, label = "" }) => ({
    at: x,
    text: label.length > 20 ? `${label.slice(0, 19)}…` : label,
  }));
}
