/** Moments and spans: relative for the eye, absolute on hover and for machines. */
import { useSyncExternalStore } from "react";

import { absolute, duration, relative } from "../words/format";

const listeners = new Set<() => void>();
let now = Math.floor(Date.now() / 1000);
let timer: ReturnType<typeof setInterval> | null = null;

function listen(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Math.floor(Date.now() / 1000);
    for (const tell of listeners) tell();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && timer !== null) {
      clearInterval(timer);
      timer = null;
    }
  };
}

/** Epoch seconds, once a second; one timer for all who look. */
export const useNow = (): number =>
  useSyncExternalStore(listen, () => {
    if (listeners.size === 0) now = Math.floor(Date.now() / 1000);
    return now;
  });

function Ago({ at }: { at: number }) {
  // What is shown changes once a minute when it is long ago; React leaves equal text alone.
  return <>{relative(at, useNow())}</>;
}

export function Time({ at, long = false }: { at: number | null | undefined; long?: boolean }) {
  if (at === null || at === undefined) return <span className="faint">–</span>;
  return (
    <time dateTime={new Date(at * 1000).toISOString()} title={absolute(at)} className="num">
      {long ? absolute(at) : <Ago at={at} />}
    </time>
  );
}

/** How long something took, or has taken so far. */
export function Took({ from, to }: { from: number | null; to: number | null }) {
  if (from === null) return <span className="faint">–</span>;
  return to === null ? <Running from={from} /> : <span className="num">{duration(to - from)}</span>;
}

function Running({ from }: { from: number }) {
  const seconds = Math.max(0, useNow() - from);
  return <span className="num">{duration(Math.floor(seconds))}</span>;
}
