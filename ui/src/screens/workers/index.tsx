/** Who works: slots and what they do, queues, pools; who is of another version, and who is kept out for a while. */
import "./workers.css";

import { Boxes } from "lucide-react";
import { useMemo, useState } from "react";

import { post } from "../../api/client";
import type { WorkerRow, Workers } from "../../api/contract";
import { useLive } from "../../api/live";
import { cache, useMay, useSession, useWorkers } from "../../api/queries";
import { Go } from "../../app/location";
import { Button } from "../../parts/button";
import { Confirm } from "../../parts/confirm";
import { Chip } from "../../parts/fields";
import { Card, Page } from "../../parts/page";
import { PlainTable } from "../../parts/plain_table";
import { Answer, Command, Empty } from "../../parts/states";
import { Took, useNow } from "../../parts/time";
import { toast } from "../../parts/toasts";
import { Unheard, unheard, useWorkerCommand } from "../../parts/unheard";
import { count, duration, many, shortId } from "../../words/format";
import { Limits } from "./limits";

export default function WorkersPage() {
  const workers = useWorkers();
  const command = useWorkerCommand();
  useLive("workers", { workers: () => void cache.invalidateQueries({ queryKey: ["workers"] }) });
  const slots = workers.data?.items.reduce((sum, one) => sum + one.slots, 0) ?? 0;
  const busy = workers.data?.items.reduce((sum, one) => sum + one.busy, 0) ?? 0;
  return (
    <Page title="Workers" about={workers.data && `${many(workers.data.items.length, "worker")}, ${count(busy)} of ${many(slots, "slot")} busy`}>
      <Answer of={workers} what="Loading workers">
        {(found) => (
          <div className="stack workers">
            {unheard(found.queues).map((queue) => (
              <div key={queue.name} className="note stale" role="status">
                <Unheard queue={queue} />
              </div>
            ))}
            {found.items.length === 0 ? (
              <Empty title="No workers" icon={<Boxes size={20} />} action={<Command text={command()} />}>
                Runs can be launched, and wait until a worker is started, here or on any machine that reaches the same broker and storage. It appears here by itself.
              </Empty>
            ) : (
              <WorkerCards workers={found.items} />
            )}
            <div className="grid-2">
              <Queues workers={found} />
              <Limits title="Pools" kind="pool" limits={found.pools} about="How many steps that name a pool may run at once, everywhere." />
              {found.run_limits !== undefined && <Limits title="Run limits" kind="tag" limits={found.run_limits} about="How many runs with a tag may be under way at once; * means all runs." />}
            </div>
          </div>
        )}
      </Answer>
    </Page>
  );
}

/** Of "assetflow 0.1.0, celery 5.7.0, python 3.11.7", what counts: "0.1.0". */
export const versionOf = (software: string | null): string | null => (software === null ? null : (/^assetflow ([^\s,]+)/.exec(software)?.[1] ?? software));

const isOther = (one: WorkerRow, version: string | null): boolean => version !== null && one.version !== null && one.version !== "" && versionOf(one.version) !== version;

function WorkerCards({ workers }: { workers: WorkerRow[] }) {
  const { data: session } = useSession();
  const skewed = workers.filter((one) => session && isOther(one, session.version));
  const sorted = useMemo(() => [...workers].sort((a, b) => a.host.localeCompare(b.host) || a.pid - b.pid), [workers]);
  return (
    <>
      {skewed.length > 0 && (
        <div className="note stale" role="status">
          {skewed.length === 1 ? "A worker is" : `${count(skewed.length)} workers are`} of another version than this server ({session?.version}): steps may go to either. Start{" "}
          {skewed.length === 1 ? "it" : "them"} again from the newer installation.
        </div>
      )}
      <ul className="worker-cards">
        {sorted.map((one) => (
          <WorkerCard key={one.name} one={one} version={session?.version ?? null} />
        ))}
      </ul>
    </>
  );
}

