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

const ISO_DATETIME =
  /^(\d{4})-(\d{1,2})(?:-(\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?)?\s*(Z|GMT|UTC|[+-]\d{2}:?\d{2})?$/i;
const SLASH_DATETIME =
  /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?:\s+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?\s*(AM|PM)?\s*(Z|[+-]\d{2}:?\d{2})?$/i;
const NAMED_DATETIME =
  /^(?:[a-z]{3,9},?\s+)?(\d{1,2})[\s-]([a-z]{3,9})[\s-](\d{4}|\d{2})(?:\s+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?\s*(?:GMT|UTC|Z)?$/i;
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/**
 * Reads the datetime formats that Kusto documents: ISO 8601 with 0 to 9 fractional digits, RFC 822 and 850, and
 * month/day/year. A text without a zone is UTC. Null for anything else.
 *
 * @see https://learn.microsoft.com/kusto/query/scalar-data-types/datetime
 */
export function parseDatetime(text: string): bigint | null {
  const trimmed = text.trim();
  if (trimmed.length > MAXIMUM_LENGTH) return null;
  if (/^\d{4}$/.test(trimmed)) return ticksOfCalendar([Number(trimmed), 1, 1]);
  const iso = ISO_DATETIME.exec(trimmed);
  if (iso) {
    const [, year, month, day, hour, minute, second, fraction, zone] = iso;
    return calendar([year, month, day ?? "1"], [hour, minute, second], fraction, zone);
  }
  const slash = SLASH_DATETIME.exec(trimmed);
  if (slash) {
    const [, month, day, year, hour, minute, second, fraction, half, zone] = slash;
    return calendar([year, month, day], [clockHour(hour, half), minute, second], fraction, zone);
  }
  const named = NAMED_DATETIME.exec(trimmed);
  if (named) {
    const [, day, monthName, year, hour, minute, second, fraction] = named;
    const month = MONTHS.indexOf((monthName ?? "").slice(0, 3).toLowerCase()) + 1;
    return calendar([fullYear(year), String(month), day], [hour, minute, second], fraction, undefined);
  }
  return null;
}

/** Years of two digits are 1950 to 2049, as in .NET. */
function fullYear(year: string | undefined): string | undefined {
  if (year?.length !== 2) return year;
  return `${Number(year) < 50 ? 20 : 19}${year}`;
}

function clockHour(hour: string | undefined, half: string | undefined): string | undefined {
  if (hour === undefined || half === undefined) return hour;
  return String((Number(hour) % 12) + (half.toUpperCase() === "PM" ? 12 : 0));
}

function calendar(
  date: readonly (string | undefined)[],
  clock: readonly (string | undefined)[],
  fraction: string | undefined,
  zone: string | undefined,
): bigint | null {
  const [year = 0, month = 0, day = 0] = date.map(Number);
  const [hour = 0, minute = 0, second = 0] = clock.map((part) => Number(part ?? 0));
  const subTicks = BigInt((fraction ?? "").padEnd(7, "0").slice(0, 7));
  const ticks = ticksOfCalendar([year, month, day], [hour, minute, second], subTicks);
  return ticks === null ? null : datetimeOf(ticks - zoneTicks(zone));
}

function zoneTicks(zone: string | undefined): bigint {
  if (zone === undefined || /^[a-z]/i.test(zone)) return 0n;
  const sign = zone.startsWith("-") ? -1n : 1n;
  const digits = zone.replaceAll(/\D/g, "");
  return sign * (BigInt(digits.slice(0, 2)) * TICKS_PER_HOUR + BigInt(digits.slice(2)) * TICKS_PER_MINUTE);
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
