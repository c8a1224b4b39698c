import { describe, expect, it } from "vitest";

import { absolute, bytes, duration, number, relative, spent } from "./format";
import { best, fit } from "./fuzzy";

describe("durations", () => {
  it("are written in the units that say most", () => {
    expect([0, 0.004, 0.42, 3.21, 42, 75, 3600, 4000, 90_000].map(duration)).toEqual([
      "0 s",
      "4.0 ms",
      "420 ms",
      "3.2 s",
      "42 s",
      "1 m 15 s",
      "1 h",
      "1 h 6 m",
      "1 d 1 h",
    ]);
  });
  it("never round up into a unit they do not belong to", () => {
    expect([0.9999, 9.99, 59.9].map(duration)).toEqual(["1.0 s", "10 s", "1 m"]);
  });
  it("that are too short to be told are not nothing", () => expect([0, 0.02, null].map(spent)).toEqual(["< 1 ms", "20 ms", "–"]));
  it("that are not known are a dash", () => expect(duration(null)).toBe("–"));
});

describe("sizes and numbers", () => {
  it("have three digits at most before their unit changes", () => {
    expect([0, 1023, 1024, 1536, 1024 * 1023.7, 5 * 1024 ** 3].map(bytes)).toEqual([
      "0 B",
      "1023 B",
      "1.0 KiB",
      "1.5 KiB",
      "1.0 MiB",
      "5.0 GiB",
    ]);
  });
  it("keep the digits that say something", () => {
    expect([1234567, 0.123456, 12.3456789, 0.00000123].map(number)).toEqual(["1,234,567", "0.1235", "12.346", "1.23e-6"]);
  });
});

describe("moments", () => {
  it("are relative to now, before and after", () => {
    expect(relative(100, 101)).toBe("just now");
    expect(relative(0, 75)).toBe("1 m ago");
    expect(relative(7200, 0)).toBe("in 2 h");
    expect(relative(7 * 86_400, 2)).toBe("in 7 d");
    expect(relative(0, 7 * 86_400 - 2)).toBe("6 d ago");
  });
  it("name their zone on both sides of a change of clocks", () => {
    const before = Date.UTC(2026, 9, 25, 0, 30) / 1000; // 02:30 in summer time
    expect(absolute(before, "Europe/Berlin")).toContain("02:30:00");
    expect(absolute(before + 3600, "Europe/Berlin")).toContain("02:30:00");
    expect(absolute(before, "Europe/Berlin")).not.toBe(absolute(before + 3600, "Europe/Berlin"));
  });
});

describe("finding by letters", () => {
  const names = ["warehouse/daily_sales", "daily_weather", "raw/sales", "models/late"];
  it("takes letters in order and refuses others", () => {
    expect(fit("wds", "warehouse/daily_sales")).not.toBeNull();
    expect(fit("sdw", "warehouse/daily_sales")).toBeNull();
  });
  it("puts whole words and beginnings first", () => {
    expect(best("sales", names, (n) => n, 2)).toEqual(["raw/sales", "warehouse/daily_sales"]);
    expect(best("daily", names, (n) => n, 1)).toEqual(["daily_weather"]);
  });
  it("finds one of ten thousand at once", () => {
    const many = Array.from({ length: 10_000 }, (_, i) => `group_${i % 100}/asset_${i}`);
    const begun = performance.now();
    expect(best("asset_7777", many, (n) => n, 5)[0]).toBe("group_77/asset_7777");
    expect(performance.now() - begun).toBeLessThan(200);
  });
});
