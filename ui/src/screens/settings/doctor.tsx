/** What is wrong with the set-up, and what to do about it. */
import { RefreshCw } from "lucide-react";

import type { Finding } from "../../api/contract";
import { useDoctor } from "../../api/operating";
import { Button } from "../../parts/button";
import { Answer, Command } from "../../parts/states";
import { type Mark, StatusMark } from "../../parts/status";
import { many } from "../../words/format";

const MARKS: Record<Finding["level"], { mark: Mark; word: string }> = {
  problem: { mark: "failed", word: "problem" },
  warning: { mark: "warned", word: "warning" },
  ok: { mark: "done", word: "ok" },
};
const ORDER: Finding["level"][] = ["problem", "warning", "ok"];

/** Does it read as a command to be typed? Other advice is shown as a sentence. */
export const isCommand = (fix: string): boolean => /^(assetflow|valkey-cli|redis-cli|pip|export|psql|docker|kubectl|ASSETFLOW_\w+=)\b/.test(fix.trim()) && !/[.:] /.test(fix);

export function Doctor() {
  const doctor = useDoctor();
  return (
    <Answer of={doctor} what="Looking at the set-up">
      {({ items }) => {
        const bad = items.filter((one) => one.level !== "ok").length;
        const sorted = [...items].sort((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level));
        return (
          <div className="stack">
            <div className="row wide">
              <p className="small muted">{bad === 0 ? `All is well: ${many(items.length, "thing")} looked at.` : `${many(bad, "finding")} among ${many(items.length, "thing")} looked at.`}</p>
              <Button small icon={<RefreshCw size={13} />} busy={doctor.isFetching} onClick={() => void doctor.refetch()}>
                Look again
              </Button>
            </div>
            <ul className="findings">
              {sorted.map((one, i) => (
                <li key={i} className="finding" data-level={one.level}>
                  <StatusMark mark={MARKS[one.level].mark} label={MARKS[one.level].word} soft />
                  <span className="finding-area muted small">{one.area}</span>
                  <div className="stack tight grow">
                    <p className="small">{one.message}</p>
                    {one.fix && (isCommand(one.fix) ? <Command text={one.fix} /> : <p className="small muted">{one.fix}</p>)}
                  </div>
                </li>
              ))}
            </ul>
          </div>
        );
      }}
    </Answer>
  );
}
