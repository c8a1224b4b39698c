/** Promotions made in this browser, with a way back. */
import { Undo2 } from "lucide-react";
import { useState, useSyncExternalStore } from "react";

import { post } from "../../api/client";
import type { Schemas } from "../../api/described";
import { cache, useMay } from "../../api/queries";
import { Button } from "../../parts/button";
import { Confirm } from "../../parts/confirm";
import { Time } from "../../parts/time";
import { toast } from "../../parts/toasts";
import { many } from "../../words/format";

export type Past = { id: string; from: string; to: string; at: number; keys: string[] };
const KEY = "assetflow.promotions";
const MOST = 5;
const listeners = new Set<() => void>();
let kept: Past[] = read();

function read(): Past[] {
  try {
    return (JSON.parse(localStorage.getItem(KEY) ?? "[]") as Past[]).filter((one) => typeof one.id === "string").slice(0, MOST);
  } catch {
    return [];
  }
}

function keep(next: Past[]): void {
  kept = next.slice(0, MOST);
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // a browser that keeps nothing: known until the page is left
  }
  for (const listener of listeners) listener();
}

export const remember = (one: Past): void => keep([one, ...kept]);
const forget = (id: string): void => keep(kept.filter((one) => one.id !== id));

export function PastPromotions() {
  const may = useMay();
  const past = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => kept,
  );
  const [undoing, setUndoing] = useState<Past | null>(null);
  if (!may || past.length === 0) return null;
  return (
    <ul className="env-past" aria-label="Your promotions">
      {past.map((one) => (
        <li key={one.id} className="note">
          <span className="grow">
            You have promoted {many(one.keys.length, "asset")} from {one.from} to <strong>{one.to}</strong> <Time at={one.at} />.
          </span>
          <Button small icon={<Undo2 size={14} />} onClick={() => setUndoing(one)}>
            Take back
          </Button>
          <Button small look="quiet" onClick={() => forget(one.id)}>
            Dismiss
          </Button>
        </li>
      ))}
      {undoing && (
        <Confirm
          title={`Take back the promotion to ${undoing.to}?`}
          action="Take back"
          danger
          typeName={undoing.to}
          onClose={() => setUndoing(null)}
          onConfirm={async () => {
            const { restored, kept } = await post<Schemas["Undone"]>(`/promotions/${encodeURIComponent(undoing.id)}/rollback`, { confirm_env: undoing.to });
            forget(undoing.id);
            const left = kept.length > 0 ? ` ${many(kept.length, "asset stays", "assets stay")}: new then, or made since.` : "";
            toast(`${many(restored.length, "asset is", "assets are")} in ${undoing.to} what ${restored.length === 1 ? "it was" : "they were"}.${left}`, "done");
            for (const name of ["environments", "statuses", "asset"]) void cache.invalidateQueries({ queryKey: [name] });
          }}
        >
          <p className="small">
            {undoing.to} hands out again what it had before, of {many(undoing.keys.length, "asset")}. What it did not have before stays, and so does what has been made there since.
          </p>
        </Confirm>
      )}
    </ul>
  );
}
