/** Layouts are made in a worker, once for each shape of the graph; how assets stand never asks for another. */
import { useEffect, useState } from "react";

import type { Layout, LayoutRequest } from "./compound";

const KEPT = 12;
const made = new Map<string, Layout>();
const waiting = new Map<number, (layout: Layout) => void>();
let worker: Worker | null = null;
let next = 1;

/** How many layouts were asked for: statuses must not add to it. */
export let asked = 0;

function ask(request: LayoutRequest): Promise<Layout> {
  if (worker === null) {
    worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<{ id: number; layout: Layout }>) => {
      waiting.get(data.id)?.(data.layout);
      waiting.delete(data.id);
    };
  }
  const id = next++;
  asked += 1;
  worker.postMessage({ id, request });
  return new Promise((resolve) => waiting.set(id, resolve));
}

/** The layout for `request`, which `shape` names; the last one is shown until it is there. */
export function useLayout(shape: string, request: LayoutRequest | null): Layout | null {
  const [shown, setShown] = useState<{ shape: string; layout: Layout } | null>(null);
  useEffect(() => {
    if (request === null) return;
    let current = true;
    const show = (layout: Layout): void => {
      made.delete(shape);
      made.set(shape, layout);
      for (const old of [...made.keys()].slice(0, -KEPT)) made.delete(old);
      performance.measure("graph-layout", { start: performance.now() - layout.ms, duration: layout.ms });
      if (current) setShown({ shape, layout });
    };
    const known = made.get(shape);
    if (known) show(known);
    else void ask(request).then(show);
    return () => {
      current = false;
    };
    // `shape` stands for the request.
  }, [shape]);
  return shown?.shape === shape ? shown.layout : null;
}
