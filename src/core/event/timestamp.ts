import { ticksOfCalendar, TICKS_PER_MINUTE, datetimeOf } from "../../kql/run/time.ts";

const ZONE = String.raw`(?: ?(?<zone>[Zz]|[+-]\d\d:?\d\d))?`;
const CLOCK = String.raw`(?<hour>\d{1,2}):(?<minute>\d\d)(?::(?<second>\d\d)(?:\.(?<fraction>\d{1,9}))?)?`;
const ISO = new RegExp(String.raw`^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)(?:[Tt ]${CLOCK})?${ZONE}$`);
const MONTH_FIRST = new RegExp(
  String.raw`^(?<month>\d{1,2})/(?<day>\d{1,2})/(?<year>\d{4}) ${CLOCK}(?: (?<half>[AaPp])[Mm])?${ZONE}$`,
);

/**
 * Reads a time of a diagnostic export: ISO 8601 with up to 9 fractional digits (cut to 7) and any offset or none (UTC),
 * or the month-first form `1/9/2007 9:41:00 AM +01:00` of some Azure services.
 *
 * @returns ticks of 100 ns since 0001-01-01T00:00:00Z, or null if the text is not such a time
 */
export function parseTimestamp(text: string): bigint | null {
  const parts = (ISO.exec(text) ?? MONTH_FIRST.exec(text))?.groups;
  if (parts === undefined) return null;
  const number = (name: string): number => Number(parts[name] ?? 0);
  const hour = hourOfDay(number("hour"), parts["half"]);
  if (hour === null) return null;
  const local = ticksOfCalendar(
    [number("year"), number("month"), number("day")],
    [hour, number("minute"), number("second")],
    BigInt((parts["fraction"] ?? "").slice(0, 7).padEnd(7, "0")),
  );
  return local === null ? null : datetimeOf(local - zoneTicks(parts["zone"]));
}

function hourOfDay(hour: number, half: string | undefined): number | null {
  if (half === undefined) return hour;
  if (hour < 1 || hour > 12) return null;
  return (hour % 12) + (/p/i.test(half) ? 12 : 0);
}

function zoneTicks(zone: string | undefined): bigint {
  if (zone === undefined || /z/i.test(zone)) return 0n;
  const minutes = BigInt(zone.slice(1, 3)) * 60n + BigInt(zone.slice(-2));
  return (zone.startsWith("-") ? -minutes : minutes) * TICKS_PER_MINUTE;
}
