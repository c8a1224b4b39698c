/** Where two environments differ, asset by asset; what is chosen can be promoted from the first to the second. */
import { ArrowRight, ArrowUpFromLine } from "lucide-react";
import { useMemo, useState } from "react";

import type { EnvironmentDifference, EnvironmentRow, EnvironmentSide } from "../../api/contract";
import { useDifferences } from "../../api/operating";
import { useMay } from "../../api/queries";
import { AssetLink, Go, setParams } from "../../app/location";
import { Button } from "../../parts/button";
import { FilterBox, Select } from "../../parts/fields";
import { Answer, Empty } from "../../parts/states";
import { type Mark, StatusMark } from "../../parts/status";
import { type Column, DataTable } from "../../parts/table";
import { Time } from "../../parts/time";
import { count, many, shortId } from "../../words/format";
import { Promote } from "./promote";

const ORDER: EnvironmentDifference["state"][] = ["differs", "only_a", "only_b", "same"];

export function Differences({ environments, from, to }: { environments: EnvironmentRow[]; from: string; to: string }) {
  const may = useMay();
  const differences = useDifferences(from, to);
  const [text, setText] = useState("");
  const [all, setAll] = useState(false);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [promoting, setPromoting] = useState<string[] | null>(null);
  const words: Record<EnvironmentDifference["state"], { mark: Mark; word: string }> = {
    same: { mark: "done", word: "same" },
    differs: { mark: "stale", word: "differs" },
    only_a: { mark: "queued", word: `only in ${from}` },
    only_b: { mark: "never", word: `only in ${to}` },
  };
  const rows = useMemo(
    () =>
      (differences.data?.items ?? [])
        .filter((one) => (all || one.state !== "same") && one.key.toLowerCase().includes(text.toLowerCase()))
        .sort((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state) || one.key.localeCompare(other.key)),
    [differences.data, all, text],
  );
  const same = differences.data?.items.filter((one) => one.state === "same").length ?? 0;
  const names = environments.map((one) => one.name);
  const movable = rows.filter((one) => selected.has(one.key) && one.a !== null).map((one) => one.key);
  const columns: Column<EnvironmentDifference>[] = [
    { id: "key", head: "Asset", width: "minmax(180px, 1.6fr)", cell: (one) => <AssetLink name={one.key} tab="versions" /> },
    { id: "state", head: "Difference", width: "minmax(130px, 0.9fr)", cell: (one) => <StatusMark mark={words[one.state].mark} label={words[one.state].word} /> },
    { id: "a", head: from, width: "minmax(150px, 1fr)", cell: (one) => <Side side={one.a} same={one.state === "same"} /> },
    { id: "b", head: to, width: "minmax(150px, 1fr)", cell: (one) => <Side side={one.b} same={one.state === "same"} /> },
    {
      id: "diff",
      head: <span className="sr">Compare</span>,
      width: "92px",
      align: "end",
      narrow: true,
      cell: (one) =>
        one.state === "differs" && (
          <Go to="/asset" params={{ key: one.key, tab: "versions", env_a: from, env_b: to }} className="small tone-accent">
            Compare
          </Go>
        ),
    },
  ];
  return (
    <section className="stack" aria-label="Differences">
      <div className="row wrap">
        <h2 className="env-heading">What differs</h2>
        <Select label="First environment" value={from} options={names} onChange={(event) => setParams({ a: event.target.value, b: to })} />
        <ArrowRight size={15} className="faint" aria-label="and" />
        <Select label="Second environment" value={to} options={names.filter((name) => name !== from)} onChange={(event) => setParams({ a: from, b: event.target.value })} />
        <FilterBox label="Filter assets" value={text} onChange={setText} />
        <label className="row small">
          <input type="checkbox" checked={all} onChange={(event) => setAll(event.target.checked)} />
          Show {count(same)} that are the same
        </label>
        <span className="grow" />
        {may && (
          <Button look="primary" icon={<ArrowUpFromLine size={14} />} disabled={movable.length === 0} onClick={() => setPromoting(movable)}>
            {movable.length === 0 ? `Promote to ${to}` : `Promote ${many(movable.length, "asset")} to ${to}`}
          </Button>
        )}
      </div>
      <Answer of={differences} what="Comparing">
        {({ items }) => (
          <DataTable
            label="Differences"
            columns={columns}
            rows={rows}
            rowKey={(one) => one.key}
            {...(may && { selected, onSelect: setSelected })}
            height="clamp(16rem, 52vh, 44rem)"
            empty={
              text !== "" ? (
                <Empty title="No asset matches" action={<Button onClick={() => setText("")}>Clear the filter</Button>} />
              ) : items.length === 0 ? (
                <Empty title="Neither has made anything yet" />
              ) : (
                <Empty title="Nothing differs">
                  {from} and {to} have made the same of {many(same, "asset")}.
                </Empty>
              )
            }
          />
        )}
      </Answer>
      {promoting && <Promote keys={promoting} fresh={rows.filter((one) => one.b === null && promoting.includes(one.key)).length} from={from} to={to} onClose={() => setPromoting(null)} onDone={() => setSelected(new Set())} />}
    </section>
  );
}

function Side({ side, same }: { side: EnvironmentSide | null; same: boolean }) {
  if (side === null) return <span className="faint">–</span>;
  return (
    <span className={`row ${same ? "muted" : ""}`}>
      {side.partitions ? <span className="num">{many(side.partitions, "partition")}</span> : <span className="mono xs" title={side.version ?? undefined}>{side.version ? shortId(side.version) : "–"}</span>}
      <span className="muted">
        <Time at={side.at} />
      </span>
    </span>
  );
}
