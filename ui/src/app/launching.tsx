/** Every launch goes through the plan sheet. Screens say what they want to run; the shell shows the sheet. */
import { lazy, Suspense, useSyncExternalStore } from "react";

import type { PlanRequest } from "../api/contract";

let wanted: PlanRequest | null = null;
const listeners = new Set<() => void>();

/** Show what would be run, and let the user run it. */
export function openPlan(request: PlanRequest | null): void {
  wanted = request;
  for (const listener of listeners) listener();
}

const PlanSheet = lazy(() => import("../screens/plan_sheet"));

export function Launching() {
  const request = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => wanted,
  );
  if (request === null) return null;
  return (
    <Suspense fallback={null}>
      <PlanSheet request={request} onClose={() => openPlan(null)} />
    </Suspense>
  );
}
