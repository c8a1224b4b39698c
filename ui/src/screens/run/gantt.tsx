/** The timeline of a run: who did what when, live. Drag to look closer, Ctrl and the wheel to zoom. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { Maximize2, Minus, Plus, Route } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";

import type { RunStep } from "../../api/contract";
import { useParam } from "../../app/location";
import { useShortcuts } from "../../app/shortcuts";
import { Button } from "../../parts/button";
import { FilterBox } from "../../parts/fields";
import { Empty } from "../../parts/states";
import { useWidth } from "../../parts/use_width";
import { type Mark, shapeOf, toneOf, wordOf } from "../../parts/status";
import { count, duration } from "../../words/format";
import { MARK_ORDER, standing } from "../../words/steps";
import { type Bar, drawn, extent, type Grouping, labelOf, type Row, rowsOf, ticks, type Window, within, zoomed } from "./gantt_model";
import type { Focus } from "./focus";

const ROW = 28; // pixels
const TICK_MS = 400;
const LEAST_BAR = 3; // pixels

type GanttProps = {
  steps: RunStep[];
  origin: number;
  over: boolean;
  predicted: number | null;
  focus: Focus;
};

/** Room for the word of a tick; the last has its line only, where there is less. */
const TICK_WORD = 48;

export function Gantt({ steps, origin, over, predicted, focus }: GanttProps) {
  const [by, setBy] = useParam("by", "slot");
  const [filter, setFilter] = useParam("q");
  const [only, setOnly] = useParam("state");
  const [path, setPath] = useState(false);
  const now = useClock(!over, steps);
  const kept = useMemo(() => steps.filter((step) => keeps(step, filter, only)), [steps, filter, only]);
  const rows = useMemo(() => rowsOf(kept, by as Grouping, origin, now), [kept, by, origin, now]);
  const all = extent(steps, origin, now, predicted, over);
  const [chosen, setChosen] = useState<Window | null>(null);
  const window = chosen ? within(chosen, all) : all;
  const zoom = (factor: number, at = (window.from + window.to) / 2): void => {
    const next = zoomed(window, all, factor, at);
    setChosen(next.to - next.from >= (all.to - all.from) * 0.999 ? null : next);
  };
  useShortcuts([
    { keys: "+", what: "Zoom in", group: "Timeline", run: () => zoom(0.6) },
    { keys: "-", what: "Zoom out", group: "Timeline", run: () => zoom(1 / 0.6) },
    { keys: "0", what: "Show all of it", group: "Timeline", run: () => setChosen(null) },
  ]);

  return (
    <section className="gantt" aria-label="Timeline">
      <div className="gantt-tools">
        <div className="segmented" role="group" aria-label="Rows">
          <button type="button" aria-pressed={by === "slot"} onClick={() => setBy("slot")}>
            By slot
          </button>
          <button type="button" aria-pressed={by === "step"} onClick={() => setBy("step")}>
            By step
          </button>
        </div>
        <FilterBox label="Filter steps" value={filter} onChange={setFilter} mono />
        <Legend steps={steps} only={only as Mark | ""} onOnly={setOnly} />
        <span className="grow" />
        <Button look="quiet" small icon={<Route size={15} />} aria-pressed={path} title="Dim all but the longest chain" onClick={() => setPath(!path)}>
          Critical path
        </Button>
        <Button look="quiet" small icon={<Minus size={15} />} aria-label="Zoom out" onClick={() => zoom(1 / 0.6)} />
        <Button look="quiet" small icon={<Plus size={15} />} aria-label="Zoom in" onClick={() => zoom(0.6)} />
        <Button look="quiet" small icon={<Maximize2 size={14} />} aria-label="Show all of it" disabled={chosen === null} onClick={() => setChosen(null)} />
      </div>
      <Chart
        rows={rows}
        steps={steps}
        window={window}
        live={over ? null : now - origin}
        expected={over || predicted === null ? null : predicted}
        path={path}
        focus={focus}
        onZoom={zoom}
        onWindow={(next) => setChosen(within(next, all))}
        empty={
          filter || only ? (
            <Empty title="No step matches" action={<Button onClick={() => (setFilter(""), setOnly(""))}>Clear the filter</Button>} />
          ) : (
            <Empty title="Nothing has begun yet">Steps are shown here as soon as a worker takes them.</Empty>
          )
        }
      />
    </section>
  );
}

