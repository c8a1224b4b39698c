// A project that does not exist: assets, how they stand, and runs that take a second a step.
const now = () => Date.now() / 1000;
const SMALL = [
  ["raw/flights", "raw", [], 3], ["raw/weather", "raw", [], 1], ["raw/planes", "raw", [], 1], ["raw/airports", "raw", [], 1],
  ["raw/airlines", "raw", [], 1], ["flights", "staging", ["raw/flights"], 10], ["weather", "staging", ["raw/weather"], 8],
  ["planes", "staging", ["raw/planes"], 0], ["airports", "staging", ["raw/airports"], 0], ["airlines", "staging", ["raw/airlines"], 0],
  ["flights_with_weather", "features", ["flights", "weather"], 2], ["plane_age", "features", ["planes"], 0],
  ["delay_by_airline", "reports", ["flights", "airlines"], 0], ["routes", "reports", ["flights", "airports"], 0],
  ["training_set", "models", ["flights_with_weather", "plane_age"], 0], ["late_model", "models", ["training_set"], 8],
  ["better_model", "models", ["late_model"], 4], ["report", "reports", ["delay_by_airline", "routes", "late_model"], 0],
];

function large(size) {
  const groups = Math.max(1, Math.round(size / 40));
  return Array.from({ length: size }, (_, i) => {
    const group = Math.floor((i * groups) / size);
    const first = Math.floor((group * size) / groups);
    const deps = new Set();
    if (i > first) deps.add(`group_${group}/asset_${first + Math.floor(((i - first) * 7919) % (i - first))}`);
    if (i > first + 5) deps.add(`group_${group}/asset_${i - 1 - (i % 4)}`);
    if (group > 0 && i % 9 === 0) deps.add(`group_${group - 1}/asset_${first - 1 - (i % 11)}`);
    return [`group_${group}/asset_${i}`, `group_${group}`, [...deps], 0];
  });
}

export class Project {
  constructor(size) {
    this.rows = size > 0 ? large(size) : SMALL;
    const keys = new Set(this.rows.map(([key]) => key));
    this.assets = this.rows.map(([key, group, deps, flags]) => ({
      key, group, description: `What **${key}** is: rows of something, made once a day.`, kinds: flags & 1 ? ["csv"] : ["pandas"],
      compute_kind: flags & 1 ? null : "pandas", owners: ["data@example.com"], tags: { tier: group === "models" ? "gold" : "silver" },
      is_source: Boolean(flags & 1), is_executable: !(flags & 1), is_partitioned: Boolean(flags & 2),
      partitions: flags & 2 ? { kind: "time_window", dimensions: ["month"], description: "monthly from 2013-01" } : null,
      op: key.replaceAll("/", "__"), code_version: "c0de" + key.length, pool: null, queue: null, io_manager_key: "io_manager",
      required_resources: [], skippable: Boolean(flags & 4), deps: deps.filter((d) => keys.has(d)).map((d) => ({ key: d, argument: d.split("/").at(-1), mapping: null })),
      checks: flags & 8 ? [{ name: "has_rows", blocking: true, description: "There are rows." }] : [], step: key, automation: null, freshness: null,
      config_required: key === "late_model",
    }));
    this.byKey = new Map(this.assets.map((a) => [a.key, a]));
    this.status = Object.fromEntries(this.assets.map((a, i) => [a.key, this.stand(a, i)]));
    this.runs = [];
    this.listeners = new Set();
    this.plans = new Map();
  }

  stand(asset, i) {
    const made = !asset.is_source && i % 11 !== 10;
    return {
      state: made ? (i % 17 === 12 ? "failed" : "materialized") : "never", at: made ? now() - 3600 * (1 + (i % 50)) : null, run_id: made ? "01KDEMO" + i : null,
      stale: made && i % 7 === 6 ? [{ cause: "code", detail: "the code has changed" }] : [], upstream_changed: made && i % 13 === 11,
      partitions: asset.is_partitioned ? { total: 12, materialized: 9, failed: 1, running: 0, missing: 2 } : null,
      checks: asset.checks.length ? { passed: 1, failed: 0, warned: 0 } : null, duration: made ? 0.3 + (i % 9) : null, from_env: null,
    };
  }

  listen(tell) {
    this.listeners.add(tell);
    return () => this.listeners.delete(tell);
  }
  tell(event, data) {
    for (const tell of this.listeners) tell(event, data);
  }

