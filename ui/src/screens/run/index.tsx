/** One run: its timeline, its steps, what happened and what was written, live. */
import "./run.css";

import { ChevronLeft, ChevronRight, TriangleAlert } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import type { RunDetail, RunStep } from "../../api/contract";
import { isMissing } from "../../api/client";
import { useRuns, useWorkers } from "../../api/queries";
import { Go, go, setParams, useParam } from "../../app/location";
import { useShortcuts } from "../../app/shortcuts";
import { Button, ButtonLink } from "../../parts/button";
import { ShareBar } from "../../parts/charts";
import { Page } from "../../parts/page";
import { Empty, ErrorNote, Loading } from "../../parts/states";
import { RunStatusMark } from "../../parts/status";
import { Panel, Tabs } from "../../parts/tabs";
import { Time, Took, useNow } from "../../parts/time";
import { Unheard, unheard } from "../../parts/unheard";
import { count, duration, many, shortId } from "../../words/format";
import { sharesOf, titleOf } from "../../words/steps";
import { RunActs, Retrying, type RetryOf } from "./acts";
import { Details } from "./details";
import { Events } from "./events";
import { type Focus, useFocus } from "./focus";
import { Gantt } from "./gantt";
import { hasEnded, type RunBook, useRunBook } from "./run_book";
import { RunGraph } from "./run_graph";
import { StepLog } from "./step_log";
import { StepPanel } from "./step_panel";
import { Steps } from "./steps";


export default function Run({ params }: { params: Record<string, string> }) {
  const id = params["id"] ?? "";
  const book = useRunBook(id);
  if (book.run === null)
    return (
      <Page title="Run" heading={<>Run {shortId(id)}</>}>
        {isMissing(book.error) ? (
          <Empty title="There is no such run" action={<ButtonLink to="/runs">All runs</ButtonLink>}>
            It may be older than what is kept, or of another project.
          </Empty>
        ) : book.error ? <ErrorNote error={book.error} onRetry={() => void book.refresh()} /> : <Loading what="Loading the run" />}
      </Page>
    );
  return <Known book={book} run={book.run} />;
}

function Known({ book, run }: { book: RunBook; run: RunDetail }) {
  const { steps } = book;
  const focus = useFocus(steps);
  const [tab, setTab] = useParam("tab", "events");
  const [retry, setRetry] = useState<RetryOf | null>(null);
  const over = hasEnded(run);
  const chosen = focus.at === null ? null : (steps[focus.at] ?? null);
  const failed = steps.filter((step) => step.state === "failed").sort((a, b) => (a.ended ?? Infinity) - (b.ended ?? Infinity));
  useEffect(() => {
    if (chosen) book.loadEvents(); // they tell what its inputs were
  }, [book, chosen]);

  function nextError(): void {
    if (failed.length === 0) return;
    const at = failed.findIndex((step) => step.index === focus.at);
    focus.select(failed[(at + 1) % failed.length]?.index ?? null);
    requestAnimationFrame(() => {
      document.querySelector(".run-aside")?.scrollTo({ top: 0 });
      document.querySelector<HTMLElement>("[data-testid=failure]")?.focus({ preventScroll: true });
    });
  }
  function move(by: number): void {
    const next = steps[Math.max(0, Math.min(steps.length - 1, (focus.at ?? (by > 0 ? -1 : steps.length)) + by))];
    if (next) focus.select(next.index);
  }
  useShortcuts([
    { keys: "e", what: "Next error", group: "Run", run: nextError },
    { keys: "l", what: "Logs", group: "Run", run: () => setTab("logs") },
    { keys: "j", what: "Next step", group: "Run", run: () => move(1) },
    { keys: "k", what: "Previous step", group: "Run", run: () => move(-1) },
    { keys: "Escape", what: "Leave the step", group: "Run", run: () => focus.select(null) },
  ]);

  return (
    <Page
      full
      title={`${run.name} ${shortId(run.id)}`}
      heading={
        <span className="row wrap" data-testid="run-heading">
          <span>{titleOf(run)}</span>
          <RunStatusMark status={run.status} soft />
        </span>
      }
      crumbs={<Crumbs run={run} />}
      about={<About run={run} />}
      actions={
        <>
          {failed.length > 0 && (
            <Button icon={<TriangleAlert size={14} />} keys="e" onClick={nextError}>
              {failed.length === 1 ? "Jump to the error" : `Jump to an error (${failed.length})`}
            </Button>
          )}
          <RunActs run={run} chosen={chosen} onRetry={setRetry} />
        </>
      }
    >
      <div className="run">
        <div className="run-main">
          {run.error && <ErrorNote error={new Error(run.error)} />}
          {!over && run.steps.running === 0 && <Waiting />}
          <Gantt steps={steps} origin={run.started ?? run.created} over={over} predicted={run.predicted} focus={focus} />
          <div className="run-below">
            <Tabs
              label="Of this run"
              at={tab}
              onChange={setTab}
              tabs={[
                { id: "events", label: "Events" },
                { id: "logs", label: "Logs" },
                { id: "steps", label: "Steps", count: run.steps_total },
                { id: "details", label: "Config and tags" },
              ]}
            />
            <Panel of={tab} className="run-panel">
              {tab === "events" && <Events book={book} />}
              {tab === "logs" && <StepLog run={run} steps={steps} chosen={chosen} focus={focus} />}
              {tab === "steps" && <Steps steps={steps} focus={focus} />}
              {tab === "details" && <Details run={run} />}
            </Panel>
          </div>
        </div>
        <Aside book={book} run={run} steps={steps} chosen={chosen} focus={focus} onRetry={(step) => setRetry({ from: "step", step })} />
      </div>
      {retry && <Retrying run={run} of={retry} onClose={() => setRetry(null)} />}
    </Page>
  );
}

