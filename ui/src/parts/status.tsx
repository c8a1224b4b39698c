/** How something stands: a shape, a word and a colour, never a colour alone. */
import type { RunStatus } from "../api/contract";
import type { Shown } from "../api/statuses";

export type Mark = Shown | "cancelled" | "paused" | "warned" | "missing";

const MARKS: Record<Mark, { shape: string; word: string; tone: string }> = {
  done: { shape: "●", word: "done", tone: "done" },
  running: { shape: "◐", word: "running", tone: "running" },
  queued: { shape: "◌", word: "queued", tone: "queued" },
  stale: { shape: "▲", word: "stale", tone: "stale" },
  failed: { shape: "✖", word: "failed", tone: "failed" },
  skipped: { shape: "⊘", word: "skipped", tone: "skipped" },
  never: { shape: "○", word: "never made", tone: "never" },
  unknown: { shape: "·", word: "not known yet", tone: "never" },
  source: { shape: "◇", word: "source", tone: "never" },
  cancelled: { shape: "⊘", word: "cancelled", tone: "skipped" },
  paused: { shape: "‖", word: "paused", tone: "queued" },
  warned: { shape: "▲", word: "warning", tone: "stale" },
  missing: { shape: "○", word: "missing", tone: "never" },
};

export const wordOf = (mark: Mark): string => MARKS[mark].word;
export const toneOf = (mark: Mark): string => MARKS[mark].tone;
export const shapeOf = (mark: Mark): string => MARKS[mark].shape;

const RUN_MARKS: Record<RunStatus, Mark> = {
  queued: "queued",
  running: "running",
  success: "done",
  failed: "failed",
  cancelled: "cancelled",
  paused: "paused",
  lost: "stale",
};
export const markOfRun = (status: RunStatus): Mark => RUN_MARKS[status] ?? "queued";

/** The shape alone, for dense places; its word is there for readers that cannot see. */
export function StatusDot({ mark, label }: { mark: Mark; label?: string }) {
  const { shape, word, tone } = MARKS[mark];
  return (
    <span className={`dot tone-${tone}`} data-mark={mark} title={label ?? word}>
      <span aria-hidden="true" className={mark === "running" ? "turning" : undefined}>
        {shape}
      </span>
      <span className="sr">{label ?? word}</span>
    </span>
  );
}

/** Shape and word. */
export function StatusMark({ mark, label, soft = false }: { mark: Mark; label?: string; soft?: boolean }) {
  const { shape, word, tone } = MARKS[mark];
  return (
    <span className={`status tone-${tone} ${soft ? "soft" : ""}`} data-mark={mark}>
      <span aria-hidden="true" className={mark === "running" ? "shape turning" : "shape"}>
        {shape}
      </span>
      {label ?? word}
    </span>
  );
}

export const RunStatusMark = ({ status, soft = false }: { status: RunStatus; soft?: boolean }) => (
  <StatusMark mark={markOfRun(status)} label={status} soft={soft} />
);