  select(selection) {
    if (Array.isArray(selection)) return selection.filter((k) => this.byKey.has(k));
    if (selection === "*" || selection === "") return this.assets.map((a) => a.key);
    if (selection.startsWith("group:")) return this.assets.filter((a) => a.group === selection.slice(6)).map((a) => a.key);
    const found = new Set([selection.replaceAll(/[*+]/g, "")].filter((k) => this.byKey.has(k)));
    if (selection.startsWith("*")) for (const k of found) this.byKey.get(k).deps.forEach((d) => found.add(d.key));
    return [...found];
  }

  launch(plan) {
    const id = "01K" + Math.random().toString(36).slice(2, 12).toUpperCase();
    const steps = plan.steps.filter((s) => s.action !== "skip");
    const run = {
      id, name: "run", status: "running", env: "production", target: `${steps.length} assets`, assets: steps.slice(0, 20).map((s) => s.assets[0]),
      assets_total: steps.length, job: null, partition: null, tags: {}, who: "you", created: now(), started: now(), ended: null, predicted: steps.length,
      steps: { total: steps.length, done: 0, failed: 0, skipped: 0, running: 0, ready: 0 }, attempts: 1, backfill: false,
    };
    this.runs.unshift(run);
    const set = (key, state, more) => {
      this.status[key] = { ...this.status[key], state, run_id: id, ...more };
      this.tell("status", { [key]: this.status[key] });
    };
    steps.forEach((s) => set(s.assets[0], "queued"));
    const next = (i) => {
      if (i > 0) {
        set(steps[i - 1].assets[0], "materialized", { at: now(), stale: [], upstream_changed: false });
        run.steps.done = i;
      }
      if (i < steps.length) {
        set(steps[i].assets[0], "running");
        setTimeout(() => next(i + 1), 700);
      } else {
        run.status = "success";
        run.ended = now();
      }
      this.tell("runs", { items: [run] });
    };
    next(0);
    return { run_id: id };
  }

  plan(body) {
    const keys = this.select(body.selection).filter((k) => this.byKey.get(k).is_executable && !(body.exclude ?? []).includes(k));
    const steps = keys.map((k) => {
      const s = this.status[k];
      const why = s.state === "never" ? "never materialized" : s.stale.length ? "the code has changed" : s.upstream_changed ? "an upstream has changed" : null;
      return {
        step: k, assets: [k], partition: null, action: !body.stale_only || why || (body.force ?? []).includes(k) ? "run" : "skip", reason: why ?? (body.stale_only ? "unchanged" : "asked for"),
        cause: null, reads: this.byKey.get(k).deps.map((d) => ({ key: d.key, env: "production", version: "01KV" + d.key.length, from: "storage" })), estimate: { seconds: 1 + (k.length % 5), bytes: 4096 * k.length },
      };
    });
    const plan = {
      id: "plan" + this.plans.size, env: "production", steps, totals: { run: steps.filter((s) => s.action === "run").length, maybe: 0, skip: steps.filter((s) => s.action === "skip").length },
      estimate: { seconds: steps.length * 1.5, bytes: 1e6 }, warnings: [], cli: `assetflow materialize ${keys.join(" ")}`,
      config_schema: keys.includes("late_model") ? { type: "object", required: ["late_model"], properties: { late_model: { type: "object", required: ["rounds"], properties: { rounds: { type: "integer", default: 100, description: "How many rounds." }, solver: { type: "string", enum: ["lbfgs", "saga"] } } } } } : null,
      config_errors: [], needs_confirmation: null,
    };
    this.plans.set(plan.id, plan);
    return plan;
  }

  materializations(key) {
    return Array.from({ length: 24 }, (_, i) => ({
      at: now() - i * 86400, run_id: "01KDEMO" + i, step: key, partition: null, duration: 2 + Math.sin(i), uri: `file:storage/${key}`, size: 1e6 + i * 3e4, code_version: "c0de", data_version: "d" + (i >> 1),
      version: "01KV" + i, inputs: this.byKey.get(key).deps.map((d) => ({ key: d.key, version: "01KV" + i, data_version: "d" })), unchanged: i % 5 === 4, env: "production",
      metadata: [
        { label: "rows", type: "int", value: 336776 + i * 13 }, { label: "mean_delay", type: "float", value: 12.64 + Math.cos(i) }, { label: "note", type: "md", value: "**fine**", html: "<p><strong>fine</strong></p>" },
        { label: "docs", type: "url", value: "https://example.com/flights" }, { label: "preview", type: "table", value: null, columns: ["carrier", "delay"], rows: [["UA", 3.55], ["AA", 0.36]] },
        { label: "params", type: "json", value: { depth: 3, alpha: [0.1, 0.2] } },
      ],
    }));
  }

