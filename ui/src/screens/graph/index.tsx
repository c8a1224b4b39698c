/** The global graph, and the graph of a group: `?group=`, `?q=` (a selection), `?at=` (an asset), `?view=tree`. */
import "./graph.css";

import { ArrowDownUp, ArrowLeftRight, ListTree, Maximize, Minus, Network, Play, Plus, RefreshCw } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import { useDefinitions, useGraph, useMay } from "../../api/queries";
import { shownOf, statuses, useStatusVersion } from "../../api/statuses";
import { openPlan } from "../../app/launching";
import { go, Go, setParams, useParam } from "../../app/location";
import { takeAssetJumps } from "../../app/palette";
import { useShortcuts } from "../../app/shortcuts";
import { Button } from "../../parts/button";
import { isUnloaded, NoAssets, Unloaded } from "../../parts/nothing_defined";
import { Page } from "../../parts/page";
import { SelectionBox, useSelection } from "../../parts/selection_box";
import { Answer, Empty, Loading } from "../../parts/states";
import { count } from "../../words/format";
import { useLayout } from "./layout/asking";
import { reach, type Scene, sceneOf, topologyOf, towards, type Topology } from "./model";
import { AssetPanel, SelectionPanel } from "./panel";
import { Picture, type PictureHandle } from "./picture";
import { Tree } from "./tree";

export default function Graph() {
  const graph = useGraph();
  const topology = useMemo(() => (graph.data ? topologyOf(graph.data) : null), [graph.data]);
  if (topology === null)
    return (
      <Page title="Graph">
        {isUnloaded(graph) ? (
          <Unloaded />
        ) : (
          <Answer of={graph} what="Loading the graph">
            {() => <Loading />}
          </Answer>
        )}
      </Page>
    );
  if (topology.keys.length === 0)
    return (
      <Page title="Graph">
        <NoAssets />
      </Page>
    );
  return <Shown topology={topology} />;
}

/** On a screen that is higher than wide, what needs what is read downwards: the cards stay large enough to be read. */
const usualDirection = (): string => (innerWidth < 700 && innerHeight > innerWidth ? "down" : "right");
const list = (text: string): Set<string> => new Set(text === "" ? [] : text.split("|"));
const joined = (set: ReadonlySet<string>): string | null => (set.size === 0 ? null : [...set].join("|"));

