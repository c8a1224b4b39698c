/** What a step has written: any number of lines, with its colours, a search, and an eye on what comes. */
import "./log_view.css";

import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDownToLine, ChevronDown, ChevronUp, Copy, WrapText } from "lucide-react";
import { memo, type ReactNode, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";

import type { LogLine } from "../api/contract";
import { LogBook } from "../api/log_book";
import { pieces } from "../words/ansi";
import { clock, count, many } from "../words/format";
import { Button } from "./button";
import { FilterBox, Select } from "./fields";
import { Empty, ErrorNote, Loading } from "./states";
import { toast, toastError } from "./toasts";

const LINE = 20; // pixels
const TALLEST = 30_000_000; // browsers draw nothing beyond some 33 million pixels
const SEARCH_WAIT_MS = 150;

type LogViewProps = {
  run: string;
  step: string;
  attempt?: number | null;
  running: boolean;
  tools?: ReactNode; // before the search
};

export function LogView({ run, step, attempt = null, running, tools }: LogViewProps) {
  const [stream, setStream] = useState("");
  const book = useMemo(() => new LogBook({ run, step, attempt, stream: stream || null }), [run, step, attempt, stream]);
  useEffect(() => book.open(), [book]);
  useSyncExternalStore(book.subscribe, book.version);
  const [text, setText] = useState("");
  const search = useSearch(book, text);
  const [follow, setFollow] = useState(running);
  const [wrap, setWrap] = useState(false);

  return (
    <div className="logview">
      <div className="logview-tools">
        {tools}
        <Select
          label="Stream"
          value={stream}
          onChange={(event) => setStream(event.target.value)}
          options={[
            { value: "", label: "All streams" },
            { value: "log", label: "Log" },
            { value: "stdout", label: "stdout" },
            { value: "stderr", label: "stderr" },
          ]}
        />
        <FilterBox
          label="Find in log"
          value={text}
          onChange={setText}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return;
            event.preventDefault();
            search.move(event.shiftKey ? -1 : 1);
          }}
        />
        <span className="row">
        <span className="small muted num logview-found" role="status" data-testid="log-found">
          {text !== "" && (search.matches === null ? "…" : search.matches.length === 0 ? "not found" : `${count(search.at + 1)} of ${count(search.matches.length)}`)}
        </span>
        <Button look="quiet" small icon={<ChevronUp size={15} />} aria-label="Previous match" disabled={!search.matches?.length} onClick={() => search.move(-1)} />
        <Button look="quiet" small icon={<ChevronDown size={15} />} aria-label="Next match" disabled={!search.matches?.length} onClick={() => search.move(1)} />
        </span>
        <span className="grow" />
        <span className="small muted num" data-testid="log-total">
          {book.total !== null && many(book.total, "line")}
        </span>
        <Button look="quiet" small icon={<WrapText size={15} />} aria-label="Wrap long lines" title="Wrap long lines" aria-pressed={wrap} onClick={() => setWrap(!wrap)} />
        <Button look="quiet" small icon={<ArrowDownToLine size={15} />} aria-label="Follow the end" title="Follow the end" aria-pressed={follow} onClick={() => setFollow(!follow)} />
        <Button
          look="quiet"
          small
          icon={<Copy size={14} />}
          aria-label="Copy the log"
          title="Copy the log"
          onClick={() => {
            book
              .text()
              .then((all) => navigator.clipboard.writeText(all))
              .then(() => toast("The log is in the clipboard."))
              .catch(toastError);
          }}
        />
      </div>
      {book.error !== null && book.total === null ? (
        <ErrorNote error={book.error} onRetry={() => book.need(0, 0)} />
      ) : book.total === null ? (
        <Loading what="Loading the log" />
      ) : book.total === 0 ? (
        <Empty title={running ? "Nothing written yet" : "This step has written nothing"}>
          What it prints, logs, or writes to stderr is shown here.
        </Empty>
      ) : (
        <Lines book={book} total={book.total} goTo={search.line} find={text} follow={follow} onFollow={setFollow} wrap={wrap} />
      )}
    </div>
  );
}

