import { describe, expect, it } from "vitest";

import { duration } from "../words/format";
import { byPartition, tickWords } from "./plot";

describe("numbers by partition", () => {
  it("are the newest of each, in the order of the keys, whenever they were made", () => {
    const made = (label: string, y: number, at: number) => ({ x: at, y, at, label });
    const shown = byPartition([made("week 10", 1, 1), made("week 9", 2, 2), made("week 10", 3, 3), { x: 4, y: 4, at: 4 }]);
    expect(shown.map(({ x, label, y, at }) => [x, label, y, at])).toEqual([
      [0, "week 9", 2, 2],
      [1, "week 10", 3, 3],
    ]);
  });
});

describe("an axis", () => {
  it("has words as long as they tell its ticks apart, and is short", () => {
    const seconds = { told: duration, sign: "s" };
    expect(tickWords([0.5, 1, 90], seconds)).toEqual(["500 ms", "1.0 s", "1 m 30 s"]);
    expect(tickWords([60.01, 60.02, 60.03], seconds)).toEqual(["60.01 s", "60.02 s", "60.03 s"]);
    expect(tickWords([0, 28_000, 100_000_000_000])).toEqual(["0", "28,000", "100B"]);
  });
});
