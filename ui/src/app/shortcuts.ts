/** Keys and what they do. Screens add theirs while they are shown; the sheet and the palette list what there is. */
import { useEffect, useRef, useSyncExternalStore } from "react";

export type Shortcut = {
  keys: string; // "g a", "x", "Shift+M", "Ctrl+K", "ArrowDown"
  what: string;
  run: (event: KeyboardEvent) => void;
  group?: string;
  hidden?: boolean; // not in the sheet
  command?: boolean; // in the palette too
};

const SEQUENCE_MS = 1200;
let registered: Shortcut[] = [];
const listeners = new Set<() => void>();
let begun = "";
let begunAt = 0;

function tell(): void {
  for (const listener of listeners) listener();
}

/** Bind keys while the component is shown. Later ones go before earlier ones. Handlers may change at every render. */
export function useShortcuts(shortcuts: Shortcut[], on = true): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  const names = shortcuts.map((one) => `${one.keys}\t${one.what}`).join("\n");
  useEffect(() => {
    if (!on) return;
    const mine = latest.current.map((one, i) => ({ ...one, run: (e: KeyboardEvent) => latest.current[i]?.run(e) }));
    registered = [...mine, ...registered];
    tell();
    return () => {
      registered = registered.filter((one) => !mine.includes(one));
      tell();
    };
  }, [names, on]);
}

export const useRegistered = (): Shortcut[] =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => registered,
  );

/** How a key press is written: modifiers that count, then the key. */
export function writtenKey(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">): string {
  const key = event.key.length === 1 && (event.ctrlKey || event.metaKey) ? event.key.toUpperCase() : event.key;
  const shift = event.shiftKey && key.length > 1; // "?" already says that Shift was held
  return `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${event.altKey ? "Alt+" : ""}${shift ? "Shift+" : ""}${key}`;
}

/** Is somebody typing? Then single letters are text. */
export function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "button", "range"].includes(target.type);
}

function pressed(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const key = writtenKey(event);
  const withCtrl = event.ctrlKey || event.metaKey;
  if (typing(event.target) && !withCtrl) return;
  if (document.querySelector("dialog[open]") !== null && !withCtrl) return; // dialogs have keys of their own
  const sequence = performance.now() - begunAt < SEQUENCE_MS && begun !== "" ? `${begun} ${key}` : "";
  const found = registered.find((one) => one.keys === sequence) ?? registered.find((one) => one.keys === key);
  begun = "";
  if (found) {
    if ((key === "Enter" || key === " ") && event.target instanceof Element && event.target.closest("button, a, summary")) return;
    event.preventDefault();
    found.run(event);
    return;
  }
  if (registered.some((one) => one.keys.startsWith(`${key} `))) {
    begun = key;
    begunAt = performance.now();
  }
}

if (typeof document !== "undefined") document.addEventListener("keydown", pressed);
