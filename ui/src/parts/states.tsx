/** What is shown when there is nothing to show, not yet, or not at all. */
import { CircleAlert } from "lucide-react";
import type { ReactNode } from "react";

import { told } from "../api/client";
import { Button } from "./button";
import { coded } from "./prose";

export function Empty({ title, children, action, icon }: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  icon?: ReactNode;
}) {
  return (
    <div className="empty">
      {icon !== undefined && <div className="empty-icon">{icon}</div>}
      <p className="empty-title">{title}</p>
      {children !== undefined && <div className="empty-text">{children}</div>}
      {action}
    </div>
  );
}

/** What, where, what to do. */
export function ErrorNote({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { message, where, fix } = told(error);
  return (
    <div className="note failed" role="alert">
      <CircleAlert size={16} aria-hidden="true" />
      <div className="grow stack tight">
        <p>{coded(message)}</p>
        {where && <p className="mono small muted">{where}</p>}
        {fix && <p className="small">{coded(fix)}</p>}
      </div>
      {onRetry && (
        <Button small onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}

export const Loading = ({ what = "Loading" }: { what?: string }) => (
  <div className="loading" role="status">
    <span className="sr">{what}…</span>
    <span className="loading-bar" />
    <span className="loading-bar" />
    <span className="loading-bar" />
  </div>
);

/** The usual three ways of an answer; children get it when it is there. */
export function Answer<T>({ of, children, what }: {
  of: { data: T | undefined; error: unknown; refetch: () => unknown };
  children: (data: T) => ReactNode;
  what?: string;
}) {
  if (of.data !== undefined) return <>{children(of.data)}</>;
  if (of.error && told(of.error).code === "not_loaded") return <p className="small muted unknown">Not known until the definitions load.</p>;
  if (of.error) return <ErrorNote error={of.error} onRetry={() => void of.refetch()} />;
  return <Loading {...(what !== undefined && { what })} />;
}

/** How something came to fail, through users' files; long lines are scrolled, also by keyboard. */
export const Trace = ({ text }: { text: string }) => (
  <pre className="code trace" tabIndex={0} role="region" aria-label="Trace">
    {text.trim()}
  </pre>
);

/** A few lines of code to copy. */
export function Snippet({ text }: { text: string }) {
  return (
    <div className="snippet">
      <pre className="code" tabIndex={0}>
        {text}
      </pre>
      <Button small onClick={() => void navigator.clipboard.writeText(text)}>
        Copy
      </Button>
    </div>
  );
}

/** A command to copy: most empty states end in one. */
export function Command({ text }: { text: string }) {
  return (
    <code className="command">
      <span className="grow">{text}</span>
      <Button look="quiet" small onClick={() => void navigator.clipboard.writeText(text)}>
        Copy
      </Button>
    </code>
  );
}
