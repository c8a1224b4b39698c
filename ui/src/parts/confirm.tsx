/** "Are you sure?", with the name to type where something protected is touched. */
import { type ReactNode, useId, useState } from "react";

import { Button } from "./button";
import { Dialog } from "./dialog";
import { ErrorNote } from "./states";

type ConfirmProps = {
  title: string;
  children: ReactNode;
  action: string;
  danger?: boolean;
  dismiss?: string; // what the button says that lets everything be as it is
  typeName?: string | null; // must be typed before the action can be taken
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
};

export function Confirm({ title, children, action, danger, dismiss = "Cancel", typeName, onConfirm, onClose }: ConfirmProps) {
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [form, field] = [useId(), useId()];
  const ready = !typeName || typed === typeName;
  async function confirm(): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      await onConfirm();
      onClose();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  }
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose} {...(danger && !typeName && { "data-first": true })}>
            {dismiss}
          </Button>
          <Button type="submit" form={form} look={danger ? "danger" : "primary"} disabled={!ready} busy={busy} {...(!danger && !typeName && { "data-first": true })}>
            {action}
          </Button>
        </>
      }
    >
      <form
        id={form}
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) void confirm();
        }}
      >
        {children}
        {typeName && (
          <label htmlFor={field} className="stack tight">
            <span className="small">
              Type <strong className="mono">{typeName}</strong> to confirm
            </span>
            <input id={field} data-first className="input" autoComplete="off" value={typed} onChange={(e) => setTyped(e.target.value)} />
          </label>
        )}
        {error !== null && <ErrorNote error={error} />}
      </form>
    </Dialog>
  );
}
