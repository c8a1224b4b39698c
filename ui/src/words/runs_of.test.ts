import { describe, expect, it } from "vitest";

import { codeAt, columnsOf, type Lengths, offsetsOf, tallyOf } from "./runs_of";

const LENGTHS: Lengths = [
  [40, 1],
  [1, 2],
  [59, 0],
];

describe("states by length", () => {
  it("are counted between two partitions, both included", () => {
    expect([...tallyOf(LENGTHS, 39, 41)]).toEqual([
      [1, 1],
      [2, 1],
      [0, 1],
    ]);
    expect([...tallyOf(LENGTHS, 0, 99)]).toEqual([
      [1, 40],
      [2, 1],
      [0, 59],
    ]);
  });
  it("tell that of one", () => {
    expect([0, 39, 40, 41, 99, 100].map((i) => codeAt(LENGTHS, i))).toEqual([1, 1, 2, 0, 0, null]);
  });
  it("know where each begins", () => expect(offsetsOf(LENGTHS)).toEqual([0, 40, 41, 100]));
});

describe("the columns of a strip", () => {
  const rank = (code: number) => (code === 2 ? 0 : 1);
  it("show a single failure among a hundred thousand", () => {
    const lengths: Lengths = [
      [54_321, 1],
      [1, 2],
      [45_678, 1],
    ];
    const columns = columnsOf(lengths, 100_000, 800, rank);
    expect([...columns].filter((code) => code === 2)).toHaveLength(1);
    expect(columns[Math.floor((54_321 * 800) / 100_000)]).toBe(2);
  });
  it("show what is most frequent where nothing is urgent", () => {
    expect([...columnsOf([[7, 1], [3, 0]], 10, 2, rank)]).toEqual([1, 0]);
  });
  it("are wider than one partition when there are few", () => {
    expect([...columnsOf([[1, 1], [1, 0]], 2, 6, rank)]).toEqual([1, 1, 1, 0, 0, 0]);
  });
});
