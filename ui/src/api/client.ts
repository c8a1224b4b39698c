/** The one door to the server: typed answers, errors that say what, where and what to do. */

import type { Endpoint } from "./described";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly where: string | null,
    readonly fix: string | null,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

type Scalar = string | number | boolean;
export type Query = Record<string, Scalar | Scalar[] | null | undefined>;

let csrf: string | null = null;
let whenLoggedOut: () => void = () => undefined;

/** Remember the token that writes need; the session tells it. */
export function setCsrf(token: string | null): void {
  csrf = token;
}

/** Say what happens when the server does not know us (any more). */
export function onLoggedOut(act: () => void): void {
  whenLoggedOut = act;
}

/** `/api/v1` + path + the query, without what is null, undefined or empty. */
export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === "") continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  const text = search.toString();
  return `/api/v1${path}${text ? `?${text}` : ""}`;
}

export type Ask = { query?: Query; body?: unknown; signal?: AbortSignal; quiet?: boolean };

/** Ask the server. Raises ApiError for whatever is not a success, also when it cannot be reached (code `unreachable`). */
export async function ask<T>(method: "GET" | "POST" | "DELETE" | "PUT", path: string, options: Ask = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && csrf) headers["X-CSRF-Token"] = csrf;
  let answer: Response;
  try {
    answer = await fetch(address(path, options.query), {
      method,
      headers,
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: options.signal ?? null,
      credentials: "same-origin",
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", "The server does not answer.", address(path), "Is `assetflow ui` still running?");
  }
  if (answer.status === 401 && !options.quiet) whenLoggedOut();
  if (!answer.ok) throw await errorOf(answer);
  if (answer.status === 204) return undefined as T;
  return (await answer.json()) as T;
}

async function errorOf(answer: Response): Promise<ApiError> {
  try {
    const { error } = (await answer.json()) as { error: { code: string; message: string; where?: string; fix?: string } };
    return new ApiError(answer.status, error.code, error.message, error.where ?? null, error.fix ?? null);
  } catch {
    return new ApiError(answer.status, "unknown", `The server answered ${answer.status} ${answer.statusText}.`, answer.url, null);
  }
}

/** The addresses that answer with T (or with more than that): to ask any other for a T is an error of types. */
export type Giving<T, Method = "GET", Each = Endpoint> = Each extends [Method, infer Path extends string, infer Given]
  ? [Given] extends [T] // all that it may answer
    ? Path
    : never
  : never;

export const get = <T,>(path: Giving<T>, query?: Query, signal?: AbortSignal) =>
  ask<T>("GET", path, { ...(query && { query }), ...(signal && { signal }) });
export const post = <T,>(path: Giving<T, "POST">, body: unknown = {}, query?: Query) =>
  ask<T>("POST", path, { body, ...(query && { query }) });

/** Is there no such thing, as far as the server knows? */
export const isMissing = (error: unknown): boolean => error instanceof ApiError && error.status === 404;

/** Whatever was thrown, as something that can be shown. */
export function told(error: unknown): { message: string; where: string | null; fix: string | null; code: string } {
  if (error instanceof ApiError) return error;
  return { message: error instanceof Error ? error.message : String(error), where: null, fix: null, code: "unknown" };
}
