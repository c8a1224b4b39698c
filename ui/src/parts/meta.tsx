/** Metadata as it is meant: numbers as numbers, tables as tables, links as links. Nothing of it is run as HTML. */
import type { Meta } from "../api/contract";
import { AssetLink, Go } from "../app/location";
import { count, number, shortId } from "../words/format";
import { Time } from "./time";

/** Only links that lead to the web or to a mailbox. */
export function safeLink(text: string): string | null {
  try {
    const url = new URL(text);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

export function MetaList({ items }: { items: Meta[] }) {
  if (items.length === 0) return null;
  return (
    <dl className="meta">
      {items.map((item) => (
        <div key={item.label} className={isWide(item) ? "wide" : undefined}>
          <dt>{item.label}</dt>
          <dd>
            <MetaValue item={item} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

const isWide = (item: Meta): boolean =>
  ["md", "table", "json", "column_schema", "column_lineage", "notebook"].includes(item.type) ||
  (item.type === "text" && String(item.value).length > 120);

export function MetaValue({ item }: { item: Meta }) {
  const { value } = item;
  switch (item.type) {
    case "int":
    case "float":
      return <span className="num">{typeof value === "number" ? number(value) : String(value)}</span>;
    case "bool":
      return <span>{value ? "yes" : "no"}</span>;
    case "null":
      return <span className="faint">nothing</span>;
    case "timestamp":
      return typeof value === "number" ? <Time at={value} long /> : <span>{String(value)}</span>;
    case "url":
      return <Linked text={String(value)} />;
    case "path":
      return <code>{String(value)}</code>;
    case "asset":
      return <AssetLink name={String(value)} />;
    case "run":
      return (
        <Go to={`/runs/${String(value)}`} className="mono link">
          {shortId(String(value))}
        </Go>
      );
    case "md":
      return item.html ? <div className="prose" dangerouslySetInnerHTML={{ __html: item.html }} /> : <p className="prose">{String(value)}</p>;
    case "table":
    case "column_schema":
      return item.columns ? <MetaTable columns={item.columns} rows={item.rows ?? []} /> : <Json value={value} />;
    case "json":
    case "column_lineage":
      return <Json value={value} />;
    default:
      return typeof value === "object" && value !== null ? <Json value={value} /> : <span className="prewrap">{String(value)}</span>;
  }
}

function Linked({ text }: { text: string }) {
  const href = safeLink(text);
  if (href === null) return <span>{text}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer" className="link">
      {text}
    </a>
  );
}

const MOST_ROWS = 50;

function MetaTable({ columns, rows }: { columns: string[]; rows: unknown[][] }) {
  return (
    <div className="meta-table" tabIndex={0} role="region" aria-label="Table">
      <table>
        <thead>
          <tr>
            {columns.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST_ROWS).map((row, i) => (
            <tr key={i}>
              {row.map((cell, k) => (
                <td key={k} className={typeof cell === "number" ? "num end" : undefined}>
                  {typeof cell === "number" ? number(cell) : cell === null ? <span className="faint">null</span> : String(cell)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MOST_ROWS && <p className="faint xs">and {count(rows.length - MOST_ROWS)} more rows</p>}
    </div>
  );
}

function Json({ value }: { value: unknown }) {
  const text = JSON.stringify(value, null, 2) ?? String(value);
  return (
    <pre className="code small" tabIndex={0} role="region" aria-label="JSON">
      {text.length > 4000 ? `${text.slice(0, 4000)}\n…` : text}
    </pre>
  );
}
