/** Allowed values of each field, ascending: seconds, minutes, hours, days, months, days of the week. */
type Fields = readonly [number[], number[], number[], number[], number[], number[]];

const MONTHS = "January,February,March,April,May,June,July,August,September,October,November,December".split(",");
const WEEKDAYS = "Sunday,Monday,Tuesday,Wednesday,Thursday,Friday,Saturday".split(",");
const BOUNDS = [
  { min: 0, max: 59 },
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: WEEKDAYS },
] as const;
type Bounds = (typeof BOUNDS)[number];

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
/** The next 29 February is at most eight years away. */
const MOST_DAYS = 366 * 9;

/** Whether a text is an NCRONTAB expression that has occurrences. */
export function isSchedule(expression: string): boolean {
  return nextRun(expression, 0) !== undefined;
}

/**
 * The times when a timer is due, after `after` and up to `until`; at most `limit`.
 *
 * NCRONTAB, five fields or six with seconds first, in UTC. Day of the month and day of the week must both match.
 * https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
 */
export function runsDue(
  expression: string,
  { after, until, limit }: { readonly after: number; readonly until: number; readonly limit: number },
): number[] {
  const due: number[] = [];
  let next = nextRun(expression, after);
  while (next !== undefined && next <= until && due.length < limit) {
    due.push(next);
    next = nextRun(expression, next);
  }
  return due;
}

/** The first occurrence after a time, in milliseconds since 1970. */
function nextRun(expression: string, after: number): number | undefined {
  const fields = fieldsOf(expression);
  if (fields === undefined) return undefined;
  const [seconds, minutes, hours, days, months, weekdays] = fields;
  const today = Math.floor(after / DAY_MS) * DAY_MS;
  for (let day = today; day < today + MOST_DAYS * DAY_MS; day += DAY_MS) {
    const date = new Date(day);
    const isDue =
      days.includes(date.getUTCDate()) &&
      months.includes(date.getUTCMonth() + 1) &&
      weekdays.includes(date.getUTCDay());
    if (!isDue) continue;
    for (const hour of hours)
      for (const minute of minutes) {
        const time = day + (hour * 60 + minute) * 60 * SECOND_MS;
        const second = seconds.find((each) => time + each * SECOND_MS > after);
        if (second !== undefined) return time + second * SECOND_MS;
      }
  }
  return undefined;
}

function fieldsOf(expression: string): Fields | undefined {
  const texts = expression.trim().split(/\s+/);
  const [a, b, c, d, e, f] = (texts.length === 5 ? ["0", ...texts] : texts).map((text, index) => {
    const bounds = BOUNDS[index];
    return bounds && valuesOf(text, bounds);
  });
  return texts.length <= 6 && a && b && c && d && e && f ? [a, b, c, d, e, f] : undefined;
}

/** Undefined if the text is not a valid field. */
function valuesOf(text: string, bounds: Bounds): number[] | undefined {
  const parts = text.split(",").map((part) => rangeOf(part, bounds));
  const values = new Set<number>();
  for (const part of parts) {
    if (part === undefined) return undefined;
    for (let value = part.first; value <= part.last; value += part.step) values.add(value);
  }
  return [...values].toSorted((one, other) => one - other);
}

/** `*`, a value or `first-last`, each also with `/step`. A value with a step runs to the end of the field. */
function rangeOf(part: string, bounds: Bounds) {
  const [, from = "", to, stepText] = /^(\*|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(part) ?? [];
  const isAll = from === "*" && to === undefined;
  const one = isAll ? bounds.min : valueOf(from, bounds);
  const other = isAll || (to === undefined && stepText !== undefined) ? bounds.max : valueOf(to ?? from, bounds);
  if (one === undefined || other === undefined) return undefined;
  return { first: Math.min(one, other), last: Math.max(one, other), step: Math.max(1, Number(stepText ?? 1)) };
}

function valueOf(text: string, bounds: Bounds): number | undefined {
  const names: readonly string[] = "names" in bounds ? bounds.names : [];
  const named = names.findIndex((name) => text !== "" && name.toLowerCase().startsWith(text.toLowerCase()));
  const value = /^\d+$/.test(text) ? Number(text) : named < 0 ? NaN : named + bounds.min;
  return value >= bounds.min && value <= bounds.max ? value : undefined;
}
