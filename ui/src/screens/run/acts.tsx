/** What can be done to a run: cancel, pause, retry. Buttons are there only for those who may. */
import { CircleStop, Pause, Play, RotateCcw } from "lucide-react";
import { useState } from "react";

import { post } from "../../api/client";
import type { RunStep, RunSummary } from "../../api/contract";
import { cache, useMay, useSession } from "../../api/queries";
import { go } from "../../app/location";
import { Button } from "../../parts/button";
import { Confirm } from "../../parts/confirm";
import { Select } from "../../parts/fields";
import { Menu } from "../../parts/menu";
import { toast, toastError } from "../../parts/toasts";
import { many } from "../../words/format";
import { hasEnded } from "./run_book";
import { labelOf } from "./gantt_model";

type From = "failure" | "step" | "all";
export type RetryOf = { from: From; step: RunStep | null };

export async function changeRun(run: RunSummary, verb: "pause" | "resume" | "cancel", body: unknown = {}): Promise<void> {
  await post(`/runs/${encodeURIComponent(run.id)}/${verb}`, body);
  for (const name of ["runs", "backfills"]) void cache.invalidateQueries({ queryKey: [name] });
}

export async function retryRun(run: RunSummary, of: RetryOf, confirmed: string | null): Promise<string> {
  const { run_id } = await post<{ run_id: string }>(`/runs/${encodeURIComponent(run.id)}/retry`, {
    from: of.from,
    step: of.step?.step ?? null,
    ...(confirmed !== null && { confirm_env: confirmed }),
  });
  void cache.invalidateQueries({ queryKey: ["runs"] });
  return run_id;
}

export function RunActs({ run, chosen, onRetry }: { run: RunSummary; chosen: RunStep | null; onRetry: (of: RetryOf) => void }) {
  const may = useMay();
  const [cancelling, setCancelling] = useState(false);
  if (!may) return null;
  const over = hasEnded(run);
  const act = (verb: "pause" | "resume"): void => {
    changeRun(run, verb).catch(toastError);
  };
  return (
    <>
      {!over && run.status !== "paused" && (
        <Button icon={<Pause size={14} />} onClick={() => act("pause")}>
          Pause
        </Button>
      )}
      {run.status === "paused" && (
        <Button icon={<Play size={14} />} onClick={() => act("resume")}>
          Go on
        </Button>
      )}
      {!over && (
        <Button icon={<CircleStop size={14} />} onClick={() => setCancelling(true)}>
          Cancel
        </Button>
      )}
      {over && (
        <Menu
          label="Run again"
          look={run.status === "failed" ? "primary" : "plain"}
          icon={<RotateCcw size={14} />}
          items={[
            {
              label: "What failed",
              hint: run.status === "success" ? "nothing has failed" : "and what needs it; the rest is kept",
              disabled: run.status === "success",
              onChoose: () => onRetry({ from: "failure", step: null }),
            },
            {
              label: chosen ? `From ${labelOf(chosen)}` : "From a step",
              hint: chosen ? "that step and all after it" : "choose a step in the timeline first",
              disabled: chosen === null,
              onChoose: () => onRetry({ from: "step", step: chosen }),
            },
            { label: "All of it", hint: many(run.steps.total, "step"), onChoose: () => onRetry({ from: "all", step: null }) },
          ]}
        />
      )}
      {cancelling && <CancelDialog run={run} onClose={() => setCancelling(false)} />}
    </>
  );
}

export function CancelDialog({ run, onClose }: { run: RunSummary; onClose: () => void }) {
  const [grace, setGrace] = useState("");
  return (
    <Confirm
      title="Cancel this run?"
      action="Cancel the run"
      dismiss="Let it go on"
      danger
      onClose={onClose}
      onConfirm={() => changeRun(run, "cancel", { grace: grace === "" ? null : Number(grace) })}
    >
      <p className="small">
        Nothing more is begun. What has been made stays. {run.steps.running > 0 && `${many(run.steps.running, "step")} ${run.steps.running === 1 ? "is" : "are"} running now.`}
      </p>
      <Select
        label="Running steps"
        hideLabel={false}
        value={grace}
        onChange={(event) => setGrace(event.target.value)}
        options={[
          { value: "", label: "as the settings say" },
          { value: "0", label: "are ended at once" },
          { value: "30", label: "have 30 seconds to end" },
          { value: "300", label: "have 5 minutes to end" },
        ]}
      />
    </Confirm>
  );
}

/** Ask before a protected environment is written to; else do it at once and go to the new run. */
export function Retrying({ run, of, onClose }: { run: RunSummary; of: RetryOf; onClose: () => void }) {
  const { data } = useSession();
  const isProtected = data?.environments.find((one) => one.name === run.env)?.protected ?? false;
  const words: Record<From, string> = { failure: "what failed", step: of.step ? `from ${labelOf(of.step)}` : "from a step", all: "all of it" };
  return (
    <Confirm
      title={`Run ${words[of.from]} again?`}
      action="Run again"
      typeName={isProtected ? run.env : null}
      onClose={onClose}
      onConfirm={async () => {
        const id = await retryRun(run, of, isProtected ? run.env : null);
        toast("Launched again.", "done");
        go(`/runs/${id}`);
      }}
    >
      <p className="small">
        A new run is begun in <strong>{run.env}</strong>
        {of.from === "failure" && "; what has succeeded is not made again"}
        {of.from === "step" && " with that step and all that need it"}. This one stays as it is.
      </p>
    </Confirm>
  );
}
