/** Environments: who reads from whom, what differs, and a way to publish what one has made in another. */
import "./environments.css";

import { Lock } from "lucide-react";
import { useMemo } from "react";

import type { EnvironmentRow } from "../../api/contract";
import { useEnvironments } from "../../api/operating";
import { Go, setParams, useEnv, useParam } from "../../app/location";
import { Button } from "../../parts/button";
import { Chip } from "../../parts/fields";
import { Page } from "../../parts/page";
import { Answer, Empty } from "../../parts/states";
import { RunStatusMark } from "../../parts/status";
import { Time } from "../../parts/time";
import { count } from "../../words/format";
import { titleOf } from "../../words/steps";
import { Differences } from "./differences";
import { PastPromotions } from "./past";

type Placed = { env: EnvironmentRow; depth: number };

/** Each below the one that it reads from. */
export function asTree(rows: readonly EnvironmentRow[]): Placed[] {
  const names = new Set(rows.map((one) => one.name));
  const found: Placed[] = [];
  const seen = new Set<string>();
  const add = (env: EnvironmentRow, depth: number): void => {
    if (seen.has(env.name)) return;
    seen.add(env.name);
    found.push({ env, depth });
    for (const one of rows) if (one.reads_from === env.name) add(one, depth + 1);
  };
  for (const one of rows) if (one.reads_from === null || !names.has(one.reads_from)) add(one, 0);
  for (const one of rows) add(one, 0);
  return found;
}

export default function Environments() {
  const env = useEnv();
  const environments = useEnvironments();
  const tree = useMemo(() => asTree(environments.data?.items ?? []), [environments.data]);
  const [a] = useParam("a");
  const [b] = useParam("b");
  return (
    <Page title="Environments" about="Who writes where, and what differs">
      <Answer of={environments} what="Loading environments">
        {({ items }) => {
          const [from, to] = pairOf(items, a, b, env);
          return (
            <div className="stack environments">
              <ul className="env-tree" aria-label="Environments">
                {tree.map(({ env: one, depth }) => (
                  <EnvironmentCard key={one.name} one={one} depth={depth} isShown={one.name === env} />
                ))}
              </ul>
              {items.length < 2 ? (
                <Empty title="There is one environment">
                  Give the project others, so that a change can be tried on real data without touching it: <code>[tool.assetflow.environments.staging]</code> in{" "}
                  <code>pyproject.toml</code>, with <code>reads_from = "{items[0]?.name ?? "production"}"</code>.
                </Empty>
              ) : (
                <Differences key={`${from} ${to}`} environments={items} from={from} to={to} />
              )}
              <PastPromotions />
            </div>
          );
        }}
      </Answer>
    </Page>
  );
}

/** What is compared: as the URL says, else the one that is looked at with the one it reads from. */
function pairOf(rows: EnvironmentRow[], a: string, b: string, env: string | null): [string, string] {
  const at = rows.find((one) => one.name === env);
  const reader = at?.reads_from ? at : rows.find((one) => one.reads_from === at?.name) ?? rows.find((one) => one.name !== at?.name);
  const from = a || reader?.name || "";
  const base = rows.find((one) => one.name === from)?.reads_from;
  return [from, b || (base ?? rows.find((one) => one.name !== from)?.name ?? "")];
}

function EnvironmentCard({ one, depth, isShown }: { one: EnvironmentRow; depth: number; isShown: boolean }) {
  return (
    <li className={`env-card ${isShown ? "on" : ""}`} style={{ marginLeft: `calc(${depth} * var(--s6))` }}>
      <div className="env-card-name">
        <span className="row">
          <h2>{one.name}</h2>
          {one.protected && (
            <span className="tone-stale row xs" title="Writing to it has to be confirmed">
              <Lock size={12} aria-hidden="true" /> protected
            </span>
          )}
          {isShown && <Chip tone="accent">looked at</Chip>}
        </span>
        <span className="xs muted clip" title={one.writes_to ?? undefined}>
          {one.reads_from ? `reads what it has not made from ${one.reads_from}` : "reads only its own"}
          {one.writes_to && ` · writes to ${one.writes_to}`}
        </span>
      </div>
      <dl className="env-counts">
        <div>
          <dt>made here</dt>
          <dd className="num">
            {count(one.assets.own)}
            <span className="faint"> / {count(one.assets.total)}</span>
          </dd>
        </div>
        <div>
          <dt>stale</dt>
          <dd className={`num ${one.assets.stale > 0 ? "tone-stale" : ""}`}>{count(one.assets.stale)}</dd>
        </div>
      </dl>
      <div className="env-last">
        {one.last_run ? (
          <>
            <RunStatusMark status={one.last_run.status} />
            <Go to={`/runs/${one.last_run.id}`} className="clip small">
              {titleOf(one.last_run)}
            </Go>
            <span className="small muted">
              <Time at={one.last_run.created} />
            </span>
          </>
        ) : (
          <span className="small faint">no run yet</span>
        )}
      </div>
      <div className="env-act">
        {!isShown && (
          <Button small look="quiet" onClick={() => setParams({ env: one.name, a: null, b: null }, true)}>
            Look at it
          </Button>
        )}
      </div>
    </li>
  );
}
