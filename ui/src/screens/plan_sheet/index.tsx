/** What would be run, why, for how long and reading what: before every launch. */
import "./plan_sheet.css";

import { useQuery } from "@tanstack/react-query";
import { Play } from "lucide-react";
import { useDeferredValue, useId, useMemo, useState } from "react";

import { post } from "../../api/client";
import type { Plan, PlanRequest } from "../../api/contract";
import { useDefinitions } from "../../api/queries";
import { go, useEnv } from "../../app/location";
import { Button } from "../../parts/button";
import { type ConfigError, ConfigForm } from "../../parts/config_form";
import { Dialog } from "../../parts/dialog";
import { PartitionField, partitionsOf } from "../../parts/partition_field";
import { Command, ErrorNote, Loading } from "../../parts/states";
import { toast } from "../../parts/toasts";
import { duration, many } from "../../words/format";
import { Steps } from "./steps";

type SheetProps = { request: PlanRequest; onClose: () => void };

const NO_ERRORS: ConfigError[] = [];

/** What a person has changed of the request. */
type Choices = { staleOnly: boolean; partitions: string; config: PlanRequest["config"]; exclude: string[]; force: string[] };

function bodyOf(request: PlanRequest, choices: Choices, env: string | null): PlanRequest {
  return {
    ...request,
    env: request.env ?? env,
    ...partitionsOf(choices.partitions),
    config: choices.config ?? null,
    stale_only: choices.staleOnly,
    exclude: choices.exclude,
    force: choices.force,
  };
}

export default function PlanSheet({ request, onClose }: SheetProps) {
  const env = useEnv();
  const [choices, setChoices] = useState<Choices>(() => ({
    staleOnly: request.stale_only ?? false,
    partitions: request.partition ?? (Array.isArray(request.partitions) ? request.partitions.join(", ") : (request.partitions ?? "")),
    config: request.config ?? undefined,
    exclude: request.exclude ?? [],
    force: request.force ?? [],
  }));
  const change = (changes: Partial<Choices>): void => setChoices((old) => ({ ...old, ...changes }));
  const body = useDeferredValue(useMemo(() => bodyOf(request, choices, env), [request, choices, env]));
  const plan = useQuery({
    queryKey: ["plan", body],
    queryFn: () => post<Plan>("/plans", body),
    placeholderData: (old) => old,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  const partitioned = usePartitioned(request);
  const shown = plan.error ? undefined : plan.data;
  const errors = shown?.config_errors ?? NO_ERRORS;
  const start = useStart(shown, onClose);
  const settled = shown !== undefined && !plan.isPlaceholderData && !plan.isFetching;
  const nothing = shown !== undefined && shown.totals.run + shown.totals.maybe === 0;
  const ready = settled && errors.length === 0 && !nothing && start.confirmed;

  return (
    <Dialog
      sheet
      title={request.job ? `Plan of ${request.job}` : "Plan"}
      onClose={onClose}
      className="plan-sheet"
      actions={
        <div className="plan-foot">
          {start.error !== null && <ErrorNote error={start.error} />}
          {shown && <Command text={shown.cli} />}
          <div className="row wide wrap">
            <Summary plan={shown} env={env} />
            <div className="row">
              {shown?.needs_confirmation && <ConfirmName name={shown.needs_confirmation} value={start.typed} onChange={start.setTyped} />}
              <Button onClick={onClose}>Cancel</Button>
              <StartButton key={shown === undefined ? "waiting" : "there"} ready={ready} busy={start.busy} plan={shown} onStart={start.run} />
            </div>
          </div>
        </div>
      }
    >
      <form
        className="stack plan-body"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) start.run();
        }}
      >
        <div className="row wrap plan-options">
          <label className="row small">
            <input type="checkbox" checked={choices.staleOnly} onChange={(event) => change({ staleOnly: event.target.checked })} />
            Only what is stale
          </label>
          {(choices.exclude.length > 0 || choices.force.length > 0) && (
            <Button small look="quiet" onClick={() => change({ exclude: [], force: [] })}>
              Undo changes ({choices.exclude.length + choices.force.length})
            </Button>
          )}
        </div>
        {partitioned !== null && <PartitionField asset={partitioned} value={choices.partitions} onChange={(partitions) => change({ partitions })} />}
        {shown?.config_schema && (
          <ConfigForm schema={shown.config_schema} value={choices.config} onChange={(config) => change({ config: config as Choices["config"] })} errors={errors} />
        )}
        {plan.error && <ErrorNote error={plan.error} />}
        {shown?.warnings.map((warning) => (
          <p key={warning} className="note stale">
            <span aria-hidden="true">▲</span> {warning}
          </p>
        ))}
        {shown ? (
          <Steps
            plan={shown}
            excluded={choices.exclude}
            forced={choices.force}
            onExclude={(keys, on) => change({ exclude: on ? [...choices.exclude, ...keys] : choices.exclude.filter((key) => !keys.includes(key)) })}
            onForce={(keys, on) => change({ force: on ? [...choices.force, ...keys] : choices.force.filter((key) => !keys.includes(key)) })}
          />
        ) : (
          !plan.error && <Loading what="Planning" />
        )}
      </form>
    </Dialog>
  );
}

