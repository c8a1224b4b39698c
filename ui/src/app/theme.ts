/** Dark or light: the system's choice until somebody makes another, then that, in this browser. */
import { useSyncExternalStore } from "react";

export type Theme = "dark" | "light";
export type ThemeChoice = Theme | "system";
const KEY = "assetflow.theme";
const listeners = new Set<() => void>();
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

export const theme = (): Theme => (document.documentElement.dataset["theme"] === "dark" ? "dark" : "light");

function chosen(): ThemeChoice {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "dark" || kept === "light" ? kept : "system";
  } catch {
    return "system"; // a browser that keeps nothing: a choice holds for this tab
  }
}

function show(next: Theme): void {
  document.documentElement.dataset["theme"] = next;
  for (const listener of listeners) listener();
}

export function setTheme(choice: ThemeChoice): void {
  try {
    if (choice === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, choice);
  } catch {
    // as above
  }
  show(choice === "system" ? (systemIsDark.matches ? "dark" : "light") : choice);
}

export const toggleTheme = (): void => setTheme(theme() === "dark" ? "light" : "dark");

export function followSystem(): void {
  systemIsDark.addEventListener("change", ({ matches }) => {
    if (chosen() === "system") show(matches ? "dark" : "light");
  });
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useTheme = (): Theme => useSyncExternalStore(listen, theme);
export const useThemeChoice = (): ThemeChoice => useSyncExternalStore(listen, chosen);
