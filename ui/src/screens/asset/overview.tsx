/** How the asset stands, its latest metadata, its numbers over time, and everything that was made of it. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { get } from "../../api/client";
import type { AssetDetail, Listed, Materialization, Plots, Status } from "../../api/contract";
import { AssetLink, Go, go, setParams, useEnv, useParam } from "../../app/location";
import { Button } from "../../parts/button";
import { Chip, Facts } from "../../parts/fields";
import { MetaList } from "../../parts/meta";
import { Card } from "../../parts/page";
import { byPartition, Plot, type PlotPoint, type Unit } from "../../parts/plot";
import { Description } from "../../parts/prose";
import { StaleList } from "../../parts/stale";
import { Answer } from "../../parts/states";
import { type Column, DataTable } from "../../parts/table";
import { Time } from "../../parts/time";
import { bytes, duration, shortId } from "../../words/format";

export function Overview({ asset, status }: { asset: AssetDetail; status: Status }) {
  return (
    <div className="asset-overview">
      <div className="stack wide-gap">
        <StaleList status={status} />
        {asset.description && <Description text={asset.description} html={asset.description_html} />}
        <PlotsOf asset={asset} />
        {!asset.is_source && <History asset={asset} />}
      </div>
      <aside className="stack wide-gap" aria-label="Latest">
        <Latest asset={asset} />
        <Card title="Depends on">
          <Keys keys={asset.upstream} none="Nothing: it is made of what is outside." />
        </Card>
        <Card title="Needed by">
          <Keys keys={asset.downstream} none="Nothing yet." />
        </Card>
      </aside>
    </div>
  );
}

function Keys({ keys, none }: { keys: string[]; none: string }) {
  if (keys.length === 0) return <p className="muted small">{none}</p>;
  return (
    <ul className="key-list">
      {keys.map((key) => (
        <li key={key}>
          <AssetLink name={key} />
        </li>
      ))}
    </ul>
  );
}

function Latest({ asset }: { asset: AssetDetail }) {
  const { latest } = asset;
  if (latest === null)
    return (
      <Card title="Latest">
        <p className="muted small">{asset.is_source ? "Others make it; it is read from where it lies." : "It was never made."}</p>
      </Card>
    );
  return (
    <Card title="Latest">
      <div className="stack">
        <Facts
          facts={[
            ["Made", <Time key="t" at={latest.at} />],
            ["Run", <RunLink key="r" id={latest.run_id} />],
            ["Partition", latest.partition && <code>{latest.partition}</code>],
            ["Took", duration(latest.duration)],
            ["Size", latest.size === null ? null : bytes(latest.size)],
            ["Version", latest.version && <code title={latest.version}>{shortId(latest.version)}</code>],
            ["Data version", latest.data_version && <code title={latest.data_version}>{shortId(latest.data_version)}</code>],
            ["Code version", latest.code_version && <code title={latest.code_version}>{shortId(latest.code_version)}</code>],
            ["Lies at", latest.uri && <code>{latest.uri}</code>],
          ]}
        />
        <MetaList items={latest.metadata} />
      </div>
    </Card>
  );
}

export const RunLink = ({ id }: { id: string }) => (
  <Go to={`/runs/${id}`} className="mono link" title={id}>
    {shortId(id)}
  </Go>
);

function PlotsOf({ asset }: { asset: AssetDetail }) {
  const env = useEnv();
  const plots = useQuery({
    queryKey: ["asset-history", asset.key, "plots", env],
    queryFn: ({ signal }) => get<Plots>("/asset/plots", { key: asset.key, env }, signal),
  });
  const [over] = useParam("plot");
  const several = new Set(plots.data?.series.flatMap(({ points }) => points.map((point) => point[3]))).size > 1;
  const partitions = several && over !== "time";
  const all = (plots.data?.series ?? []).map(({ label, points }) => {
    const found = points.map<PlotPoint>(([x, y, run, partition]) => ({ x, y, at: x, href: run, ...(partition !== null && { label: partition }) }));
    return { label, points: partitions ? byPartition(found) : found };
  });
  const series = all.filter((one) => one.points.length > 1);
  if (series.length === 0) return null;
  return (
    <Card
      title={partitions ? "Numbers by partition" : "Numbers over time"}
      actions={
        several && (
          <Button small look="quiet" onClick={() => setParams({ plot: partitions ? "time" : null })}>
            {partitions ? "Over time" : "By partition"}
          </Button>
        )
      }
    >
      <div className="plots">
        {series.map(({ label, points }) => (
          <Plot
            key={label}
            label={label}
            points={points}
            partitions={partitions}
            {...(MEASURED[label] && { unit: MEASURED[label] })}
            onOpen={(point) => point.href && go(`/runs/${point.href}`)}
          />
        ))}
      </div>
    </Card>
  );
}

/** What the server measures by itself has a unit. */
const MEASURED: Record<string, Unit> = { duration: { told: duration, sign: "s" }, size: { told: bytes, sign: "B" } };

