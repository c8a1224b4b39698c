/** What the server says, as it says it: snake_case, times in epoch seconds, durations in seconds, sizes in bytes. */

export type Seconds = number;
export type Listed<T> = { items: T[]; next: string | null };

export type Role = "viewer" | "operator" | "admin";
export type EnvironmentName = { name: string; protected: boolean; reads_from: string | null; default: boolean };
export type Session = {
  user: string;
  role: Role;
  csrf: string | null;
  env: string;
  environments: EnvironmentName[];
  version: string;
  features: { auth: boolean };
  project: string;
  broker: { ok: boolean; since: Seconds | null; message: string | null };
  definitions: {
    ok: boolean;
    error: { message: string; trace: string } | null;
    loaded_at: Seconds | null;
    version: string | null;
  };
};

export type Dependency = { key: string; argument: string | null; mapping: string | null };
export type PartitionsOf = {
  kind: "static" | "time_window" | "multi" | "dynamic";
  dimensions: string[];
  description: string;
};
export type Asset = {
  key: string;
  group: string;
  description: string | null;
  kinds: string[];
  compute_kind: string | null;
  owners: string[];
  tags: Record<string, string>;
  is_source: boolean;
  is_executable: boolean;
  is_partitioned: boolean;
  partitions: PartitionsOf | null;
  op: string | null;
  code_version: string | null;
  pool: string | null;
  queue: string | null;
  io_manager_key: string | null;
  required_resources: string[];
  skippable: boolean;
  deps: Dependency[];
  checks: { name: string; blocking: boolean; description: string | null }[];
  step: string | null;
  automation: string | null;
  freshness: string | null;
  config_required: boolean;
};
export type Definitions = {
  version: string;
  assets: Asset[];
  groups: { name: string; assets: number }[];
  jobs: string[];
  resources: { key: string; description: string | null; config_schema?: unknown }[];
  label: string; // of the module, or of the file
  module: string | null; // null where it is a file
};

export const SOURCE = 1;
export const PARTITIONED = 2;
export const SKIPPABLE = 4;
export const CHECKED = 8;
export type Graph = { version: string; nodes: [key: string, group: string, flags: number][]; edges: [number, number][] };

export type AssetState = "never" | "materialized" | "failed" | "running" | "queued" | "skipped";
export type StaleCause = { cause: "code" | "data" | "deps" | "upstream" | "never"; detail: string | null };
export type PartitionTally = {
  total: number;
  materialized: number;
  failed: number;
  running: number;
  missing: number;
};
export type Status = {
  state: AssetState;
  at: Seconds | null;
  run_id: string | null;
  stale: StaleCause[];
  upstream_changed: boolean;
  partitions: PartitionTally | null;
  checks: { passed: number; failed: number; warned: number } | null;
  duration: Seconds | null;
  from_env: string | null;
};
export type Statuses = { version: string; items: Record<string, Status> };

export type MetaKind =
  | "int"
  | "float"
  | "text"
  | "md"
  | "url"
  | "path"
  | "json"
  | "table"
  | "asset"
  | "bool"
  | "null"
  | "timestamp"
  | "run"
  | "column_schema"
  | "column_lineage"
  | "notebook";
export type Meta = {
  label: string;
  type: MetaKind;
  value: unknown;
  columns?: string[] | null;
  rows?: unknown[][] | null;
  html?: string | null;
};
export type Materialization = {
  at: Seconds;
  run_id: string;
  step: string | null;
  partition: string | null;
  duration: Seconds | null;
  uri: string | null;
  size: number | null;
  code_version: string | null;
  data_version: string | null;
  version: string | null;
  inputs: { key: string; version: string | null; data_version: string | null }[];
  metadata: Meta[];
  unchanged: boolean;
  env: string | null;
};
export type AssetDetail = Asset & {
  status: Status;
  definition: {
    metadata: Meta[];
    source: { file: string; line: number; text: string } | null;
    config_schema: JsonSchema | null;
    type: string | null;
    python_snippet: string | null;
  };
  upstream: string[];
  downstream: string[];
  latest: Materialization | null;
};
export type Plots = {
  series: { label: string; points: [at: Seconds, value: number, run_id: string, partition: string | null][] }[];
};

