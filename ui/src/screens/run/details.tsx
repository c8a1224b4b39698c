/** With what a run was launched. */
import type { RunDetail } from "../../api/contract";
import { AssetLink, Go } from "../../app/location";
import { Button } from "../../parts/button";
import { Chip, Facts } from "../../parts/fields";
import { Card } from "../../parts/page";
import { Time } from "../../parts/time";
import { toast } from "../../parts/toasts";
import { duration, many, shortId } from "../../words/format";

export function Details({ run }: { run: RunDetail }) {
  const config = run.config === null || run.config === undefined || Object.keys(run.config as object).length === 0 ? null : JSON.stringify(run.config, null, 2);
  const selection = run.plan?.["selection"];
  const code = run.plan?.["code"];
  return (
    <div className="run-details">
      <Card title="Launch">
        <Facts
          facts={[
            ["Run", <span key="id" className="mono">{run.id}</span>],
            ["Environment", run.env],
            ["Job", run.job && <Go key="job" to={`/jobs/${encodeURIComponent(run.job)}`}>{run.job}</Go>],
            ["Selection", typeof selection === "string" && selection !== "" ? <code key="sel">{selection}</code> : null],
            ["Only what is stale", run.plan?.["stale_only"] === true ? "yes" : null],
            ["Partition", run.partition],
            ["Launched by", run.who],
            ["Created", <Time key="at" at={run.created} long />],
            ["Expected to take", run.predicted === null ? null : duration(run.predicted)],
            ["Code", typeof code === "string" ? <code key="code">{code}</code> : null],
            ["Retries", run.parent_run && <Go key="parent" to={`/runs/${run.parent_run}`} className="mono">{shortId(run.parent_run)}</Go>],
          ]}
        />
      </Card>
      <Card title={many(run.assets_total, "asset")}>
        <ul className="run-assets">
          {run.assets.map((key) => (
            <li key={key}>
              <AssetLink name={key} />
            </li>
          ))}
          {run.assets_total > run.assets.length && <li className="muted small">and {many(run.assets_total - run.assets.length, "more", "more")}</li>}
        </ul>
      </Card>
      <Card title="Tags">
        {Object.keys(run.tags).length === 0 ? (
          <p className="muted small">None.</p>
        ) : (
          <div className="row wrap">
            {Object.entries(run.tags).map(([name, value]) => (
              <Go key={name} to="/runs" params={{ tag: `${name}=${value}` }} title={`Runs with ${name}=${value}`}>
                <Chip>
                  {name}: {value}
                </Chip>
              </Go>
            ))}
          </div>
        )}
      </Card>
      <Card
        title="Config"
        actions={
          config !== null && (
            <Button small look="quiet" onClick={() => void navigator.clipboard.writeText(config).then(() => toast("Copied."))}>
              Copy
            </Button>
          )
        }
      >
        {config === null ? <p className="muted small">None was given.</p> : <pre className="code">{config}</pre>}
      </Card>
    </div>
  );
}