const PAGE = 100;

function History({ asset }: { asset: AssetDetail }) {
  const env = useEnv();
  const [open, setOpen] = useState<Materialization | null>(null);
  const history = useInfiniteQuery({
    queryKey: ["asset-history", asset.key, "list", env],
    queryFn: ({ pageParam, signal }) =>
      get<Listed<Materialization>>("/asset/materializations", { key: asset.key, env, before: pageParam, limit: PAGE }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
  const rows = useMemo(() => history.data?.pages.flatMap((page) => page.items) ?? [], [history.data]);
  const columns = useMemo(() => columnsFor(asset.is_partitioned), [asset.is_partitioned]);
  return (
    <Card title="Materializations" flush>
      <Answer of={history} what="Loading materializations">
        {() =>
          rows.length === 0 ? (
            <p className="muted small none">Nothing was made of it yet.</p>
          ) : (
            <>
              <DataTable
                label="Materializations"
                columns={columns}
                rows={rows}
                rowKey={rowKey}
                rowHeight={36}
                height={`${Math.min(rows.length, 10) * 36 + 38}px`}
                rowClass={(row) => (open && rowKey(open) === rowKey(row) ? "on" : undefined)}
                onOpen={(row) => setOpen((old) => (old && rowKey(old) === rowKey(row) ? null : row))}
                onEnd={() => history.hasNextPage && !history.isFetchingNextPage && void history.fetchNextPage()}
              />
              {open && <One made={open} onClose={() => setOpen(null)} />}
            </>
          )
        }
      </Answer>
    </Card>
  );
}

const rowKey = (row: Materialization): string => `${row.run_id} ${row.step} ${row.partition} ${row.version} ${row.at}`;

function columnsFor(partitioned: boolean): Column<Materialization>[] {
  return [
    { id: "at", head: "When", width: "minmax(96px, 1fr)", cell: ({ at }) => <Time at={at} /> },
    { id: "run", head: "Run", width: "minmax(88px, 0.8fr)", cell: ({ run_id }) => <RunLink id={run_id} /> },
    ...(partitioned
      ? [{ id: "partition", head: "Partition", width: "minmax(96px, 1fr)", cell: ({ partition }: Materialization) => <code>{partition ?? "–"}</code> }]
      : []),
    {
      id: "what",
      head: "",
      width: "minmax(90px, 0.8fr)",
      narrow: true,
      cell: ({ unchanged }) => (unchanged ? <Chip title="What it reads was what it had read">unchanged</Chip> : null),
    },
    { id: "size", head: "Size", width: "84px", align: "end", narrow: true, cell: ({ size }) => <span className="num muted">{bytes(size)}</span> },
    { id: "took", head: "Took", width: "76px", align: "end", cell: ({ duration: took }) => <span className="num">{duration(took)}</span> },
    {
      id: "version",
      head: "Data version",
      width: "minmax(96px, 0.8fr)",
      align: "end",
      narrow: true,
      cell: ({ data_version: version }) => <code className="faint">{version ? shortId(version) : "–"}</code>,
    },
  ];
}

/** All that is known of one materialization. */
function One({ made, onClose }: { made: Materialization; onClose: () => void }) {
  return (
    <section className="one-made" aria-label="One materialization">
      <header className="row wide">
        <h3>
          <Time at={made.at} long /> in run <RunLink id={made.run_id} />
        </h3>
        <Button small look="quiet" onClick={onClose}>
          Close
        </Button>
      </header>
      <div className="grid-2">
        <MetaList items={made.metadata} />
        {made.inputs.length > 0 && (
          <div>
            <h4 className="overline">Made of</h4>
            <ul className="key-list">
              {made.inputs.map((input) => (
                <li key={input.key} className="row">
                  <AssetLink name={input.key} />
                  {input.version && <code className="faint xs">{shortId(input.version)}</code>}
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </section>
  );
}
