/**
 * What the server says, as it says it: snake_case, times in epoch seconds, durations in seconds, sizes in bytes.
 * The types come from the server's own description of itself; here they have the names that the page uses.
 */
import type { Schemas } from "./described";

export type Seconds = number;
export type Listed<T> = { items: T[]; next: string | null };

export type Role = Session["role"];
export type EnvironmentName = Schemas["EnvironmentAbout"];
export type Session = Schemas["Session"];

export type Dependency = Schemas["Dep"];
export type PartitionsOf = Schemas["PartitionsAbout"];
export type Asset = Schemas["Asset"];
export type Definitions = Schemas["DefinitionsAnswer"];

export const SOURCE = 1;
export const PARTITIONED = 2;
export const SKIPPABLE = 4;
export const CHECKED = 8;
export type Graph = Schemas["GraphAnswer"];

export type AssetState = Status["state"];
export type StaleCause = Schemas["StaleCauseItem"];
export type PartitionTally = Schemas["PartitionTally"];
export type Status = Schemas["Status"];
export type Statuses = Schemas["StatusesAnswer"];

export type MetaKind = Meta["type"];
export type Meta = Schemas["Meta"];
export type Materialization = Schemas["Materialization"];
export type AssetDetail = Schemas["AssetDetail"];
export type Plots = Schemas["PlotsAnswer"];

export type PartitionStrip = Schemas["PartitionsAnswer"];
export type PartitionKeyRow = Schemas["PartitionItem"];
export type PartitionKeys = Schemas["PartitionPage"];
export type CheckResult = Schemas["CheckItem"];
export type Version = Schemas["VersionItem"];
export type Diff = Schemas["DiffAnswer"];
export type Comparing = Schemas["Comparing"];

/** A schema of a user's config: the server hands it on, so its description has no more to say than "an object". */
export type JsonSchema = {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  additionalProperties?: boolean | JsonSchema;
  anyOf?: JsonSchema[];
  [more: string]: unknown;
};
export type PlanRequest = Schemas["PlanAsked"];
export type PlanStep = Schemas["PlanStep"];
export type Plan = Schemas["PlanAnswer"];

export type RunStatus = RunSummary["status"];
export type RunSteps = Schemas["StepCounts"];
export type RunSummary = Schemas["RunSummary"];
export type Backfill = Schemas["Backfill"];
export type LiveEvents = Schemas["LiveEvents"];
export type StepError = Schemas["StepError"];
export type RunStep = Schemas["RunStep"];
export type RunEvent = Schemas["RunEventItem"];
export type RunDetail = Schemas["RunDetail"];
export type LogLine = Schemas["LogItem"];
export type LogPage = Schemas["LogPage"];

export type Job = Schemas["JobItem"];

export type Instigator = Schemas["Instigator"];
export type Tick = Schemas["TickItem"];
export type WorkerRow = Schemas["WorkerItem"];
export type Workers = Schemas["WorkerList"];
export type Limit = Schemas["LimitItem"];
export type EnvironmentRow = Schemas["EnvironmentItem"];
export type Finding = Schemas["FindingItem"];
export type EnvironmentSide = Schemas["MadeThere"];
export type EnvironmentDifference = Schemas["EnvironmentDiffItem"];
export type Promotion = Schemas["Promoted"];
export type PastPromotion = Schemas["PromotionItem"];
export type Undone = Schemas["Undone"];
export type AuditRow = Schemas["AuditItem"];
export type TokenRow = Schemas["TokenItem"];
export type Setting = Schemas["SettingItem"];
export type ConditionNode = Schemas["ConditionNode"];
export type Decision = Schemas["DecisionItem"];
