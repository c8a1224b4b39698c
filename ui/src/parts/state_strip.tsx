/** Many states as one strip of cells; where there are more than fit, a cell stands for several, in the most urgent colour. */
import { useEffect, useRef, useState } from "react";

import { useTheme } from "../app/theme";
import { count } from "../words/format";
import { MARK_ORDER } from "../words/steps";
import { type Mark, toneOf, wordOf } from "./status";
import { useWidth } from "./use_width";

export type Cell = { mark: Mark; name: string };
const CELL = 10; // pixels, with the gap
const ROWS_MOST = 12;

/** What is drawn for `cells` in `places`: the most urgent of those that share a place. */
export function folded(cells: readonly Cell[], places: number): { mark: Mark; from: number; to: number }[] {
  const each = Math.max(1, Math.ceil(cells.length / Math.max(1, places)));
  const found = [];
  for (let from = 0; from < cells.length; from += each) {
    const some = cells.slice(from, from + each);
    const mark = MARK_ORDER.find((one) => some.some((cell) => cell.mark === one)) ?? some[0]?.mark ?? "never";
    found.push({ mark, from, to: from + some.length - 1 });
  }
  return found;
}

export function StateStrip({ cells, label }: { cells: readonly Cell[]; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(box, 400, 60);
  const [at, setAt] = useState<number | null>(null);
  const theme = useTheme();
  const across = Math.floor(width / CELL);
  const drawn = folded(cells, across * ROWS_MOST);
  const rows = Math.max(1, Math.ceil(drawn.length / across));
  useEffect(() => {
    const surface = canvas.current;
    const pen = surface?.getContext("2d");
    if (!surface || !pen) return;
    const scale = window.devicePixelRatio || 1;
    surface.width = width * scale;
    surface.height = rows * CELL * scale;
    pen.scale(scale, scale);
    const style = getComputedStyle(document.documentElement);
    drawn.forEach(({ mark }, i) => {
      pen.fillStyle = style.getPropertyValue(`--${toneOf(mark)}-fill`);
      pen.fillRect((i % across) * CELL, Math.floor(i / across) * CELL, CELL - 2, CELL - 2);
    });
  });
  const tally = MARK_ORDER.flatMap((mark) => {
    const n = cells.filter((cell) => cell.mark === mark).length;
    return n > 0 ? [`${count(n)} ${mark === "never" ? "waiting" : wordOf(mark)}`] : [];
  });
  const pointed = at === null ? undefined : drawn[at];
  return (
    <div className="state-strip" ref={box} data-theme-drawn={theme}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={`${label}: ${tally.join(", ")}`}
        style={{ width, height: rows * CELL }}
        onPointerMove={(event) => {
          const edge = event.currentTarget.getBoundingClientRect();
          const i = Math.floor((event.clientY - edge.top) / CELL) * across + Math.floor((event.clientX - edge.left) / CELL);
          setAt(i < drawn.length ? i : null);
        }}
        onPointerLeave={() => setAt(null)}
      />
      <p className="xs muted num">
        {pointed
          ? `${cells[pointed.from]?.name}${pointed.to > pointed.from ? ` … ${cells[pointed.to]?.name}` : ""}: ${pointed.mark === "never" ? "waiting" : wordOf(pointed.mark)}`
          : tally.join(" · ")}
      </p>
    </div>
  );
}
