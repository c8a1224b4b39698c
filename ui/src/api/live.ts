/**
 * One live connection a tab. Who wants to hear of something names its topics; the connection asks for all topics that
 * somebody wants, resumes after the last event it has seen, and falls back to asking every three seconds.
 */
import { useEffect, useSyncExternalStore } from "react";

import { address } from "./client";
import type { LiveEvents } from "./contract";
import { EventCutter, type ServerEvent } from "./sse";

export type LiveState = "connecting" | "live" | "lost" | "polling";
/** What can be heard: the server's events, `*` for all of them, and `poll` every three seconds while there is no stream. */
type Told = LiveEvents & { "*": unknown; poll: unknown };
type Hear<Name extends keyof Told> = (data: Told[Name], event: string) => void;
type Hearing = (data: unknown, event: string) => void;

const PAINT_MS = 80; // events are handed out together, so that a storm is one paint
const HIDDEN_PAINT_MS = 5000;
const SILENCE_MS = 40_000; // the server beats every 15 s
const POLL_MS = 3000;
const WAITS_MS = [300, 700, 1500, 3000, 5000];
const TRIES_BEFORE_POLLING = 3;
const HIDDEN_CLOSE_MS = 120_000; // a browser has six connections a host; tabs that nobody sees give theirs back

/** Topics as the server reads them: the names of steps may have commas. */
export const topicsText = (topics: readonly string[]): string =>
  topics.map((topic) => topic.replaceAll("%", "%25").replaceAll(",", "%2C")).sort().join(",");

export class Live {
  private wanted = new Map<string, number>();
  private hearers = new Map<string, Set<Hearing>>();
  private listeners = new Set<() => void>();
  private pending: { event: string; data: unknown }[] = [];
  private flushTimer: ReturnType<typeof setTimeout> | null = null;
  private reader: AbortController | null = null;
  private lastId: string | null = null;
  private env: string | null = null;
  private failures = 0;
  private restartTimer: ReturnType<typeof setTimeout> | null = null;
  private pollTimer: ReturnType<typeof setInterval> | null = null;
  private hiddenTimer: ReturnType<typeof setTimeout> | null = null;
  state: LiveState = "connecting";

  constructor() {
    if (typeof document !== "undefined") document.addEventListener("visibilitychange", () => this.seenOrHidden());
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  snapshot = (): LiveState => this.state;

  on<Name extends keyof Told>(event: Name, hear: Hear<Name>): () => void {
    const set = this.hearers.get(event) ?? new Set();
    this.hearers.set(event, set.add(hear as Hearing));
    return () => set.delete(hear as Hearing);
  }

  want(topics: string[]): () => void {
    for (const topic of topics) this.wanted.set(topic, (this.wanted.get(topic) ?? 0) + 1);
    this.restartSoon();
    return () => {
      for (const topic of topics) {
        const left = (this.wanted.get(topic) ?? 1) - 1;
        if (left > 0) this.wanted.set(topic, left);
        else this.wanted.delete(topic);
      }
      this.restartSoon();
    };
  }

  setEnvironment(env: string): void {
    if (env === this.env) return;
    this.env = env;
    this.lastId = null;
    this.restartSoon();
  }

  /** Drop the connection and come back, as after an error: for tests and for "try again now". */
  retry(): void {
    this.failures = 0;
    this.restartSoon(0);
  }

  private opened = "";

  private restartSoon(wait = 30): void {
    if (this.restartTimer !== null) clearTimeout(this.restartTimer);
    this.restartTimer = setTimeout(() => {
      this.restartTimer = null;
      const url = this.url();
      if (this.reader !== null && url === this.opened) return;
      this.reader?.abort();
      if (this.wanted.size > 0) void this.read(url);
    }, wait);
  }

  private url(): string {
    return address("/live", { topics: topicsText([...this.wanted.keys()]), env: this.env });
  }

  private async read(url: string): Promise<void> {
    const reader = new AbortController();
    this.reader = reader;
    this.opened = url;
    let silence = setTimeout(() => reader.abort(), SILENCE_MS);
    try {
      const headers: Record<string, string> = { Accept: "text/event-stream" };
      if (this.lastId !== null) headers["Last-Event-ID"] = this.lastId;
      const answer = await fetch(url, { headers, signal: reader.signal, cache: "no-store", credentials: "same-origin" });
      if (!answer.ok || answer.body === null || !answer.headers.get("content-type")?.startsWith("text/event-stream"))
        throw new Error(`no stream: ${answer.status}`);
      const cutter = new EventCutter();
      const pieces = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await pieces.read();
        if (done) throw new Error("the stream ended");
        clearTimeout(silence);
        silence = setTimeout(() => reader.abort(), SILENCE_MS);
        if (this.state !== "live") this.becameLive();
        for (const event of cutter.feed(value)) this.take(event);
      }
    } catch {
      clearTimeout(silence);
      if (this.reader !== reader) return; // another one has taken over
      this.reader = null;
      if (this.wanted.size === 0 || document.hidden) return;
      this.failures += 1;
      this.setState(this.failures > TRIES_BEFORE_POLLING ? "polling" : "lost");
      this.poll(true);
      this.restartSoon(WAITS_MS[Math.min(this.failures, WAITS_MS.length) - 1]);
    }
  }

