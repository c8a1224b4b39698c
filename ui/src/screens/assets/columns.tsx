/** What the catalog tells of an asset, column by column, and how it is put in order. */
import type { Asset, Status } from "../../api/contract";
import type { Shown } from "../../api/statuses";
import { AssetLink, Go } from "../../app/location";
import { Chip } from "../../parts/fields";
import { ShareBar } from "../../parts/charts";
import { StatusMark, wordOf } from "../../parts/status";
import type { Column, Sort } from "../../parts/table";
import { Time } from "../../parts/time";
import { count, duration } from "../../words/format";
import { staleWord } from "../graph/card";

export type Row = { asset: Asset; status: Status | undefined; shown: Shown };

const URGENT: Shown[] = ["failed", "running", "queued", "stale", "never", "skipped", "done", "source", "unknown"];

const VALUES: Record<string, (row: Row) => string | number> = {
  key: (row) => row.asset.key,
  group: (row) => row.asset.group,
  kind: (row) => row.asset.compute_kind ?? row.asset.kinds[0] ?? "",
  status: (row) => URGENT.indexOf(row.shown),
  at: (row) => -(row.status?.at ?? 0), // the newest first
  duration: (row) => -(row.status?.duration ?? -1), // the longest first
  owner: (row) => row.asset.owners[0] ?? "",
};

export function sorted(rows: Row[], { by, down }: Sort): Row[] {
  const value = VALUES[by] ?? VALUES["key"]!;
  const sign = down ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    const order = typeof x === "number" ? x - (y as number) : x.localeCompare(y as string);
    return sign * order || a.asset.key.localeCompare(b.asset.key);
  });
}

/** "skipped – no output" says what a neutral mark alone does not. */
function words({ shown, status }: Row): string {
  if (shown === "skipped") return "skipped – no output";
  if (shown === "stale") return staleWord(status) ?? "stale";
  return wordOf(shown);
}

export function assetColumns(): Column<Row>[] {
  return [
    {
      id: "key",
      head: "Asset",
      width: "minmax(220px, 2.2fr)",
      sortable: true,
      cell: ({ asset }) => (
        <span className="asset-cell">
          <AssetLink name={asset.key} />
          {asset.description && <span className="asset-about clip">{firstLine(asset.description)}</span>}
        </span>
      ),
    },
    { id: "status", head: "Status", width: "minmax(148px, 1fr)", sortable: true, cell: (row) => <StatusMark mark={row.shown} label={words(row)} /> },
    {
      id: "partitions",
      head: "Partitions",
      width: "minmax(110px, 0.8fr)",
      narrow: true,
      cell: ({ status }) => (status?.partitions ? <Partitions {...status.partitions} /> : <span className="faint">–</span>),
    },
    {
      id: "at",
      head: "Last made",
      width: "minmax(92px, 0.7fr)",
      sortable: true,
      cell: ({ status }) =>
        status?.run_id && status.at !== null ? (
          <Go to={`/runs/${status.run_id}`}>
            <Time at={status.at} />
          </Go>
        ) : (
          <Time at={status?.at} />
        ),
    },
    { id: "duration", head: "Took", width: "76px", align: "end", sortable: true, narrow: true, cell: ({ status }) => <span className="num muted">{duration(status?.duration)}</span> },
    {
      id: "group",
      head: "Group",
      width: "minmax(90px, 0.8fr)",
      sortable: true,
      narrow: true,
      cell: ({ asset }) => (
        <Go to="/graph" params={{ group: asset.group }} className="muted">
          {asset.group}
        </Go>
      ),
    },
    { id: "kind", head: "Kind", width: "minmax(110px, 0.6fr)", sortable: true, narrow: true, cell: ({ asset }) => <Kinds asset={asset} /> },
    { id: "owner", head: "Owner", width: "minmax(90px, 0.9fr)", sortable: true, narrow: true, cell: ({ asset }) => <span className="muted">{asset.owners.join(", ")}</span> },
  ];
}

/** The first line of a description, without its marks. */
const firstLine = (text: string): string => text.split("\n")[0]!.replace(/[`*]{1,2}/g, "");

function Kinds({ asset }: { asset: Asset }) {
  const kinds = asset.kinds.length > 0 ? asset.kinds : asset.compute_kind ? [asset.compute_kind] : [];
  return kinds.map((kind) => <Chip key={kind}>{kind}</Chip>);
}

function Partitions({ total, materialized, failed, running }: NonNullable<Status["partitions"]>) {
  return (
    <span className="row" title={`${count(materialized)} of ${count(total)} partitions`}>
      <ShareBar
        shares={[
          { tone: "done", word: "made", count: materialized },
          { tone: "running", word: "running", count: running },
          { tone: "failed", word: "failed", count: failed },
          { tone: "never", word: "missing", count: Math.max(0, total - materialized - failed - running) },
        ]}
      />
      <span className="num xs muted">
        {count(materialized)}/{count(total)}
      </span>
    </span>
  );
}