export type PartitionStrip = {
  dimensions: { name: string; ranges?: [string, string][]; keys_count?: number }[];
  total: number;
  encoding: { states: [count: number, code: number][] };
  codes: string[];
};
export type PartitionKeyRow = { key: string; state: string; at: Seconds | null; run_id: string | null };
export type CheckResult = {
  name: string;
  blocking: boolean;
  severity: "warn" | "error" | string;
  passed: boolean | null;
  at: Seconds | null;
  run_id: string | null;
  metadata: Meta[];
  description: string | null;
  history: { passed: boolean; at: Seconds; run_id: string }[];
};
export type Version = {
  version: string;
  at: Seconds;
  run_id: string;
  size: number | null;
  published: boolean;
  code_version: string | null;
  data_version: string | null;
};
export type Diff = {
  columns: { name: string; change: "same" | "changed" | "added" | "removed" | "type"; detail: string | null }[];
  rows: { a: number | null; b: number | null; added: number | null; removed: number | null; changed: number | null };
  sample: unknown[];
};

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
export type PlanRequest = {
  selection: string | string[];
  env?: string | null;
  partition?: string | null;
  partitions?: string | string[] | null;
  config?: unknown;
  stale_only?: boolean;
  job?: string | null;
  exclude?: string[];
  force?: string[];
};
export type PlanStep = {
  step: string;
  assets: string[];
  partition: string | null;
  action: "run" | "maybe" | "skip";
  reason: string;
  cause: string | null;
  reads: { key: string; env: string | null; version: string | null; from: string | null }[];
  estimate: { seconds: number | null; bytes: number | null } | null;
};
export type Plan = {
  id: string;
  env: string;
  steps: PlanStep[];
  totals: { run: number; maybe: number; skip: number };
  estimate: { seconds: number | null; bytes: number | null } | null;
  warnings: string[];
  cli: string;
  config_schema: JsonSchema | null;
  config_errors: { path?: string; message: string }[] | string[];
  needs_confirmation: string | null;
};

export type RunStatus = "queued" | "running" | "success" | "failed" | "cancelled" | "paused" | "lost";
export type RunSteps = {
  total: number;
  done: number;
  failed: number;
  skipped: number;
  running: number;
  ready: number;
};
export type RunSummary = {
  id: string;
  name: string;
  status: RunStatus;
  env: string;
  target: string;
  assets: string[];
  assets_total: number;
  job: string | null;
  partition: string | null;
  tags: Record<string, string>;
  who: string | null;
  created: Seconds;
  started: Seconds | null;
  ended: Seconds | null;
  predicted: Seconds | null;
  steps: RunSteps;
  attempts: number;
  backfill: boolean;
  error?: string | null;
};
export type Backfill = RunSummary & { partitions: { total: number; done: number; failed: number; running: number } };
export type StepError = {
  type: string;
  message: string;
  frame: { file: string; line: number; source: [number, string][] } | null;
  traceback: string | null;
};
export type RunStep = {
  index: number;
  step: string;
  assets: string[];
  partition: string | null;
  state: string;
  attempt: number;
  slot: string | null;
  worker: string | null;
  started: Seconds | null;
  ended: Seconds | null;
  load: Seconds | null;
  compute: Seconds | null;
  store: Seconds | null;
  reason: string | null;
  error: StepError | null;
  critical: boolean;
  depends: number[];
  log_size: number | null;
  seconds: Seconds | null;
  queue: string;
  pool: string;
  attempts: { outcome: string; at: Seconds; error: string }[];
  made: string[] | null; // keys; null: not known
};
export type RunEvent = {
  id: string;
  at: Seconds;
  type: string;
  step: string | null;
  asset: string | null;
  level: string;
  message: string;
  data: unknown;
};
export type RunDetail = RunSummary & {
  step_list: RunStep[];
  steps_total: number;
  plan: Record<string, unknown>;
  config: unknown;
  events_last: string | null;
  parent_run: string | null;
};
export type LogLine = { n: number; at: Seconds | null; stream: "stdout" | "stderr" | "log"; level: string; text: string };
export type LogPage = {
  lines: LogLine[];
  total_lines: number;
  next_offset: number | null;
  live: boolean;
  matches?: number[] | null;
};

