import { describe, expect, it } from "vitest";

import { byPartition } from "./plot";

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
