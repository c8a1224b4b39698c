/** The lines of one log, fetched a thousand at a time where they are looked at; new ones come by the live connection. */
import { get } from "./client";
import type { LiveEvents, LogLine, LogPage } from "./contract";
import { live } from "./live";

export const PIECE = 1000;
const LOOK_AGAIN_MS = 1500; // at a log that is still written
export type LogOf = { run: string; step: string; attempt: number | null; stream: string | null };

export class LogBook {
  private lines = new Map<number, LogLine>();
  private asked = new Set<number>();
  private listeners = new Set<() => void>();
  private ends: (() => void)[] = [];
  private changes = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private closed = new AbortController();
  total: number | null = null;
  live = false;
  private guessed = false; // the total is that of a log which is being read
  generation = 0; // grows when all lines that were known are to be asked for again
  error: unknown = null;

  constructor(readonly of: LogOf) {}

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  version = (): number => this.changes;
  line = (n: number): LogLine | undefined => this.lines.get(n);

  /** Begin to listen; the answer ends it. */
  open(): () => void {
    this.closed = new AbortController();
    const { run, step, attempt, stream } = this.of;
    void this.fetch(0);
    this.ends = [
      live.on("resync", () => this.again()),
      live.on("poll", () => this.again()),
      live.on("hello", () => this.again()),
    ];
    // The live lines are those of the newest attempt, all streams together: other views ask again instead.
    if (stream === null && attempt === null)
      this.ends.push(live.want([`logs:${run}:${step}`]), live.on("logs", (told) => this.hear(told)));
    return () => {
      this.closed.abort();
      this.asked.clear();
      if (this.timer !== null) clearTimeout(this.timer);
      this.timer = null;
      for (const end of this.ends) end();
      this.ends = [];
    };
  }

  /** See to it that these lines are there, or on their way. */
  need(from: number, to: number): void {
    for (let piece = Math.floor(from / PIECE); piece <= Math.floor(to / PIECE); piece += 1) {
      const first = piece * PIECE;
      if (this.asked.has(piece) || (this.lines.has(first) && this.lines.has(Math.min(first + PIECE, this.total ?? 0) - 1))) continue;
      void this.fetch(piece);
    }
  }

  /** Numbers of the lines that hold `text`, whatever its case. */
  async search(text: string, signal: AbortSignal): Promise<number[]> {
    return (await this.page({ q: text, limit: 1 }, signal)).matches ?? [];
  }

  /** All that is there, as text. */
  async text(): Promise<string> {
    const found: string[] = [];
    for (let offset: number | null = 0; offset !== null; ) {
      const page: LogPage = await this.page({ offset, limit: PIECE });
      found.push(...page.lines.map((line) => line.text));
      offset = page.next_offset;
    }
    return found.join("\n");
  }

  private page(more: Record<string, string | number>, signal = this.closed.signal): Promise<LogPage> {
    const { run, step, attempt, stream } = this.of;
    return get<LogPage>(`/runs/${encodeURIComponent(run)}/logs`, { step, attempt, stream, ...more }, signal);
  }

  private async fetch(piece: number): Promise<void> {
    this.asked.add(piece);
    try {
      const page = await this.page({ offset: piece * PIECE, limit: PIECE });
      // While a step writes fast, only a part of it can be followed: what was kept in the end is counted anew.
      const settled = this.live && !page.live;
      if (settled) {
        this.lines.clear();
        this.generation += 1;
      }
      for (const line of page.lines) this.lines.set(line.n, line);
      const counted = this.guessed && page.counted; // how many there are is known now
      this.total = settled || counted ? page.total_lines : Math.max(page.total_lines, this.total ?? 0);
      this.live = page.live;
      this.guessed = !page.counted;
      this.error = null;
      if (page.live || !page.counted) this.lookAgainSoon();
    } catch (error) {
      if (this.closed.signal.aborted) return;
      this.error = error;
    } finally {
      this.asked.delete(piece);
    }
    this.changed();
  }

  private lookAgainSoon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.again();
    }, LOOK_AGAIN_MS);
  }

  private hear({ run, step, lines }: LiveEvents["logs"]): void {
    if (run !== this.of.run || step !== this.of.step || lines.length === 0) return;
    for (const line of lines) this.lines.set(line.n, line);
    const [first, last] = [lines[0], lines.at(-1)];
    if (first && first.n > (this.total ?? 0)) void this.fetch(Math.floor((this.total ?? 0) / PIECE)); // some were missed
    if (last) this.total = Math.max(this.total ?? 0, last.n + 1);
    this.live = true;
    this.lookAgainSoon();
    this.changed();
  }

  /** Ask for the last piece again: there may be more. */
  private again(): void {
    void this.fetch(Math.floor(Math.max(0, (this.total ?? 0) - 1) / PIECE));
  }

  private changed(): void {
    this.changes += 1;
    for (const listener of this.listeners) listener();
  }
}