/** The first of the selected assets that has partitions, so that they can be chosen. */
function usePartitioned(request: PlanRequest): string | null {
  const { data } = useDefinitions();
  return useMemo(() => {
    const assets = (data?.assets ?? []).filter((asset) => asset.is_partitioned);
    if (assets.length === 0) return null;
    const { selection } = request;
    if (Array.isArray(selection)) return assets.find((asset) => selection.includes(asset.key))?.key ?? null;
    return assets.find((asset) => selection === "*" || selection?.includes(asset.key) || selection === `group:${asset.group}`)?.key ?? null;
  }, [data, request]);
}

function useStart(plan: Plan | undefined, onClose: () => void) {
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const name = plan?.needs_confirmation ?? null;
  async function start(): Promise<void> {
    if (plan === undefined || busy) return;
    setBusy(true);
    setError(null);
    try {
      const { run_id } = await post<{ run_id: string }>("/runs", { plan_id: plan.id, confirm_env: name === null ? null : typed });
      toast(`Started: ${many(plan.totals.run + plan.totals.maybe, "step")}`, "done");
      onClose();
      go(`/runs/${run_id}`);
      focusHeading();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  }
  return { typed, setTyped, busy, error, confirmed: name === null || typed === name, run: () => void start() };
}

/** Put the focus on the head of the screen that comes, for those who go by keyboard; never take it from elsewhere. */
function focusHeading(): void {
  let tries = 150; // frames: the screen's code may have to be fetched
  const look = (): void => {
    const heading = document.querySelector<HTMLElement>("main h1");
    const free = document.activeElement === null || document.activeElement === document.body;
    if (free && heading !== null && document.querySelector("dialog[open]") === null) heading.focus();
    if (tries-- > 0) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

function StartButton({ ready, busy, plan, onStart }: { ready: boolean; busy: boolean; plan: Plan | undefined; onStart: () => void }) {
  const steps = plan ? plan.totals.run + plan.totals.maybe : 0;
  return (
    <Button
      look="primary"
      autoFocus
      icon={<Play size={13} />}
      aria-disabled={!ready}
      busy={busy}
      className={ready ? "" : "not-ready"}
      onClick={() => ready && onStart()}
      data-testid="start"
    >
      {plan !== undefined && steps === 0 ? "Nothing to do" : `Start ${steps > 0 ? many(steps, "step") : ""}`.trim()}
    </Button>
  );
}

function Summary({ plan, env }: { plan: Plan | undefined; env: string | null }) {
  if (!plan) return <span />;
  const { run, maybe, skip } = plan.totals;
  const estimate = plan.estimate;
  return (
    <p className="small plan-summary" data-testid="plan-summary">
      <strong>{many(run, "step")}</strong>
      {maybe > 0 && <>, {maybe} perhaps</>}
      {skip > 0 && <span className="muted">, {skip} unchanged</span>}
      {estimate?.seconds != null && <span className="muted"> · about {duration(estimate.seconds)}</span>}
      <span className="muted"> · in </span>
      <strong>{plan.env ?? env}</strong>
    </p>
  );
}

function ConfirmName({ name, value, onChange }: { name: string; value: string; onChange: (value: string) => void }) {
  const id = useId();
  return (
    <label htmlFor={id} className="row small">
      <span>
        Type <strong className="mono">{name}</strong>
      </span>
      <input id={id} className="input mono" size={12} value={value} autoComplete="off" onChange={(event) => onChange(event.target.value)} />
    </label>
  );
}
