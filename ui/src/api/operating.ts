/** What the screens about operating ask for: jobs, automation, backfills, environments, the server itself. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { ask, get, type Giving, type Query } from "./client";
import type { AuditRow, Backfill, EnvironmentDifference, EnvironmentRow, Finding, Instigator, Job, Listed, PastPromotion, Setting, Tick, TokenRow } from "./contract";
import type { Schemas } from "./described";
import { cache } from "./queries";

const SLOW_MS = 15_000; // how often a screen looks again at what no event tells of

export const useJobs = () =>
  useQuery({ queryKey: ["jobs"], queryFn: ({ signal }) => get<Listed<Job>>("/jobs", undefined, signal) });

export const useInstigators = (env: string | null) =>
  useQuery({
    queryKey: ["instigators", env],
    queryFn: ({ signal }) => get<Listed<Instigator> & { evaluated_by?: string | null }>("/instigators", { env }, signal),
    enabled: env !== null,
    refetchInterval: SLOW_MS,
  });

export const useEnvironments = () =>
  useQuery({ queryKey: ["environments"], queryFn: ({ signal }) => get<Listed<EnvironmentRow>>("/environments", undefined, signal), refetchInterval: 2 * SLOW_MS });

export const useDifferences = (a: string, b: string) =>
  useQuery({
    queryKey: ["environments", "diff", a, b],
    queryFn: ({ signal }) => get<Listed<EnvironmentDifference>>("/environments/diff", { a, b }, signal),
    enabled: a !== "" && b !== "" && a !== b,
  });

export const useDoctor = () =>
  useQuery({ queryKey: ["doctor"], queryFn: ({ signal }) => get<Listed<Finding>>("/doctor", undefined, signal), staleTime: SLOW_MS });

export const useSettings = (on: boolean) =>
  useQuery({ queryKey: ["settings"], queryFn: ({ signal }) => get<Listed<Setting>>("/settings", undefined, signal), enabled: on });

export const useTokens = (on: boolean) =>
  useQuery({ queryKey: ["tokens"], queryFn: ({ signal }) => get<Listed<TokenRow>>("/tokens", undefined, signal), enabled: on });

/** A list that comes in pages: its rows so far, and a way to ask for more. */
export function usePages<T>(key: unknown[], path: Giving<Listed<T>>, query: Query, on = true) {
  const pages = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => get<Listed<T>>(path, { ...query, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    enabled: on,
  });
  const rows = useMemo(() => pages.data?.pages.flatMap((page) => page.items), [pages.data]);
  return {
    rows,
    error: pages.error,
    refetch: pages.refetch,
    hasMore: pages.hasNextPage,
    more: () => {
      if (pages.hasNextPage && !pages.isFetchingNextPage) void pages.fetchNextPage();
    },
  };
}

export const useTicks = (name: string, env: string | null) => usePages<Tick>(["instigators", env, name, "ticks"], `/instigators/${encodeURIComponent(name)}/ticks`, { env, limit: 100 }, env !== null);
export const useBackfills = (env: string | null) => usePages<Backfill>(["backfills", env], "/backfills", { env, limit: 100 }, env !== null);
export const usePastPromotions = () => usePages<PastPromotion>(["environments", "promotions"], "/promotions", { limit: 10 });
export const useAudit = (on: boolean) => usePages<AuditRow>(["audit"], "/audit", { limit: 100 }, on);

type Instigated = { start: Schemas["InstigatorState"]; stop: Schemas["InstigatorState"]; run: Schemas["Evaluated"] };

/** Start, stop or evaluate a schedule or sensor. */
export async function instigate<Verb extends keyof Instigated>(name: string, verb: Verb, env: string | null, confirmed: string | null = null): Promise<Instigated[Verb]> {
  const answer = await ask<Instigated[Verb]>("POST", `/instigators/${encodeURIComponent(name)}/${verb}`, { body: {}, query: { env, confirm_env: confirmed } });
  await cache.invalidateQueries({ queryKey: ["instigators"] });
  return answer;
}
