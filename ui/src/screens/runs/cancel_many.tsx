import { cache } from "../../api/queries";
import { post } from "../../api/client";
import type { RunSummary } from "../../api/contract";
import { Confirm } from "../../parts/confirm";
import { many } from "../../words/format";
import { titleOf } from "../../words/steps";

export function CancelMany({ runs, onClose }: { runs: RunSummary[]; onClose: () => void }) {
  return (
    <Confirm
      title={`Cancel ${many(runs.length, "run")}?`}
      action="Cancel them"
      dismiss="Let them go on"
      danger
      onClose={onClose}
      onConfirm={async () => {
        await Promise.all(runs.map((run) => post(`/runs/${encodeURIComponent(run.id)}/cancel`, { grace: null })));
        await cache.invalidateQueries({ queryKey: ["runs"] });
      }}
    >
      <p className="small">Nothing more is begun in them. What has been made stays.</p>
      <ul className="small">
        {runs.slice(0, 8).map((run) => (
          <li key={run.id} className="clip">
            {titleOf(run)}
          </li>
        ))}
        {runs.length > 8 && <li className="muted">and {many(runs.length - 8, "more", "more")}</li>}
      </ul>
    </Confirm>
  );
}
