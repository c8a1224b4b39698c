/** What the asset is made of and what is made of it, as far as asked for. */
import "../graph/graph.css";

import { useCallback, useMemo, useRef } from "react";

import type { AssetDetail } from "../../api/contract";
import { useDefinitions, useGraph } from "../../api/queries";
import { go, useParam } from "../../app/location";
import { Select } from "../../parts/fields";
import { Answer, Loading } from "../../parts/states";
import { many } from "../../words/format";
import { useLayout } from "../graph/layout/asking";
import { reach, type Scene, type Topology, topologyOf } from "../graph/model";
import { Picture, type PictureHandle } from "../graph/picture";
import { sceneAround } from "./around";

export default function Lineage({ asset }: { asset: AssetDetail }) {
  const graph = useGraph();
  return <Answer of={graph}>{(data) => <Around topology={topologyOf(data)} name={asset.key} />}</Answer>;
}

const HOPS = ["1", "2", "3", "5", "all"];
const ways = (hops: string): number => (hops === "all" ? Infinity : Number(hops));

function Around({ topology: given, name }: { topology: Topology; name: string }) {
  const [up, setUp] = useParam("up", "2");
  const [down, setDown] = useParam("down", "2");
  const topology = useMemo(() => given, [given.keys.length]);
  const node = topology.index.get(name) ?? -1;
  const scene = useMemo<Scene>(() => {
    const nodes = new Set([...reach(topology.up, [node], ways(up)), ...reach(topology.down, [node], ways(down))]);
    return sceneAround(topology, nodes);
  }, [topology, node, up, down]);
  const layout = useLayout(scene.shape, scene.request);
  const handle = useRef<PictureHandle | null>(null);
  const { data } = useDefinitions();
  const kinds = useMemo(() => new Map((data?.assets ?? []).flatMap((one) => (one.compute_kind ? [[one.key, one.compute_kind] as const] : []))), [data]);
  const open = useCallback((other: number | null) => other !== null && other !== node && go("/asset", { key: topology.keys[other], tab: "lineage" }), [topology, node]);
  return (
    <div className="stack">
      <div className="row wrap">
        <Select label="Upstream" hideLabel={false} value={up} options={HOPS} onChange={(event) => setUp(event.target.value)} />
        <Select label="Downstream" hideLabel={false} value={down} options={HOPS} onChange={(event) => setDown(event.target.value)} />
        <span className="faint small">{many(scene.nodes.length, "asset")}</span>
      </div>
      <div className="lineage-box">
        {layout === null ? (
          <Loading what="Laying out" />
        ) : (
          <Picture
            topology={topology}
            scene={scene}
            layout={layout}
            selected={NONE}
            current={node}
            kinds={kinds}
            onPick={open}
            onBox={ignore}
            onOpen={open}
            onFold={ignore}
            handle={handle}
            begin={null}
          />
        )}
      </div>
    </div>
  );
}

const NONE: ReadonlySet<number> = new Set();
const ignore = (): void => undefined;
