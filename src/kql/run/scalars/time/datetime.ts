import { toReal, toText, wholeOf } from "../../conversion.ts";
import { CallProblem, type Call, type Compute, type FunctionTable, type ScalarFunction } from "../../evaluation.ts";
import { asDatetime, asLong, asReal, asText, asTimespan } from "../../operand.ts";
import {
  dateOf,
  datetimeOf,
  ticksFromUnixMilliseconds,
  ticksOfCalendar,
  TICKS_PER_DAY,
  TICKS_PER_HOUR,
  TICKS_PER_MILLISECOND,
  TICKS_PER_MINUTE,
  TICKS_PER_SECOND,
  timespanOf,
} from "../../time.ts";
import type { Value } from "../../values.ts";
import { constantOf, operand, priced, scalar } from "../binding.ts";
import { formatDatetimeAs, formatTimespanAs } from "./time-format.ts";

/** `now()` is the event's own TimeGenerated. */
function volatile(form: string, page: string, bind: ScalarFunction["bind"]): ScalarFunction {
  return { form, page, bind, volatile: true };
}

/** A calendar part of a datetime as a number. */
function partFunction(form: string, page: string, read: (date: Date, ticks: bigint) => number) {
  return scalar(form, page, (call) => {
    const value = asDatetime(operand(call, 0));
    return (row) => {
      const ticks = value(row);
      if (ticks === null) return null;
      const part = read(dateOf(ticks), ticks);
      return call.type === "long" ? BigInt(part) : part;
    };
  });
}

type Unit =
  | "year"
  | "quarter"
  | "month"
  | "week"
  | "day"
  | "hour"
  | "minute"
  | "second"
  | "millisecond"
  | "microsecond"
  | "nanosecond";

const UNIT_TICKS: Partial<Record<Unit, bigint>> = {
  week: 7n * TICKS_PER_DAY,
  day: TICKS_PER_DAY,
  hour: TICKS_PER_HOUR,
  minute: TICKS_PER_MINUTE,
  second: TICKS_PER_SECOND,
  millisecond: TICKS_PER_MILLISECOND,
  microsecond: 10n,
};

const UNIT_MONTHS: Partial<Record<Unit, number>> = { month: 1, quarter: 3, year: 12 };

function isUnit(name: string): name is Unit {
  return name in UNIT_TICKS || name in UNIT_MONTHS || name === "nanosecond";
}

function unitOf(call: Call): Unit {
  const name = toText(constantOf(call, 0), "string").toLowerCase().replace("week_of_year", "week");
  if (isUnit(name)) return name;
  throw new CallProblem(`${call.name}: "${name}" is no part of a datetime`);
}

/** The first tick of the period that a datetime lies in; weeks begin on Sunday. */
function startOf(unit: "day" | "week" | "month" | "year", ticks: bigint, offset: number): bigint | null {
  const date = dateOf(ticks);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  if (unit === "year") return ticksOfCalendar([year + offset, 1, 1]);
  if (unit === "month") {
    const months = year * 12 + month + offset;
    return ticksOfCalendar([Math.floor(months / 12), (months % 12) + 1, 1]);
  }
  const day = ticks - (ticks % TICKS_PER_DAY);
  const start = unit === "week" ? day - BigInt(date.getUTCDay()) * TICKS_PER_DAY : day;
  return datetimeOf(start + BigInt(offset) * (unit === "week" ? 7n : 1n) * TICKS_PER_DAY);
}

function periodFunctions(unit: "day" | "week" | "month" | "year"): readonly (readonly [string, ScalarFunction])[] {
  const bind =
    (isEnd: boolean) =>
    (call: Call): Compute => {
      const value = asDatetime(operand(call, 0));
      const offset = call.operands[1] ? asLong(operand(call, 1)) : () => 0n;
      return (row) => {
        const [ticks, periods] = [value(row), offset(row)];
        if (ticks === null || periods === null) return null;
        const start = startOf(unit, ticks, Number(periods) + Number(isEnd));
        return start === null || !isEnd ? start : start - 1n;
      };
    };
  return [
    [`startof${unit}`, scalar(`startof${unit}(date [, offset])`, `startof${unit}-function`, bind(false))],
    [`endof${unit}`, scalar(`endof${unit}(date [, offset])`, `endof${unit}-function`, bind(true))],
  ];
}

