/** How every asset stands: asked for once, then kept up by deltas. A card listens to its own key only. */
import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useSyncExternalStore } from "react";

import { get } from "./client";
import type { Status, Statuses } from "./contract";

export type Shown = "done" | "running" | "queued" | "stale" | "failed" | "skipped" | "never" | "source" | "unknown";

/**
 * The one word for a status: what happens now goes before what happened, what is wrong before what is old.
 * Of what nobody has told yet it is not said that it was never made.
 */
export function shownOf(status: Status | undefined, isSource = false): Shown {
  if (status === undefined) return isSource ? "source" : "unknown";
  if (status.state === "running" || status.state === "queued" || status.state === "failed") return status.state;
  if (status.state === "skipped") return "skipped";
  if (status.state === "never") return isSource ? "source" : "never";
  return status.stale.length > 0 || status.upstream_changed ? "stale" : "done";
}

/** Whether two statuses say the same: a connection begins with all of them, most of which are known. */
const isSame = (one: Status | undefined, other: Status): boolean => one !== undefined && JSON.stringify(one) === JSON.stringify(other);

export class StatusStore {
  private items = new Map<string, Status>();
  private byKey = new Map<string, Set<() => void>>();
  private all = new Set<() => void>();
  private count = 0;

  get = (key: string): Status | undefined => this.items.get(key);
  version = (): number => this.count;

  replace(items: Record<string, Status>): void {
    this.items = new Map(Object.entries(items));
    for (const set of this.byKey.values()) for (const tell of set) tell();
    this.changed();
  }

  /** Take what is told of some; returns those of which it is news. */
  merge(items: Record<string, Status>): string[] {
    const news = Object.keys(items).filter((key) => !isSame(this.items.get(key), items[key]!));
    for (const key of news) {
      this.items.set(key, items[key]!);
      for (const tell of this.byKey.get(key) ?? []) tell();
    }
    if (news.length > 0) this.changed();
    return news;
  }

  private changed(): void {
    this.count += 1;
    for (const tell of this.all) tell();
  }

  listen = (key: string, tell: () => void): (() => void) => {
    const set = this.byKey.get(key) ?? new Set();
    this.byKey.set(key, set.add(tell));
    return () => {
      set.delete(tell);
      if (set.size === 0) this.byKey.delete(key);
    };
  };
  listenAll = (tell: () => void): (() => void) => {
    this.all.add(tell);
    return () => this.all.delete(tell);
  };
}

export const statuses = new StatusStore();

/** Load the statuses of an environment into the store (once, by the shell). */
export function useStatusLoading(env: string | null): void {
  const { data } = useQuery({
    queryKey: ["statuses", env],
    queryFn: ({ signal }) => get<Statuses>("/assets/status", { env }, signal),
    enabled: env !== null,
    staleTime: Infinity,
  });
  useEffect(() => {
    statuses.replace(data?.items ?? {}); // those of another environment are not known here
  }, [data]);
}

/** The status of one asset; renders again only when that one changes. */
export function useStatus(key: string): Status | undefined {
  const listen = useCallback((tell: () => void) => statuses.listen(key, tell), [key]);
  return useSyncExternalStore(listen, () => statuses.get(key));
}

/** A number that grows with every change of any status. */
export const useStatusVersion = (): number => useSyncExternalStore(statuses.listenAll, statuses.version);
