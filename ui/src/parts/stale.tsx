/** Why an asset is stale, cause by cause. */
import type { Status } from "../api/contract";

const WORDS = {
  code: "The code has changed",
  data: "Data that it reads has changed",
  deps: "It reads other assets than before",
  upstream: "An upstream asset is stale",
  never: "It was never made",
};

export function StaleList({ status }: { status: Status | undefined }) {
  if (!status || (status.stale.length === 0 && !status.upstream_changed)) return null;
  return (
    <ul className="note stale stale-list" data-testid="stale-reasons">
      {status.stale.map(({ cause, detail }, i) => (
        <li key={i}>
          <span aria-hidden="true">▲ </span>
          {detail ? detail[0]?.toUpperCase() + detail.slice(1) : (WORDS[cause] ?? cause)}
        </li>
      ))}
      {status.stale.length === 0 && (
        <li>
          <span aria-hidden="true">▲ </span>An upstream asset has been made since
        </li>
      )}
    </ul>
  );
}
