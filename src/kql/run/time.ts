/** Datetimes and timespans are bigint ticks of 100 ns; a datetime counts from 0001-01-01T00:00:00Z. */

export const TICKS_PER_MILLISECOND = 10_000n;
export const TICKS_PER_SECOND = 10_000_000n;
export const TICKS_PER_MINUTE = 600_000_000n;
export const TICKS_PER_HOUR = 36_000_000_000n;
export const TICKS_PER_DAY = 864_000_000_000n;

/** Milliseconds from 0001-01-01 to 1970-01-01. */
const UNIX_EPOCH_MILLISECONDS = 62_135_596_800_000;
/** 9999-12-31T23:59:59.9999999Z, Kusto's last datetime. */
const MAXIMUM_TICKS = 3_155_378_975_999_999_999n;

/** A datetime within Kusto's range, or null. */
export function datetimeOf(ticks: bigint): bigint | null {
  return ticks >= 0n && ticks <= MAXIMUM_TICKS ? ticks : null;
}

/** Kusto's longest timespan. Its shortest is the negative of this, less one tick. */
const LONGEST_TIMESPAN = 9_223_372_036_854_775_807n;

/** A timespan within Kusto's range, or null. */
export function timespanOf(ticks: bigint): bigint | null {
  return ticks <= LONGEST_TIMESPAN && ticks >= -LONGEST_TIMESPAN - 1n ? ticks : null;
}

export function ticksFromUnixMilliseconds(milliseconds: number): bigint {
  return BigInt(Math.trunc(milliseconds) + UNIX_EPOCH_MILLISECONDS) * TICKS_PER_MILLISECOND;
}

/** A JavaScript date, cut to whole milliseconds; ticks outside Kusto's range become its first or last datetime. */
export function dateOf(unbounded: bigint): Date {
  const ticks = unbounded < 0n ? 0n : unbounded > MAXIMUM_TICKS ? MAXIMUM_TICKS : unbounded;
  return new Date(Number(ticks / TICKS_PER_MILLISECOND) - UNIX_EPOCH_MILLISECONDS);
}

/** Ticks of a calendar time, or null if it does not exist (30 February). */
export function ticksOfCalendar(
  [year, month, day]: readonly [year: number, month: number, day: number],
  [hour, minute, second]: readonly [hour: number, minute: number, second: number] = [0, 0, 0],
  subTicks = 0n,
): bigint | null {
  if (year < 1 || year > 9999 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  return ticksFromUnixMilliseconds(date.getTime()) + subTicks;
}

/** `2017-05-29T07:15:30.1234567Z`: how tostring() writes a datetime. */
export function formatDatetime(ticks: bigint): string {
  const fraction = String((ticks < 0n ? -ticks : ticks) % TICKS_PER_SECOND).padStart(7, "0");
  return `${dateOf(ticks).toISOString().slice(0, 19)}.${fraction}Z`;
}

/** `[-][d.]hh:mm:ss[.fffffff]`: how tostring() writes a timespan. */
export function formatTimespan(ticks: bigint): string {
  const size = ticks < 0n ? -ticks : ticks;
  const days = size / TICKS_PER_DAY;
  const two = (value: bigint) => String(value).padStart(2, "0");
  const clock = [(size / TICKS_PER_HOUR) % 24n, (size / TICKS_PER_MINUTE) % 60n, (size / TICKS_PER_SECOND) % 60n]
    .map(two)
    .join(":");
  const fraction = size % TICKS_PER_SECOND;
  return [
    ticks < 0n ? "-" : "",
    days > 0n ? `${days}.` : "",
    clock,
    fraction > 0n ? `.${String(fraction).padStart(7, "0")}` : "",
  ].join("");
}

/** Longer texts are not times, and would only slow down the regular expressions below. */
const MAXIMUM_LENGTH = 200;

const WEEKDAY = String.raw`(?:(?:sun|mon|tue|wed|thu|fri|sat|(?:sun|mon|tues|wednes|thurs|fri|satur)day),?\s+)?`;
const MONTHS = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
];
const MONTH = `(?<month>${MONTHS.flatMap((name) => [name, name.slice(0, 3)]).join("|")})`;

/** Hours east of UTC of the zones that RFC 822 names. */
const ZONES: Readonly<Record<string, number>> = {
  z: 0,
  ut: 0,
  utc: 0,
  gmt: 0,
  est: -5,
  edt: -4,
  cst: -6,
  cdt: -5,
  mst: -7,
  mdt: -6,
  pst: -8,
  pdt: -7,
};

const CLOCK = String.raw`(?:[T\s]\s*(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,](?<fraction>\d{1,9}))?)?\s*(?<half>[AP]M)?)?`;
const ZONE = String.raw`\s*(?<zone>${Object.keys(ZONES).join("|")}|[+-]\d{2}:?\d{2})?`;

/** The orders in which Kusto reads the parts of a date. Each can have a time of day and a zone behind it. */
const DATETIME_FORMS = [
  // 2014-11-08, 2014/11/08, 2014.11.08
  String.raw`(?<year>\d{4})(?<between>[-/.])(?<month>\d{1,2})\k<between>(?<day>\d{1,2})`,
  // 11/08/2014, 11-08-2014
  String.raw`(?<month>\d{1,2})(?<between>[-/])(?<day>\d{1,2})\k<between>(?<year>\d{4})`,
  // Sat, 8 Nov 14 (RFC 822); Saturday, 08-Nov-14 (RFC 850)
  String.raw`${WEEKDAY}(?<day>\d{1,2})[\s-]+${MONTH}[\s-]+(?<year>\d{4}|\d{2})`,
  // Sat, Nov 8, 2014
  String.raw`${WEEKDAY}${MONTH}\s+(?<day>\d{1,2}),?\s+(?<year>\d{4})`,
].map((date) => new RegExp(`^${date}${CLOCK}${ZONE}$`, "i"));

