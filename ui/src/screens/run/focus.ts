/** The step that is chosen (in the URL) and the one that is pointed at, the same for timeline, graph, events and log. */
import { useMemo, useState } from "react";

import type { RunStep } from "../../api/contract";
import { setParams, useParam } from "../../app/location";

export type Focus = {
  at: number | null;
  hover: number | null;
  select: (index: number | null) => void;
  hint: (index: number | null) => void;
};

export function useFocus(steps: RunStep[]): Focus {
  const [key] = useParam("step");
  const [hover, setHover] = useState<number | null>(null);
  const at = useMemo(() => (key === "" ? -1 : steps.findIndex((step) => step?.step === key)), [steps, key]);
  return useMemo(
    () => ({
      at: at < 0 ? null : at,
      hover,
      select: (index) => setParams({ step: index === null ? null : (steps[index]?.step ?? null), attempt: null }),
      hint: setHover,
    }),
    [at, hover, steps],
  );
}
