import { type ReactNode, useRef } from "react";

import { count } from "../words/format";

export type Tab = { id: string; label: ReactNode; count?: number | null };

/** Tabs that arrows move between; what they show is a panel with `id` `panel-<tab>`. */
export function Tabs({ label, tabs, at, onChange }: { label: string; tabs: Tab[]; at: string; onChange: (id: string) => void }) {
  const list = useRef<HTMLDivElement>(null);
  function pressed(event: React.KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = tabs[(tabs.findIndex((tab) => tab.id === at) + step + tabs.length) % tabs.length];
    if (!next) return;
    onChange(next.id);
    list.current?.querySelector<HTMLElement>(`#tab-${next.id}`)?.focus();
  }
  return (
    <div className="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={pressed}>
      {tabs.map((tab) => (
        <button
          key={tab.id}
          type="button"
          role="tab"
          id={`tab-${tab.id}`}
          aria-selected={tab.id === at}
          aria-controls={tab.id === at ? `panel-${tab.id}` : undefined}
          tabIndex={tab.id === at ? 0 : -1}
          className="tab"
          onClick={() => onChange(tab.id)}
        >
          {tab.label}
          {tab.count !== undefined && tab.count !== null && <span className="tab-count num">{count(tab.count)}</span>}
        </button>
      ))}
    </div>
  );
}

export const Panel = ({ of, children, className }: { of: string; children: ReactNode; className?: string }) => (
  <div role="tabpanel" id={`panel-${of}`} aria-labelledby={`tab-${of}`} className={`panel ${className ?? ""}`}>
    {children}
  </div>
);