function keeps(step: RunStep, filter: string, only: string): boolean {
  if (only !== "" && standing(step).mark !== only) return false;
  if (filter === "") return true;
  const text = `${labelOf(step)} ${step.assets.join(" ")}`.toLowerCase();
  return filter.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** Epoch seconds, often, while `on`; never before what the steps tell. */
function useClock(on: boolean, steps: RunStep[]): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    if (!on) return;
    const timer = setInterval(() => setNow(Date.now() / 1000), TICK_MS);
    return () => clearInterval(timer);
  }, [on]);
  return useMemo(() => steps.reduce((last, step) => Math.max(last, step.started ?? 0, step.ended ?? 0), on ? now : 0), [now, steps, on]);
}

/** How many steps stand how; a click keeps those alone. */
function Legend({ steps, only, onOnly }: { steps: RunStep[]; only: Mark | ""; onOnly: (mark: string) => void }) {
  const tally = useMemo(() => {
    const found = new Map<Mark, number>();
    for (const step of steps) found.set(standing(step).mark, (found.get(standing(step).mark) ?? 0) + 1);
    return MARK_ORDER.flatMap((mark) => (found.has(mark) ? [[mark, found.get(mark) ?? 0] as const] : []));
  }, [steps]);
  return (
    <div className="gantt-legend" role="group" aria-label="Steps by status">
      {tally.map(([mark, n]) => (
        <button key={mark} type="button" className={`legend tone-${toneOf(mark)}`} aria-pressed={only === mark} onClick={() => onOnly(only === mark ? "" : mark)}>
          <span aria-hidden="true" className="shape">
            {shapeOf(mark)}
          </span>
          <span className="num">{count(n)}</span> {mark === "never" ? "waiting" : wordOf(mark)}
        </button>
      ))}
    </div>
  );
}

type ChartProps = {
  rows: Row[];
  steps: RunStep[];
  window: Window;
  live: number | null;
  expected: number | null;
  path: boolean;
  focus: Focus;
  onZoom: (factor: number, at: number) => void;
  onWindow: (window: Window) => void;
  empty: React.ReactNode;
};

function Chart({ rows, steps, window, live, expected, path, focus, onZoom, onWindow, empty }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const axis = useRef<HTMLDivElement>(null);
  const wide = useWidth(axis, 600, 50);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => ROW, overscan: 10 });
  const span = Math.max(window.to - window.from, 1e-9);
  const timeAt = (x: number): number => window.from + (x / wide) * span;
  const percent = (at: number): number => ((at - window.from) / span) * 100;

  const latest = useRef({ onZoom, timeAt });
  latest.current = { onZoom, timeAt };
  useEffect(() => {
    const shown = box.current;
    const turned = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault(); // or the browser would zoom the page
      const left = axis.current?.getBoundingClientRect().left ?? 0;
      latest.current.onZoom(event.deltaY < 0 ? 0.8 : 1.25, latest.current.timeAt(event.clientX - left));
    };
    shown?.addEventListener("wheel", turned, { passive: false });
    return () => shown?.removeEventListener("wheel", turned);
  }, []);

  const [drag, setDrag] = useState<[number, number] | null>(null);
  const place = (event: React.PointerEvent): number => Math.max(0, Math.min(wide, event.clientX - (axis.current?.getBoundingClientRect().left ?? 0)));
  function dropped(): void {
    if (drag && Math.abs(drag[1] - drag[0]) > 5) onWindow({ from: timeAt(Math.min(...drag)), to: timeAt(Math.max(...drag)) });
    setDrag(null);
  }

  const chosenRow = focus.at === null ? -1 : rows.findIndex((row) => row.step === focus.at);
  useEffect(() => {
    if (chosenRow >= 0) virtual.scrollToIndex(chosenRow);
    // Only when another step is chosen: rows move while a run goes on, and the eye should not.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [focus.at]);

  return (
    <div className="gantt-box" ref={box} data-testid="gantt" tabIndex={0} role="region" aria-label="When what ran where">
      <div className="gantt-head" aria-hidden="true">
        <div className="gantt-corner" />
        <div className="gantt-axis" ref={axis}>
          {ticks(window, wide / 90).map((at) => (
            <span key={at} className="gantt-tick" style={{ left: `${percent(at)}%` }}>
              {((100 - percent(at)) / 100) * wide > TICK_WORD && (at === 0 ? "0" : duration(at))}
            </span>
          ))}
        </div>
      </div>
      {rows.length === 0 ? (
        empty
      ) : (
        <ol className={`gantt-rows ${path ? "path" : ""}`} style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            return (
              <li key={row.id} className={`gantt-row ${row.step !== null && row.step === focus.at ? "on" : ""}`} style={{ transform: `translateY(${item.start}px)` }}>
                <RowLabel row={row} steps={steps} focus={focus} />
                <div
                  className="gantt-track"
                  onPointerDown={(event) => {
                    if (event.button !== 0 || (event.target as HTMLElement).closest("button")) return;
                    event.currentTarget.setPointerCapture(event.pointerId);
                    setDrag([place(event), place(event)]);
                  }}
                  onPointerMove={(event) => drag && setDrag([drag[0], place(event)])}
                  onPointerUp={dropped}
                  onPointerCancel={() => setDrag(null)}
                >
                  {drawn(row.bars, window, (LEAST_BAR / wide) * span).map((bar) => (
                    <BarButton key={bar.steps[0]} bar={bar} steps={steps} left={percent(bar.from)} width={((bar.to - bar.from) / span) * 100} pixels={wide / 100} focus={focus} />
                  ))}
                  {row.tries.map((one, i) => (
                    <span key={i} className="gantt-try tone-failed" title={`an attempt ended: ${one.outcome}`} style={{ left: `${percent(one.at)}%` }}>
                      <span aria-hidden="true">✖</span>
                    </span>
                  ))}
                </div>
              </li>
            );
          })}
        </ol>
      )}
      <div className="gantt-over" aria-hidden="true" style={{ height: virtual.getTotalSize() }}>
        {live !== null && <span className="gantt-now" style={{ left: `${percent(live)}%` }} />}
        {expected !== null && expected <= window.to && <span className="gantt-expected" title="expected end" style={{ left: `${percent(expected)}%` }} />}
        {drag && <span className="gantt-drag" style={{ left: Math.min(...drag), width: Math.abs(drag[1] - drag[0]) }} />}
      </div>
    </div>
  );
}

