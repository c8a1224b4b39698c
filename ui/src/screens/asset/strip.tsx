/** The strip: one canvas, as many columns as pixels. Drag, or arrows with Shift, to choose a range. */
import { useEffect, useRef, useState } from "react";

import { useTheme } from "../../app/theme";
import { useWidth } from "../../parts/use_width";
import { codeAt, columnsOf, type Lengths } from "../../words/runs_of";
import { count } from "../../words/format";
import { MARKS, type Span } from "./partitions";

const HEIGHT = 36;
const URGENT = ["failed", "running", "queued", "stale", "missing", "skipped", "materialized"];
type StripProps = { lengths: Lengths; codes: string[]; total: number; span: Span | null; onSpan: (span: Span | null) => void };

export function Strip({ lengths, codes, total, span, onSpan }: StripProps) {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(box, 0);
  const [hover, setHover] = useState<number | null>(null);
  const from = useRef<number | null>(null);
  const theme = useTheme();

  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context || width === 0) return;
    draw(context, lengths, codes, total, width);
    performance.mark("strip-painted");
  }, [lengths, codes, total, width, theme]);

  const indexAt = (clientX: number): number => {
    const bounds = box.current!.getBoundingClientRect();
    return Math.max(0, Math.min(total - 1, Math.floor(((clientX - bounds.left) / bounds.width) * total)));
  };
  const between = (a: number, b: number): Span => ({ first: Math.min(a, b), last: Math.max(a, b) });
  function pressed(event: React.KeyboardEvent): void {
    const big = Math.max(1, Math.round(total / 50));
    const step = { ArrowRight: 1, ArrowLeft: -1, PageDown: big, PageUp: -big, Home: -total, End: total }[event.key];
    if (event.key === "Escape" && span !== null) onSpan(null);
    else if (step === undefined) return;
    else {
      const at = from.current ?? span?.first ?? 0;
      const head = span === null ? at : span.first === at ? span.last : span.first;
      const next = Math.max(0, Math.min(total - 1, span === null ? at : head + step));
      if (!event.shiftKey) from.current = next;
      onSpan(between(event.shiftKey ? at : next, next));
    }
    event.preventDefault();
    event.stopPropagation();
  }
  const shown = hover ?? span?.last ?? null;
  const code = shown === null ? null : codeAt(lengths, shown);
  return (
    <div className="strip-box">
      <div
        ref={box}
        className="strip"
        role="slider"
        tabIndex={0}
        aria-label="Partitions; drag or Shift and arrows choose a range"
        aria-valuemin={0}
        aria-valuemax={total - 1}
        aria-valuenow={span?.last ?? 0}
        aria-valuetext={span === null ? "none chosen" : `${count(span.last - span.first + 1)} chosen`}
        onKeyDown={pressed}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          const at = indexAt(event.clientX);
          if (!event.shiftKey || from.current === null) from.current = at;
          onSpan(between(from.current, at));
        }}
        onPointerMove={(event) => {
          const at = indexAt(event.clientX);
          setHover(at);
          if (event.buttons === 1 && from.current !== null) onSpan(between(from.current, at));
        }}
        onPointerLeave={() => setHover(null)}
      >
        <canvas ref={canvas} width={width} height={HEIGHT} />
        {span !== null && (
          <div className="strip-span" style={{ left: `${(span.first / total) * 100}%`, width: `${((span.last - span.first + 1) / total) * 100}%` }} />
        )}
      </div>
      <p className="faint xs num strip-at" aria-hidden="true">
        {shown !== null && code !== null ? `${count(shown + 1)} of ${count(total)}: ${codes[code] === "materialized" ? "made" : codes[code]}` : " "}
      </p>
    </div>
  );
}

function draw(context: CanvasRenderingContext2D, lengths: Lengths, codes: string[], total: number, width: number): void {
  const style = getComputedStyle(document.documentElement);
  const fills = codes.map((state) => {
    const mark = MARKS[state] ?? "missing";
    return style.getPropertyValue(`--${mark === "missing" ? "never" : mark}-fill`).trim();
  });
  const rank = (code: number): number => {
    const place = URGENT.indexOf(codes[code] ?? "");
    return place < 3 && place >= 0 ? place : 10; // what fails or runs must be seen, the rest by its share
  };
  const columns = columnsOf(lengths, total, width, rank);
  context.clearRect(0, 0, width, HEIGHT);
  for (let x = 0; x < width; ) {
    let end = x + 1;
    while (end < width && columns[end] === columns[x]) end += 1;
    context.fillStyle = fills[columns[x] ?? 0] ?? "";
    context.fillRect(x, 0, end - x, HEIGHT);
    x = end;
  }
  const each = width / total;
  if (each < 5) return;
  context.fillStyle = style.getPropertyValue("--surface").trim();
  for (let i = 1; i < total; i++) context.fillRect(Math.round(i * each), 0, 1, HEIGHT);
}
