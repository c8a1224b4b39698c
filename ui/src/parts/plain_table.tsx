/** A small table in a card. */
import type { ReactNode } from "react";

/** A heading; `unseen` ones are for those who hear the page. */
type Head = string | { text: string; look: "end" | "num" | "unseen" };

/** Headings, and rows as children; with a label it scrolls sideways where there is no room. */
export function PlainTable({ heads, label, className = "", children }: { heads: Head[]; label?: string; className?: string; children: ReactNode }) {
  const table = (
    <table className={`plain-table ${className}`.trim()}>
      <thead>
        <tr>
          {heads.map((head) => {
            const { text, look } = typeof head === "string" ? { text: head, look: undefined } : head;
            return (
              <th key={text} scope="col" className={look === "unseen" ? undefined : look}>
                {look === "unseen" ? <span className="sr">{text}</span> : text}
              </th>
            );
          })}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
  if (label === undefined) return table;
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label={label}>
      {table}
    </div>
  );
}