function RowLabel({ row, steps, focus }: { row: Row; steps: RunStep[]; focus: Focus }) {
  const step = row.step === null ? undefined : steps[row.step];
  if (!step)
    return (
      <div className="gantt-label clip" title={row.id}>
        {row.label}
      </div>
    );
  const { mark, word } = standing(step);
  return (
    <button
      type="button"
      className={`gantt-label clip ${focus.hover === step.index ? "hover" : ""}`}
      title={`${row.label}: ${word}`}
      aria-pressed={focus.at === step.index}
      onClick={() => focus.select(step.index)}
      onPointerEnter={() => focus.hint(step.index)}
      onPointerLeave={() => focus.hint(null)}
    >
      <span className={`shape tone-${toneOf(mark)}`} aria-hidden="true">
        {shapeOf(mark)}
      </span>{" "}
      <span className="mono">{row.label}</span>
      <span className="sr">, {word}</span>
    </button>
  );
}

type BarProps = { bar: Bar; steps: RunStep[]; left: number; width: number; pixels: number; focus: Focus };

function BarButton({ bar, steps, left, width, pixels, focus }: BarProps) {
  const first = steps[bar.steps[0] ?? -1];
  const several = bar.steps.length > 1;
  const name = several ? `${count(bar.steps.length)} steps` : first ? labelOf(first) : "";
  const word = several ? wordOf(bar.mark) : first ? standing(first).word : "";
  const text = `${name}: ${word}, ${duration(bar.to - bar.from)}${bar.critical ? ", on the critical path" : ""}`;
  const on = focus.at !== null && bar.steps.includes(focus.at);
  const hover = focus.hover !== null && bar.steps.includes(focus.hover);
  return (
    <button
      type="button"
      tabIndex={-1}
      aria-label={text}
      title={text}
      data-step={several ? undefined : first?.step}
      data-mark={bar.mark}
      className={`gantt-bar ${toneOf(bar.mark)} ${bar.critical ? "critical" : ""} ${on ? "on" : ""} ${hover ? "hover" : ""}`}
      style={{ left: `${left}%`, width: `max(${LEAST_BAR}px, ${width}%)` }}
      onClick={() => first && focus.select(first.index)}
      onPointerEnter={() => first && focus.hint(first.index)}
      onPointerLeave={() => focus.hint(null)}
    >
      {bar.parts && width * pixels > 14 && (
        <span className="gantt-parts" aria-hidden="true">
          <span style={{ flexGrow: bar.parts[0] }} className="edge" />
          <span style={{ flexGrow: bar.parts[1] }} />
          <span style={{ flexGrow: bar.parts[2] }} className="edge" />
        </span>
      )}
      {width * pixels > 44 && <span className="gantt-text">{several ? name : name.slice(name.lastIndexOf("/") + 1)}</span>}
    </button>
  );
}
