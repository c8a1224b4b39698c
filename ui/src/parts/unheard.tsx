/** Steps that wait on a queue on which nobody listens, and the command that helps. */
import type { Workers } from "../api/contract";
import { useDefinitions } from "../api/queries";
import { many } from "../words/format";
import { Command } from "./states";

type Queue = Workers["queues"][number];

export const unheard = (queues: Queue[]): Queue[] => queues.filter((queue) => queue.ready > 0 && queue.listeners === 0);

/** The command that starts a worker of this project; of a file it needs to know nothing, its code travels. */
export function useWorkerCommand(): (queue?: string) => string {
  const { data } = useDefinitions();
  const module = data?.module ? ` -m ${data.module}` : "";
  return (queue = "default") => `assetflow worker${module}${queue === "default" ? "" : ` -q ${queue}`}`;
}

export function Unheard({ queue }: { queue: Queue }) {
  const command = useWorkerCommand();
  return (
    <div className="grow stack tight">
      <p>
        {many(queue.ready, "step is", "steps are")} ready, and no worker listens on queue <code>{queue.name}</code>. Start one:
      </p>
      <Command text={command(queue.name)} />
    </div>
  );
}
