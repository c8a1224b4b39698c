/** The head of a screen and its body. */
import { type ReactNode, useEffect } from "react";

import { useSession } from "../api/queries";

type PageProps = {
  title: string; // in the window's title
  heading?: ReactNode;
  crumbs?: ReactNode;
  about?: ReactNode;
  actions?: ReactNode;
  below?: ReactNode; // tabs, filters
  children: ReactNode;
  full?: boolean; // the body fills the window and scrolls in itself
};

export function Page({ title, heading, crumbs, about, actions, below, children, full }: PageProps) {
  const { data } = useSession();
  useEffect(() => {
    document.title = `${title} · ${data?.project || "assetflow"}`;
  }, [title, data?.project]);
  return (
    <div className={`page ${full ? "full" : ""}`}>
      <header className="page-head">
        {crumbs !== undefined && <div className="crumbs">{crumbs}</div>}
        <div className="page-title">
          <div className="grow">
            <h1 tabIndex={-1}>{heading ?? title}</h1>
            {about !== undefined && <div className="page-about">{about}</div>}
          </div>
          {actions !== undefined && <div className="page-actions">{actions}</div>}
        </div>
        {below}
      </header>
      <div className="page-body">{children}</div>
    </div>
  );
}

export function Card({ title, actions, children, flush, className }: {
  title?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  flush?: boolean;
  className?: string;
}) {
  return (
    <section className={`card ${flush ? "flush" : ""} ${className ?? ""}`}>
      {title !== undefined && (
        <header className="card-head">
          <h2>{title}</h2>
          {actions}
        </header>
      )}
      <div className="card-body">{children}</div>
    </section>
  );
}
