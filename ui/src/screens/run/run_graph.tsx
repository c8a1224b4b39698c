/** The steps of a run by what needs what; steps of one asset and many partitions are one node. */
import { useMemo } from "react";

import type { RunStep } from "../../api/contract";
import { KeyText } from "../../app/location";
import { LaneGraph, type LaneNode } from "../../parts/lane_graph";
import { Empty } from "../../parts/states";
import type { Mark } from "../../parts/status";
import { count, many } from "../../words/format";
import { MARK_ORDER, standing } from "../../words/steps";
import type { Focus } from "./focus";

const MOST = 400;

type Grouped = { members: number[][]; needs: number[][]; of: number[] };

/** Steps that make the same assets, together. */
export function grouped(steps: readonly Pick<RunStep, "assets" | "step" | "depends">[]): Grouped {
  const found = new Map<string, number>();
  const members: number[][] = [];
  const of = steps.map(({ assets, step }, index) => {
    const name = assets.length > 0 ? assets.join(" ") : step;
    const at = found.get(name) ?? members.length;
    found.set(name, at);
    (members[at] ??= []).push(index);
    return at;
  });
  const needs = members.map(() => new Set<number>());
  steps.forEach(({ depends }, index) => {
    for (const one of depends) {
      const [from, to] = [of[one], of[index]];
      if (from !== undefined && to !== undefined && from !== to) needs[to]?.add(from);
    }
  });
  return { members, needs: needs.map((set) => [...set]), of };
}

export function RunGraph({ steps, focus }: { steps: RunStep[]; focus: Focus }) {
  const shape = steps.map((step) => step.step).join("\n"); // which steps there are never changes while they run
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const { members, needs, of } = useMemo(() => grouped(steps), [shape]);
  if (members.length > MOST)
    return <Empty title={many(members.length, "asset")}>Too many to be drawn in a column: the timeline by step lists them all.</Empty>;
  const nodes = members.map((list) => nodeOf(list.flatMap((index) => steps[index] ?? [])));
  const nodeAt = (index: number | null): number | null => (index === null ? null : (of[index] ?? null));
  const stepAt = (node: number | null): number | null => (node === null ? null : (members[node]?.[0] ?? null));
  return (
    <LaneGraph
      label="Steps, each after what it needs"
      nodes={nodes}
      needs={needs}
      at={nodeAt(focus.at)}
      hover={nodeAt(focus.hover)}
      onSelect={(node) => focus.select(worst(members[node] ?? [], steps) ?? stepAt(node))}
      onHint={(node) => focus.hint(stepAt(node))}
    />
  );
}

function worst(list: number[], steps: RunStep[]): number | null {
  return list.find((index) => steps[index]?.state === "failed") ?? list[0] ?? null;
}

function nodeOf(list: RunStep[]): LaneNode {
  const first = list[0];
  const names = first && first.assets.length > 0 ? first.assets : [first?.step ?? ""];
  const name = names.length === 1 ? (names[0] ?? "") : `${names[0]} +${names.length - 1}`;
  const marks = list.map((step) => standing(step));
  const mark = MARK_ORDER.find((one) => marks.some((each) => each.mark === one)) ?? ("never" as Mark);
  const ended = list.filter((step) => step.ended !== null).length;
  return {
    id: first?.step ?? "",
    label: <KeyText name={name} />,
    title: names.join(", "),
    mark,
    word: marks.find((each) => each.mark === mark)?.word ?? "",
    ...(list.length > 1 && {
      more: (
        <span className="xs faint num">
          {count(ended)}/{count(list.length)}
        </span>
      ),
    }),
  };
}
