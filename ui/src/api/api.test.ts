import { describe, expect, it } from "vitest";

import { address, ApiError, isMissing } from "./client";
import type { Status } from "./contract";
import { topicsText } from "./live";
import { EventCutter } from "./sse";
import { shownOf, StatusStore } from "./statuses";

const status = (changes: Partial<Status>): Status => ({
  state: "materialized",
  at: 1,
  run_id: "r",
  stale: [],
  upstream_changed: false,
  partitions: null,
  checks: null,
  duration: null,
  from_env: null,
  ...changes,
});

describe("addresses", () => {
  it("leave out what says nothing and keep what is zero", () => {
    expect(address("/runs", { status: "", job: null, limit: 0, asset: "a/b" })).toBe("/api/v1/runs?limit=0&asset=a%2Fb");
  });
});

describe("what can be heard", () => {
  it("is asked for in one order, and a comma in the name of a step parts nothing", () => {
    expect(topicsText(["runs", "logs:R:sales[a,b]", "logs:R:half[50%]"])).toBe("logs:R:half[50%25],logs:R:sales[a%2Cb],runs");
  });
});

describe("an error", () => {
  it("says whether there is no such thing, or whether nobody knows", () => {
    expect(isMissing(new ApiError(404, "not_found", "there is no run", null, null))).toBe(true);
    expect(isMissing(new ApiError(0, "unreachable", "The server does not answer.", null, null))).toBe(false);
    expect(isMissing(null)).toBe(false);
  });
});

describe("cutting a stream into events", () => {
  it("does so wherever the pieces end", () => {
    const text = ": beat\n\nid: 7-0\nevent: runs\ndata: {\"a\":\ndata: 1}\n\nid: 8-0\ndata: x\n\n";
    for (let size = 1; size < text.length; size++) {
      const cutter = new EventCutter();
      const events = [];
      for (let i = 0; i < text.length; i += size) events.push(...cutter.feed(text.slice(i, i + size)));
      expect(events).toEqual([
        { id: "7-0", event: "runs", data: '{"a":\n1}' },
        { id: "8-0", event: "message", data: "x" },
      ]);
    }
  });
});

describe("the one word for a status", () => {
  it("puts what happens now before what happened, and what is wrong before what is old", () => {
    expect(shownOf(undefined)).toBe("unknown");
    expect(shownOf(status({ state: "never" }))).toBe("never");
    expect(shownOf(undefined, true)).toBe("source");
    expect(shownOf(status({}))).toBe("done");
    expect(shownOf(status({ stale: [{ cause: "code", detail: "" }] }))).toBe("stale");
    expect(shownOf(status({ upstream_changed: true }))).toBe("stale");
    expect(shownOf(status({ state: "running", stale: [{ cause: "code", detail: "" }] }))).toBe("running");
    expect(shownOf(status({ state: "skipped" }))).toBe("skipped");
  });
});

describe("the store of statuses", () => {
  it("tells only those who look at what has changed", () => {
    const store = new StatusStore();
    const told: string[] = [];
    store.listen("a", () => told.push("a"));
    const end = store.listen("b", () => told.push("b"));
    store.merge({ a: status({}) });
    expect(told).toEqual(["a"]);
    end();
    store.merge({ b: status({}) });
    expect(told).toEqual(["a"]);
    expect(store.get("b")?.state).toBe("materialized");
  });
  it("takes what it knows already for no news", () => {
    const store = new StatusStore();
    store.replace({ a: status({}), b: status({}) });
    const before = store.version();
    const told: string[] = [];
    store.listen("a", () => told.push("a"));
    expect(store.merge({ a: status({}), b: status({}) })).toEqual([]);
    expect(store.version()).toBe(before);
    expect(store.merge({ a: status({ state: "running" }), b: status({}) })).toEqual(["a"]);
    expect(told).toEqual(["a"]);
  });
});