export const DATETIME: FunctionTable = {
  now: volatile("now([offset])", "now-function", ({ evaluation, operands }) => {
    const offset = operands[0] ? asTimespan(operands[0]) : () => 0n;
    return (row) => {
      const difference = offset(row);
      return evaluation.now === null || difference === null ? null : datetimeOf(evaluation.now + difference);
    };
  }),
  ago: volatile("ago(timespan)", "ago-function", (call) => {
    const distance = asTimespan(operand(call, 0));
    return (row) => {
      const ticks = distance(row);
      return call.evaluation.now === null || ticks === null ? null : datetimeOf(call.evaluation.now - ticks);
    };
  }),
  ...Object.fromEntries((["day", "week", "month", "year"] as const).flatMap(periodFunctions)),
  datetime_add: scalar("datetime_add(part, amount, datetime)", "datetime-add-function", (call) => {
    const unit = unitOf(call);
    const [amount, value] = [asLong(operand(call, 1)), asDatetime(operand(call, 2))];
    return (row) => {
      const [count, ticks] = [amount(row), value(row)];
      return count === null || ticks === null ? null : added(unit, ticks, count);
    };
  }),
  datetime_diff: scalar("datetime_diff(part, a, b)", "datetime-diff-function", (call) => {
    const unit = unitOf(call);
    const [left, right] = [asDatetime(operand(call, 1)), asDatetime(operand(call, 2))];
    return (row) => {
      const [a, b] = [left(row), right(row)];
      return a === null || b === null ? null : boundary(unit, a) - boundary(unit, b);
    };
  }),
  datetime_part: scalar("datetime_part(part, datetime)", "datetime-part-function", (call) => {
    const name = toText(constantOf(call, 0), "string").toLowerCase();
    const read = PARTS[name];
    if (read === undefined) throw new CallProblem(`datetime_part: "${name}" is no part of a datetime`);
    const value = asDatetime(operand(call, 1));
    return (row) => {
      const ticks = value(row);
      if (ticks === null) return null;
      const part = read(dateOf(ticks), ticks);
      return call.type === "long" ? BigInt(part) : part;
    };
  }),
  dayofmonth: partFunction("dayofmonth(date)", "dayofmonth-function", (date) => date.getUTCDate()),
  dayofyear: partFunction("dayofyear(date)", "dayofyear-function", dayOfYear),
  hourofday: partFunction("hourofday(date)", "hourofday-function", (date) => date.getUTCHours()),
  monthofyear: partFunction("monthofyear(date)", "monthofyear-function", (date) => date.getUTCMonth() + 1),
  getmonth: partFunction("getmonth(date)", "getmonth-function", (date) => date.getUTCMonth() + 1),
  getyear: partFunction("getyear(date)", "getyear-function", (date) => date.getUTCFullYear()),
  week_of_year: partFunction("week_of_year(date)", "week-of-year-function", isoWeek),
  dayofweek: scalar("dayofweek(date)", "dayofweek-function", (call) => {
    const value = asDatetime(operand(call, 0));
    return (row) => {
      const ticks = value(row);
      return ticks === null ? null : BigInt(dateOf(ticks).getUTCDay()) * TICKS_PER_DAY;
    };
  }),
  make_datetime: scalar(
    "make_datetime(year, month, day [, hour, minute [, second]])",
    "make-datetime-function",
    (call) => {
      const parts = call.operands.map(asReal);
      return (row) => {
        const [year, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.map(
          (part) => part(row) ?? Number.NaN,
        );
        const fraction = second - Math.floor(second);
        const subTicks = Number.isNaN(fraction) ? 0n : BigInt(Math.round(fraction * 10_000_000));
        return ticksOfCalendar([year ?? Number.NaN, month, day], [hour, minute, Math.floor(second)], subTicks);
      };
    },
  ),
  make_timespan: scalar("make_timespan([day,] hour, minute [, second])", "make-timespan-function", (call) => {
    const parts = call.operands.map(asReal);
    return (row) => {
      const given = parts.map((part) => part(row));
      // A greater part is out of range in whatever unit, and its ticks may be infinite.
      if (!given.every((part) => part !== null && Math.abs(part) <= Number.MAX_SAFE_INTEGER)) return null;
      const [day, hour, minute, second] =
        given.length === 4 ? given : [0, ...given, ...(given.length === 2 ? [0] : [])];
      return timespanOf(
        BigInt(Math.trunc(day ?? 0)) * TICKS_PER_DAY +
          BigInt(Math.trunc(hour ?? 0)) * TICKS_PER_HOUR +
          BigInt(Math.trunc(minute ?? 0)) * TICKS_PER_MINUTE +
          BigInt(Math.round((second ?? 0) * 10_000_000)),
      );
    };
  }),
  format_datetime: priced(
    { character: 100 },
    scalar("format_datetime(date, format)", "format-datetime-function", (call) => {
      const [value, format] = [asDatetime(operand(call, 0)), asText(operand(call, 1))];
      return (row) => {
        const ticks = value(row);
        return ticks === null ? "" : formatDatetimeAs(ticks, format(row));
      };
    }),
  ),
  format_timespan: priced(
    { character: 100 },
    scalar("format_timespan(timespan, format)", "format-timespan-function", (call) => {
      const [value, format] = [asTimespan(operand(call, 0)), asText(operand(call, 1))];
      return (row) => {
        const ticks = value(row);
        return ticks === null ? "" : formatTimespanAs(ticks, format(row));
      };
    }),
  ),
  unixtime_seconds_todatetime: fromUnix("unixtime_seconds_todatetime", 10_000_000n),
  unixtime_milliseconds_todatetime: fromUnix("unixtime_milliseconds_todatetime", 10_000n),
  unixtime_microseconds_todatetime: fromUnix("unixtime_microseconds_todatetime", 10n),
  unixtime_nanoseconds_todatetime: fromUnix("unixtime_nanoseconds_todatetime", 1n, 100n),
};

/** The unit is `ticks / units`. A long keeps all its digits; anything else is read as a real. */
function fromUnix(name: string, ticks: bigint, units = 1n): ScalarFunction {
  return scalar(`${name}(number)`, `${name.replaceAll("_", "-")}-function`, (call) => {
    const { compute, type } = operand(call, 0);
    return (row): Value => {
      const value = compute(row);
      const whole = wholeOf(value);
      if (whole !== null) return datetimeOf((whole * ticks) / units + ticksFromUnixMilliseconds(0));
      const real = Math.round(((toReal(value, type) ?? Number.NaN) * Number(ticks)) / Number(units));
      return Math.abs(real) <= 4e18 ? datetimeOf(BigInt(real) + ticksFromUnixMilliseconds(0)) : null;
    };
  });
}

function added(unit: Unit, ticks: bigint, count: bigint): bigint | null {
  if (unit === "nanosecond") return datetimeOf(ticks + count / 100n);
  const size = UNIT_TICKS[unit];
  if (size !== undefined) return datetimeOf(ticks + count * size);
  const date = dateOf(ticks);
  const months = date.getUTCFullYear() * 12 + date.getUTCMonth() + Number(count) * (UNIT_MONTHS[unit] ?? 1);
  const [year, month] = [Math.floor(months / 12), (((months % 12) + 12) % 12) + 1];
  // a day that the month does not have becomes its last
  for (let day = date.getUTCDate(); day > 27; day -= 1) {
    const start = ticksOfCalendar([year, month, day]);
    if (start !== null) return start + (ticks % TICKS_PER_DAY);
  }
  const start = ticksOfCalendar([year, month, date.getUTCDate()]);
  return start === null ? null : start + (ticks % TICKS_PER_DAY);
}

/** How many whole periods lie between the beginning of time and a datetime; weeks begin on Sunday. */
function boundary(unit: Unit, ticks: bigint): bigint {
  if (unit === "nanosecond") return ticks * 100n;
  const size = UNIT_TICKS[unit];
  // 0001-01-01 was a Monday
  if (unit === "week" && size !== undefined) return (ticks + TICKS_PER_DAY) / size;
  if (size !== undefined) return ticks / size;
  const date = dateOf(ticks);
  return BigInt(Math.floor((date.getUTCFullYear() * 12 + date.getUTCMonth()) / (UNIT_MONTHS[unit] ?? 1)));
}

const PARTS: Readonly<Record<string, (date: Date, ticks: bigint) => number>> = {
  year: (date) => date.getUTCFullYear(),
  quarter: (date) => Math.floor(date.getUTCMonth() / 3) + 1,
  month: (date) => date.getUTCMonth() + 1,
  week_of_year: isoWeek,
  week: isoWeek,
  day: (date) => date.getUTCDate(),
  dayofyear: dayOfYear,
  hour: (date) => date.getUTCHours(),
  minute: (date) => date.getUTCMinutes(),
  second: (date) => date.getUTCSeconds(),
  millisecond: (date) => date.getUTCMilliseconds(),
  microsecond: (_date, ticks) => Number((ticks % TICKS_PER_SECOND) / 10n),
  nanosecond: (_date, ticks) => Number((ticks % TICKS_PER_SECOND) * 100n),
};

function dayOfYear(date: Date): number {
  return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1;
}

/** ISO 8601: the week with the year's first Thursday is its first. */
function isoWeek(date: Date): number {
  const thursday = new Date(date);
  thursday.setUTCDate(date.getUTCDate() + 4 - (date.getUTCDay() || 7));
  return Math.floor((dayOfYear(thursday) - 1) / 7) + 1;
}
