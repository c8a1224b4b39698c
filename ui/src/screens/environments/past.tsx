/** What was promoted, by whom, from where to where; with a way back. */
import { Undo2 } from "lucide-react";
import { useState } from "react";

import { post } from "../../api/client";
import type { PastPromotion, Undone } from "../../api/contract";
import { usePastPromotions } from "../../api/operating";
import { cache, useMay } from "../../api/queries";
import { Button } from "../../parts/button";
import { Confirm } from "../../parts/confirm";
import { Card } from "../../parts/page";
import { PlainTable } from "../../parts/plain_table";
import { ErrorNote } from "../../parts/states";
import { Time } from "../../parts/time";
import { toast } from "../../parts/toasts";
import { count, many } from "../../words/format";

export function PastPromotions() {
  const may = useMay();
  const { rows, error, refetch, hasMore, more } = usePastPromotions();
  const [undoing, setUndoing] = useState<PastPromotion | null>(null);
  if (error) return <ErrorNote error={error} onRetry={() => void refetch()} />;
  if (rows === undefined || rows.length === 0) return null;
  return (
    <Card flush title="Promotions">
      <PlainTable label="Promotions" heads={["When", "Who", "From", "To", "What", { text: "State", look: "unseen" }]}>
        {rows.map((one) => (
          <tr key={one.id} data-promotion={one.id}>
            <td>
              <Time at={one.at} />
            </td>
            <td>{one.user}</td>
            <td>{one.from}</td>
            <td>
              <strong>{one.to}</strong>
            </td>
            <td className="env-promoted" title={one.assets.join(", ")}>
              {one.assets_total === 1 ? <span className="mono">{one.assets[0]}</span> : many(one.assets_total, "asset")}
            </td>
            <td className="end">
              <State one={one} onUndo={may ? () => setUndoing(one) : null} />
            </td>
          </tr>
        ))}
      </PlainTable>
      {hasMore && (
        <Button small look="quiet" onClick={more}>
          Show earlier ones
        </Button>
      )}
      {undoing && <TakeBack one={undoing} onClose={() => setUndoing(null)} />}
    </Card>
  );
}

function State({ one, onUndo }: { one: PastPromotion; onUndo: (() => void) | null }) {
  if (one.undone !== null)
    return (
      <span className="small muted">
        {one.undone.restored_total === 0 ? "nothing to take back" : "taken back"} · {one.undone.user} · <Time at={one.undone.at} />
      </span>
    );
  if (one.replaced_total === 0)
    return (
      <span className="small muted" title={`There is no version before it in ${one.to} that could be handed out again`}>
        new there: stays
      </span>
    );
  if (onUndo === null) return null;
  return (
    <Button small icon={<Undo2 size={14} />} onClick={onUndo}>
      Take back
    </Button>
  );
}

const wasOrWere = (n: number): string => (n === 1 ? "was" : "were");

function TakeBack({ one, onClose }: { one: PastPromotion; onClose: () => void }) {
  return (
    <Confirm
      title={`Take back the promotion to ${one.to}?`}
      action="Take back"
      danger
      typeName={one.to}
      onClose={onClose}
      onConfirm={async () => {
        const { restored, kept, new: fresh } = await post<Undone>(`/promotions/${encodeURIComponent(one.id)}/rollback`, { confirm_env: one.to });
        const later = kept.filter((key) => !fresh.includes(key)).length;
        const left = [
          ...(fresh.length > 0 ? [`${many(fresh.length, "asset")} ${wasOrWere(fresh.length)} new there and ${fresh.length === 1 ? "stays" : "stay"} as promoted.`] : []),
          ...(later > 0 ? [`${many(later, "asset")} ${wasOrWere(later)} replaced since and ${later === 1 ? "stays" : "stay"}.`] : []),
        ];
        toast([`${many(restored.length, "asset")} in ${one.to} ${restored.length === 1 ? "is" : "are"} as before.`, ...left].join(" "), "done");
        for (const name of ["environments", "statuses", "asset"]) void cache.invalidateQueries({ queryKey: [name] });
      }}
    >
      <p className="small">
        {one.to} hands out again what it had before, for {many(one.replaced_total, "asset")}. What has been made there since stays.
      </p>
      {one.new_total > 0 && (
        <div className="note stale" role="note">
          <div className="grow stack tight">
            <p>
              Not taken back: {many(one.new_total, "asset")} that {wasOrWere(one.new_total)} new in {one.to}, wholly or in some partitions. There is no version before{" "}
              {one.new_total === 1 ? "it" : "them"}, so what was promoted stays.
            </p>
            <p className="mono xs promote-new">
              {one.new.join(", ")}
              {one.new_total > one.new.length && ` and ${count(one.new_total - one.new.length)} more`}
            </p>
          </div>
        </div>
      )}
    </Confirm>
  );
}
