/** Keys as paths: what lies directly in a folder, and which folders do. */
import type { Row } from "./columns";

export type Folder = { name: string; path: string; assets: number };

export function foldersOf(rows: readonly Row[], at: string): { folders: Folder[]; here: Row[] } {
  const prefix = at === "" ? "" : `${at}/`;
  const folders = new Map<string, Folder>();
  const here: Row[] = [];
  for (const row of rows) {
    if (!row.asset.key.startsWith(prefix)) continue;
    const rest = row.asset.key.slice(prefix.length);
    const cut = rest.indexOf("/");
    if (cut < 0) {
      here.push(row);
      continue;
    }
    const name = rest.slice(0, cut);
    const known = folders.get(name);
    if (known) known.assets += 1;
    else folders.set(name, { name, path: prefix + name, assets: 1 });
  }
  return { folders: [...folders.values()].sort((a, b) => a.name.localeCompare(b.name)), here };
}
