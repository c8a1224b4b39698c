/** Why the conditions of an asset did or did not ask for it. */
import { useQuery } from "@tanstack/react-query";

import { get } from "../../api/client";
import type { Listed } from "../../api/contract";
import { useDefinitions } from "../../api/queries";
import { AssetLink, Go, useEnv, useParam } from "../../app/location";
import { Select } from "../../parts/fields";
import { Card } from "../../parts/page";
import { Answer } from "../../parts/states";
import { StatusMark } from "../../parts/status";
import { Time } from "../../parts/time";

type Decision = { key?: string; at: number; requested?: boolean | number; condition?: string | null; reason?: string | null; run_ids?: string[]; partition?: string | null };

export function Decisions() {
  const env = useEnv();
  const { data } = useDefinitions();
  const [chosen, setChosen] = useParam("asset");
  const keys = (data?.assets ?? []).filter((asset) => asset.automation !== null).map((asset) => asset.key);
  const key = chosen || keys[0] || "";
  const decisions = useQuery({
    queryKey: ["instigators", "decisions", key, env],
    queryFn: ({ signal }) => get<Listed<Decision>>("/automation/decisions", { key, env }, signal),
    enabled: key !== "",
  });
  if (keys.length === 0) return null;
  return (
    <Card title="Decisions" actions={<Select label="Asset" value={key} options={keys} onChange={(event) => setChosen(event.target.value)} />}>
      <div className="stack">
        <AssetLink name={key} />
        <Answer of={decisions} what="Loading decisions">
          {({ items }) =>
            items.length === 0 ? (
              <p className="small muted">Its condition has not been evaluated yet.</p>
            ) : (
              <ol className="stack">
                {items.slice(0, 50).map((one, i) => (
                  <li key={i} className="stack tight small">
                    <span className="row wide">
                      <StatusMark mark={one.requested ? "done" : "skipped"} label={one.requested ? "asked for" : "not asked for"} />
                      <Time at={one.at} />
                    </span>
                    {one.reason && <span>{one.reason}</span>}
                    {one.condition && <code className="xs muted">{one.condition}</code>}
                    {one.run_ids?.map((id) => (
                      <Go key={id} to={`/runs/${id}`} className="mono xs">
                        run {id.slice(-8)}
                      </Go>
                    ))}
                  </li>
                ))}
              </ol>
            )
          }
        </Answer>
      </div>
    </Card>
  );
}
