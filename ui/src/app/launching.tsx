/** Every launch goes through the plan sheet. Screens say what they want to run; the shell shows the sheet. */
import { lazy, Suspense, useSyncExternalStore } from "react";

import type { PlanRequest } from "../api/contract";
import { whenDefined } from "../api/queries";
import { toast } from "../parts/toasts";
import { many } from "../words/format";

let wanted: PlanRequest | null = null;
const listeners = new Set<() => void>();

/** Show what would be run, and let the user run it. What others make is left out of a list of keys. */
export function openPlan(request: PlanRequest | null): void {
  if (request === null || !Array.isArray(request.selection)) return show(request);
  const { selection } = request;
  whenDefined((definitions) => {
    const others = new Set((definitions?.assets ?? []).filter((asset) => !asset.is_executable).map((asset) => asset.key));
    const made = selection.filter((key) => !others.has(key));
    if (made.length > 0) show({ ...request, selection: made });
    else toast(selection.length === 1 ? `${selection[0]} is made by others.` : `All ${many(selection.length, "asset")} are made by others.`);
  });
}

function show(request: PlanRequest | null): void {
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
