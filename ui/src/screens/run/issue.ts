/** A failure as text for an issue tracker: what, where, with which inputs, and how to see it again. */
import type { RunStep, RunSummary } from "../../api/contract";
import { absolute, duration } from "../../words/format";
import { labelOf } from "./gantt_model";

export type Input = { key: string; version: string | null; size: number | null; from: string };

export function issueText(run: RunSummary, step: RunStep, inputs: Input[], address: string): string {
  const { error } = step;
  const lines = [
    `### ${labelOf(step)} failed${error ? `: ${error.message.split("\n")[0]}` : ""}`,
    "",
    `- Run: \`${run.id}\` (${run.name}), environment \`${run.env}\``,
    `- Address: ${address}`,
    `- Assets: ${step.assets.map((key) => `\`${key}\``).join(", ") || "none"}${step.partition ? `, partition \`${step.partition}\`` : ""}`,
    `- Attempt ${step.attempt + 1}${step.worker ? ` on \`${step.worker}\`` : ""}${step.ended ? `, ended ${absolute(step.ended)}` : ""}${
      step.started !== null && step.ended !== null ? ` after ${duration(step.ended - step.started)}` : ""
    }`,
  ];
  if (inputs.length > 0)
    lines.push("- Inputs:", ...inputs.map(({ key, version, size, from }) => `  - \`${key}\` ${version ? `version \`${version}\`` : "version unknown"}${size !== null ? `, ${size} bytes` : ""} (${from})`));
  if (error?.frame) {
    lines.push("", `${error.frame.file}:${error.frame.line}`, "```python");
    lines.push(...error.frame.source.map(([n, text]) => `${n === error.frame?.line ? ">" : " "} ${String(n).padStart(4)} ${text}`), "```");
  }
  if (error?.traceback) lines.push("", "<details><summary>Traceback</summary>", "", "```", error.traceback.trimEnd(), "```", "</details>");
  return `${lines.join("\n")}\n`;
}
