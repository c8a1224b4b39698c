/** Whether a schedule or sensor is evaluated. */
import { useState } from "react";

import type { Instigator } from "../../api/contract";
import { instigate } from "../../api/operating";
import { useMay } from "../../api/queries";
import { Switch } from "../../parts/fields";
import { StatusMark } from "../../parts/status";
import { toastError } from "../../parts/toasts";

export function RunsSwitch({ of: one, env }: { of: Instigator; env: string | null }) {
  const may = useMay();
  const [wanted, setWanted] = useState<boolean | null>(null); // until the server has said so
  const on = wanted ?? one.running;
  if (!may) return <StatusMark mark={one.running ? "done" : "paused"} label={one.running ? "on" : "off"} />;
  return (
    <Switch
      on={on}
      label={`${one.name} is evaluated`}
      disabled={wanted !== null}
      onChange={(next) => {
        setWanted(next);
        instigate(one.name, next ? "start" : "stop", env)
          .catch(toastError)
          .finally(() => setWanted(null));
      }}
    />
  );
}
