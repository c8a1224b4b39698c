/** Limits on what is under way at once, and how much of them is used. */
import { Pencil, Plus } from "lucide-react";
import { useId, useState } from "react";

import { post } from "../../api/client";
import type { Limit } from "../../api/contract";
import { cache, useMay } from "../../api/queries";
import { Button } from "../../parts/button";
import { Progress } from "../../parts/charts";
import { Confirm } from "../../parts/confirm";
import { Card } from "../../parts/page";
import { count } from "../../words/format";

type Kind = "pool" | "tag";

export function Limits({ title, kind, limits, about }: { title: string; kind: Kind; limits: Limit[]; about: string }) {
  const may = useMay("admin");
  const [editing, setEditing] = useState<Limit | "new" | null>(null);
  return (
    <Card
      title={title}
      actions={
        may && (
          <Button small look="quiet" icon={<Plus size={14} />} onClick={() => setEditing("new")}>
            Limit
          </Button>
        )
      }
    >
      {limits.length === 0 ? (
        <p className="small muted">None. {about}</p>
      ) : (
        <ul className="limits">
          {limits.map((one) => (
            <li key={one.name}>
              <span className="mono small clip">{one.name}</span>
              <span className="num small">
                {count(one.used)}
                <span className="muted"> of {one.limit === null ? "any number" : count(one.limit)}</span>
                {one.waiting > 0 && <span className="tone-stale"> · {count(one.waiting)} waiting</span>}
              </span>
              <Progress value={one.limit ? one.used / one.limit : 0} label={`${one.name} used`} tone={one.waiting > 0 ? "stale" : "running"} />
              {may && <Button small look="quiet" icon={<Pencil size={13} />} aria-label={`Change the limit of ${one.name}`} onClick={() => setEditing(one)} />}
            </li>
          ))}
        </ul>
      )}
      {editing && <LimitDialog kind={kind} of={editing === "new" ? null : editing} about={about} onClose={() => setEditing(null)} />}
    </Card>
  );
}

function LimitDialog({ kind, of, about, onClose }: { kind: Kind; of: Limit | null; about: string; onClose: () => void }) {
  const [name, setName] = useState(of?.name ?? "");
  const [limit, setLimit] = useState(of?.limit === null || of === null ? "" : String(of.limit));
  const fields = useId();
  return (
    <Confirm
      title={of ? `Limit of ${of.name}` : kind === "pool" ? "Limit a pool" : "Limit runs"}
      action="Set"
      onClose={onClose}
      onConfirm={async () => {
        await post("/limits", { kind, name: name.trim(), limit: limit.trim() === "" ? null : Number(limit) });
        await cache.invalidateQueries({ queryKey: ["workers"] });
      }}
    >
      <p className="small muted">{about}</p>
      {of === null && (
        <label className="stack tight" htmlFor={`${fields}-name`}>
          <span className="small">{kind === "pool" ? "Pool" : "Tag, as name or name=value"}</span>
          <input id={`${fields}-name`} className="input mono" value={name} onChange={(event) => setName(event.target.value)} />
        </label>
      )}
      <label className="stack tight" htmlFor={`${fields}-limit`}>
        <span className="small">At most (empty: no limit)</span>
        <input id={`${fields}-limit`} className="input num" inputMode="numeric" pattern="[0-9]*" value={limit} onChange={(event) => setLimit(event.target.value.replaceAll(/\D/g, ""))} />
      </label>
    </Confirm>
  );
}
