/** A table of any length: only the rows in sight are in the page. j/k or arrows move, x selects, Enter opens. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useCallback, useRef, useState, useSyncExternalStore } from "react";

import { useShortcuts } from "../app/shortcuts";
import { useWidth } from "./use_width";

export type Column<Row> = {
  id: string;
  head: ReactNode;
  width: string; // of a grid track: "minmax(200px, 2fr)", "96px"
  cell: (row: Row) => ReactNode;
  align?: "end";
  sortable?: boolean;
  narrow?: boolean | "first"; // left out on small screens, and where there is no room for it
};
export type Sort = { by: string; down: boolean };

type TableProps<Row> = {
  label: string;
  columns: Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  rowHeight?: number;
  sort?: Sort;
  onSort?: (sort: Sort) => void;
  onOpen?: (row: Row) => void;
  selected?: ReadonlySet<string>;
  onSelect?: (selected: Set<string>) => void;
  empty?: ReactNode;
  rowClass?: (row: Row) => string | undefined;
  onEnd?: () => void; // the last rows are in sight: ask for more
  height?: string; // by default it fills what is left of the screen
};

const listenNarrow = (listener: () => void): (() => void) => {
  const media = matchMedia("(max-width: 700px)");
  media.addEventListener("change", listener);
  return () => media.removeEventListener("change", listener);
};
const isNarrow = (): boolean => matchMedia("(max-width: 700px)").matches;

const CHECKS = 36;
const EDGES = 16; // left and right of a row

/** The least width of a column in pixels: of "minmax(200px, 2fr)" and of "200px" it is 200. */
const leastWidth = ({ width }: Pick<Column<never>, "width">): number => Number(/\d+/.exec(width)?.[0] ?? 0);

/** The columns that there is room for: those that may be left out are, "first" ones first, then from the last on. */
export function fitting<Some extends Pick<Column<never>, "width" | "narrow">>(columns: readonly Some[], room: number): Some[] {
  const kept = [...columns];
  let need = kept.reduce((sum, one) => sum + leastWidth(one), 0);
  const spare = kept.filter((one) => one.narrow).reverse().sort((a, b) => Number(b.narrow === "first") - Number(a.narrow === "first"));
  for (const one of spare) {
    if (need <= room) break;
    need -= leastWidth(one);
    kept.splice(kept.indexOf(one), 1);
  }
  return kept;
}

