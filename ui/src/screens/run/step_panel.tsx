/** One step of a run: how it went, what it read and made, and what went wrong. */
import { Clipboard, FileText, RotateCcw, X } from "lucide-react";
import { useQueries } from "@tanstack/react-query";

import { get } from "../../api/client";
import type { AssetDetail, RunDetail, RunEvent, RunStep } from "../../api/contract";
import { useDefinitions, useMay } from "../../api/queries";
import { AssetLink, setParams } from "../../app/location";
import { Button } from "../../parts/button";
import { Facts } from "../../parts/fields";
import { StatusMark } from "../../parts/status";
import { Time, Took } from "../../parts/time";
import { toast } from "../../parts/toasts";
import { bytes, shortId, spent } from "../../words/format";
import { standing } from "../../words/steps";
import { labelOf } from "./gantt_model";
import { type Input, issueText } from "./issue";

type StepPanelProps = {
  run: RunDetail;
  step: RunStep;
  steps: RunStep[];
  events: RunEvent[];
  onClose: () => void;
  onRetry: (step: RunStep) => void;
};

export function StepPanel({ run, step, steps, events, onClose, onRetry }: StepPanelProps) {
  const may = useMay();
  const inputs = useInputs(run, step, steps, events);
  const { mark, word } = standing(step);
  const over = step.ended !== null;
  return (
    <section className="step-panel" aria-label={`Step ${labelOf(step)}`} data-testid="step-panel">
      <header className="step-head">
        <div className="grow">
          <StatusMark mark={mark} label={word} soft />
          <h2 className="mono">{labelOf(step)}</h2>
        </div>
        <Button look="quiet" small icon={<X size={15} />} aria-label="Close the step" onClick={onClose} />
      </header>
      {step.reason && <p className="small muted">{step.reason}</p>}
      {step.error && <Failure step={step} />}
      <div className="row wrap">
        {may && over && step.state !== "success" && step.state !== "unchanged" && (
          <Button small look="primary" icon={<RotateCcw size={14} />} onClick={() => onRetry(step)}>
            Retry from here
          </Button>
        )}
        {step.error && (
          <Button
            small
            icon={<Clipboard size={14} />}
            onClick={() =>
              void navigator.clipboard
                .writeText(issueText(run, step, inputs, location.href))
                .then(() => toast("Copied, ready for an issue."), () => toast("The browser does not let the page use the clipboard.", "failed"))
            }
          >
            Copy as issue
          </Button>
        )}
        <Button small icon={<FileText size={14} />} onClick={() => setParams({ tab: "logs" })}>
          Log
        </Button>
      </div>
      <Spent step={step} />
      <Facts
        facts={[
          ["Makes", <Keys key="makes" keys={step.assets} />],
          ["Partition", step.partition],
          ["Began", step.started === null ? null : <Time key="began" at={step.started} />],
          ["Took", step.started === null ? null : <Took key="took" from={step.started} to={step.ended} />],
          ["Worker", step.worker],
          ["Slot", step.slot && <span key="slot" className="mono xs">{step.slot}</span>],
          ["Queue", step.queue],
          ["Pool", step.pool],
          ["Attempt", step.attempt > 0 ? step.attempt + 1 : null],
        ]}
      />
      {inputs.length > 0 && (
        <div className="step-part">
          <h3>Inputs</h3>
          <ul className="step-inputs">
            {inputs.map((input) => (
              <li key={input.key}>
                <AssetLink name={input.key} />
                <span className="xs muted num">
                  {input.version ? <span className="mono" title={input.version}>{shortId(input.version)}</span> : "no version"}
                  {input.size !== null && ` · ${bytes(input.size)}`} · {input.from}
                </span>
              </li>
            ))}
          </ul>
        </div>
      )}
      {step.attempts.some((one) => one.outcome !== "succeeded") && (
        <div className="step-part">
          <h3>Attempts</h3>
          <ol className="step-tries">
            {step.attempts.map((one, i) => (
              <li key={i}>
                <span className="num muted">{i + 1}</span>
                <span className="grow">
                  <span>{TRIES[one.outcome] ?? one.outcome.replaceAll("_", " ")}</span>
                  {one.error && <span className="mono xs step-try-error">{one.error}</span>}
                  {one.compute !== null && (
                    <span className="xs muted num step-try-spent">
                      load {spent(one.load)} · compute {spent(one.compute)} · store {spent(one.store)}
                    </span>
                  )}
                </span>
                <Time at={one.at} />
              </li>
            ))}
          </ol>
        </div>
      )}
    </section>
  );
}

