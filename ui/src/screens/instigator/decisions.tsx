/** Why the conditions of an asset did or did not ask for it: each condition as a tree, with what held of it. */
import { useQuery } from "@tanstack/react-query";

import { get } from "../../api/client";
import type { ConditionNode, Decision, Listed } from "../../api/contract";
import { useDefinitions } from "../../api/queries";
import { AssetLink, useEnv, useParam } from "../../app/location";
import { Select } from "../../parts/fields";
import { Card } from "../../parts/page";
import { Answer } from "../../parts/states";
import { StatusMark } from "../../parts/status";
import { Time } from "../../parts/time";
import { count } from "../../words/format";

export function Decisions() {
  const env = useEnv();
  const { data } = useDefinitions();
  const [chosen, setChosen] = useParam("asset");
  const keys = (data?.assets ?? []).filter((asset) => asset.automation !== null).map((asset) => asset.key);
  const key = chosen || keys[0] || "";
  const decisions = useQuery({
    queryKey: ["instigators", "decisions", key, env],
    queryFn: ({ signal }) => get<Listed<Decision>>("/automation/decisions", { key, env }, signal),
    enabled: key !== "" && env !== null,
  });
  if (keys.length === 0) return null;
  return (
    <Card title="Decisions" actions={<Select label="Asset" value={key} options={keys} onChange={(event) => setChosen(event.target.value)} />}>
      <div className="stack">
        <AssetLink name={key} />
        <Answer of={decisions} what="Loading decisions">
          {({ items }) =>
            items.length === 0 ? (
              <p className="small muted">Its condition has not been evaluated yet.</p>
            ) : (
              <ol className="decisions">
                {items.map((one, i) => (
                  <li key={one.tick}>
                    <details open={i === 0}>
                      <summary className="row wide small">
                        <StatusMark
                          mark={one.requested ? "done" : "skipped"}
                          label={one.requested > 1 ? `asked for ${count(one.requested)} partitions` : one.requested ? "asked for" : "not asked for"}
                        />
                        <Time at={one.at} />
                      </summary>
                      <ul className="condition">
                        <Condition node={one.tree} />
                      </ul>
                    </details>
                  </li>
                ))}
              </ol>
            )
          }
        </Answer>
      </div>
    </Card>
  );
}

/** Held, did not hold, or was not looked at because one before it had settled the matter. */
export function outcome(node: ConditionNode): "held" | "not" | "unasked" {
  if (node.candidate_count === 0) return "unasked";
  return node.held_count > 0 ? "held" : "not";
}

const SHAPES = { held: "✔", not: "✘", unasked: "·" } as const;
const WORDS = { held: "held", not: "did not hold", unasked: "was not looked at" } as const;

function Condition({ node }: { node: ConditionNode }) {
  const came = outcome(node);
  return (
    <li>
      <span className={`small condition-${came}`}>
        <span aria-hidden="true" className="condition-shape">
          {SHAPES[came]}
        </span>
        {node.of && <span className="mono xs">{node.of}: </span>}
        {(node.label ?? node.name).replaceAll("_", " ")}
        {node.candidate_count > 1 && (
          <span className="xs muted num">
            {" "}
            {count(node.held_count)} of {count(node.candidate_count)}
          </span>
        )}
        <span className="sr">, {WORDS[came]}</span>
      </span>
      {node.parts.length > 0 && (
        <ul className="condition">
          {node.parts.map((part, i) => (
            <Condition key={i} node={part} />
          ))}
        </ul>
      )}
    </li>
  );
}
