/** Finding names by some of their letters: the letters in order, beginnings of words first, then the shorter name. */

const SEPARATORS = new Set(["/", "_", "-", " ", "."]);

/** How well `query` (lower case) fits; null if it does not. Higher is better. */
export function fit(query: string, name: string): number | null {
  if (query === "") return 0;
  const text = name.toLowerCase();
  const at = text.indexOf(query);
  if (at >= 0) {
    const starts = at === 0 || SEPARATORS.has(text[at - 1] ?? "");
    return 1000 + (starts ? 200 : 0) + (text.length === query.length ? 300 : 0) - at - text.length / 10;
  }
  let score = 0;
  let place = 0;
  for (const letter of query) {
    if (letter === " ") continue;
    const found = text.indexOf(letter, place);
    if (found < 0) return null;
    if (found === 0 || SEPARATORS.has(text[found - 1] ?? "")) score += 20;
    else if (found === place) score += 8;
    else score -= Math.min(found - place, 6);
    place = found + 1;
  }
  return score - text.length / 10;
}

/** The best `limit` of `items` by `fit`, best first. */
export function best<T>(query: string, items: readonly T[], nameOf: (item: T) => string, limit: number): T[] {
  const asked = query.trim().toLowerCase();
  const found: { item: T; score: number }[] = [];
  for (const item of items) {
    const score = fit(asked, nameOf(item));
    if (score !== null) found.push({ item, score });
  }
  found.sort((a, b) => b.score - a.score);
  return found.slice(0, limit).map(({ item }) => item);
}
