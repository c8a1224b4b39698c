/** One asset, one folded group: what is seen of them in the picture. */
import { memo, useMemo } from "react";

import { type Shown, shownOf, statuses, useStatus, useStatusVersion } from "../../api/statuses";
import { ShareBar } from "../../parts/charts";
import { StatusDot, toneOf, wordOf } from "../../parts/status";
import { useNow } from "../../parts/time";
import { count, relative } from "../../words/format";
import { CARD, FOLDED } from "./layout/compound";

const CAUSES = { code: "code changed", data: "data changed", deps: "inputs changed", upstream: "upstream changed", never: "never made" };

/** Why it is stale, in two words; null if it is not. */
export function staleWord(status: { stale: { cause: keyof typeof CAUSES }[]; upstream_changed: boolean } | undefined): string | null {
  const cause = status?.stale[0]?.cause;
  if (cause !== undefined) return CAUSES[cause] ?? "stale";
  return status?.upstream_changed ? "upstream changed" : null;
}

type CardProps = {
  name: string;
  x: number;
  y: number;
  source: boolean;
  partitioned: boolean;
  foreign: boolean;
  selected: boolean;
  current: boolean;
  kind: string | null;
  id: string;
};

export const Card = memo(function Card(props: CardProps) {
  const status = useStatus(props.name);
  const shown = shownOf(status, props.source);
  const cut = props.name.lastIndexOf("/") + 1;
  return (
    <div
      id={props.id}
      role="option"
      aria-selected={props.selected}
      data-key={props.name}
      data-status={shown}
      className={`card-node is-${shown} ${props.selected ? "on" : ""} ${props.current ? "current" : ""} ${props.foreign ? "foreign" : ""}`}
      style={{ left: props.x, top: props.y, width: CARD.w, height: CARD.h }}
    >
      <div className="card-node-name">
        <StatusDot mark={shown} />
        <span className="clip">
          {cut > 0 && <span className="key-prefix">{props.name.slice(0, cut)}</span>}
          {props.name.slice(cut)}
        </span>
      </div>
      <div className="card-node-line">
        <span className="clip">
          <CardLine shown={shown} at={status?.at ?? null} stale={staleWord(status)} tally={status?.partitions ?? null} />
        </span>
        {status?.from_env && <span className="chip">from {status.from_env}</span>}
        {props.kind && <span className="card-kind">{props.kind}</span>}
      </div>
    </div>
  );
});

function CardLine({ shown, at, stale, tally }: {
  shown: Shown;
  at: number | null;
  stale: string | null;
  tally: { total: number; materialized: number } | null;
}) {
  const now = useNow();
  const when = at === null ? null : relative(at, now);
  const parts = tally && `${count(tally.materialized)} of ${count(tally.total)} partitions`;
  if (shown === "stale") return <span className="tone-stale">{stale ?? "stale"}{when && `, ${when}`}</span>;
  if (shown === "failed") return <span className="tone-failed">failed{when && ` ${when}`}</span>;
  if (shown === "running" || shown === "queued") return <span className={`tone-${shown}`}>{shown}…</span>;
  if (shown === "skipped") return <>skipped – no output</>;
  if (shown === "source") return <>source</>;
  if (shown === "unknown") return <>…</>;
  if (shown === "never") return <>{parts ?? "never made"}</>;
  return <>{parts ?? when ?? "done"}</>;
}

const SHARES: Shown[] = ["failed", "running", "queued", "stale", "done", "skipped", "never", "source", "unknown"];

type GroupCardProps = { name: string; group: number; x: number; y: number; keys: string[]; source: (key: string) => boolean; onUnfold: (group: string) => void };

/** A folded group: how many of its assets stand how. */
export const GroupCard = memo(function GroupCard({ name, x, y, keys, source, onUnfold }: GroupCardProps) {
  const version = useStatusVersion();
  const tally = useMemo(() => {
    const counts = new Map<Shown, number>();
    for (const key of keys) {
      const shown = shownOf(statuses.get(key), source(key));
      counts.set(shown, (counts.get(shown) ?? 0) + 1);
    }
    return SHARES.map((shown) => ({ tone: toneOf(shown), word: wordOf(shown), count: counts.get(shown) ?? 0, shown }));
  }, [keys, source, version]);
  const loud = tally.filter(({ count: n, shown }) => n > 0 && ["failed", "running", "stale"].includes(shown));
  return (
    <button
      type="button"
      className="group-node"
      data-group={name}
      style={{ left: x, top: y, width: FOLDED.w, height: FOLDED.h }}
      title={`Unfold ${name}`}
      onClick={() => onUnfold(name)}
    >
      <span className="row wide">
        <span className="clip group-node-name">{name}</span>
        <span className="faint num xs">{count(keys.length)}</span>
      </span>
      <ShareBar shares={tally} />
      <span className="row group-node-line">
        {loud.length === 0 ? (
          <span className="faint">all quiet</span>
        ) : (
          loud.map(({ shown, count: n }) => (
            <span key={shown} className={`row tone-${shown}`}>
              <StatusDot mark={shown} /> {count(n)}
            </span>
          ))
        )}
      </span>
    </button>
  );
});
