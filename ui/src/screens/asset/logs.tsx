/** What the step wrote when it was last run; the run's own page has the logs of all steps. */
import type { AssetDetail } from "../../api/contract";
import { useStatus } from "../../api/statuses";
import { ButtonLink } from "../../parts/button";
import { LogView } from "../../parts/log_view";
import { Empty } from "../../parts/states";
import { shortId } from "../../words/format";

export default function Logs({ asset }: { asset: AssetDetail }) {
  const status = useStatus(asset.key) ?? asset.status;
  const run = status.run_id ?? asset.latest?.run_id ?? null;
  const step = asset.latest?.run_id === run ? (asset.latest?.step ?? asset.step) : asset.step;
  if (run === null || step === null) return <Empty title="Nothing was written yet">It was never run.</Empty>;
  return (
    <div className="asset-logs">
      <LogView
        key={`${run} ${step}`}
        run={run}
        step={step}
        running={status.state === "running"}
        tools={
          <ButtonLink to={`/runs/${run}`} params={{ step }} small>
            {`Run ${shortId(run)}`}
          </ButtonLink>
        }
      />
    </div>
  );
}
