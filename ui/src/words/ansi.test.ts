import { describe, expect, it } from "vitest";

import { pieces, plain } from "./ansi";

const E = "\x1b";

describe("terminal colours", () => {
  it("become classes, and end where they end", () => {
    expect(pieces(`${E}[31mred${E}[0m plain ${E}[1;92mbold green`)).toEqual([
      { text: "red", classes: "ansi-1", colour: null, ground: null },
      { text: " plain ", classes: "", colour: null, ground: null },
      { text: "bold green", classes: "ansi-10 ansi-bold", colour: null, ground: null },
    ]);
  });
  it("of 256 and of all are literal, but for the sixteen that the theme knows", () => {
    expect(pieces(`${E}[38;5;9ma${E}[38;5;196mb${E}[48;2;1;2;3mc`).map(({ classes, colour, ground }) => [classes, colour, ground])).toEqual([
      ["ansi-9", null, null],
      ["", "rgb(255 0 0)", null],
      ["", "rgb(255 0 0)", "rgb(1 2 3)"],
    ]);
  });
  it("are the only escapes that do anything", () => {
    expect(plain(`${E}[2K${E}[1A${E}]0;title\x07${E}]8;;http://x${E}\\link${E}]8;;${E}\\\x07!`)).toBe("link!");
  });
  it("leave a broken sequence harmless", () => expect(pieces(`a${E}[38;5mb`).map((one) => one.text).join("")).toBe("ab"));
});

describe("lines", () => {
  it("that were written over show what was written last", () => expect(plain("10%\r50%\r100%\r")).toBe("100%"));
  it("keep what looks like HTML as text", () => {
    const line = "<img src=x onerror=alert(1)>";
    expect(pieces(line)).toEqual([{ text: line, classes: "", colour: null, ground: null }]);
  });
});
