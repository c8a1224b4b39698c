/** All that is known of one run, kept up by the live connection: its steps, how it stands, and what happened in it. */
import { useEffect, useMemo, useSyncExternalStore } from "react";

import { get } from "../../api/client";
import type { Listed, LiveEvents, RunDetail, RunEvent, RunStep, RunSummary } from "../../api/contract";
import { live } from "../../api/live";

const RUN_ID = /^[0-9A-Z]{26}$/;
const STEPS_A_PAGE = 2000;
const EVENTS_A_PAGE = 1000;
const ENDED = new Set(["success", "failed", "cancelled"]);
export const hasEnded = (run: Pick<RunSummary, "status">): boolean => ENDED.has(run.status);

export class RunBook {
  run: RunDetail | null = null;
  steps: RunStep[] = [];
  events: RunEvent[] = [];
  error: unknown = null;
  eventsLoaded = false;
  private known = new Set<string>();
  private after: string | null = null; // up to here all events are there
  private wantsEvents = false;
  private reading: Promise<void> | null = null;
  private listeners = new Set<() => void>();
  private changes = 0;
  private stop = new AbortController();

  constructor(readonly id: string) {}

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  version = (): number => this.changes;

  open(): () => void {
    this.stop = new AbortController();
    const again = (): void => void this.refresh();
    const ends = [
      live.want(RUN_ID.test(this.id) ? [`run:${this.id}`] : []), // of no run, nothing can be heard
      live.on("run", (told) => this.hear(told)),
      live.on("hello", again), // a new connection: something may have happened while there was none
      live.on("resync", again),
      live.on("poll", () => {
        if (this.run === null || !hasEnded(this.run)) again();
      }),
    ];
    void this.refresh();
    return () => {
      this.stop.abort();
      this.reading = null;
      for (const end of ends) end();
    };
  }

  /** Load what happened, all of it, and keep it up from then on. */
  loadEvents(): void {
    this.wantsEvents = true;
    void this.readEvents();
  }

  async refresh(): Promise<void> {
    const { signal } = this.stop;
    try {
      const steps: RunStep[] = [];
      for (let offset = 0; ; ) {
        const run: RunDetail = await get(`/runs/${encodeURIComponent(this.id)}`, { steps_offset: offset, steps_limit: STEPS_A_PAGE }, signal);
        for (const step of run.step_list) steps[step.index] = step;
        offset += run.step_list.length;
        this.run = run;
        if (offset >= run.steps_total || run.step_list.length === 0) break;
        this.steps = this.steps.length > steps.length ? this.steps : [...steps];
        this.changed();
      }
      this.steps = steps;
      this.error = null;
    } catch (error) {
      if (signal.aborted) return;
      this.error = error;
    }
    this.changed();
    if (this.wantsEvents) await this.readEvents();
  }

  private async readEvents(): Promise<void> {
    this.reading ??= this.readOn().finally(() => {
      this.reading = null;
    });
    await this.reading;
  }

  private async readOn(): Promise<void> {
    const { signal } = this.stop;
    try {
      for (;;) {
        const page: Listed<RunEvent> = await get(
          `/runs/${encodeURIComponent(this.id)}/events`,
          { after: this.after, limit: EVENTS_A_PAGE },
          signal,
        );
        this.addEvents(page.items);
        this.after = page.items.at(-1)?.id ?? this.after;
        this.changed();
        if (page.next === null || page.items.length === 0) break;
      }
      this.eventsLoaded = true;
    } catch (error) {
      if (signal.aborted) return;
      this.error = error;
    }
    this.changed();
  }

  private addEvents(items: RunEvent[]): void {
    const fresh = items.filter((one) => !this.known.has(one.id));
    if (fresh.length === 0) return;
    for (const one of fresh) this.known.add(one.id);
    const last = this.events.at(-1);
    const inOrder = last === undefined || fresh.every((one) => isBefore(last.id, one.id));
    this.events = [...this.events, ...fresh];
    if (!inOrder) this.events.sort((a, b) => (isBefore(a.id, b.id) ? -1 : 1));
  }

  private hear({ id, steps, summary, events }: LiveEvents["run"]): void {
    if (id !== this.id || this.run === null) return;
    if (steps.length > 0) {
      const next = [...this.steps];
      for (const step of steps) if (step.index < next.length) next[step.index] = step; // others are on their way
      this.steps = next;
    }
    if (summary) this.run = { ...this.run, ...summary };
    if (this.wantsEvents) this.addEvents(events);
    this.changed();
  }

  private changed(): void {
    this.changes += 1;
    for (const listener of this.listeners) listener();
  }
}

/** Ids are "<milliseconds>-<count>", which as text would not sort. */
export function isBefore(a: string, b: string): boolean {
  const [one, other] = [a.split("-").map(Number), b.split("-").map(Number)];
  return (one[0] ?? 0) !== (other[0] ?? 0) ? (one[0] ?? 0) < (other[0] ?? 0) : (one[1] ?? 0) < (other[1] ?? 0);
}

export function useRunBook(id: string): RunBook {
  const book = useMemo(() => new RunBook(id), [id]);
  useEffect(() => book.open(), [book]);
  useSyncExternalStore(book.subscribe, book.version);
  return book;
}
