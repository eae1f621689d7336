const MINUTES_PER_HOUR = 60;
const MINUTES_PER_DAY = 24 * MINUTES_PER_HOUR;

/** .NET's TimeSpan as text: `02:00:00`, `1.00:00:00`. */
const TIME_SPAN = /^(?:(\d{1,5})\.)?(\d{1,2}):([0-5]\d)(?::([0-5]\d)(?:\.\d{1,7})?)?$/;
/** ISO 8601 as Graph writes it: `PT8H`, `P180D`, `P1Y`. */
const ISO_8601 =
  /^P(?:(\d{1,5})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,8})M)?(?:(\d{1,9})S)?)?$/i;
const ENDLESS = /^(?:permanent(?:ly)?|unlimited|no limit|no expiration|never(?: expires?)?|infinite)$/i;

const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^min(?:ute)?s?$/, 1],
  [/^h(?:(?:ou)?rs?)?$/, MINUTES_PER_HOUR],
  [/^d(?:ays?)?$/, MINUTES_PER_DAY],
  [/^w(?:eeks?)?$/, 7 * MINUTES_PER_DAY],
  [/^months?$/, 30 * MINUTES_PER_DAY],
  [/^y(?:ears?)?$/, 365 * MINUTES_PER_DAY],
];

/**
 * Minutes of a duration in any form that PIM, Graph or its settings page uses: TimeSpan, ISO 8601, or a number with its
 * unit before or after it, with or without parentheses (`180 (Days)`, `(Days) 180`). A month has 30 days, a year 365.
 * Infinity if there is no end. Null for anything else, and for a bare number without `bareUnit`.
 */
export function minutesOf(text: string, bareUnit = ""): number | null {
  const plain = text
    .replaceAll(/[()"']/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
  if (plain.length > 60) return null;
  if (ENDLESS.test(plain)) return Infinity;
  return fromTimeSpan(plain) ?? fromIso(plain) ?? fromWords(plain, bareUnit);
}

function fromTimeSpan(text: string): number | null {
  const match = TIME_SPAN.exec(text);
  if (match === null) return null;
  const [, days = "0", hours = "0", minutes = "0", seconds = "0"] = match;
  // `24:00:00` is not a valid TimeSpan of .NET, but can only mean a day.
  return Number(days) * MINUTES_PER_DAY + Number(hours) * MINUTES_PER_HOUR + Number(minutes) + Number(seconds) / 60;
}

function fromIso(text: string): number | null {
  const parts = ISO_8601.exec(text)?.slice(1);
  if (parts === undefined || parts.every((part) => part === undefined)) return null;
  const inMinutes = [365 * MINUTES_PER_DAY, 30 * MINUTES_PER_DAY, 7 * MINUTES_PER_DAY, MINUTES_PER_DAY, 60, 1, 1 / 60];
  return inMinutes.reduce((sum, minutes, index) => sum + minutes * Number(parts[index] ?? 0), 0);
}

function fromWords(text: string, bareUnit: string): number | null {
  const lower = text
    .toLowerCase()
    .replaceAll(/day s\b|hour s\b|minute s\b|month s\b|year s\b/g, (unit) => `${unit.slice(0, -2)}s`);
  const unitFirst = /^([a-z]+):? (\d{1,8}(?:\.\d{1,4})?)$/.exec(lower);
  if (unitFirst !== null) return scaled(unitFirst[2], unitFirst[1]);
  if (/^\d{1,8}(?:\.\d{1,4})?$/.test(lower)) return scaled(lower, bareUnit.toLowerCase());
  const terms = lower.match(/\d{1,8}(?:\.\d{1,4})? ?[a-z]+/g) ?? [];
  if (terms.length === 0 || terms.join("").replaceAll(" ", "") !== lower.replaceAll(/[ ,]|\band\b/g, "")) return null;
  const minutes = terms.map((term) => {
    const [, count, unit] = /^([\d.]+) ?([a-z]+)$/.exec(term) ?? [];
    return scaled(count, unit);
  });
  return minutes.every((value) => value !== null) ? minutes.reduce((sum, value) => sum + value, 0) : null;
}

function scaled(count: string | undefined, unit: string | undefined): number | null {
  const factor = UNITS.find(([pattern]) => pattern.test(unit ?? ""))?.[1];
  return factor === undefined || count === undefined ? null : Number(count) * factor;
}

/** `8 h`, `1 h 30 min`, `180 days`. One day is 24 h, as on PIM's page. */
export function durationInWords(minutes: number): string {
  if (minutes === Infinity) return "no end";
  if (minutes >= 2 * MINUTES_PER_DAY && minutes % MINUTES_PER_DAY === 0) return `${minutes / MINUTES_PER_DAY} days`;
  const hours = Math.floor(minutes / MINUTES_PER_HOUR);
  const rest = Math.round((minutes - hours * MINUTES_PER_HOUR) * 10) / 10;
  if (rest === 0 && hours > 0) return `${hours} h`;
  return hours === 0 ? `${rest} min` : `${hours} h ${rest} min`;
}