function Shown({ topology }: { topology: Topology }) {
  const [group] = useParam("group");
  const [query, setQuery] = useParam("q");
  const [at, setAt] = useParam("at");
  const [view, setView] = useParam("view", "graph");
  const [usual] = useState(usualDirection);
  const [direction, setDirection] = useParam("dir", usual);
  const [open] = useParam("open");
  const [shut] = useParam("shut");
  const found = useSelection(query);
  const scene = useMemo(
    () =>
      sceneOf(topology, {
        group: group === "" ? null : group,
        only: found.keys,
        unfolded: list(open),
        refolded: list(shut),
        vertical: direction === "down",
      }),
    [topology, group, found.keys, open, shut, direction],
  );
  const [selected, setSelected] = useState<ReadonlySet<number>>(new Set());
  const current = topology.index.get(at) ?? null;
  const setCurrent = useCallback((node: number | null) => setAt(node === null ? null : (topology.keys[node] ?? null)), [topology, setAt]);
  useEffect(() => setSelected(new Set()), [group]);

  const pick = useCallback(
    (node: number | null, add: boolean) => {
      if (node === null) {
        if (!add) {
          setSelected(new Set());
          setCurrent(null);
        }
        return;
      }
      setCurrent(node);
      if (add) setSelected((old) => toggled(current !== null && old.size === 0 ? new Set([current]) : old, node));
      else setSelected(new Set());
    },
    [setCurrent, current],
  );
  const toggle = useCallback((node: number) => setSelected((old) => toggled(old, node)), []);
  const openAsset = useCallback((node: number) => go("/asset", { key: topology.keys[node] }), [topology]);
  const fold = useCallback(
    (name: string, folded: boolean) => {
      const [opened, closed] = [list(open), list(shut)];
      if (folded) {
        opened.delete(name);
        closed.add(name);
      } else {
        closed.delete(name);
        opened.add(name);
      }
      setParams({ open: joined(opened), shut: joined(closed) });
    },
    [open, shut],
  );
  const foldAll = (folded: boolean): void => {
    const names = new Set(scene.request.groups);
    setParams({ open: folded ? null : joined(names), shut: folded ? joined(names) : null });
  };
  const handle = useRef<PictureHandle | null>(null);
  const acts = { topology, scene, selected, current, setSelected, setCurrent, toggle, openAsset, fold, handle, setView, view, setDirection };
  useKeys(acts);
  useJumps(topology, scene, handle, setCurrent, fold);
  const chosen = useMemo(() => [...selected].map((node) => topology.keys[node]!), [selected, topology]);

  return (
    <Page
      full
      title={group || "Graph"}
      crumbs={group ? <><Go to="/graph">Graph</Go> <span aria-hidden="true">/</span> group</> : undefined}
      actions={<Launch topology={topology} scene={scene} chosen={chosen} narrowed={found.keys !== null || group !== ""} />}
      below={
        <div className="filters">
          <SelectionBox value={query} onChange={(text) => setQuery(text === "" ? null : text)} error={found.error} />
          <div className="segmented" role="group" aria-label="View">
            <button type="button" aria-pressed={view === "graph"} onClick={() => setView("graph")}>
              <Network size={14} aria-hidden="true" /> Graph
            </button>
            <button type="button" aria-pressed={view === "tree"} onClick={() => setView("tree")}>
              <ListTree size={14} aria-hidden="true" /> Tree
            </button>
          </div>
          {scene.boxed && view === "graph" && (
            <Button look="quiet" onClick={() => foldAll(!scene.folded.every(Boolean))}>
              {scene.folded.every(Boolean) ? "Unfold all" : "Fold all"}
            </Button>
          )}
          <span className="faint small num">
            {count(scene.nodes.length)} of {count(topology.keys.length)} assets
          </span>
        </div>
      }
    >
      <div className="graph-body">
        {scene.nodes.length === 0 ? (
          <Empty title="Nothing matches" action={<Button onClick={() => setQuery(null)}>Clear the filter</Button>}>
            No asset is meant by <code>{query}</code>.
          </Empty>
        ) : view === "tree" ? (
          <Tree topology={topology} scene={scene} selected={selected} current={current} onPick={pick} onToggle={toggle} onOpen={openAsset} />
        ) : (
          <PictureOf {...acts} begin={current} onPick={pick} onFold={fold} direction={direction} />
        )}
        {selected.size > 1 ? (
          <SelectionPanel keys={chosen} onClose={() => setSelected(new Set())} />
        ) : (
          current !== null && (
            <AssetPanel
              key={at}
              name={at}
              onClose={() => setCurrent(null)}
              onPick={(key) => {
                const node = topology.index.get(key);
                if (node === undefined) return;
                setCurrent(node);
                handle.current?.reveal(node);
              }}
            />
          )
        )}
      </div>
    </Page>
  );
}

function toggled(old: ReadonlySet<number>, node: number): Set<number> {
  const next = new Set(old);
  if (!next.delete(node)) next.add(node);
  return next;
}

type Acts = {
  topology: Topology;
  scene: Scene;
  selected: ReadonlySet<number>;
  current: number | null;
  setSelected: React.Dispatch<React.SetStateAction<ReadonlySet<number>>>;
  setCurrent: (node: number | null) => void;
  toggle: (node: number) => void;
  openAsset: (node: number) => void;
  fold: (group: string, folded: boolean) => void;
  handle: React.RefObject<PictureHandle | null>;
  setView: (view: string | null) => void;
  view: string;
  setDirection: (direction: string | null) => void;
};
type PictureOfProps = Acts & {
  begin: number | null;
  onPick: (node: number | null, add: boolean) => void;
  onFold: (group: string, folded: boolean) => void;
  direction: string;
};

