/** Dark or light: the system's choice until somebody makes another, then that, in this browser. */
import { useSyncExternalStore } from "react";

export type Theme = "dark" | "light";
const KEY = "assetflow.theme";
const listeners = new Set<() => void>();

export const theme = (): Theme => (document.documentElement.dataset["theme"] === "dark" ? "dark" : "light");

function show(next: Theme): void {
  document.documentElement.dataset["theme"] = next;
  for (const listener of listeners) listener();
}

export function setTheme(next: Theme): void {
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // a browser that keeps nothing: the choice holds for this tab
  }
  show(next);
}

export const toggleTheme = (): void => setTheme(theme() === "dark" ? "light" : "dark");

export function followSystem(): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", ({ matches }) => {
    let stored: string | null = null;
    try {
      stored = localStorage.getItem(KEY);
    } catch {
      stored = null;
    }
    if (stored === null) show(matches ? "dark" : "light");
  });
}

export const useTheme = (): Theme =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    theme,
  );
