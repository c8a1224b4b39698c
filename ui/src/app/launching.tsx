/** Every launch goes through the plan sheet. Screens say what they want to run; the shell shows the sheet. */
import { lazy, Suspense, useSyncExternalStore } from "react";

import type { Definitions, PlanRequest } from "../api/contract";
import { cache } from "../api/queries";
import { toast } from "../parts/toasts";
import { many } from "../words/format";

let wanted: PlanRequest | null = null;
const listeners = new Set<() => void>();

/** Show what would be run, and let the user run it. What others make is left out of a list of keys. */
export function openPlan(request: PlanRequest | null): void {
  if (request !== null && Array.isArray(request.selection)) {
    const { selection } = request;
    const made = executable(selection);
    if (made.length === 0) {
      toast(selection.length === 1 ? `${selection[0]} is made by others.` : `All ${many(selection.length, "asset")} are made by others.`);
      return;
    }
    request = { ...request, selection: made };
  }
  wanted = request;
  for (const listener of listeners) listener();
}

/** Those of some keys that can be materialized. */
function executable(keys: string[]): string[] {
  const assets = cache.getQueryData<Definitions>(["definitions"])?.assets;
  if (!assets) return keys;
  const others = new Set(assets.filter((asset) => !asset.is_executable).map((asset) => asset.key));
  return keys.filter((key) => !others.has(key));
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
