/** A scene of some nodes, without boxes around groups. */
import { type Scene, sceneOf, type Topology } from "../graph/model";

export function sceneAround(topology: Topology, nodes: ReadonlySet<number>): Scene {
  const oneGroup: Topology = { ...topology, groups: ["all"], groupOf: new Int32Array(topology.keys.length) };
  const only = new Set([...nodes].map((node) => topology.keys[node]!));
  return sceneOf(oneGroup, { group: null, only, unfolded: new Set(), refolded: new Set(), vertical: false });
}
