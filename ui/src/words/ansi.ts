/** What terminals understand, as pieces of text with classes. Everything is text to the page: nothing here makes HTML. */

export type Piece = { text: string; classes: string; colour: string | null; ground: string | null };

type Look = { fg: string | null; bg: string | null; colour: string | null; ground: string | null; marks: Set<string> };

// SGR sequences are read; every other escape sequence (cursor moves, titles, links) is dropped.
const ESCAPE = /\x1b\[([0-9;:]*)m|\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-Z\\-_]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/g;
const MARKS: Record<number, string> = { 1: "bold", 2: "dim", 3: "italic", 4: "under", 7: "inverse", 9: "struck" };
const ENDS: Record<number, string[]> = { 22: ["bold", "dim"], 23: ["italic"], 24: ["under"], 27: ["inverse"], 29: ["struck"] };

const fresh = (): Look => ({ fg: null, bg: null, colour: null, ground: null, marks: new Set() });

/** The text that is left when a line has been written over by carriage returns, as progress bars do. */
export function settled(line: string): string {
  if (!line.includes("\r")) return line;
  return line.split("\r").findLast((part) => part !== "") ?? "";
}

/** Cut a line into pieces of one look each. */
export function pieces(line: string): Piece[] {
  const text = settled(line);
  if (!/[\x00-\x08\x0b-\x1f\x7f]/.test(text)) return text === "" ? [] : [{ text, classes: "", colour: null, ground: null }];
  const found: Piece[] = [];
  let look = fresh();
  let from = 0;
  const push = (to: number): void => {
    if (to > from) found.push({ text: text.slice(from, to), ...shown(look) });
  };
  for (const match of text.matchAll(ESCAPE)) {
    push(match.index);
    from = match.index + match[0].length;
    if (match[1] !== undefined) look = changed(look, match[1]);
  }
  push(text.length);
  return found;
}

/** A line without its escape sequences. */
export const plain = (line: string): string => settled(line).replaceAll(ESCAPE, "");

function shown({ fg, bg, colour, ground, marks }: Look): Omit<Piece, "text"> {
  const classes = [fg && `ansi-${fg}`, bg && `ansi-on-${bg}`, ...[...marks].map((mark) => `ansi-${mark}`)];
  return { classes: classes.filter(Boolean).join(" "), colour, ground };
}

function changed(before: Look, codes: string): Look {
  const look: Look = { ...before, marks: new Set(before.marks) };
  const numbers = codes.split(/[;:]/).map((one) => (one === "" ? 0 : Number(one)));
  for (let i = 0; i < numbers.length; i += 1) {
    const code = numbers[i] ?? 0;
    if (code === 0) Object.assign(look, fresh());
    else if (MARKS[code]) look.marks.add(MARKS[code]);
    else if (ENDS[code]) for (const mark of ENDS[code]) look.marks.delete(mark);
    else if (code === 38 || code === 48) {
      const [used, name, literal] = extended(numbers.slice(i + 1));
      i += used;
      if (code === 38) [look.fg, look.colour] = [name, literal];
      else [look.bg, look.ground] = [name, literal];
    } else if (code === 39) [look.fg, look.colour] = [null, null];
    else if (code === 49) [look.bg, look.ground] = [null, null];
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97))
      [look.fg, look.colour] = [String(code >= 90 ? code - 82 : code - 30), null];
    else if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107))
      [look.bg, look.ground] = [String(code >= 100 ? code - 92 : code - 40), null];
  }
  return look;
}

/** The colour after 38 or 48: how many numbers it took, one of the sixteen, or a literal. */
function extended(rest: number[]): [used: number, name: string | null, literal: string | null] {
  const byte = (n: number | undefined): number => Math.max(0, Math.min(255, n ?? 0));
  if (rest[0] === 2) return [4, null, `rgb(${byte(rest[1])} ${byte(rest[2])} ${byte(rest[3])})`];
  if (rest[0] !== 5) return [1, null, null];
  const n = byte(rest[1]);
  if (n < 16) return [2, String(n), null];
  if (n >= 232) {
    const grey = 8 + (n - 232) * 10;
    return [2, null, `rgb(${grey} ${grey} ${grey})`];
  }
  const level = (one: number): number => (one === 0 ? 0 : 55 + one * 40);
  const cube = n - 16;
  return [2, null, `rgb(${level(Math.floor(cube / 36))} ${level(Math.floor(cube / 6) % 6)} ${level(cube % 6)})`];
}
