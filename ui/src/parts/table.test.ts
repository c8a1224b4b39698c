import { describe, expect, it } from "vitest";

import { fitting } from "./table";

describe("the columns of a table", () => {
  it("are left out from the last on where there is no room, and never those that matter", () => {
    const columns: { id: string; width: string; narrow?: boolean | "first" }[] = [
      { id: "job", width: "minmax(180px, 2fr)" },
      { id: "partitions", width: "minmax(120px, 1fr)", narrow: true },
      { id: "lately", width: "96px", narrow: true },
      { id: "act", width: "108px" },
    ];
    const shown = (room: number): string => fitting(columns, room).map(({ id }) => id).join(" ");
    expect(shown(504)).toBe("job partitions lately act");
    expect(shown(503)).toBe("job partitions act");
    expect(shown(300)).toBe("job act");
    expect(shown(100)).toBe("job act");
    columns.unshift({ id: "who", width: "90px", narrow: "first" });
    expect(shown(593)).toBe("job partitions lately act");
  });
});