const LONG = 250; // signs; what is longer is scrolled, also by keyboard
const TRIES: Record<string, string> = { succeeded: "succeeded", retry: "failed, to be tried again", failed: "failed", lost: "its process died" };

function Keys({ keys }: { keys: string[] }) {
  if (keys.length === 0) return <span className="faint">nothing</span>;
  return (
    <span className="step-keys">
      {keys.map((key) => (
        <AssetLink key={key} name={key} />
      ))}
    </span>
  );
}

/** The exception, then the line of the user's code that raised it, then all of it. */
function Failure({ step }: { step: RunStep }) {
  const { error } = step;
  if (!error) return null;
  const { frame } = error;
  return (
    <div className="failure" tabIndex={-1} role="group" aria-label="What went wrong" data-testid="failure">
      <p className="failure-line" {...((error.message?.length ?? 0) > LONG && { tabIndex: 0 })}>
        <strong>{error.type}</strong>
        {error.message && `: ${error.message}`}
      </p>
      {frame && (
        <figure>
          <figcaption className="mono xs">
            {frame.file}:{frame.line}
          </figcaption>
          {frame.source.length > 0 && (
            <pre className="failure-source" tabIndex={0} aria-label="Source">
              {frame.source.map(([n, text]) => (
                <span key={n} className={n === frame.line ? "here" : undefined}>
                  <span className="failure-n">{n}</span>
                  {text}
                  {"\n"}
                </span>
              ))}
            </pre>
          )}
        </figure>
      )}
      {error.traceback && (
        <details>
          <summary className="small">Traceback</summary>
          <pre className="failure-trace" tabIndex={0} aria-label="Traceback">
            {error.traceback}
          </pre>
        </details>
      )}
    </div>
  );
}

/** Where the time went. */
function Spent({ step }: { step: RunStep }) {
  const shares = [
    ["load", step.load, "load"],
    ["compute", step.compute, "compute"],
    ["store", step.store, "store"],
  ] as const;
  const total = shares.reduce((sum, [, seconds]) => sum + (seconds ?? 0), 0);
  if (total <= 0) return null;
  return (
    <div className="spent">
      <div className="spent-bar" aria-hidden="true">
        {shares.map(([name, seconds]) => (
          <span key={name} className={`spent-${name}`} style={{ flexGrow: (seconds ?? 0) / total }} />
        ))}
      </div>
      <ul className="spent-words xs">
        {shares.map(([name, seconds, word]) => (
          <li key={name}>
            <span className={`spent-key spent-${name}`} aria-hidden="true" />
            <span className="muted">{word}</span> <span className="num">{spent(seconds)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

type Made = { key: string; version: string | null; size: number | null };

/** What the step read: versions that this run has made, else the newest that are stored. */
function useInputs(run: RunDetail, step: RunStep, steps: RunStep[], events: RunEvent[]): Input[] {
  const { data } = useDefinitions();
  const own = new Set(step.assets);
  const byKey = new Map((data?.assets ?? []).map((asset) => [asset.key, asset]));
  const keys = [...new Set(step.assets.flatMap((key) => byKey.get(key)?.deps.map((dep) => dep.key) ?? []))].filter((key) => !own.has(key));
  const inRun = new Set(step.depends.flatMap((index) => steps[index]?.assets ?? []));
  const before = new Set(step.depends.map((index) => steps[index]?.step));
  const made = new Map<string, Made>();
  for (const event of events)
    if (event.step !== null && before.has(event.step))
      for (const one of (event.data as { outputs?: Made[] } | null)?.outputs ?? []) made.set(one.key, one);
  const stored = useQueries({
    queries: keys
      .filter((key) => !made.has(key))
      .map((key) => ({ queryKey: ["asset", key, run.env], queryFn: () => get<AssetDetail>("/asset", { key, env: run.env }), retry: false })),
    combine: (answers) => new Map(answers.flatMap(({ data: asset }) => (asset ? [[asset.key, asset.latest] as const] : []))),
  });
  return keys.map((key) => {
    const one = made.get(key) ?? stored.get(key);
    return { key, version: one?.version ?? null, size: one?.size ?? null, from: inRun.has(key) ? "this run" : "from storage" };
  });
}
