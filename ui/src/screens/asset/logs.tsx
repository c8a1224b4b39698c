/** What the step wrote when it was last run; the run's own page has all of it. */
import { useQuery } from "@tanstack/react-query";

import { get } from "../../api/client";
import type { AssetDetail } from "../../api/contract";
import { useStatus } from "../../api/statuses";
import { ButtonLink } from "../../parts/button";
import { Card } from "../../parts/page";
import { Answer } from "../../parts/states";
import { plain } from "../../words/ansi";
import { clock, many, shortId } from "../../words/format";

type LogPage = {
  lines: { n: number; at: number | null; stream: string; level: string | null; text: string }[];
  total_lines: number;
  next_offset: number | null;
  live: boolean;
};
const SHOWN = 500;

export default function Logs({ asset }: { asset: AssetDetail }) {
  const status = useStatus(asset.key) ?? asset.status;
  const run = status.run_id ?? asset.latest?.run_id ?? null;
  const step = asset.latest?.run_id === run ? (asset.latest?.step ?? asset.step) : asset.step;
  const logs = useQuery({
    queryKey: ["asset-logs", run, step],
    queryFn: async ({ signal }) => {
      const first = await get<LogPage>(`/runs/${run}/logs`, { step, limit: SHOWN }, signal);
      if (first.total_lines <= SHOWN) return first;
      return get<LogPage>(`/runs/${run}/logs`, { step, offset: first.total_lines - SHOWN, limit: SHOWN }, signal);
    },
    enabled: run !== null,
    refetchInterval: (query) => (query.state.data?.live ? 1500 : false),
  });
  if (run === null) return <p className="muted small">It was never run, so there is nothing it has written.</p>;
  return (
    <Card
      flush
      title={
        <>
          Step <code>{step}</code> of run <code>{shortId(run)}</code>
        </>
      }
      actions={
        <ButtonLink to={`/runs/${run}`} params={{ step }} small>
          Open the run
        </ButtonLink>
      }
    >
      <Answer of={logs} what="Loading the log">
        {({ lines, total_lines: total }) =>
          lines.length === 0 ? (
            <p className="muted small none">It has written nothing.</p>
          ) : (
            <>
              {total > lines.length && <p className="faint xs none">The last {many(lines.length, "line")} of {many(total, "line")}</p>}
              <pre className="code log" tabIndex={0} role="region" aria-label="Log">
                {lines.map((line) => (
                  <span key={line.n} className={`log-line ${line.stream} ${line.level?.toLowerCase() ?? ""}`}>
                    <span className="source-number" aria-hidden="true">
                      {line.at === null ? "" : clock(line.at)}
                    </span>
                    {plain(line.text)}
                    {"\n"}
                  </span>
                ))}
              </pre>
            </>
          )
        }
      </Answer>
    </Card>
  );
}
