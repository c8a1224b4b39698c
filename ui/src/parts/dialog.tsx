/** Dialogs and side sheets: the browser's own, which keep the focus inside and give it back. */
import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef } from "react";

import { Button } from "./button";

type DialogProps = {
  title: ReactNode;
  onClose: () => void;
  children: ReactNode;
  actions?: ReactNode;
  sheet?: boolean; // from the right, full height
  wide?: boolean;
  className?: string;
  onKeyDown?: (event: React.KeyboardEvent) => void;
};

export function Dialog({ title, onClose, children, actions, sheet, wide, className, onKeyDown }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const name = useId();
  useEffect(() => {
    const shown = dialog.current;
    const before = document.activeElement;
    if (shown && !shown.open) {
      shown.showModal();
      shown.querySelector<HTMLElement>("[data-first], .dialog-content .input")?.focus(); // what is to be typed, or answered
    }
    return () => {
      shown?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className={`dialog ${sheet ? "sheet" : ""} ${wide ? "wide" : ""} ${className ?? ""}`}
      aria-labelledby={name}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => {
        if (event.target === dialog.current) onClose();
      }}
      onKeyDown={onKeyDown}
    >
      <div className="dialog-body">
        <header className="dialog-head">
          <h2 id={name}>{title}</h2>
          <Button look="quiet" small icon={<X size={16} />} aria-label="Close" onClick={onClose} />
        </header>
        <div className="dialog-content">{children}</div>
        {actions !== undefined && <footer className="dialog-actions">{actions}</footer>}
      </div>
    </dialog>
  );
}
