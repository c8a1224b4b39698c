/**
 * A graph as a list: each node has a row, and a lane that it keeps until the last that needs it has been listed. Lines
 * then go down the lane of a node and over to those that need it, and none lies on another.
 */
export type Lanes = { order: number[]; lane: number[]; width: number };

/** @param needs for each node the nodes before it; cycles are cut where they are met. */
export function lanesOf(needs: readonly (readonly number[])[]): Lanes {
  const size = needs.length;
  const before = needs.map((list) => [...new Set(list)].filter((one) => one >= 0 && one < size));
  const after: number[][] = Array.from({ length: size }, () => []);
  before.forEach((list, node) => list.forEach((one) => after[one]?.push(node)));
  const left = before.map((list) => list.length);
  const open = after.map((list) => list.length); // how many that need it are not listed yet
  const lane: number[] = Array.from({ length: size }, () => 0);
  const taken: boolean[] = [];
  const order: number[] = [];
  const listed = Array.from({ length: size }, () => false);
  // A stack keeps chains together: what has just become ready comes next.
  const ready = left.flatMap((count, node) => (count === 0 ? [node] : [])).reverse();

  while (order.length < size) {
    const node = ready.pop() ?? listed.indexOf(false);
    if (listed[node]) continue;
    listed[node] = true;
    order.push(node);
    for (const one of before[node] ?? []) {
      open[one] = (open[one] ?? 1) - 1;
      if (open[one] === 0 && listed[one]) taken[lane[one] ?? 0] = false;
    }
    const free = taken.findIndex((on) => !on);
    lane[node] = free >= 0 ? free : taken.length;
    taken[lane[node] ?? 0] = (open[node] ?? 0) > 0;
    for (const one of [...(after[node] ?? [])].reverse()) {
      left[one] = (left[one] ?? 1) - 1;
      if (left[one] === 0) ready.push(one);
    }
  }
  return { order, lane, width: size === 0 ? 0 : Math.max(...lane) + 1 };
}
