/** Short words about what has just happened, also for those who listen. */
import { X } from "lucide-react";
import { type ReactNode, useSyncExternalStore } from "react";

import { told } from "../api/client";
import { Button } from "./button";

type Toast = { id: number; text: ReactNode; tone: "plain" | "done" | "failed" };
const STAY_MS = 6000;
const SPEAK_MS = 5000; // a live region that chatters is turned off
let toasts: Toast[] = [];
let next = 1;
let spoken = "";
let spokenAt = -SPEAK_MS;
const listeners = new Set<() => void>();

function tell(): void {
  for (const listener of listeners) listener();
}

export function toast(text: ReactNode, tone: Toast["tone"] = "plain"): void {
  const id = next++;
  toasts = [...toasts.slice(-3), { id, text, tone }];
  tell();
  setTimeout(() => dismiss(id), STAY_MS);
}

export const toastError = (error: unknown): void => toast(told(error).message, "failed");

/** For the live region alone; at most once in five seconds. */
export function announce(text: string): void {
  if (performance.now() - spokenAt < SPEAK_MS) return;
  spokenAt = performance.now();
  spoken = text;
  tell();
}

function dismiss(id: number): void {
  toasts = toasts.filter((one) => one.id !== id);
  tell();
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toasts() {
  const shown = useSyncExternalStore(listen, () => toasts);
  const words = useSyncExternalStore(listen, () => spoken);
  return (
    <>
      <div className="toasts" role="status" aria-live="polite">
        {shown.map((one) => (
          <div key={one.id} className={`toast ${one.tone}`}>
            <div className="grow">{one.text}</div>
            <Button look="quiet" small icon={<X size={14} />} aria-label="Dismiss" onClick={() => dismiss(one.id)} />
          </div>
        ))}
      </div>
      <div className="sr" aria-live="polite" data-testid="announcer">
        {words}
      </div>
    </>
  );
}