/** A year, or a year and a month. */
const WITHOUT_DAY = /^(?<year>\d{4})(?:-(?<month>\d{1,2}))?$/;

/**
 * Reads the datetime formats that Kusto documents: ISO 8601 with 0 to 9 fractional digits, RFC 822 and 850, and month, day
 * and year with slashes or hyphens. A text without a zone is UTC. Null for anything else.
 *
 * @see https://learn.microsoft.com/kusto/query/scalar-data-types/datetime
 */
export function parseDatetime(text: string): bigint | null {
  const trimmed = text.trim();
  if (trimmed.length > MAXIMUM_LENGTH) return null;
  for (const form of DATETIME_FORMS) {
    const parts = form.exec(trimmed)?.groups;
    if (parts) return datetimeOfParts(parts);
  }
  const parts = WITHOUT_DAY.exec(trimmed)?.groups;
  return parts ? datetimeOfParts(parts) : null;
}

function datetimeOfParts(parts: Readonly<Record<string, string | undefined>>): bigint | null {
  const number = (name: string, otherwise: number) => Number(parts[name] ?? otherwise);
  const date = [fullYear(parts["year"]), monthNumber(parts["month"]), number("day", 1)] as const;
  const clock = [hourOf(number("hour", 0), parts["half"]), number("minute", 0), number("second", 0)] as const;
  const subTicks = BigInt((parts["fraction"] ?? "").padEnd(7, "0").slice(0, 7));
  const ticks = ticksOfCalendar(date, clock, subTicks);
  return ticks === null ? null : datetimeOf(ticks - zoneTicks(parts["zone"]));
}

/** Years of two digits are 1950 to 2049, as in .NET. */
function fullYear(year = ""): number {
  if (year.length !== 2) return Number(year);
  return Number(year) + (Number(year) < 50 ? 2000 : 1900);
}

function monthNumber(month = "1"): number {
  const name = month.slice(0, 3).toLowerCase();
  return /^\d/.test(month) ? Number(month) : MONTHS.findIndex((known) => known.startsWith(name)) + 1;
}

/** The hour of the day; NaN for one that no clock with AM and PM shows. */
function hourOf(hour: number, half: string | undefined): number {
  if (half === undefined) return hour;
  if (hour > 12) return Number.NaN;
  return (hour % 12) + (half.toUpperCase() === "PM" ? 12 : 0);
}

function zoneTicks(zone = "z"): bigint {
  const named = ZONES[zone.toLowerCase()];
  if (named !== undefined) return BigInt(named) * TICKS_PER_HOUR;
  const digits = zone.replaceAll(/\D/g, "");
  const ticks = BigInt(digits.slice(0, 2)) * TICKS_PER_HOUR + BigInt(digits.slice(2)) * TICKS_PER_MINUTE;
  return zone.startsWith("-") ? -ticks : ticks;
}

const TIMESPAN_CLOCK = /^(-)?(?:(\d{1,8})\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?$/;
const TIMESPAN_UNIT =
  /^(-)?(\d+)(?:\.(\d+))?\s*(d|day|days|h|hr|hrs|hour|hours|m|min|minute|minutes|s|sec|second|seconds|ms|milli|millis|millisecond|milliseconds|microsecond|microseconds|tick|ticks)$/;

/** Reads `1.02:03:04.5678901`, `2d`, `1.5h`, `100ms` or a whole number of days; null for anything else or out of range. */
export function parseTimespan(text: string): bigint | null {
  const trimmed = text.trim();
  if (trimmed.length > MAXIMUM_LENGTH) return null;
  if (/^-?\d{1,8}$/.test(trimmed)) return timespanOf(BigInt(trimmed) * TICKS_PER_DAY);
  const clock = TIMESPAN_CLOCK.exec(trimmed);
  if (clock) {
    const [, sign, days = "0", hours = "0", minutes = "0", seconds = "0", fraction = ""] = clock;
    if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return null;
    const ticks =
      BigInt(days) * TICKS_PER_DAY +
      BigInt(hours) * TICKS_PER_HOUR +
      BigInt(minutes) * TICKS_PER_MINUTE +
      BigInt(seconds) * TICKS_PER_SECOND +
      BigInt(fraction.padEnd(7, "0"));
    return timespanOf(sign === undefined ? ticks : -ticks);
  }
  const unit = TIMESPAN_UNIT.exec(trimmed);
  if (!unit) return null;
  const [, sign, whole = "", decimals = "", name = ""] = unit;
  const parts = 10n ** BigInt(decimals.length);
  const ticks = (BigInt(whole + decimals) * unitTicks(name) + parts / 2n) / parts;
  return timespanOf(sign === undefined ? ticks : -ticks);
}

function unitTicks(unit: string): bigint {
  if (unit.startsWith("micro")) return 10n;
  if (unit.startsWith("tick")) return 1n;
  if (unit === "ms" || unit.startsWith("milli")) return TICKS_PER_MILLISECOND;
  if (unit.startsWith("s")) return TICKS_PER_SECOND;
  if (unit.startsWith("m")) return TICKS_PER_MINUTE;
  return unit.startsWith("h") ? TICKS_PER_HOUR : TICKS_PER_DAY;
}