  answer(method, path, query, body) {
    const key = query.get("key");
    const asset = this.byKey.get(key);
    if (path === "/session")
      return {
        user: "you", role: "admin", csrf: null, env: "production", version: "0.1.0", features: { auth: false }, project: "flights", broker: { ok: true, since: null, message: null },
        environments: [{ name: "production", protected: true, reads_from: null, default: true }, { name: "staging", protected: false, reads_from: "production", default: false }],
        definitions: { ok: true, error: null, loaded_at: now(), version: "v1" },
      };
    if (path === "/definitions") {
      const groups = new Map();
      for (const a of this.assets) groups.set(a.group, (groups.get(a.group) ?? 0) + 1);
      return { version: "v1", assets: this.assets, groups: [...groups].map(([name, assets]) => ({ name, assets })), jobs: ["nightly"], resources: [] };
    }
    if (path === "/graph") {
      const index = new Map(this.assets.map((a, i) => [a.key, i]));
      return { version: "v" + this.assets.length, nodes: this.rows.map(([k, g, , f]) => [k, g, f]), edges: this.assets.flatMap((a, j) => a.deps.map((d) => [index.get(d.key), j])) };
    }
    if (path === "/assets/status") return { version: "v1", items: this.status };
    if (path === "/search/selection") return { keys: this.select(query.get("q")), error: null };
    if (path === "/plans") return this.plan(body);
    if (path === "/runs" && method === "POST") return this.launch(body.plan_id ? this.plans.get(body.plan_id) : this.plan(body));
    if (path === "/runs" || path === "/backfills") return { items: path === "/runs" ? this.runs : [], next: null };
    if (path === "/instigators") return { items: [{ name: "nightly", kind: "schedule", running: true, default_running: true, cron: ["0 3 * * *"], cron_words: "every day at 03:00", timezone: "UTC", interval: null, job: "nightly", description: null, next: [now() + 3600, now() + 90000], last_tick: null, cursor: null }], next: null };
    if (path === "/workers") return { items: [{ host: "laptop", name: "worker-1", pid: 1, queues: ["default"], pool: "prefork", slots: 2, busy: 1, started: now() - 400, version: "0.1.0", code: null, quarantined_until: null, current: [] }], queues: [{ name: "default", ready: 0, running: 1, listeners: 1 }], pools: [] };
    if (!asset) return undefined;
    if (path === "/asset")
      return {
        ...asset, status: this.status[key], upstream: asset.deps.map((d) => d.key), downstream: this.assets.filter((a) => a.deps.some((d) => d.key === key)).map((a) => a.key), latest: this.materializations(key)[0],
        definition: { metadata: [{ label: "team", type: "text", value: "data" }], source: { file: "flights/assets.py", line: 42, text: `@asset\ndef ${asset.op}():\n    """Rows."""\n    return 1\n` }, config_schema: null, type: "DataFrame", python_snippet: `import assetflow\nassetflow.load("${key}")` },
      };
    if (path === "/asset/materializations") return { items: this.materializations(key), next: null };
    if (path === "/asset/plots") return { series: ["rows", "mean_delay"].map((label, n) => ({ label, points: this.materializations(key).map((m) => [m.at, m.metadata[n].value, m.run_id, null]).reverse() })) };
    if (path === "/asset/partitions") return { dimensions: [{ name: "day", ranges: [["1750-01-01", "2023-10-17"]] }], total: 100000, encoding: { states: [[40000, 1], [200, 2], [9800, 1], [30, 3], [49970, 0]] }, codes: ["missing", "materialized", "failed", "running", "skipped", "stale"] };
    if (path === "/asset/partitions/keys") return { items: Array.from({ length: 100 }, (_, i) => ({ key: "p" + (Number(query.get("offset")) + i), state: "materialized", at: now(), run_id: "01K" })), total: 100000 };
    if (path === "/asset/checks") return { items: asset.checks.map((c) => ({ ...c, severity: "error", passed: true, at: now() - 100, run_id: "01K", metadata: [], history: Array.from({ length: 12 }, (_, i) => ({ passed: i !== 4, at: now() - i * 1000, run_id: "01K" })) })) };
    if (path === "/asset/versions") return { items: this.materializations(key).map((m, i) => ({ ...m, published: i === 0 })) };
    if (path === "/asset/diff") return { columns: [{ name: "carrier", change: "same", detail: null }, { name: "delay", change: "changed", detail: "mean 12.6 → 13.1" }], rows: { a: 100, b: 110, added: 10, removed: 0, changed: 4 }, sample: [] };
    return undefined;
  }
}
