/** Publish in one environment what another has made. The name of the one that is written to has to be typed. */
import { post } from "../../api/client";
import type { Promotion } from "../../api/contract";
import { cache } from "../../api/queries";
import { Confirm } from "../../parts/confirm";
import { toast } from "../../parts/toasts";
import { count, many } from "../../words/format";

export function Promote({ keys, fresh, from, to, onClose, onDone }: { keys: string[]; fresh: number; from: string; to: string; onClose: () => void; onDone: () => void }) {
  async function promote(): Promise<void> {
    const { promoted, kept } = await post<Promotion>("/promotions", { selection: keys, from, to, confirm_env: to });
    toast(`${many(promoted.length, "asset")} promoted to ${to}${kept.length > 0 ? `, ${kept.length} kept as they were` : ""}.`, "done");
    onDone();
    for (const name of ["environments", "statuses", "asset"]) void cache.invalidateQueries({ queryKey: [name] });
  }
  return (
    <Confirm title={`Promote ${many(keys.length, "asset")} to ${to}?`} action={`Promote to ${to}`} typeName={to} onClose={onClose} onConfirm={promote}>
      <p className="small">
        What <strong>{from}</strong> has made becomes what <strong>{to}</strong> hands out. Nothing is computed, and what {to} has now is kept, so that this can be taken back.
      </p>
      {fresh > 0 && (
        <p className="small tone-stale">
          {fresh === keys.length ? (fresh === 1 ? "It is" : "All of them are") : `${count(fresh)} of them ${fresh === 1 ? "is" : "are"}`} new in {to}: with no version before to go back to,{" "}
          {fresh === 1 ? "it stays" : "they stay"} even if the promotion is taken back.
        </p>
      )}
      <ul className="promote-keys small">
        {keys.slice(0, 12).map((key) => (
          <li key={key} className="mono clip">
            {key}
          </li>
        ))}
        {keys.length > 12 && <li className="muted">and {many(keys.length - 12, "more", "more")}</li>}
      </ul>
    </Confirm>
  );
}
