import { describe, expect, it } from "vitest";

import type { JsonSchema } from "../api/contract";
import { deepened, written } from "./config_form";

const group = (properties: Record<string, JsonSchema>): JsonSchema => ({ type: "object", properties });

describe("the form of a config", () => {
  it("shows levels that hold one group as one", () => {
    const schema = group({ order: group({ config: group({ kilos: { type: "integer" } }) }), other: group({}) });
    expect(deepened("ops", schema).names).toEqual(["ops", "order", "config"]);
  });
  it("keeps levels apart that hold several", () => {
    const schema = group({ a: group({ x: { type: "string" } }), b: group({ y: { type: "string" } }) });
    expect(deepened("ops", schema).names).toEqual(["ops"]);
  });
  it("writes what was typed to where it belongs", () => {
    expect(written(undefined, ["ops", "order", "config", "kilos"], 7)).toEqual({ ops: { order: { config: { kilos: 7 } } } });
    expect(written({ ops: { a: 1 } }, ["ops", "b"], 2)).toEqual({ ops: { a: 1, b: 2 } });
  });
  it("leaves nothing behind when all is taken out", () => {
    expect(written({ ops: { order: { kilos: 7 } } }, ["ops", "order", "kilos"], undefined)).toBeUndefined();
  });
});