export function DataTable<Row>(props: TableProps<Row>) {
  const narrow = useSyncExternalStore(listenNarrow, isNarrow);
  const { label, rows, rowKey, rowHeight = 40, sort, onSort, onOpen, selected, onSelect, onEnd } = props;
  const box = useRef<HTMLDivElement>(null);
  const room = useWidth(box, Infinity) - EDGES - (onSelect ? CHECKS : 0);
  const columns = narrow ? props.columns.filter((column) => !column.narrow) : fitting(props.columns, room);
  const [at, setAt] = useState(0);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    onChange: (v) => {
      const last = v.getVirtualItems().at(-1);
      if (last && last.index >= rows.length - 20) onEnd?.();
    },
  });
  const anchor = useRef<number | null>(null);

  const toggle = useCallback(
    (index: number, range = false) => {
      const row = rows[index];
      if (!onSelect || !selected || !row) return;
      const next = new Set(selected);
      const on = !next.has(rowKey(row));
      const [from, to] =
        range && anchor.current !== null ? [Math.min(anchor.current, index), Math.max(anchor.current, index)] : [index, index];
      for (const one of rows.slice(from, to + 1)) {
        if (on) next.add(rowKey(one));
        else next.delete(rowKey(one));
      }
      anchor.current = index;
      onSelect(next);
    },
    [rows, rowKey, selected, onSelect],
  );

  function moveTo(index: number): void {
    const next = Math.max(0, Math.min(rows.length - 1, index));
    setAt(next);
    virtual.scrollToIndex(next);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus({ preventScroll: true }));
  }

  // From anywhere on the screen the first press leads into the table, to the row that was left.
  const enter = (): void => moveTo(at);
  useShortcuts(
    [
      { keys: "j", what: `Into ${label}`, hidden: true, run: enter },
      { keys: "k", what: `Into ${label}`, hidden: true, run: enter },
    ],
    rows.length > 0,
  );

  function pressed(event: React.KeyboardEvent): void {
    if ((event.target as HTMLElement).closest("input, button, a, select") && event.key !== "Escape") {
      if (!["ArrowDown", "ArrowUp", "j", "k"].includes(event.key)) return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const steps: Record<string, number> = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 15, PageUp: -15, Home: -rows.length, End: rows.length };
    const step = steps[event.key];
    const row = rows[at];
    if (step !== undefined) moveTo(at + step);
    else if (event.key === "x" && onSelect) toggle(at, event.shiftKey);
    else if (event.key === "Enter" && row && onOpen) onOpen(row);
    else if (event.key === "Escape" && selected && selected.size > 0) onSelect?.(new Set());
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  const tracks = [...(onSelect ? [`${CHECKS}px`] : []), ...columns.map((one) => one.width)].join(" ");
  const allOn = selected !== undefined && rows.length > 0 && rows.every((row) => selected.has(rowKey(row)));
  const items = virtual.getVirtualItems();
  return (
    <div
      className="table"
      role="grid"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      aria-multiselectable={onSelect ? true : undefined}
      style={{ ["--tracks" as string]: tracks, ...(props.height && { height: props.height }) }}
      onKeyDown={pressed}
    >
      <div className="table-scroll" ref={box}>
        <div className="table-head" role="row" aria-rowindex={1}>
          {onSelect && (
            <div role="columnheader" className="cell check">
              <input
                type="checkbox"
                aria-label="Select all"
                checked={allOn}
                ref={(input) => {
                  if (input) input.indeterminate = !allOn && (selected?.size ?? 0) > 0;
                }}
                onChange={() => onSelect(allOn ? new Set() : new Set(rows.map(rowKey)))}
              />
            </div>
          )}
          {columns.map((column) => (
            <HeadCell key={column.id} column={column} {...(sort && { sort })} {...(onSort && { onSort })} />
          ))}
        </div>
        {rows.length === 0 ? (
          <div role="row" className="table-empty">
            <div role="gridcell">{props.empty}</div>
          </div>
        ) : (
          <div role="rowgroup" className="table-rows" style={{ height: virtual.getTotalSize() }}>
            {items.map((item) => {
              const row = rows[item.index];
              if (row === undefined) return null;
              const key = rowKey(row);
              const isOn = selected?.has(key) ?? false;
              return (
                <div
                  key={key}
                  role="row"
                  data-index={item.index}
                  data-key={key}
                  aria-rowindex={item.index + 2}
                  aria-selected={onSelect ? isOn : undefined}
                  tabIndex={item.index === at ? 0 : -1}
                  className={`table-row ${onOpen ? "opens" : ""} ${isOn ? "on" : ""} ${props.rowClass?.(row) ?? ""}`}
                  style={{ transform: `translateY(${item.start}px)`, height: rowHeight }}
                  onFocus={() => setAt(item.index)}
                  onClick={(event) => {
                    if ((event.target as HTMLElement).closest("a, button, input, label")) return;
                    if (event.shiftKey || event.metaKey || event.ctrlKey) toggle(item.index, event.shiftKey);
                    else onOpen?.(row);
                  }}
                >
                  {onSelect && (
                    <div role="gridcell" className="cell check">
                      <input
                        type="checkbox"
                        tabIndex={-1}
                        aria-label={`Select ${key}`}
                        checked={isOn}
                        onChange={(event) => toggle(item.index, (event.nativeEvent as MouseEvent).shiftKey)}
                      />
                    </div>
                  )}
                  {columns.map((column) => (
                    <div key={column.id} role="gridcell" className={cellClass(column)} data-column={column.id}>
                      {column.cell(row)}
                    </div>
                  ))}
                </div>
              );
            })}
          </div>
        )}
      </div>
    </div>
  );
}

const cellClass = <Row,>(column: Column<Row>): string =>
  `cell ${column.align === "end" ? "end" : ""}`;

function HeadCell<Row>({ column, sort, onSort }: { column: Column<Row>; sort?: Sort; onSort?: (sort: Sort) => void }) {
  const sorted = sort?.by === column.id;
  if (!column.sortable || !onSort)
    return (
      <div role="columnheader" className={cellClass(column)}>
        {column.head}
      </div>
    );
  return (
    <div role="columnheader" className={cellClass(column)} aria-sort={sorted ? (sort.down ? "descending" : "ascending") : "none"}>
      <button type="button" className="sorter" onClick={() => onSort({ by: column.id, down: sorted ? !sort.down : false })}>
        {column.head}
        <span aria-hidden="true" className="sort-mark">
          {sorted ? (sort.down ? "↓" : "↑") : ""}
        </span>
      </button>
    </div>
  );
}
