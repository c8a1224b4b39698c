/** All runs, newest first: filters in the URL, any number of rows, two of them compared. */
import "./runs.css";

import { useInfiniteQuery } from "@tanstack/react-query";
import { GitCompareArrows } from "lucide-react";
import { useEffect, useMemo, useState } from "react";

import { get } from "../../api/client";
import type { Listed, RunSummary } from "../../api/contract";
import { useMay } from "../../api/queries";
import { go, setParams, useEnv, useParam } from "../../app/location";
import { Button, ButtonLink } from "../../parts/button";
import { Chip, FilterBox } from "../../parts/fields";
import { Page } from "../../parts/page";
import { Command, Empty, ErrorNote, Loading } from "../../parts/states";
import { DataTable } from "../../parts/table";
import { many } from "../../words/format";
import { CancelMany } from "./cancel_many";
import { COLUMNS } from "./columns";
import { Compare } from "./compare";

const PAGE = 100;
const TYPED_MS = 200;
const STATES = ["queued", "running", "success", "failed", "cancelled", "paused"] as const;
const NAMED = ["job", "asset", "tag"] as const; // filters that other pages lead here with

export default function Runs() {
  const [status] = useParam("status");
  const [text, setText] = useParam("text");
  const [job] = useParam("job");
  const [asset] = useParam("asset");
  const [tag] = useParam("tag");
  const [compare] = useParam("compare");
  const [everywhere] = useParam("all");
  const env = useEnv();
  const may = useMay();
  const said = useLate(text, TYPED_MS);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [cancelling, setCancelling] = useState(false);
  const filter = { status: status === "" ? [] : status.split(","), text: said, job, asset, tag, env: everywhere ? null : env };
  const runs = useInfiniteQuery({
    queryKey: ["runs", "pages", filter],
    queryFn: ({ pageParam, signal }) => get<Listed<RunSummary>>("/runs", { ...filter, cursor: pageParam, limit: PAGE }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    enabled: env !== null,
    placeholderData: (before) => before,
  });
  const rows = useMemo(() => runs.data?.pages.flatMap((page) => page.items) ?? [], [runs.data]);
  const filtered = status !== "" || text !== "" || job !== "" || asset !== "" || tag !== "";
  const chosen = rows.filter((run) => selected.has(run.id));
  const going = chosen.filter((run) => ["queued", "running", "paused"].includes(run.status));
  const clear = (): void => setParams({ status: null, text: null, job: null, asset: null, tag: null });

  return (
    <Page
      full
      title="Runs"
      about={runs.data && `${many(rows.length, "run")}${runs.hasNextPage ? " so far, more below" : ""}`}
      actions={
        <>
          {selected.size > 0 && <span className="small muted">{many(selected.size, "run")} chosen</span>}
          {may && going.length > 0 && <Button onClick={() => setCancelling(true)}>Cancel {many(going.length, "run")}</Button>}
          <Button
            icon={<GitCompareArrows size={15} />}
            disabled={selected.size !== 2}
            title={selected.size === 2 ? undefined : "Choose two runs"}
            onClick={() => setParams({ compare: [...selected].join(",") }, true)}
          >
            Compare
          </Button>
        </>
      }
      below={
        <div className="filters">
          <FilterBox label="Filter by asset, name, id or launcher" placeholder="Asset, name, id, who…" value={text} onChange={(value) => setText(value)} />
          <StatusFilter chosen={status === "" ? [] : status.split(",")} />
          {NAMED.map((name) => {
            const value = { job, asset, tag }[name];
            return value === "" ? null : (
              <Chip key={name} tone="accent">
                {name}: {value}
                <button type="button" className="chip-end" aria-label={`Any ${name}`} onClick={() => setParams({ [name]: null })}>
                  ×
                </button>
              </Chip>
            );
          })}
        </div>
      }
    >
      {runs.error && rows.length === 0 ? (
        <ErrorNote error={runs.error} onRetry={() => void runs.refetch()} />
      ) : runs.data === undefined ? (
        <Loading what="Loading runs" />
      ) : (
        <DataTable
          label="Runs"
          columns={COLUMNS}
          rows={rows}
          rowKey={(run) => run.id}
          rowHeight={44}
          selected={selected}
          onSelect={setSelected}
          onOpen={(run) => go(`/runs/${run.id}`)}
          onEnd={() => {
            if (runs.hasNextPage && !runs.isFetchingNextPage) void runs.fetchNextPage();
          }}
          empty={
            filtered ? (
              <Empty title="No run matches" action={<Button onClick={clear}>Clear the filter</Button>} />
            ) : (
              <Empty title="Nothing has run yet" action={<ButtonLink to="/assets">Choose assets</ButtonLink>}>
                <p>Materialize assets here, or from a terminal:</p>
                <Command text="assetflow materialize" />
              </Empty>
            )
          }
        />
      )}
      {compare !== "" && <Compare ids={compare.split(",").slice(0, 2)} onClose={() => setParams({ compare: null })} />}
      {cancelling && <CancelMany runs={going} onClose={() => setCancelling(false)} />}
    </Page>
  );
}

function StatusFilter({ chosen }: { chosen: string[] }) {
  return (
    <div className="segmented wrap" role="group" aria-label="Status">
      {STATES.map((state) => {
        const on = chosen.includes(state);
        const next = on ? chosen.filter((one) => one !== state) : [...chosen, state];
        return (
          <button key={state} type="button" aria-pressed={on} onClick={() => setParams({ status: next.join(",") }, true)}>
            {state}
          </button>
        );
      })}
    </div>
  );
}

/** A value once it has rested: not a question a letter. */
function useLate<T>(value: T, wait: number): T {
  const [late, setLate] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setLate(value), wait);
    return () => clearTimeout(timer);
  }, [value, wait]);
  return late;
}