function PictureOf(props: PictureOfProps) {
  const { topology, scene, handle, selected, current, direction, setDirection } = props;
  const layout = useLayout(scene.shape, scene.request);
  const shown = useRef<{ scene: Scene; layout: NonNullable<typeof layout> } | null>(null);
  if (layout !== null) shown.current = { scene, layout };
  const { data } = useDefinitions();
  const kinds = useMemo(
    () => new Map((data?.assets ?? []).flatMap((asset) => (asset.compute_kind ? [[asset.key, asset.compute_kind] as const] : []))),
    [data],
  );
  const [begin] = useState(props.begin);
  const { setSelected, openAsset, onPick, onFold } = props;
  const onBox = useCallback((nodes: number[]) => setSelected((old) => new Set([...old, ...nodes])), [setSelected]);
  if (shown.current === null) return <Loading what="Laying out the graph" />;
  return (
    <div className="picture-box">
      <Picture
        topology={topology}
        scene={shown.current.scene}
        layout={shown.current.layout}
        selected={selected}
        current={current}
        kinds={kinds}
        onPick={onPick}
        onBox={onBox}
        onOpen={openAsset}
        onFold={onFold}
        handle={handle}
        begin={begin}
      />
      <div className="picture-tools" role="group" aria-label="Picture">
        <Button look="plain" small icon={<Plus size={15} />} aria-label="Zoom in" title="Zoom in (+)" onClick={() => handle.current?.zoom(1.3)} />
        <Button look="plain" small icon={<Minus size={15} />} aria-label="Zoom out" title="Zoom out (-)" onClick={() => handle.current?.zoom(1 / 1.3)} />
        <Button look="plain" small icon={<Maximize size={14} />} aria-label="Show all" title="Show all (0)" onClick={() => handle.current?.fit()} />
        <Button
          look="plain"
          small
          icon={direction === "down" ? <ArrowLeftRight size={14} /> : <ArrowDownUp size={14} />}
          aria-label={direction === "down" ? "From left to right" : "From top to bottom"}
          title="Other direction (o)"
          onClick={() => setDirection(direction === "down" ? "right" : "down")}
        />
      </div>
    </div>
  );
}

function useKeys({ topology, scene, selected, current, setSelected, setCurrent, toggle, openAsset, fold, handle, setView, view, setDirection }: Acts): void {
  const may = useMay();
  const base = (): number[] => (selected.size > 0 ? [...selected] : current !== null ? [current] : []);
  const arrow = (event: KeyboardEvent): void => {
    const picture = handle.current;
    if (view === "tree" || !picture) return;
    const centres = picture.centres();
    const start = current !== null && centres.has(current) ? current : null;
    const next = start === null ? picture.first() : towards(event.key, start, centres, topology, scene.request.vertical);
    if (next === null) return;
    setCurrent(next);
    picture.reveal(next);
  };
  const launch = (): void => {
    const keys = base().map((node) => topology.keys[node]!);
    openPlan({ selection: keys.length > 0 ? keys : scene.nodes.filter((node) => !scene.foreign.has(node)).map((node) => topology.keys[node]!) });
  };
  const foldCurrent = (): void => {
    if (current === null) return;
    const name = topology.groups[topology.groupOf[current]!]!;
    const g = scene.request.groups.indexOf(name);
    fold(name, !(scene.folded[g] ?? false));
  };
  const group = "Graph";
  useShortcuts([
    { keys: "ArrowRight", what: "Follow the edges", group, run: arrow },
    ...["ArrowLeft", "ArrowUp", "ArrowDown"].map((keys) => ({ keys, what: "Move", group, hidden: true, run: arrow })),
    { keys: "Enter", what: "Open the asset", group, run: () => current !== null && openAsset(current) },
    { keys: "x", what: "Select", group, run: () => current !== null && toggle(current) },
    { keys: "Escape", what: "Clear the selection", group, run: () => (selected.size > 0 ? setSelected(new Set()) : setCurrent(null)) },
    ...(may
      ? [
          { keys: "m", what: "Materialize the selection", group, run: launch },
          { keys: "p", what: "Plan the selection", group, run: launch },
        ]
      : []),
    { keys: "u", what: "Add what is upstream", group, run: () => setSelected(reach(topology.up, base())) },
    { keys: "d", what: "Add what is downstream", group, run: () => setSelected(reach(topology.down, base())) },
    { keys: "f", what: "Fold or unfold the group", group, run: foldCurrent },
    { keys: "v", what: "Graph or tree", group, command: true, run: () => setView(view === "tree" ? null : "tree") },
    { keys: "o", what: "Other direction", group, run: () => setDirection(scene.request.vertical ? "right" : "down") },
    { keys: "0", what: "Show all", group, run: () => handle.current?.fit() },
    { keys: "+", what: "Zoom in", group, run: () => handle.current?.zoom(1.3) },
    { keys: "-", what: "Zoom out", group, run: () => handle.current?.zoom(1 / 1.3) },
  ]);
}