export type Job = {
  name: string;
  description: string | null;
  selection: string | null;
  assets: string[];
  partitions: PartitionsOf | null;
  config_schema: JsonSchema | null;
  tags: Record<string, string>;
  last_runs: RunSummary[];
};

export type Instigator = {
  name: string;
  kind: "schedule" | "sensor" | "automation";
  running: boolean;
  default_running: boolean;
  cron: string[] | null;
  cron_words: string | null;
  timezone: string | null;
  interval: Seconds | null;
  job: string | null;
  description: string | null;
  next: Seconds[];
  last_tick: Tick | null;
  cursor: string | null;
};
export type Tick = {
  id: string | number;
  at: Seconds;
  fire_time: Seconds | null;
  status: "started" | "success" | "skipped" | "failed";
  reason: string | null;
  run_ids: string[];
  cursor: string | null;
  duration: Seconds | null;
  error: string | null;
};
export type WorkerRow = {
  host: string;
  name: string;
  pid: number;
  queues: string[];
  pool: string | null;
  slots: number;
  busy: number;
  started: Seconds | null;
  version: string | null;
  code: string | null;
  quarantined_until: Seconds | null;
  last_beat?: Seconds | null;
  modules?: string[];
  draining?: boolean;
  current: { step: string; run_id: string; since: Seconds | null; slot: string | null }[];
};
export type Workers = {
  items: WorkerRow[];
  queues: { name: string; ready: number; running: number; listeners: number }[];
  pools: Limit[];
  run_limits?: Limit[]; // runs with a tag, `*` for all
};
export type Limit = { name: string; limit: number | null; used: number; waiting: number };
export type EnvironmentRow = {
  name: string;
  protected: boolean;
  reads_from: string | null;
  writes_to: string | null;
  assets: { total: number; own: number; stale: number };
  last_run: RunSummary | null;
};
export type Finding = { level: "ok" | "warning" | "problem"; area: string; message: string; fix: string | null };
export type EnvironmentSide = {
  version: string | null;
  at: Seconds | null;
  data_version: string | null;
  run_id?: string | null;
  partitions?: number;
};
export type EnvironmentDifference = {
  key: string;
  state: "same" | "differs" | "only_a" | "only_b";
  a: EnvironmentSide | null;
  b: EnvironmentSide | null;
};
export type Promotion = { id: string; promoted: string[]; kept: string[] };
export type AuditRow = {
  id?: number;
  at: Seconds;
  user: string | null;
  role: string | null;
  action: string;
  target: string | null;
  env: string | null;
  outcome: string;
  ip: string | null;
};
export type TokenRow = {
  id: string;
  name: string;
  role: Role;
  environments: string[]; // that it may write to; none: all
  created: Seconds | null;
  created_by: string | null;
  expires: Seconds | null;
  used: Seconds | null;
  revoked: Seconds | null;
};
export type Setting = { name: string; value: unknown; origin: string };
export type ConditionNode = {
  name: string;
  label: string | null;
  of: string | null; // another asset or check than the one above
  held: [string, string][];
  held_count: number;
  candidate_count: number;
  parts: ConditionNode[];
};
export type Decision = { asset: string; tick: number; sensor: string; at: Seconds; requested: number; tree: ConditionNode };
