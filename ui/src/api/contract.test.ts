import { describe, expect, it } from "vitest";

import { get, post } from "./client";
import type { Listed, RunDetail, RunStep, RunSummary } from "./contract";

// What stands after `@ts-expect-error` must not compile; `npm run types` fails where it does.
describe("what the server sends", () => {
  it("is all that there is", () => {
    const looks = (step: RunStep) => [
      step.seconds,
      // @ts-expect-error no step has that
      step.minutes,
    ];
    const asks = [
      () => get<Listed<RunSummary>>("/runs"),
      (id: string) => get<RunDetail>(`/runs/${encodeURIComponent(id)}`),
      // @ts-expect-error workers are no runs
      () => get<RunDetail>("/workers"),
      // @ts-expect-error nobody answers there
      () => post("/nowhere"),
    ];
    expect([looks, ...asks].every((one) => typeof one === "function")).toBe(true);
  });
});
