/** The log of the chosen step, or the choice of one. */
import type { RunDetail, RunStep } from "../../api/contract";
import { useParam } from "../../app/location";
import { Select } from "../../parts/fields";
import { LogView } from "../../parts/log_view";
import { Empty } from "../../parts/states";
import { wordOf } from "../../parts/status";
import { standing } from "../../words/steps";
import type { Focus } from "./focus";
import { labelOf } from "./gantt_model";

export function StepLog({ run, steps, chosen, focus }: { run: RunDetail; steps: RunStep[]; chosen: RunStep | null; focus: Focus }) {
  const [attempt, setAttempt] = useParam("attempt");
  const begun = steps.filter((step) => step.started !== null);
  // Whoever asks for logs without a step most likely means what went wrong, what runs, or what ran last.
  const step = chosen ?? begun.find((one) => one.state === "failed") ?? begun.find((one) => one.state === "running") ?? begun.findLast((one) => (one.log_size ?? 0) > 0) ?? begun.at(-1);
  if (!step) return <Empty title="No step has begun">Their logs will be here.</Empty>;
  return (
    <LogView
      key={`${step.step} ${attempt}`}
      run={run.id}
      step={step.step}
      attempt={attempt === "" ? null : Number(attempt)}
      running={step.state === "running"}
      tools={
        <>
          <Select
            label="Step"
            value={String(step.index)}
            onChange={(event) => focus.select(Number(event.target.value))}
            options={(begun.includes(step) ? begun : [...begun, step]).slice(0, 2000).map((one) => ({ value: String(one.index), label: `${labelOf(one)} (${wordOf(standing(one).mark)})` }))}
          />
          {step.attempt > 0 && (
            <Select
              label="Attempt"
              value={attempt}
              onChange={(event) => setAttempt(event.target.value)}
              options={[
                { value: "", label: `Attempt ${step.attempt + 1}` },
                ...Array.from({ length: step.attempt }, (_, i) => ({ value: String(step.attempt - 1 - i), label: `Attempt ${step.attempt - i}` })),
              ]}
            />
          )}
        </>
      }
    />
  );
}
