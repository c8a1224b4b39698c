/** Numbers and times as people read them. */

/** 0.42 → "420 ms", 3.2 → "3.2 s", 75 → "1 m 15 s", 4000 → "1 h 6 m". */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  const s = Math.max(0, seconds);
  if (s < 0.0095) return s === 0 ? "0 s" : `${(s * 1000).toFixed(1)} ms`;
  if (s < 0.9995) return `${Math.round(s * 1000)} ms`;
  if (s < 9.95) return `${s.toFixed(1)} s`;
  if (s < 59.5) return `${Math.round(s)} s`;
  const whole = Math.round(s);
  const [d, h, m, rest] = [Math.floor(whole / 86400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60, whole % 60];
  if (d > 0) return h > 0 ? `${d} d ${h} h` : `${d} d`;
  if (h > 0) return m > 0 ? `${h} h ${m} m` : `${h} h`;
  return rest > 0 ? `${m} m ${rest} s` : `${m} m`;
}

/** What a step spent on something; less than a thousandth of a second is told as 0. */
export const spent = (seconds: number | null): string => (seconds === 0 ? "< 1 ms" : duration(seconds));

/** Bytes in powers of 1024. */
export function bytes(count: number | null | undefined): string {
  if (count === null || count === undefined) return "–";
  if (count < 1024) return `${count} B`;
  const units = ["KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = count;
  let unit = -1;
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

const whole = new Intl.NumberFormat("en-US");
export const count = (n: number): string => whole.format(n);

/** "1 asset", "1,200 assets". */
export const many = (n: number, one: string, more = `${one}s`): string => `${count(n)} ${n === 1 ? one : more}`;

/** A number with as many digits as say something. */
export function number(value: number): string {
  if (Number.isInteger(value)) return Math.abs(value) < 1e15 ? count(value) : value.toExponential(3);
  const size = Math.abs(value);
  if (size >= 1000) return new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 }).format(value);
  if (size >= 1) return String(Number(value.toPrecision(5)));
  if (size >= 1e-4) return String(Number(value.toPrecision(4)));
  return value.toExponential(2);
}

/** "just now", "12 s ago", "3 h ago", "in 5 m"; both in epoch seconds. What has passed is whole; what comes is the nearest. */
export function relative(at: number, now: number): string {
  const distance = Math.abs(now - at);
  if (distance < 3) return "just now";
  const whole = now >= at ? Math.floor : Math.round;
  const text =
    distance < 60
      ? `${whole(distance)} s`
      : distance < 3600
        ? `${whole(distance / 60)} m`
        : distance < 86400
          ? `${whole(distance / 3600)} h`
          : distance < 86400 * 60
            ? `${whole(distance / 86400)} d`
            : distance < 86400 * 730
              ? `${whole(distance / (86400 * 30.44))} mo`
              : `${whole(distance / (86400 * 365.25))} y`;
  return now >= at ? `${text} ago` : `in ${text}`;
}

/** The moment with its zone, in the zone of the browser unless told: "26 Nov 2026, 18:36:23 GMT+1". */
export function absolute(at: number, zone?: string): string {
  return new Intl.DateTimeFormat("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "short",
    ...(zone !== undefined && { timeZone: zone }),
  }).format(new Date(at * 1000));
}

/** Only the clock, for rows whose day is known: "18:36:23". */
export function clock(at: number, zone?: string): string {
  return new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    ...(zone !== undefined && { timeZone: zone }),
  }).format(new Date(at * 1000));
}

/** The part of a long id that tells it from others. */
export const shortId = (id: string): string => (id.length > 10 ? id.slice(-8) : id);
