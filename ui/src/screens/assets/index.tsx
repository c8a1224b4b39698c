/** The catalog: every asset, as a table or by folders of their keys; `?q= &status= &group= &kind= &owner= &view= &dir=`. */
import "./assets.css";

import { FolderTree, List, Play } from "lucide-react";
import { useMemo, useState } from "react";

import type { Asset, Status } from "../../api/contract";
import { useDefinitions, useMay } from "../../api/queries";
import { shownOf, statuses, useStatusVersion } from "../../api/statuses";
import { openPlan } from "../../app/launching";
import { go, Go, KeyText, setParams, useParam } from "../../app/location";
import { useShortcuts } from "../../app/shortcuts";
import { Button } from "../../parts/button";
import { Select } from "../../parts/fields";
import { isUnloaded, NoAssets, Unloaded } from "../../parts/nothing_defined";
import { Page } from "../../parts/page";
import { SelectionBox, useSelection } from "../../parts/selection_box";
import { Answer, Empty } from "../../parts/states";
import { type Mark, wordOf } from "../../parts/status";
import { DataTable, type Sort } from "../../parts/table";
import { count, many } from "../../words/format";
import { assetColumns, type Row, sorted } from "./columns";
import { type Folder, foldersOf } from "./folders";

export default function Assets() {
  const definitions = useDefinitions();
  if (isUnloaded(definitions))
    return (
      <Page title="Assets">
        <Unloaded />
      </Page>
    );
  return (
    <Answer of={definitions} what="Loading assets">
      {(data) =>
        data.assets.length === 0 ? (
          <Page title="Assets">
            <NoAssets />
          </Page>
        ) : (
          <Catalog assets={data.assets} />
        )
      }
    </Answer>
  );
}

const STATES: Mark[] = ["done", "running", "queued", "stale", "failed", "skipped", "never", "source"];
const names = (values: Iterable<string>): string[] => [...new Set(values)].sort((a, b) => a.localeCompare(b));

function useFilters() {
  const [query, setQuery] = useParam("q");
  const [status] = useParam("status");
  const [group] = useParam("group");
  const [kind] = useParam("kind");
  const [owner] = useParam("owner");
  const [folder] = useParam("folder");
  const found = useSelection(query);
  return { query, setQuery, status, group, kind, owner, folder, found };
}

function useRows(assets: Asset[], filters: ReturnType<typeof useFilters>, sort: Sort): Row[] {
  const version = useStatusVersion();
  const { status, group, kind, owner, folder, found } = filters;
  const kept = useMemo(
    () =>
      assets.filter(
        (asset) =>
          (found.keys === null || found.keys.has(asset.key)) &&
          (group === "" || asset.group === group) &&
          (kind === "" || asset.kinds.includes(kind) || asset.compute_kind === kind) &&
          (owner === "" || asset.owners.includes(owner)) &&
          (folder === "" || asset.key.startsWith(`${folder}/`)),
      ),
    [assets, found.keys, group, kind, owner, folder],
  );
  return useMemo(() => {
    const rows = kept.map((asset) => {
      const known: Status | undefined = statuses.get(asset.key);
      return { asset, status: known, shown: shownOf(known, asset.is_source) };
    });
    return sorted(status === "" ? rows : rows.filter((row) => row.shown === status), sort);
  }, [kept, status, sort, version]);
}

function Catalog({ assets }: { assets: Asset[] }) {
  const filters = useFilters();
  const [view, setView] = useParam("view", "table");
  const [by] = useParam("sort", "key");
  const [down] = useParam("down");
  const sort = useMemo<Sort>(() => ({ by, down: down !== "" }), [by, down]);
  const rows = useRows(assets, filters, sort);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const may = useMay();
  const columns = useMemo(assetColumns, []);
  const folders = useMemo(() => (view === "folders" ? foldersOf(rows, filters.folder) : null), [view, rows, filters.folder]);
  const chosen = useMemo(() => [...selected], [selected]);
  const made = useMemo(() => new Set(assets.filter((asset) => asset.is_executable).map((asset) => asset.key)), [assets]);
  const launch = (): void => openPlan({ selection: chosen });
  useShortcuts(
    [
      { keys: "m", what: "Materialize the selection", group: "Assets", run: launch },
      { keys: "p", what: "Plan the selection", group: "Assets", run: launch },
    ],
    may && chosen.length > 0,
  );
  const narrowed = filters.query !== "" || [filters.status, filters.group, filters.kind, filters.owner].some((one) => one !== "");
  const clear = (): void => setParams({ q: null, status: null, group: null, kind: null, owner: null });
  return (
    <Page
      full
      title="Assets"
      actions={
        may && (
          <>
            {chosen.length > 0 && (
              <Button look="quiet" onClick={() => setSelected(new Set())}>
                Clear selection
              </Button>
            )}
            <Button look="primary" icon={<Play size={13} />} {...(chosen.length > 0 && { keys: "m" })} onClick={() => openPlan({ selection: chosen.length > 0 ? chosen : narrowed ? rows.map((row) => row.asset.key) : "*" })}>
              {chosen.length > 0 ? `Materialize selected (${count(chosen.filter((key) => made.has(key)).length)})` : narrowed ? `Materialize shown (${count(rows.filter((row) => row.asset.is_executable).length)})` : "Materialize all"}
            </Button>
          </>
        )
      }
      below={<Filters assets={assets} filters={filters} view={view} setView={setView} shown={rows.length} narrowed={narrowed} onClear={clear} />}
    >
      {folders !== null && (filters.folder !== "" || folders.folders.length > 0) && <Folders at={filters.folder} folders={folders.folders} />}
      <DataTable
        label="Assets"
        columns={columns}
        rows={folders?.here ?? rows}
        rowKey={keyOf}
        rowHeight={44}
        sort={sort}
        onSort={(next) => setParams({ sort: next.by === "key" ? null : next.by, down: next.down })}
        onOpen={(row) => go("/asset", { key: row.asset.key })}
        {...(may && { selected, onSelect: setSelected })}
        empty={
          folders !== null && !narrowed ? (
            <p className="muted small">Nothing lies here but folders.</p>
          ) : (
            <Empty title="No asset matches" action={<Button onClick={clear}>Clear the filters</Button>}>
              Of {many(assets.length, "asset")}, none is meant.
            </Empty>
          )
        }
      />
    </Page>
  );
}

