const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 8 });
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 4 });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** formatText shows a value as the feed wrote it: its digits say how exact it is. */
export function formatText(value: string): string {
  return value;
}

/** formatSize groups the digits of a number. */
export function formatSize(value: string): string {
  return formatUpTo(value, Infinity);
}

/** formatShort groups the digits of a number, or from a million on shortens it: 2.5M. */
export function formatShort(value: string): string {
  return formatUpTo(value, 1e6);
}

/** formatVolume groups the digits of a number, or from a hundred million on shortens it. */
export function formatVolume(value: string): string {
  return formatUpTo(value, 1e8);
}

function formatUpTo(value: string, limit: number): string {
  const number = numberOf(value);
  if (number === undefined) return value;
  return (Math.abs(number) < limit ? whole : short).format(number);
}

/** formatSigned shows a rise with its sign, too, and a fall with a true minus. */
export function formatSigned(value: string): string {
  const number = numberOf(value);
  if (number === undefined) return value;
  const digits = value.replace(/^[+-]/, "");
  if (number === 0) return digits;
  return `${number > 0 ? "+" : "−"}${digits}`;
}

/** formatTime shows the time of day, from milliseconds since 1970, an ISO time, or what looks like a time already. */
export function formatTime(value: string): string {
  if (/^\d{12,14}$/.test(value)) return clock.format(new Date(Number(value)));
  if (/^\d{4}-\d\d-\d\dT/.test(value)) {
    const date = new Date(value);
    return Number.isNaN(date.getTime()) ? value : clock.format(date);
  }
  return /^\d\d:\d\d:\d\d/.exec(value)?.[0] ?? value;
}

/** numberOf reads a number, or returns undefined for what is none. */
export function numberOf(value: string | null | undefined): number | undefined {
  if (value === null || value === undefined || value.trim() === "") return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}
