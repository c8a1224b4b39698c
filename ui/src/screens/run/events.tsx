/** What happened in a run, in order; the newest are followed while it runs. */
import { useEffect, useMemo, useState } from "react";

import type { RunEvent } from "../../api/contract";
import { setParams, useParam } from "../../app/location";
import { Button } from "../../parts/button";
import { Dialog } from "../../parts/dialog";
import { Facts, FilterBox, Select } from "../../parts/fields";
import { Empty, ErrorNote, Loading } from "../../parts/states";
import { type Mark, StatusDot } from "../../parts/status";
import { type Column, DataTable } from "../../parts/table";
import { absolute, many } from "../../words/format";
import type { RunBook } from "./run_book";

const MARKS: Record<string, Mark> = { step_succeeded: "done", step_failed: "failed", step_retry: "warned", step_lost: "warned", step_skipped: "skipped", step_upstream_failed: "skipped", run_aborted: "failed" };
const clockMs = (at: number): string => {
  const moment = new Date(at * 1000);
  return `${moment.toLocaleTimeString("en-GB")}.${String(moment.getMilliseconds()).padStart(3, "0")}`;
};

/** Where there is no room the name is cut, and not the partition that tells a step from its siblings. */
function StepName({ step }: { step: string }) {
  const [, name, partition] = /^(.*?)(\[.*\])?$/s.exec(step) ?? [];
  return (
    <span className="event-step mono" title={step}>
      <span className="clip">{name}</span>
      {partition && <span>{partition}</span>}
    </span>
  );
}

const COLUMNS: Column<RunEvent>[] = [
  {
    id: "at",
    head: "When",
    width: "112px",
    cell: (event) => (
      <time className="num muted" dateTime={new Date(event.at * 1000).toISOString()} title={absolute(event.at)}>
        {clockMs(event.at)}
      </time>
    ),
  },
  {
    id: "type",
    head: "What",
    width: "172px",
    cell: (event) => (
      <span className="row">
        <span className="event-mark">{MARKS[event.type] && <StatusDot mark={MARKS[event.type] ?? "done"} label={event.level} />}</span>
        <span className="clip">{typeWord(event.type)}</span>
      </span>
    ),
  },
  { id: "step", head: "Step", width: "minmax(120px, 1.4fr)", narrow: true, cell: (event) => <StepName step={event.step ?? ""} /> },
  {
    id: "message",
    head: "Message",
    width: "minmax(180px, 2.4fr)",
    cell: (event) => (
      <span className={event.level === "error" ? "tone-failed" : event.level === "warning" ? "tone-stale" : undefined} title={event.message}>
        {event.message.split("\n")[0]}
      </span>
    ),
  },
];

export const typeWord = (type: string): string => type.toLowerCase().replaceAll("_", " ");

export function Events({ book }: { book: RunBook }) {
  const [level, setLevel] = useParam("level");
  const [type, setType] = useParam("type");
  const [text, setText] = useParam("find");
  const [step] = useParam("step");
  const [ofStep, setOfStep] = useParam("of");
  const [shown, setShown] = useState<RunEvent | null>(null);
  useEffect(() => book.loadEvents(), [book]);
  const { events } = book;
  const types = useMemo(() => [...new Set(events.map((event) => event.type))].sort(), [events]);
  const kept = useMemo(() => {
    const wanted = text.toLowerCase();
    return events.filter(
      (event) =>
        (level === "" || event.level === level || (level === "warning" && event.level === "error")) &&
        (type === "" || event.type === type) &&
        (ofStep === "" || concerns(event, ofStep)) &&
        (wanted === "" || `${event.message} ${event.step ?? ""} ${event.asset ?? ""}`.toLowerCase().includes(wanted)),
    );
  }, [events, level, type, text, ofStep]);
  const filtered = level !== "" || type !== "" || text !== "" || ofStep !== "";

  if (!book.eventsLoaded && events.length === 0) return book.error ? <ErrorNote error={book.error} onRetry={() => book.loadEvents()} /> : <Loading what="Loading events" />;
  return (
    <div className="run-events">
      <div className="logview-tools">
        <Select
          label="Level"
          value={level}
          onChange={(event) => setLevel(event.target.value)}
          options={[
            { value: "", label: "All levels" },
            { value: "warning", label: "Warnings and errors" },
            { value: "error", label: "Errors" },
          ]}
        />
        <Select label="Type" value={type} onChange={(event) => setType(event.target.value)} options={[{ value: "", label: "All types" }, ...types.map((one) => ({ value: one, label: typeWord(one) }))]} />
        {step !== "" && (
          <Button small look="quiet" aria-pressed={ofStep === step} onClick={() => setOfStep(ofStep === step ? null : step)}>
            Only this step
          </Button>
        )}
        <FilterBox label="Filter events" value={text} onChange={setText} />
        <span className="grow" />
        <span className="small muted num" data-testid="event-count">
          {filtered ? `${kept.length} of ${many(events.length, "event")}` : many(events.length, "event")}
        </span>
      </div>
      <DataTable
        label="Events"
        columns={COLUMNS}
        rows={kept}
        rowKey={(event) => event.id}
        rowHeight={30}
        onOpen={setShown}
        rowClass={(event) => `event-${event.level}`}
        empty={
          filtered ? (
            <Empty title="No event matches" action={<Button onClick={() => setParams({ level: null, type: null, find: null, of: null })}>Clear the filter</Button>} />
          ) : (
            <Empty title="Nothing has happened yet" />
          )
        }
      />
      {shown && <EventDialog event={shown} onClose={() => setShown(null)} />}
    </div>
  );
}

function concerns(event: RunEvent, step: string): boolean {
  return event.step === step || ((event.data as { steps?: string[] } | null)?.steps?.includes(step) ?? false);
}

function EventDialog({ event, onClose }: { event: RunEvent; onClose: () => void }) {
  const data = event.data as Record<string, unknown> | null;
  const error = data?.["error"] as { traceback?: string } | undefined;
  const rest = data === null ? {} : Object.fromEntries(Object.entries(data).filter(([name]) => name !== "error"));
  return (
    <Dialog title={typeWord(event.type)} onClose={onClose} wide>
      <div className="stack">
        <p className="event-message">{event.message}</p>
        <Facts
          facts={[
            ["When", absolute(event.at)],
            ["Step", event.step && <span className="mono">{event.step}</span>],
            ["Asset", event.asset && <span className="mono">{event.asset}</span>],
            ["Id", <span key="id" className="mono">{event.id}</span>],
          ]}
        />
        {error?.traceback && <pre className="code">{error.traceback}</pre>}
        {Object.keys(rest).length > 0 && <pre className="code">{JSON.stringify(rest, null, 2)}</pre>}
      </div>
    </Dialog>
  );
}
