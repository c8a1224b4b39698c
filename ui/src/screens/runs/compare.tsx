/** Two runs side by side: what differs in how they were launched, and which steps took longer. */
import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";

import { get } from "../../api/client";
import type { RunDetail, RunStep } from "../../api/contract";
import { Go } from "../../app/location";
import { Dialog } from "../../parts/dialog";
import { ErrorNote, Loading } from "../../parts/states";
import { RunStatusMark, StatusMark } from "../../parts/status";
import { Time } from "../../parts/time";
import { duration, many, shortId } from "../../words/format";
import { standing } from "../../words/steps";

type Pair = { step: string; a: RunStep | null; b: RunStep | null };

/** Steps of both by name, those first whose times are furthest apart. */
export function paired(a: readonly RunStep[], b: readonly RunStep[]): Pair[] {
  const found = new Map<string, Pair>();
  for (const step of a) found.set(step.step, { step: step.step, a: step, b: null });
  for (const step of b) found.set(step.step, { ...(found.get(step.step) ?? { step: step.step, a: null }), b: step });
  const apart = ({ a: one, b: other }: Pair): number => (one && other ? Math.abs(took(one) - took(other)) : Infinity);
  return [...found.values()].sort((one, other) => apart(other) - apart(one) || one.step.localeCompare(other.step));
}

const took = (step: RunStep): number => (step.started === null || step.ended === null ? 0 : step.ended - step.started);

export function Compare({ ids, onClose }: { ids: string[]; onClose: () => void }) {
  const answers = useQueries({
    queries: ids.map((id) => ({ queryKey: ["run", id, "compared"], queryFn: () => get<RunDetail>(`/runs/${encodeURIComponent(id)}`, { steps_limit: 2000 }) })),
  });
  const [a, b] = answers.map((one) => one.data);
  const error = answers.find((one) => one.error)?.error;
  return (
    <Dialog title="Two runs compared" onClose={onClose} wide>
      {error ? <ErrorNote error={error} /> : a && b ? <Compared a={a} b={b} /> : <Loading what="Loading both runs" />}
    </Dialog>
  );
}

const MOST = 300;

function Compared({ a, b }: { a: RunDetail; b: RunDetail }) {
  const [older, newer] = a.created <= b.created ? [a, b] : [b, a];
  const pairs = useMemo(() => paired(older.step_list, newer.step_list), [older, newer]);
  const facts: [string, (run: RunDetail) => React.ReactNode, (run: RunDetail) => string][] = [
    ["Status", (run) => <RunStatusMark status={run.status} />, (run) => run.status],
    ["Created", (run) => <Time at={run.created} long />, () => ""],
    ["By", (run) => run.who ?? "–", (run) => run.who ?? ""],
    ["Environment", (run) => run.env, (run) => run.env],
    ["What", (run) => run.target, (run) => run.target],
    ["Partition", (run) => run.partition ?? "–", (run) => run.partition ?? ""],
    ["Took", (run) => (run.started !== null && run.ended !== null ? duration(run.ended - run.started) : "–"), () => ""],
    ["Steps", (run) => many(run.steps.total, "step"), (run) => String(run.steps.total)],
    ["Config", (run) => <Config run={run} />, (run) => JSON.stringify(run.config ?? {})],
    ["Tags", (run) => Object.entries(run.tags).map(([name, value]) => `${name}: ${value}`).join(", ") || "–", (run) => JSON.stringify(run.tags)],
  ];
  return (
    <div className="stack">
      <table className="compare">
        <thead>
          <tr>
            <td />
            {[older, newer].map((run) => (
              <th key={run.id} scope="col">
                <Go to={`/runs/${run.id}`} className="mono">
                  {shortId(run.id)}
                </Go>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {facts.map(([name, shown, value]) => (
            <tr key={name} className={value(older) !== value(newer) ? "differs" : undefined}>
              <th scope="row">{name}</th>
              <td>{shown(older)}</td>
              <td>{shown(newer)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <h3>Steps, those first whose times differ most</h3>
      <table className="compare steps">
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col">{shortId(older.id)}</th>
            <th scope="col">{shortId(newer.id)}</th>
            <th scope="col" className="end">
              Difference
            </th>
          </tr>
        </thead>
        <tbody>
          {pairs.slice(0, MOST).map(({ step, a: one, b: other }) => (
            <tr key={step}>
              <th scope="row" className="mono">
                {step}
              </th>
              <td>{one ? <StepTime step={one} /> : <span className="faint">not in it</span>}</td>
              <td>{other ? <StepTime step={other} /> : <span className="faint">not in it</span>}</td>
              <td className="end num">{one && other && one.ended && other.ended ? <Change from={took(one)} to={took(other)} /> : "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {pairs.length > MOST && <p className="small muted">and {many(pairs.length - MOST, "more step")}</p>}
    </div>
  );
}

function StepTime({ step }: { step: RunStep }) {
  const { mark, word } = standing(step);
  return (
    <span className="row">
      <StatusMark mark={mark} label={word} />
      {step.started !== null && step.ended !== null && <span className="num muted">{duration(took(step))}</span>}
    </span>
  );
}

function Change({ from, to }: { from: number; to: number }) {
  const by = to - from;
  if (Math.abs(by) < 0.005) return <span className="muted">same</span>;
  return <span className={by > 0 ? "tone-stale" : "tone-done"}>{`${by > 0 ? "+" : "−"}${duration(Math.abs(by))}`}</span>;
}

function Config({ run }: { run: RunDetail }) {
  const text = JSON.stringify(run.config ?? {});
  return text === "{}" ? <>–</> : <code className="compare-config">{text}</code>;
}
