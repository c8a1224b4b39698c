/** Who did what, also what was refused. */
import type { AuditRow } from "../../api/contract";
import { useAudit } from "../../api/operating";
import { Empty, ErrorNote, Loading } from "../../parts/states";
import { type Mark, StatusMark } from "../../parts/status";
import { type Column, DataTable } from "../../parts/table";
import { Time } from "../../parts/time";

const well = (outcome: string): Mark => (/^(ok|done|success|2\d\d)/.test(outcome) ? "done" : "failed");

const COLUMNS: Column<AuditRow>[] = [
  { id: "at", head: "When", width: "96px", cell: (row) => <Time at={row.at} /> },
  {
    id: "user",
    head: "Who",
    width: "minmax(110px, 0.8fr)",
    cell: (row) => (
      <>
        {row.user || <span className="faint">nobody</span>} <span className="faint xs">{row.role}</span>
      </>
    ),
  },
  { id: "action", head: "What", width: "minmax(130px, 1fr)", cell: (row) => row.action },
  { id: "target", head: "Of what", width: "minmax(140px, 1.8fr)", narrow: true, cell: (row) => <span title={row.target ?? undefined}>{row.target || <span className="faint">–</span>}</span> },
  { id: "env", head: "Environment", width: "112px", narrow: true, cell: (row) => row.env || <span className="faint">–</span> },
  { id: "outcome", head: "Outcome", width: "128px", cell: (row) => <StatusMark mark={well(row.outcome)} label={row.outcome} /> },
  { id: "ip", head: "From", width: "120px", narrow: true, cell: (row) => <span className="num muted">{row.ip}</span> },
];

export function Audit() {
  const audit = useAudit(true);
  if (audit.rows === undefined) return audit.error ? <ErrorNote error={audit.error} onRetry={() => void audit.refetch()} /> : <Loading what="Loading the audit" />;
  return (
    <DataTable
      label="Audit"
      columns={COLUMNS}
      rows={audit.rows}
      rowKey={(row) => String(row.id ?? `${row.at} ${row.action} ${row.target}`)}
      rowHeight={36}
      height="max(20rem, calc(100vh - 14rem))"
      onEnd={audit.more}
      empty={<Empty title="Nobody has changed anything yet" />}
    />
  );
}