/** A run that stands still because nobody works is not told by its timeline. */
function Waiting() {
  const { data } = useWorkers();
  return unheard(data?.queues ?? []).map((queue) => (
    <div key={queue.name} className="note stale" role="status">
      <Unheard queue={queue} />
    </div>
  ));
}

type AsideProps = { book: RunBook; run: RunDetail; steps: RunStep[]; chosen: RunStep | null; focus: Focus; onRetry: (step: RunStep) => void };

function Aside({ book, run, steps, chosen, focus, onRetry }: AsideProps) {
  const box = useRef<HTMLElement>(null);
  const step = chosen?.step ?? null;
  useEffect(() => {
    if (step !== null) box.current?.scrollTo({ top: 0 }); // what is told of it stands at the top, what went wrong first
  }, [step]);
  return (
    <aside ref={box} className="run-aside" aria-label="Steps and what they need">
      {chosen && <StepPanel run={run} step={chosen} steps={steps} events={book.events} onClose={() => focus.select(null)} onRetry={onRetry} />}
      <section className="run-graph" aria-label="Graph">
        <h2 className="small">Graph</h2>
        {steps.length === 0 ? <Empty title="Nothing to do">Everything was up to date.</Empty> : <RunGraph steps={steps} focus={focus} />}
      </section>
    </aside>
  );
}

function Crumbs({ run }: { run: RunDetail }) {
  const { data } = useRuns({ limit: 100 });
  const ids = data?.items.map((one) => one.id) ?? [];
  const at = ids.indexOf(run.id);
  const older = at >= 0 ? ids[at + 1] : undefined;
  const newer = at > 0 ? ids[at - 1] : undefined;
  const open = (id: string | undefined): void => {
    if (id !== undefined) go(`/runs/${id}`);
  };
  useShortcuts([
    { keys: "[", what: "The run before", group: "Run", run: () => open(older) },
    { keys: "]", what: "The run after", group: "Run", run: () => open(newer) },
  ]);
  return (
    <>
      <Go to="/runs">Runs</Go>
      <span aria-hidden="true">/</span>
      <span className="mono" title={run.id}>
        {shortId(run.id)}
      </span>
      <Button look="quiet" small icon={<ChevronLeft size={14} />} aria-label="The run before" title="The run before ([)" disabled={older === undefined} onClick={() => open(older)} />
      <Button look="quiet" small icon={<ChevronRight size={14} />} aria-label="The run after" title="The run after (])" disabled={newer === undefined} onClick={() => open(newer)} />
    </>
  );
}

function About({ run }: { run: RunDetail }) {
  const { steps } = run;
  return (
    <div className="run-about">
      <div className="run-facts">
        <span>
          {run.who ?? "somebody"} · <Time at={run.created} />
        </span>
        {run.env && <span>in {run.env}</span>}
        {run.partition && <span className="mono">{run.partition}</span>}
        {run.started !== null && (
          <span>
            {hasEnded(run) ? "took" : "running for"} <Took from={run.started} to={run.ended} />
          </span>
        )}
        {!hasEnded(run) && <Left run={run} />}
        <span className="num">
          {count(steps.done)} of {many(steps.total, "step")} ended
        </span>
        {run.parent_run && (
          <button type="button" className="link-button" onClick={() => go(`/runs/${run.parent_run}`)}>
            again after {shortId(run.parent_run)}
          </button>
        )}
        {run.job && (
          <button type="button" className="link-button" onClick={() => setParams({ tab: "details" })}>
            job {run.job}
          </button>
        )}
      </div>
      <ShareBar label="Steps" shares={sharesOf(steps)} />
    </div>
  );
}

/** How long it will take yet, as far as earlier runs tell. */
function Left({ run }: { run: RunDetail }) {
  const now = useNow();
  if (run.predicted === null || run.started === null) return null;
  const left = run.started + run.predicted - now;
  return <span className="num">{left > 0 ? `about ${duration(Math.max(1, Math.round(left)))} left` : `${duration(Math.round(-left))} longer than expected`}</span>;
}
