/** The same as a tree: groups and their assets, for keyboards and readers of screens, and for those who like lists. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";

import { shownOf, useStatus } from "../../api/statuses";
import { StatusMark, wordOf } from "../../parts/status";
import { Time } from "../../parts/time";
import { count } from "../../words/format";
import { staleWord } from "./card";
import type { Scene, Topology } from "./model";

type Row = { group: number; node: number | null };
type TreeProps = {
  topology: Topology;
  scene: Scene;
  selected: ReadonlySet<number>;
  current: number | null;
  onPick: (node: number, add: boolean) => void;
  onToggle: (node: number) => void;
  onOpen: (node: number) => void;
};
const ROW = 32;

export function Tree({ topology, scene, selected, current, onPick, onToggle, onOpen }: TreeProps) {
  const box = useRef<HTMLDivElement>(null);
  const [closed, setClosed] = useState<ReadonlySet<number>>(() => new Set(scene.nodes.length > 400 ? topology.groups.map((_, g) => g) : []));
  const [at, setAt] = useState(0);
  const byGroup = useMemo(() => {
    const found = new Map<number, number[]>();
    for (const node of scene.nodes) {
      const group = topology.groupOf[node]!;
      found.set(group, [...(found.get(group) ?? []), node]);
    }
    return found;
  }, [scene, topology]);
  const rows = useMemo(() => {
    const found: Row[] = [];
    for (const [group, nodes] of byGroup) {
      found.push({ group, node: null });
      if (!closed.has(group)) for (const node of nodes) found.push({ group, node });
    }
    return found;
  }, [byGroup, closed]);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => ROW, overscan: 16 });

  useEffect(() => {
    const place = rows.findIndex((row) => row.node !== null && row.node === current);
    if (place >= 0 && place !== at) {
      setAt(place);
      virtual.scrollToIndex(place);
    }
    // only when another asset has become the current one
  }, [current]);

  function moveTo(index: number): void {
    const next = Math.max(0, Math.min(rows.length - 1, index));
    setAt(next);
    virtual.scrollToIndex(next);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-row="${next}"]`)?.focus({ preventScroll: true }));
    const node = rows[next]?.node;
    if (node !== null && node !== undefined) onPick(node, false);
  }
  function fold(group: number, close: boolean): void {
    setClosed((old) => {
      const next = new Set(old);
      if (close) next.add(group);
      else next.delete(group);
      return next;
    });
  }
  function pressed(event: React.KeyboardEvent): void {
    const row = rows[at];
    if (!row || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowDown" || event.key === "j") moveTo(at + 1);
    else if (event.key === "ArrowUp" || event.key === "k") moveTo(at - 1);
    else if (event.key === "Home") moveTo(0);
    else if (event.key === "End") moveTo(rows.length - 1);
    else if (event.key === "ArrowRight") (row.node === null && closed.has(row.group) ? fold(row.group, false) : moveTo(at + 1));
    else if (event.key === "ArrowLeft") {
      if (row.node === null) fold(row.group, true);
      else moveTo(rows.findIndex((one) => one.group === row.group));
    } else if (event.key === "x" && row.node !== null) onToggle(row.node);
    else if (event.key === "Enter" && row.node !== null) onOpen(row.node);
    else if ((event.key === "Enter" || event.key === " ") && row.node === null) fold(row.group, !closed.has(row.group));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  return (
    <div className="tree" ref={box}>
      <div role="tree" aria-label="Assets by group" aria-multiselectable="true" style={{ height: virtual.getTotalSize() }} className="tree-rows" onKeyDown={pressed}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index]!;
          const shared = {
            "data-row": item.index,
            tabIndex: item.index === at ? 0 : -1,
            style: { transform: `translateY(${item.start}px)`, height: ROW },
            onFocus: () => setAt(item.index),
          };
          if (row.node === null)
            return (
              <div key={`g${row.group}`} role="treeitem" aria-level={1} aria-expanded={!closed.has(row.group)} aria-selected={false} className="tree-row tree-group" {...shared} onClick={() => fold(row.group, !closed.has(row.group))}>
                <span aria-hidden="true" className="tree-caret">
                  {closed.has(row.group) ? "▸" : "▾"}
                </span>
                {topology.groups[row.group]}
                <span className="faint num xs">{count(byGroup.get(row.group)?.length ?? 0)}</span>
              </div>
            );
          const node = row.node;
          return (
            <div
              key={node}
              role="treeitem"
              aria-level={2}
              aria-selected={selected.has(node)}
              className={`tree-row tree-asset ${selected.has(node) ? "on" : ""} ${current === node ? "current" : ""}`}
              data-key={topology.keys[node]}
              {...shared}
              onClick={(event) => onPick(node, event.shiftKey || event.ctrlKey || event.metaKey)}
              onDoubleClick={() => onOpen(node)}
            >
              <TreeAsset name={topology.keys[node]!} source={(topology.flags[node]! & 1) === 1} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function TreeAsset({ name, source }: { name: string; source: boolean }) {
  const status = useStatus(name);
  const shown = shownOf(status, source);
  return (
    <>
      <span className="key grow">{name}</span>
      <span className="faint xs not-narrow">{staleWord(status)}</span>
      <span className="tree-status">
        <StatusMark mark={shown} label={shown === "skipped" ? "skipped – no output" : wordOf(shown)} />
      </span>
      <span className="tree-time small muted not-narrow">{status?.at ? <Time at={status.at} /> : null}</span>
    </>
  );
}
