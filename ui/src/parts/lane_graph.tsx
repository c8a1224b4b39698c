/** A small graph as a list with lines at its left: readable in a narrow column, and walked through like any list. */
import "./lane_graph.css";

import { type ReactNode, useMemo, useRef } from "react";

import { lanesOf } from "../words/lanes";
import { type Mark, shapeOf, toneOf } from "./status";

export type LaneNode = { id: string; label: ReactNode; title: string; mark: Mark; word: string; more?: ReactNode };

const ROW = 26;
const MOST_WIDE = 132;

export function LaneGraph({ nodes, needs, at, hover, onSelect, onHint, label }: {
  nodes: LaneNode[];
  needs: number[][];
  at: number | null;
  hover?: number | null;
  onSelect: (index: number) => void;
  onHint?: (index: number | null) => void;
  label: string;
}) {
  const { order, lane, width } = useMemo(() => lanesOf(needs), [needs]);
  const place = useMemo(() => new Map(order.map((node, row) => [node, row])), [order]);
  const gap = Math.min(15, MOST_WIDE / Math.max(1, width));
  const left = 10 + Math.max(0, width - 1) * gap + 14;
  const x = (node: number): number => 10 + (lane[node] ?? 0) * gap;
  const y = (node: number): number => (place.get(node) ?? 0) * ROW + ROW / 2;
  const list = useRef<HTMLOListElement>(null);
  const lit = hover ?? at;

  function pressed(event: React.KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const all = [...(list.current?.querySelectorAll<HTMLElement>("button") ?? [])];
    all[all.indexOf(document.activeElement as HTMLElement) + step]?.focus();
  }

  return (
    <div className="lanes" style={{ height: nodes.length * ROW }}>
      <svg className="lanes-lines" aria-hidden="true" width={left} height={nodes.length * ROW}>
        {needs.flatMap((list, node) =>
          list.map((one) => <path key={`${one}-${node}`} d={line(x(one), y(one), x(node), y(node))} className={lit === one || lit === node ? "lit" : undefined} />),
        )}
      </svg>
      <ol ref={list} aria-label={label} onKeyDown={pressed}>
        {order.map((node) => {
          const shown = nodes[node];
          if (!shown) return null;
          return (
            <li key={shown.id}>
              <button
                type="button"
                data-node={node}
                data-mark={shown.mark}
                className={`lanes-node ${at === node ? "on" : ""} ${hover === node ? "hover" : ""}`}
                style={{ paddingLeft: left }}
                aria-pressed={at === node}
                title={`${shown.title}: ${shown.word}`}
                onClick={() => onSelect(node)}
                onPointerEnter={() => onHint?.(node)}
                onPointerLeave={() => onHint?.(null)}
              >
                <span className={`lanes-dot tone-${toneOf(shown.mark)}`} style={{ left: x(node) }} aria-hidden="true">
                  <span className={shown.mark === "running" ? "turning" : undefined}>{shapeOf(shown.mark)}</span>
                </span>
                <span className="clip grow mono">{shown.label}</span>
                <span className="sr">, {shown.word}</span>
                {shown.more}
              </button>
            </li>
          );
        })}
      </ol>
    </div>
  );
}

/** Down the lane of what is needed, then over to what needs it. */
function line(x1: number, y1: number, x2: number, y2: number): string {
  if (x1 === x2) return `M${x1} ${y1}V${y2}`;
  const turn = Math.min(9, Math.abs(x2 - x1));
  return `M${x1} ${y1}V${y2 - turn}Q${x1} ${y2} ${x1 + Math.sign(x2 - x1) * turn} ${y2}H${x2}`;
}
