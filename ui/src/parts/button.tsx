import type { ButtonHTMLAttributes, ReactNode } from "react";

import { Go, type Params } from "../app/location";

type Look = "primary" | "plain" | "quiet" | "danger";
type ButtonProps = {
  look?: Look;
  small?: boolean;
  icon?: ReactNode;
  keys?: string; // the shortcut that does the same
  busy?: boolean;
} & ButtonHTMLAttributes<HTMLButtonElement>;

export function Button({ look = "plain", small, icon, keys, busy, children, className, ...more }: ButtonProps) {
  return (
    <button
      type="button"
      className={`button ${look} ${small ? "small" : ""} ${children === undefined ? "square" : ""} ${className ?? ""}`}
      aria-keyshortcuts={keys ? keys.replaceAll("Ctrl", "Control") : undefined}
      aria-busy={busy || undefined}
      {...more}
      disabled={busy || more.disabled}
    >
      {icon}
      {children !== undefined && <span>{children}</span>}
      {keys && <Keys keys={keys} />}
    </button>
  );
}

export function ButtonLink({ to, params, look = "plain", small, icon, children }: {
  to: string;
  params?: Params;
  look?: Look;
  small?: boolean;
  icon?: ReactNode;
  children: ReactNode;
}) {
  return (
    <Go to={to} {...(params && { params })} className={`button ${look} ${small ? "small" : ""}`}>
      {icon}
      <span>{children}</span>
    </Go>
  );
}

/** Keys as they are printed on keyboards. */
export function Keys({ keys }: { keys: string }) {
  return (
    <span className="keys" aria-hidden="true">
      {keys.split(" ").map((key, i) => (
        <kbd key={i}>{key.replace("Ctrl+", "Ctrl ").replace("Arrow", "").replace("Escape", "Esc")}</kbd>
      ))}
    </span>
  );
}
