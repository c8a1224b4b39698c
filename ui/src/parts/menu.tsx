/** A button that opens a short list of things to do. Arrows move, Escape closes and gives the focus back. */
import { ChevronDown } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef, useState } from "react";

import { Button } from "./button";

export type MenuItem = { label: ReactNode; hint?: ReactNode; onChoose: () => void; disabled?: boolean; danger?: boolean };

export function Menu({ label, items, icon, look = "plain", small, align = "end" }: {
  label: string;
  items: MenuItem[];
  icon?: ReactNode;
  look?: "primary" | "plain" | "quiet";
  small?: boolean;
  align?: "start" | "end";
}) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const list = useId();
  useEffect(() => {
    if (!open) return;
    box.current?.querySelector<HTMLElement>("[role=menuitem]:not(:disabled)")?.focus();
    const away = (event: PointerEvent): void => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, [open]);

  function close(): void {
    setOpen(false);
    box.current?.querySelector("button")?.focus();
  }
  function pressed(event: React.KeyboardEvent): void {
    if (!open) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") close();
    else if (event.key === "Tab") return setOpen(false);
    else if (step !== undefined) {
      const all = [...(box.current?.querySelectorAll<HTMLElement>("[role=menuitem]:not(:disabled)") ?? [])];
      all[(all.indexOf(document.activeElement as HTMLElement) + step + all.length) % all.length]?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <div className="menu" ref={box} onKeyDown={pressed}>
      <Button look={look} small={small} icon={icon} aria-haspopup="menu" aria-expanded={open} aria-controls={open ? list : undefined} onClick={() => setOpen(!open)}>
        {label}
        <ChevronDown size={14} aria-hidden="true" />
      </Button>
      {open && (
        <div role="menu" id={list} className={`menu-list ${align}`} aria-label={label}>
          {items.map((item, i) => (
            <button
              key={i}
              type="button"
              role="menuitem"
              tabIndex={-1}
              className={`menu-item ${item.danger ? "danger" : ""}`}
              disabled={item.disabled}
              onClick={() => {
                close();
                item.onChoose();
              }}
            >
              <span>{item.label}</span>
              {item.hint !== undefined && <span className="menu-hint">{item.hint}</span>}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
