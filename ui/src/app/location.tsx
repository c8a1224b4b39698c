/** Where we are: paths, filters in the URL, links that keep the environment. */
import type { AnchorHTMLAttributes, ReactNode } from "react";
import { useCallback } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { navigate } from "wouter/use-browser-location";

import { useSession } from "../api/queries";

export type Params = Record<string, string | number | boolean | null | undefined>;

/** A path with parameters; those that say nothing are left out. */
export function address(path: string, params: Params = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params))
    if (value !== null && value !== undefined && value !== "" && value !== false) search.set(name, String(value));
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

/** `address`, in the environment that is being looked at. */
export function here(path: string, params: Params = {}): string {
  const env = new URLSearchParams(location.search).get("env");
  return address(path, env === null ? params : { ...params, env });
}

/** Go to a page of ours, keeping the environment. */
export function go(path: string, params: Params = {}, options: { replace?: boolean } = {}): void {
  navigate(here(path, params), options);
}

export const assetAddress = (key: string, tab?: string): string => here("/asset", { key, tab });

/** One parameter of the URL as state. Setting it to null or to the default takes it out. */
export function useParam(name: string, fallback = ""): [string, (value: string | null, push?: boolean) => void] {
  const search = useSearch();
  const value = new URLSearchParams(search).get(name) ?? fallback;
  const set = useCallback(
    (next: string | null, push = false) => setParams({ [name]: next === fallback ? null : next }, push),
    [name, fallback],
  );
  return [value, set];
}

/** Change several parameters at once. `push` makes it a step that the back button undoes. */
export function setParams(changes: Params, push = false): void {
  const search = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "" || value === false) search.delete(name);
    else search.set(name, String(value));
  }
  const text = search.toString();
  navigate(`${location.pathname}${text ? `?${text}` : ""}`, { replace: !push });
}

/** The environment that is looked at: from the URL, or the server's default; null until that is known. */
export function useEnv(): string | null {
  const [named] = useParam("env");
  const { data } = useSession();
  return named !== "" ? named : (data?.env ?? null);
}

type GoProps = { to: string; params?: Params; children: ReactNode } & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href">;

/** A link to a page of ours. */
export function Go({ to, params, children, ...more }: GoProps) {
  useSearch(); // the environment may change under us
  return (
    <Link href={here(to, params)} {...more}>
      {children}
    </Link>
  );
}

export function AssetLink({ name, tab, className }: { name: string; tab?: string; className?: string }) {
  return (
    <Go to="/asset" params={{ key: name, tab }} className={`key ${className ?? ""}`} title={name}>
      <KeyText name={name} />
    </Go>
  );
}

/** An asset key with its last segment standing out. */
export function KeyText({ name }: { name: string }) {
  const cut = name.lastIndexOf("/") + 1;
  return (
    <>
      {cut > 0 && <span className="key-prefix">{name.slice(0, cut)}</span>}
      {name.slice(cut)}
    </>
  );
}

export const usePath = (): string => useLocation()[0];
