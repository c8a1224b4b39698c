/** All partitions as one strip, however many: drag to choose a range, then make it. Below, their keys. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Play } from "lucide-react";
import { useMemo, useState } from "react";

import { get } from "../../api/client";
import type { AssetDetail, PartitionKeyRow, PartitionKeys, PartitionStrip } from "../../api/contract";
import { useMay } from "../../api/queries";
import { openPlan } from "../../app/launching";
import { Go, useEnv, useParam } from "../../app/location";
import { Button } from "../../parts/button";
import { FilterBox, Select } from "../../parts/fields";
import { Card } from "../../parts/page";
import { Answer } from "../../parts/states";
import { type Mark, StatusMark } from "../../parts/status";
import { type Column, DataTable } from "../../parts/table";
import { Time } from "../../parts/time";
import { count, many, shortId } from "../../words/format";
import { tallyOf } from "../../words/runs_of";
import { Strip } from "./strip";

export const MARKS: Record<string, Mark> = {
  missing: "missing",
  materialized: "done",
  failed: "failed",
  running: "running",
  queued: "queued",
  skipped: "skipped",
  stale: "stale",
};
export type Span = { first: number; last: number };

export default function Partitions({ asset }: { asset: AssetDetail }) {
  const env = useEnv();
  const strip = useQuery({
    queryKey: ["asset", asset.key, env, "partitions"],
    queryFn: ({ signal }) => get<PartitionStrip>("/asset/partitions", { key: asset.key, env }, signal),
  });
  return <Answer of={strip} what="Loading partitions">{(data) => (data.total === 0 ? <None /> : <All asset={asset} strip={data} />)}</Answer>;
}

const None = () => <p className="muted small">There are no partitions yet. They are added while runs find them, or by hand: assetflow partitions add</p>;

function All({ asset, strip }: { asset: AssetDetail; strip: PartitionStrip }) {
  const env = useEnv();
  const may = useMay() && asset.is_executable;
  const [span, setSpan] = useState<Span | null>(null);
  const lengths = strip.encoding.states;
  const all = useMemo(() => tallyOf(lengths, 0, strip.total - 1), [lengths, strip.total]);
  const ends = useQuery({
    queryKey: ["partition-ends", asset.key, env, span?.first, span?.last],
    queryFn: async ({ signal }) => {
      const [first, last] = await Promise.all(
        [span!.first, span!.last].map((offset) =>
          get<PartitionKeys>("/asset/partitions/keys", { key: asset.key, env, offset, limit: 1 }, signal),
        ),
      );
      return { first: first?.items[0]?.key ?? "", last: last?.items[0]?.key ?? "" };
    },
    enabled: span !== null,
    placeholderData: keepPreviousData,
  });
  const chosen = span === null ? 0 : span.last - span.first + 1;
  const single = ends.data && span && span.first === span.last;
  return (
    <div className="stack wide-gap">
      <Card
        title={many(strip.total, "partition")}
        actions={
          may && (
            <div className="row">
              {span !== null && (
                <Button small look="quiet" onClick={() => setSpan(null)}>
                  Clear
                </Button>
              )}
              <Button
                small
                look="primary"
                icon={<Play size={12} />}
                disabled={span === null || !ends.data}
                onClick={() =>
                  ends.data &&
                  openPlan({ selection: [asset.key], ...(single ? { partition: ends.data.first } : { partitions: `${ends.data.first}..${ends.data.last}` }) })
                }
              >
                {span === null ? "Drag to choose" : `Materialize ${many(chosen, "partition")}`}
              </Button>
            </div>
          )
        }
      >
        <div className="stack">
          <Strip lengths={lengths} codes={strip.codes} total={strip.total} span={span} onSpan={setSpan} />
          <ul className="strip-legend">
            {strip.codes.map((state, code) => {
              const n = all.get(code) ?? 0;
              return n === 0 ? null : (
                <li key={state}>
                  <StatusMark mark={MARKS[state] ?? "missing"} label={state === "materialized" ? "made" : state} />
                  <span className="num muted small">{count(n)}</span>
                </li>
              );
            })}
          </ul>
          {span !== null && (
            <p className="small" data-testid="chosen-range" data-first={span.first} data-last={span.last}>
              {many(chosen, "partition")}: <code>{ends.data?.first ?? "…"}</code>
              {!single && (
                <>
                  {" to "}
                  <code>{ends.data?.last ?? "…"}</code>
                </>
              )}
            </p>
          )}
        </div>
      </Card>
      <KeysOf asset={asset} strip={strip} />
    </div>
  );
}

const PAGE = 200;

function KeysOf({ asset, strip }: { asset: AssetDetail; strip: PartitionStrip }) {
  const env = useEnv();
  const may = useMay() && asset.is_executable;
  const [state, setState] = useParam("pstate");
  const [query, setQuery] = useParam("pq");
  const [offset, setOffset] = useState(0);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const keys = useQuery({
    queryKey: ["asset", asset.key, env, "partition-keys", state, query, offset],
    queryFn: ({ signal }) =>
      get<PartitionKeys>("/asset/partitions/keys", { key: asset.key, env, state, q: query, offset, limit: PAGE }, signal),
    placeholderData: keepPreviousData,
  });
  const columns = useMemo<Column<PartitionKeyRow>[]>(
    () => [
      { id: "key", head: "Partition", width: "minmax(104px, 2fr)", cell: (row) => <Go to="/asset" params={{ key: asset.key, tab: "versions", partition: row.key }} className="mono link">{row.key}</Go> },
      {
        id: "state",
        head: "State",
        width: "minmax(100px, 1fr)",
        cell: (row) => <StatusMark mark={MARKS[row.state] ?? "missing"} label={row.state === "materialized" ? "made" : row.state} />,
      },
      { id: "at", head: "When", width: "minmax(90px, 1fr)", cell: (row) => <Time at={row.at} /> },
      {
        id: "run",
        head: "Run",
        width: "minmax(90px, 1fr)",
        narrow: true,
        cell: (row) =>
          row.run_id ? (
            <Go to={`/runs/${row.run_id}`} className="mono link">
              {shortId(row.run_id)}
            </Go>
          ) : (
            <span className="faint">–</span>
          ),
      },
    ],
    [asset.key],
  );
  const change = (set: (value: string | null) => void) => (value: string) => {
    setOffset(0);
    set(value === "" ? null : value);
  };
  const chosen = [...selected];
  return (
    <Card
      flush
      title="Keys"
      actions={
        <div className="row wrap">
          <FilterBox label="Filter partitions" value={query} onChange={change(setQuery)} />
          <Select
            label="State"
            value={state}
            options={[{ value: "", label: "Any state" }, ...strip.codes.map((code) => ({ value: code, label: code === "materialized" ? "made" : code }))]}
            onChange={(event) => change(setState)(event.target.value)}
          />
          {may && chosen.length > 0 && (
            <Button
              look="primary"
              icon={<Play size={12} />}
              onClick={() => openPlan({ selection: [asset.key], ...(chosen.length === 1 ? { partition: chosen[0]! } : { partitions: chosen }) })}
            >{`Materialize ${count(chosen.length)}`}</Button>
          )}
        </div>
      }
    >
      <Answer of={keys} what="Loading keys">
        {({ items, total }) => (
          <>
            <DataTable
              label="Partitions"
              columns={columns}
              rows={items}
              rowKey={(row) => row.key}
              rowHeight={34}
              height={`${Math.max(2, Math.min(items.length, 12)) * 34 + 38}px`}
              {...(may && { selected, onSelect: setSelected })}
              empty={<p className="muted small">No partition matches.</p>}
            />
            {total > PAGE && (
              <div className="row none small">
                <Button small disabled={offset === 0} onClick={() => setOffset(Math.max(0, offset - PAGE))}>
                  Before
                </Button>
                <span className="num muted">
                  {count(offset + 1)} to {count(Math.min(total, offset + PAGE))} of {count(total)}
                </span>
                <Button small disabled={offset + PAGE >= total} onClick={() => setOffset(offset + PAGE)}>
                  After
                </Button>
              </div>
            )}
          </>
        )}
      </Answer>
    </Card>
  );
}