  private becameLive(): void {
    this.failures = 0;
    this.poll(false);
    this.setState("live");
  }

  private poll(on: boolean): void {
    if (on && this.pollTimer === null) this.pollTimer = setInterval(() => this.hand("poll", {}), POLL_MS);
    if (!on && this.pollTimer !== null) {
      clearInterval(this.pollTimer);
      this.pollTimer = null;
    }
  }

  private take({ id, event, data }: ServerEvent): void {
    if (id !== null) this.lastId = id;
    let read: unknown;
    try {
      read = JSON.parse(data);
    } catch {
      return;
    }
    if (event === "resync") this.pending = []; // what came before is part of what will be asked for
    this.pending.push({ event, data: read });
    if (this.flushTimer === null)
      this.flushTimer = setTimeout(() => this.flush(), document.hidden ? HIDDEN_PAINT_MS : PAINT_MS);
  }

  private flush(): void {
    if (this.flushTimer !== null) clearTimeout(this.flushTimer);
    this.flushTimer = null;
    const events = this.pending;
    this.pending = [];
    for (const { event, data } of events) this.hand(event, data);
  }

  private hand(event: string, data: unknown): void {
    for (const hear of this.hearers.get(event) ?? []) hear(data, event);
    for (const hear of this.hearers.get("*") ?? []) hear(data, event);
  }

  private setState(state: LiveState): void {
    if (state === this.state) return;
    this.state = state;
    for (const listener of this.listeners) listener();
  }

  private seenOrHidden(): void {
    if (this.hiddenTimer !== null) clearTimeout(this.hiddenTimer);
    this.hiddenTimer = null;
    if (document.hidden) {
      this.hiddenTimer = setTimeout(() => {
        const reader = this.reader;
        this.reader = null;
        reader?.abort();
      }, HIDDEN_CLOSE_MS);
      return;
    }
    this.flush();
    if (this.reader === null) this.restartSoon(0);
  }
}

export const live = new Live();

export const useLiveState = (): LiveState => useSyncExternalStore(live.subscribe, live.snapshot);

/** Ask for topics while the component is shown, and hear events of these names. `hear` must be stable (useCallback). */
export function useLive(topics: string | null, events: { [Name in keyof Told]?: Hear<Name> }): void {
  const names = Object.keys(events).join(",");
  useEffect(() => {
    if (topics === null) return;
    const ends = [live.want(topics.split(",")), ...Object.entries(events).map(([name, hear]) => live.on(name as "*", hear as Hearing))];
    return () => ends.forEach((end) => end());
    // Handlers are taken as they were when the topics were asked for; they read what changes through refs or caches.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [topics, names]);
}