function WorkerCard({ one, version }: { one: WorkerRow; version: string | null }) {
  const may = useMay();
  const now = useNow();
  const [draining, setDraining] = useState(false);
  const kept = one.quarantined_until !== null && one.quarantined_until > now;
  const silent = one.last_beat !== null && one.last_beat !== undefined ? now - one.last_beat : 0;
  return (
    <li className={`worker ${kept ? "kept" : ""}`} data-testid="worker">
      <header className="worker-head">
        <div className="grow">
          <h2 className="clip" title={one.name}>
            {one.host} <span className="faint num">· {one.pid}</span>
          </h2>
          <span className="xs muted clip" title={one.name}>
            <span className="mono">{shortId(one.name)}</span>
            {one.started !== null && (
              <>
                , up <Took from={one.started} to={null} />
              </>
            )}
            {one.modules && one.modules.length > 0 && `, has ${one.modules.join(", ")}`}
          </span>
        </div>
        {may && !one.draining && (
          <Button small onClick={() => setDraining(true)}>
            Drain
          </Button>
        )}
      </header>
      <div className="row wrap">
        {one.queues.map((queue) => (
          <Chip key={queue} title="queue">
            {queue}
          </Chip>
        ))}
        {one.pool && <Chip title="how its slots are made">{one.pool}</Chip>}
        {isOther(one, version) && (
          <Chip tone="stale" title={one.version ?? undefined}>
            version {versionOf(one.version)}
          </Chip>
        )}
        {one.draining && <Chip tone="stale">draining</Chip>}
        {kept && <Chip tone="failed">kept out for {duration(Math.max(1, Math.round((one.quarantined_until ?? now) - now)))}</Chip>}
        {silent > 30 && <Chip tone="failed">silent for {duration(silent)}</Chip>}
      </div>
      <div className="slots" role="img" aria-label={`${one.busy} of ${one.slots} slots busy`}>
        {Array.from({ length: Math.min(one.slots, 64) }, (_, i) => (
          <span key={i} className={i < one.busy ? "bg-running" : undefined} />
        ))}
        {one.slots > 64 && <span className="xs muted slots-more">+{one.slots - 64}</span>}
      </div>
      {one.current.length === 0 ? (
        <p className="xs faint">{one.draining ? "ends when all is done" : kept ? "takes nothing: too many steps have died here" : "waits for steps"}</p>
      ) : (
        <ul className="worker-steps">
          {one.current.map((step) => (
            <li key={`${step.run_id} ${step.step}`} className="row small">
              <Go to={`/runs/${step.run_id}`} params={{ step: step.step }} className="mono clip grow">
                {step.step}
              </Go>
              <span className="muted">
                <Took from={step.since} to={null} />
              </span>
            </li>
          ))}
        </ul>
      )}
      {draining && (
        <Confirm
          title={`Drain ${one.host}?`}
          action="Drain"
          onClose={() => setDraining(false)}
          onConfirm={async () => {
            await post(`/workers/${encodeURIComponent(one.name)}/drain`);
            toast("It takes nothing more, and ends when what it has is done.");
            await cache.invalidateQueries({ queryKey: ["workers"] });
          }}
        >
          <p className="small">
            It takes no more steps, finishes {one.busy === 0 ? "what it has" : many(one.busy, "step")}, and ends. Whoever looks after it may start another.
          </p>
        </Confirm>
      )}
    </li>
  );
}

function Queues({ workers }: { workers: Workers }) {
  return (
    <Card title="Queues">
      {workers.queues.length === 0 ? (
        <p className="small muted">None is used yet.</p>
      ) : (
        <PlainTable heads={["Queue", { text: "Ready", look: "num" }, { text: "Running", look: "num" }, { text: "Slots that listen", look: "num" }]}>
          {workers.queues.map((queue) => (
            <tr key={queue.name}>
              <th scope="row" className="mono">
                {queue.name}
              </th>
              <td className="num">{count(queue.ready)}</td>
              <td className="num">{count(queue.running)}</td>
              <td className={`num ${queue.listeners === 0 ? "tone-stale" : ""}`}>{queue.listeners === 0 ? "none" : count(queue.listeners)}</td>
            </tr>
          ))}
        </PlainTable>
      )}
    </Card>
  );
}
