/** The steps of a plan: what is run and why, what is not and why, what is read from where. */
import { useMemo, useState } from "react";

import type { Plan, PlanStep } from "../../api/contract";
import { KeyText } from "../../app/location";
import { Button } from "../../parts/button";
import { Chip } from "../../parts/fields";
import { type Column, DataTable } from "../../parts/table";
import { duration, shortId } from "../../words/format";

type StepsProps = {
  plan: Plan;
  excluded: string[];
  forced: string[];
  onExclude: (keys: string[], on: boolean) => void;
  onForce: (keys: string[], on: boolean) => void;
};
const ACTIONS = {
  run: { mark: "●", word: "run", tone: "running" },
  maybe: { mark: "◌", word: "perhaps", tone: "queued" },
  skip: { mark: "⊘", word: "unchanged", tone: "skipped" },
} as const;

export function Steps({ plan, excluded, forced, onExclude, onForce }: StepsProps) {
  const [shown, setShown] = useState<PlanStep | null>(null);
  const several = useMemo(() => plan.steps.some((step) => step.partition !== null), [plan]);
  const columns = useMemo<Column<PlanStep>[]>(
    () => [
      {
        id: "action",
        head: "",
        width: "104px",
        cell: ({ action }) => (
          <span className={`status tone-${ACTIONS[action].tone}`}>
            <span aria-hidden="true" className="shape">
              {ACTIONS[action].mark}
            </span>
            {ACTIONS[action].word}
          </span>
        ),
      },
      {
        id: "step",
        head: "Step",
        width: "minmax(150px, 2fr)",
        cell: (step) => (
          <span className="key" title={step.assets.join(", ")}>
            <KeyText name={step.step} />
          </span>
        ),
      },
      ...(several
        ? [{ id: "partition", head: "Partition", width: "minmax(90px, 1fr)", cell: ({ partition }: PlanStep) => <span className="mono">{partition ?? ""}</span> }]
        : []),
      { id: "reason", head: "Why", width: "minmax(140px, 2fr)", cell: ({ reason }) => <span title={reason}>{reason}</span> },
      {
        id: "reads",
        head: "Reads",
        width: "minmax(70px, 0.7fr)",
        narrow: true,
        cell: ({ reads }) => <Reads reads={reads} />,
      },
      {
        id: "estimate",
        head: "About",
        width: "76px",
        align: "end",
        cell: ({ estimate }) => <span className="num muted">{duration(estimate?.seconds)}</span>,
      },
      {
        id: "change",
        head: <span className="sr">Change</span>,
        width: "84px",
        align: "end",
        cell: (step) =>
          step.assets.length === 0 ? null : step.action === "skip" ? (
            <Button small look="quiet" onClick={() => onForce(step.assets, true)} aria-label={`Force ${step.step}`}>
              Force
            </Button>
          ) : step.assets.some((key) => forced.includes(key)) ? (
            <Button small look="quiet" onClick={() => onForce(step.assets, false)}>
              Unforce
            </Button>
          ) : (
            <Button small look="quiet" onClick={() => onExclude(step.assets, true)} aria-label={`Exclude ${step.step}`}>
              Exclude
            </Button>
          ),
      },
    ],
    [several, forced, onForce, onExclude],
  );
  return (
    <>
      {excluded.length > 0 && (
        <p className="row wrap small muted">
          Left out:
          {excluded.map((key) => (
            <button key={key} type="button" className="chip" title="Put it back" onClick={() => onExclude([key], false)}>
              {key} ×
            </button>
          ))}
        </p>
      )}
      <div className="plan-steps">
        <DataTable
          label="Steps of the plan"
          columns={columns}
          rows={plan.steps}
          rowKey={(step) => `${step.step} ${step.partition ?? ""}`}
          rowHeight={36}
          rowClass={({ action }) => (action === "skip" ? "plan-skip" : undefined)}
          onOpen={(step) => setShown((old) => (old === step ? null : step))}
          height={`${Math.max(2, Math.min(plan.steps.length, 14)) * 36 + 40}px`}
          empty={<p className="muted small">The selection has no steps.</p>}
        />
      </div>
      {shown && shown.reads.length > 0 && (
        <section className="plan-reads" aria-label={`What ${shown.step} reads`}>
          <h3 className="small">
            <span className="key">{shown.step}</span> reads
          </h3>
          <ul>
            {shown.reads.map((read) => (
              <li key={read.key} className="row small">
                <span className="key grow">{read.key}</span>
                {read.version && <code className="faint">{shortId(read.version)}</code>}
                {read.env && <Chip>{read.env}</Chip>}
                {read.from && <span className="muted">{read.from}</span>}
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function Reads({ reads }: { reads: PlanStep["reads"] }) {
  if (reads.length === 0) return <span className="faint">–</span>;
  const environments = [...new Set(reads.map((read) => read.env).filter((env): env is string => env !== null))];
  return (
    <span title={reads.map((read) => `${read.key}${read.env ? ` from ${read.env}` : ""}`).join("\n")}>
      <span className="num">{reads.length}</span>
      {environments.length > 0 && <span className="faint"> {environments.join(", ")}</span>}
    </span>
  );
}
