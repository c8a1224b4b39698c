/** States of many partitions as [how many, which] one after the other: counting and drawing without unfolding them. */

export type Lengths = readonly (readonly [count: number, code: number])[];

/** Where each length begins; the last number is the total. */
export function offsetsOf(lengths: Lengths): number[] {
  const offsets = [0];
  for (const [count] of lengths) offsets.push(offsets.at(-1)! + count);
  return offsets;
}

/** How many of each code lie in first..last (both included). */
export function tallyOf(lengths: Lengths, first: number, last: number): Map<number, number> {
  const found = new Map<number, number>();
  let at = 0;
  for (const [count, code] of lengths) {
    const inside = Math.min(at + count - 1, last) - Math.max(at, first) + 1;
    if (inside > 0) found.set(code, (found.get(code) ?? 0) + inside);
    at += count;
    if (at > last) break;
  }
  return found;
}

/** The code of one partition. */
export function codeAt(lengths: Lengths, index: number): number | null {
  let at = 0;
  for (const [count, code] of lengths) {
    at += count;
    if (index < at) return code;
  }
  return null;
}

/**
 * What each of `width` columns of a strip shows: the code that is most urgent there (`rank`: lower goes first), and for
 * those that are equally urgent the most frequent one. Takes time by lengths and columns, not by partitions.
 */
export function columnsOf(lengths: Lengths, total: number, width: number, rank: (code: number) => number): Int16Array {
  const columns = new Int16Array(width).fill(-1);
  const weight = new Float64Array(width);
  let at = 0;
  for (const [count, code] of lengths) {
    const [from, to] = [(at * width) / total, ((at + count) * width) / total];
    for (let x = Math.floor(from); x < Math.min(width, Math.ceil(to)); x++) {
      const share = Math.min(to, x + 1) - Math.max(from, x);
      const old = columns[x]!;
      const better = old < 0 || rank(code) < rank(old) || (rank(code) === rank(old) && share > weight[x]!);
      if (better) {
        columns[x] = code;
        weight[x] = share;
      }
    }
    at += count;
  }
  return columns;
}
