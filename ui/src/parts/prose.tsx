/** Descriptions. Markdown is made into HTML and cleaned by the server; what comes without is shown as text. */
import { useState } from "react";

const LONG = 600;

export function Description({ text, html }: { text: string; html?: string | null }) {
  const [all, setAll] = useState(false);
  if (html) return <div className="prose" dangerouslySetInnerHTML={{ __html: html }} />;
  const cut = !all && text.length > LONG;
  return (
    <div className="prose">
      {(cut ? `${text.slice(0, LONG)}…` : text).split(/\n{2,}/).map((paragraph, i) => (
        <p key={i}>{coded(paragraph)}</p>
      ))}
      {cut && (
        <button type="button" className="button quiet small" onClick={() => setAll(true)}>
          Show all
        </button>
      )}
    </div>
  );
}

/** Words between double or single backticks are code. */
export const coded = (text: string): React.ReactNode[] =>
  text.split(/(``[^`]+``|`[^`]+`)/).map((part, i) => (i % 2 === 1 ? <code key={i}>{part.replaceAll("`", "")}</code> : part));