/** Where a text stands, and which of the places is looked at. */
function useSearch(book: LogBook, text: string): { matches: number[] | null; at: number; line: number | null; move: (by: number) => void } {
  const [matches, setMatches] = useState<number[] | null>(null);
  const [at, setAt] = useState(0);
  useEffect(() => {
    setMatches(null);
    setAt(0);
    if (text === "") return;
    const stop = new AbortController();
    const timer = setTimeout(() => {
      book.search(text, stop.signal).then(setMatches, (error: unknown) => {
        if (!stop.signal.aborted) toastError(error);
      });
    }, SEARCH_WAIT_MS);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [book, text]);
  const move = (by: number): void => setAt((was) => (matches?.length ? (was + by + matches.length) % matches.length : 0));
  return { matches, at, line: matches?.[at] ?? null, move };
}

type LinesProps = {
  book: LogBook;
  total: number;
  goTo: number | null;
  find: string;
  follow: boolean;
  onFollow: (on: boolean) => void;
  wrap: boolean;
};

function Lines({ book, total, goTo, find, follow, onFollow, wrap }: LinesProps) {
  const box = useRef<HTMLDivElement>(null);
  const first = Math.max(0, total - Math.floor(TALLEST / LINE)); // of a log that no browser could draw, the end
  const virtual = useVirtualizer({
    count: total - first,
    getScrollElement: () => box.current,
    estimateSize: () => LINE,
    overscan: 30,
  });
  const items = virtual.getVirtualItems();
  const [from, to] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  useEffect(() => {
    if (items.length > 0) book.need(first + from, first + to);
  }, [book, book.generation, first, from, to, items.length]);
  useEffect(() => {
    if (goTo !== null && goTo >= first) virtual.scrollToIndex(goTo - first, { align: "center" });
  }, [goTo, first, virtual]);
  useEffect(() => {
    if (follow && goTo === null) virtual.scrollToIndex(total - first - 1, { align: "end" });
  }, [follow, goTo, total, first, virtual]);
  const digits = String(total).length;
  return (
    <div
      ref={box}
      className={`logview-box ${wrap ? "wrap" : ""}`}
      role="log"
      aria-live="off"
      aria-label="Log"
      tabIndex={0}
      data-total={total}
      onWheel={(event) => {
        if (event.deltaY < 0) onFollow(false);
      }}
    >
      <div className="logview-lines" style={{ height: virtual.getTotalSize() }}>
        <div className="logview-shown" style={{ transform: `translateY(${items[0]?.start ?? 0}px)` }}>
          {items.map((item) => {
            const n = first + item.index;
            return (
              <div
                key={n}
                ref={wrap ? virtual.measureElement : undefined}
                data-index={item.index}
                data-line={n}
                className={`logview-line ${n === goTo ? "at" : ""}`}
              >
                <Line n={n} line={book.line(n)} find={find} digits={digits} />
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

const Line = memo(function Line({ n, line, find, digits }: { n: number; line: LogLine | undefined; find: string; digits: number }) {
  return (
    <>
      <span className="logview-n" style={{ minWidth: `${digits + 1}ch` }} aria-hidden="true">
        {n + 1}
      </span>
      {line?.at !== null && line?.at !== undefined && <span className="logview-at">{clock(line.at)}</span>}
      <span className={`logview-text ${toneOf(line)}`}>{line === undefined ? " " : <Text line={line.text} find={find} />}</span>
    </>
  );
});

const BAD = new Set(["error", "critical"]);
const toneOf = (line: LogLine | undefined): string => {
  const level = line?.level.toLowerCase() ?? "";
  if (BAD.has(level)) return "bad";
  if (level.startsWith("warn")) return "warn";
  return line?.stream === "stderr" ? "err" : "";
};

function Text({ line, find }: { line: string; find: string }) {
  return pieces(line).map(({ text, classes, colour, ground }, i) => (
    <span
      key={i}
      className={classes || undefined}
      style={colour !== null || ground !== null ? { color: colour ?? undefined, background: ground ?? undefined } : undefined}
    >
      {find === "" ? text : marked(text, find)}
    </span>
  ));
}

function marked(text: string, find: string): ReactNode {
  const lower = text.toLowerCase();
  const wanted = find.toLowerCase();
  const found: ReactNode[] = [];
  let from = 0;
  for (let at = lower.indexOf(wanted); at >= 0 && found.length < 200; at = lower.indexOf(wanted, from)) {
    found.push(text.slice(from, at), <mark key={at}>{text.slice(at, at + find.length)}</mark>);
    from = at + find.length;
  }
  return found.length === 0 ? text : [...found, text.slice(from)];
}
