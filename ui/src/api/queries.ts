/** What the screens ask for, and under which names answers are kept. One hook a question. */
import { QueryClient, queryOptions, useQuery } from "@tanstack/react-query";

import { ApiError, get, setCsrf } from "./client";
import type { AssetDetail, Definitions, Graph, RunSummary, Session, Workers } from "./contract";

export const cache = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5000,
      retry: (count, error) => count < 2 && error instanceof ApiError && (error.status === 0 || error.status === 503),
      retryDelay: (count) => 400 * 2 ** count,
      refetchOnWindowFocus: false,
    },
  },
});

export const useSession = () =>
  useQuery({
    queryKey: ["session"],
    queryFn: async ({ signal }) => {
      const session = await get<Session>("/session", undefined, signal);
      setCsrf(session.csrf);
      return session;
    },
    staleTime: 30_000,
  });

const definitionsQuery = queryOptions({
  queryKey: ["definitions"],
  queryFn: ({ signal }) => get<Definitions>("/definitions", undefined, signal),
  staleTime: Infinity, // the live connection says when there are others
});

export const useDefinitions = () => useQuery(definitionsQuery);

/** The definitions, once they are there; at once if they are. */
export function whenDefined(act: (definitions: Definitions | null) => void): void {
  const here = cache.getQueryData(definitionsQuery.queryKey);
  if (here !== undefined) act(here);
  else cache.ensureQueryData(definitionsQuery).then(act, () => act(null));
}

export const useGraph = () =>
  useQuery({
    queryKey: ["graph"],
    queryFn: ({ signal }) => get<Graph>("/graph", undefined, signal),
    staleTime: Infinity,
  });

export const useAsset = (key: string, env: string | null) =>
  useQuery({
    queryKey: ["asset", key, env],
    queryFn: ({ signal }) => get<AssetDetail>("/asset", { key, env }, signal),
    enabled: key !== "",
  });

export const useRuns = (filter: Record<string, string | number | null | undefined> = {}) =>
  useQuery({
    queryKey: ["runs", filter],
    queryFn: ({ signal }) => get<{ items: RunSummary[]; next: string | null }>("/runs", filter, signal),
  });

export const useWorkers = () =>
  useQuery({
    queryKey: ["workers"],
    queryFn: ({ signal }) => get<Workers>("/workers", undefined, signal),
    refetchInterval: 5000,
  });

/** May the one who looks at the page change something? */
export function useMay(role: "operator" | "admin" = "operator"): boolean {
  const { data } = useSession();
  if (!data) return false;
  return role === "admin" ? data.role === "admin" : data.role !== "viewer";
}