const JUMP_MS = 8000; // for the layout in which its group is open

/** Ctrl-K and an asset's name: centre it here instead of leaving. A folded group is opened first. */
function useJumps(topology: Topology, scene: Scene, handle: React.RefObject<PictureHandle | null>, setCurrent: (node: number) => void, fold: (group: string, folded: boolean) => void): void {
  const wanted = useRef<number | null>(null);
  useEffect(() => {
    takeAssetJumps((key) => {
      const node = topology.index.get(key);
      if (node === undefined || handle.current === null || !scene.nodes.includes(node)) return false;
      setCurrent(node);
      if (!handle.current.centre(node)) {
        wanted.current = node;
        fold(topology.groups[topology.groupOf[node]!]!, false);
      }
      return true;
    });
    return () => takeAssetJumps(null);
  }, [topology, scene, handle, setCurrent, fold]);
  useEffect(() => {
    if (wanted.current === null) return;
    const until = performance.now() + JUMP_MS;
    const look = (): void => {
      if (wanted.current === null || performance.now() > until) return;
      if (handle.current?.centre(wanted.current)) wanted.current = null;
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, [scene, handle]);
}

function Launch({ topology, scene, chosen, narrowed }: { topology: Topology; scene: Scene; chosen: string[]; narrowed: boolean }) {
  const may = useMay();
  const version = useStatusVersion();
  const shown = useMemo(
    () => scene.nodes.filter((node) => !scene.foreign.has(node) && (topology.flags[node]! & 1) === 0).map((node) => topology.keys[node]!),
    [scene, topology],
  );
  const made = useMemo(() => new Set(topology.keys.filter((_, node) => (topology.flags[node]! & 1) === 0)), [topology]);
  const keys = chosen.length > 0 ? chosen : shown;
  const stale = useMemo(
    () => keys.filter((key) => ["stale", "never", "failed"].includes(shownOf(statuses.get(key)))).length,
    [keys, version],
  );
  if (!may) return null;
  const whole = chosen.length === 0 && !narrowed;
  return (
    <>
      {stale > 0 && stale < keys.length && (
        <Button icon={<RefreshCw size={13} />} onClick={() => openPlan({ selection: whole ? "*" : keys, stale_only: true })}>
          {`Materialize stale (${count(stale)})`}
        </Button>
      )}
      <Button look="primary" icon={<Play size={13} />} keys="m" onClick={() => openPlan({ selection: whole ? "*" : keys })}>
        {chosen.length > 0 ? `Materialize selected (${count(chosen.filter((key) => made.has(key)).length)})` : `Materialize all (${count(shown.length)})`}
      </Button>
    </>
  );
}
