/** Small pictures of numbers: a sparkline, a bar of shares. The large plot with axes is in plot.tsx. */

/** Bars of equal width, the last to the right; a title says what they are. */
export function Sparkline({ values, label, width = 72, height = 20, tones }: {
  values: number[];
  label: string;
  width?: number;
  height?: number;
  tones?: string[];
}) {
  if (values.length === 0) return null;
  const top = Math.max(...values, 1e-9);
  const step = width / Math.max(values.length, 8);
  const offset = width - values.length * step;
  return (
    <svg className="spark" role="img" aria-label={label} width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
      <title>{label}</title>
      {values.map((value, i) => {
        const tall = Math.max(1.5, (value / top) * (height - 1));
        return (
          <rect
            key={i}
            x={offset + i * step}
            y={height - tall}
            width={Math.max(1, step - 1.5)}
            height={tall}
            rx={1}
            className={`fill-${tones?.[i] ?? "plain"}`}
          />
        );
      })}
    </svg>
  );
}

export type Share = { tone: string; count: number; word: string };

/** One bar cut into shares, with its numbers as text for those who do not see it. */
export function ShareBar({ shares, label }: { shares: Share[]; label?: string }) {
  const total = shares.reduce((sum, share) => sum + share.count, 0);
  const words = shares.filter((share) => share.count > 0).map((share) => `${share.count} ${share.word}`);
  const text = `${label ? `${label}: ` : ""}${words.join(", ") || "none"}`;
  return (
    <span className="share-bar" role="img" aria-label={text} title={text}>
      {shares
        .filter((share) => share.count > 0)
        .map((share) => (
          <span key={share.word} className={`bg-${share.tone}`} style={{ flexGrow: share.count / Math.max(total, 1) }} />
        ))}
    </span>
  );
}

/** How far something is, 0 to 1. */
export function Progress({ value, label, tone = "running" }: { value: number; label: string; tone?: string }) {
  const percent = Math.round(Math.max(0, Math.min(1, value)) * 100);
  return (
    <span className="progress" role="progressbar" aria-label={label} aria-valuenow={percent} aria-valuemin={0} aria-valuemax={100}>
      <span className={`bg-${tone}`} style={{ width: `${percent}%` }} />
    </span>
  );
}