const keyOf = (row: Row): string => row.asset.key;

type FiltersProps = {
  assets: Asset[];
  filters: ReturnType<typeof useFilters>;
  view: string;
  setView: (view: string | null) => void;
  shown: number;
  narrowed: boolean;
  onClear: () => void;
};

function Filters({ assets, filters, view, setView, shown, narrowed, onClear }: FiltersProps) {
  const choices = useMemo(
    () => ({
      group: names(assets.map((asset) => asset.group)),
      kind: names(assets.flatMap((asset) => [...asset.kinds, ...(asset.compute_kind ? [asset.compute_kind] : [])])),
      owner: names(assets.flatMap((asset) => asset.owners)),
    }),
    [assets],
  );
  const options = (what: string, values: string[]) => [{ value: "", label: what }, ...values.map((value) => ({ value, label: value }))];
  return (
    <div className="filters">
      <SelectionBox value={filters.query} onChange={(text) => filters.setQuery(text === "" ? null : text)} error={filters.found.error} />
      <Select
        label="Status"
        value={filters.status}
        options={[{ value: "", label: "Any status" }, ...STATES.map((mark) => ({ value: mark, label: wordOf(mark) }))]}
        onChange={(event) => setParams({ status: event.target.value }, true)}
      />
      <Select label="Group" value={filters.group} options={options("Any group", choices.group)} onChange={(event) => setParams({ group: event.target.value }, true)} />
      {choices.kind.length > 0 && (
        <Select label="Kind" value={filters.kind} options={options("Any kind", choices.kind)} onChange={(event) => setParams({ kind: event.target.value }, true)} />
      )}
      {choices.owner.length > 0 && (
        <Select label="Owner" value={filters.owner} options={options("Any owner", choices.owner)} onChange={(event) => setParams({ owner: event.target.value }, true)} />
      )}
      <div className="segmented" role="group" aria-label="View">
        <button type="button" aria-pressed={view === "table"} onClick={() => setParams({ view: null, folder: null }, true)}>
          <List size={14} aria-hidden="true" /> Table
        </button>
        <button type="button" aria-pressed={view === "folders"} onClick={() => setView("folders")}>
          <FolderTree size={14} aria-hidden="true" /> Folders
        </button>
      </div>
      <span className="faint small num" data-testid="shown">
        {count(shown)} of {many(assets.length, "asset")}
      </span>
      {narrowed && (
        <Button look="quiet" small onClick={onClear}>
          Clear
        </Button>
      )}
    </div>
  );
}

function Folders({ at, folders }: { at: string; folders: Folder[] }) {
  const segments = at === "" ? [] : at.split("/");
  return (
    <div className="folders">
      <nav aria-label="Folder" className="crumbs">
        <FolderLink path="">All</FolderLink>
        {segments.map((segment, i) => (
          <span key={i} className="row">
            <span aria-hidden="true">/</span>
            <FolderLink path={segments.slice(0, i + 1).join("/")}>{segment}</FolderLink>
          </span>
        ))}
      </nav>
      <ul className="folder-list">
        {folders.map((folder) => (
          <li key={folder.path}>
            <FolderLink path={folder.path} className="folder">
              <FolderTree size={15} aria-hidden="true" />
              <KeyText name={folder.name} />
              <span className="faint num xs">{count(folder.assets)}</span>
            </FolderLink>
          </li>
        ))}
      </ul>
    </div>
  );
}

function FolderLink({ path, children, className }: { path: string; children: React.ReactNode; className?: string }) {
  return (
    <Go to="/assets" params={{ view: "folders", folder: path }} className={className}>
      {children}
    </Go>
  );
}
