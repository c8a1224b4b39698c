import { useQuery } from "@tanstack/react-query";

import { get } from "../../api/client";
import type { AssetDetail, CheckResult } from "../../api/contract";
import { useEnv } from "../../app/location";
import { Chip } from "../../parts/fields";
import { MetaList } from "../../parts/meta";
import { Card } from "../../parts/page";
import { Answer } from "../../parts/states";
import { type Mark, StatusDot, StatusMark } from "../../parts/status";
import { Time } from "../../parts/time";
import { RunLink } from "./overview";

/** The checks of an asset: whether they hold, since when, and what they have said. */
export default function Checks({ asset }: { asset: AssetDetail }) {
  const env = useEnv();
  const checks = useQuery({
    queryKey: ["asset-history", asset.key, "checks", env],
    queryFn: ({ signal }) => get<{ items: CheckResult[] }>("/asset/checks", { key: asset.key, env }, signal),
  });
  return (
    <Answer of={checks} what="Loading checks">
      {({ items }) => (
        <div className="grid-2">
          {items.map((check) => (
            <Check key={check.name} check={check} />
          ))}
        </div>
      )}
    </Answer>
  );
}

function markOf(check: CheckResult): { mark: Mark; label: string } {
  if (check.passed === null) return { mark: "never", label: "never run" };
  if (check.passed) return { mark: "done", label: "passed" };
  return check.severity?.toLowerCase() === "warn" ? { mark: "warned", label: "warning" } : { mark: "failed", label: "failed" };
}

function Check({ check }: { check: CheckResult }) {
  const { mark, label } = markOf(check);
  return (
    <Card title={<span className="mono">{check.name}</span>} actions={<StatusMark mark={mark} label={label} soft />}>
      <div className="stack">
        {check.description && <p className="muted small">{check.description}</p>}
        <div className="row wrap small">
          {check.blocking && <Chip title="What needs the asset waits for this check">blocking</Chip>}
          {check.at !== null && (
            <span className="muted">
              <Time at={check.at} />
              {check.run_id && (
                <>
                  {" in "}
                  <RunLink id={check.run_id} />
                </>
              )}
            </span>
          )}
        </div>
        <MetaList items={check.metadata} />
        {check.history.length > 1 && (
          <ul className="check-history" aria-label="Earlier results, the newest first">
            {check.history.slice(0, 40).map((one, i) => (
              <li key={i}>
                <StatusDot mark={one.passed ? "done" : "failed"} label={one.passed ? "passed" : "failed"} />
              </li>
            ))}
          </ul>
        )}
      </div>
    </Card>
  );
}
