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

/** An entry that depends on the event's own time. */
function volatile(form: string, bind: ScalarFunction["bind"]): ScalarFunction {
  return { form, bind, volatile: true };
}

/** A function that returns a part of a datetime as a number. */
function partFunction(form: string, read: (date: Date, ticks: bigint) => number) {
  return scalar(form, (call) => {
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
  throw new CallProblem(`${call.name}: "${name}" is not a part of a datetime`);
}

/**
 * The first tick of the period that contains a datetime; weeks begin on Sunday. It may be out of range, because the last
 * period ends one tick before a datetime that Kusto does not have.
 */
function startOf(unit: "day" | "week" | "month" | "year", ticks: bigint, offset: number): bigint | null {
  const date = dateOf(ticks);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  if (unit === "year") return startOfMonth((year + offset) * 12);
  if (unit === "month") return startOfMonth(year * 12 + month + offset);
  const day = ticks - (ticks % TICKS_PER_DAY);
  const start = unit === "week" ? day - BigInt(date.getUTCDay()) * TICKS_PER_DAY : day;
  return start + BigInt(offset) * (unit === "week" ? 7n : 1n) * TICKS_PER_DAY;
}

/** @param months counted from January of the year 0 */
function startOfMonth(months: number): bigint | null {
  const milliseconds = new Date(0).setUTCFullYear(0, months, 1);
  return Number.isNaN(milliseconds) ? null : ticksFromUnixMilliseconds(milliseconds);
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
        return start === null ? null : datetimeOf(isEnd ? start - 1n : start);
      };
    };
  return [
    [`startof${unit}`, scalar(`startof${unit}(date [, offset])`, bind(false))],
    [`endof${unit}`, scalar(`endof${unit}(date [, offset])`, bind(true))],
  ];
}

export const DATETIME: FunctionTable = {
  now: volatile("now([offset])", ({ evaluation, operands }) => {
    const offset = operands[0] ? asTimespan(operands[0]) : () => 0n;
    return (row) => {
      const difference = offset(row);
      return evaluation.now === null || difference === null ? null : datetimeOf(evaluation.now + difference);
    };
  }),
  ago: volatile("ago(timespan)", (call) => {
    const distance = asTimespan(operand(call, 0));
    return (row) => {
      const ticks = distance(row);
      return call.evaluation.now === null || ticks === null ? null : datetimeOf(call.evaluation.now - ticks);
    };
  }),
  ...Object.fromEntries((["day", "week", "month", "year"] as const).flatMap(periodFunctions)),
  datetime_add: scalar("datetime_add(part, amount, datetime)", (call) => {
    const unit = unitOf(call);
    const [amount, value] = [asLong(operand(call, 1)), asDatetime(operand(call, 2))];
    return (row) => {
      const [count, ticks] = [amount(row), value(row)];
      return count === null || ticks === null ? null : added(unit, ticks, count);
    };
  }),
  datetime_diff: scalar("datetime_diff(part, a, b)", (call) => {
    const unit = unitOf(call);
    const [left, right] = [asDatetime(operand(call, 1)), asDatetime(operand(call, 2))];
    return (row) => {
      const [a, b] = [left(row), right(row)];
      return a === null || b === null ? null : boundary(unit, a) - boundary(unit, b);
    };
  }),
  datetime_part: scalar("datetime_part(part, datetime)", (call) => {
    const name = toText(constantOf(call, 0), "string").toLowerCase();
    const read = PARTS[name];
    if (read === undefined) throw new CallProblem(`datetime_part: "${name}" is not a part of a datetime`);
    const value = asDatetime(operand(call, 1));
    return (row) => {
      const ticks = value(row);
      if (ticks === null) return null;
      const part = read(dateOf(ticks), ticks);
      return call.type === "long" ? BigInt(part) : part;
    };
  }),
  dayofmonth: partFunction("dayofmonth(date)", (date) => date.getUTCDate()),
  dayofyear: partFunction("dayofyear(date)", dayOfYear),
  hourofday: partFunction("hourofday(date)", (date) => date.getUTCHours()),
  monthofyear: partFunction("monthofyear(date)", (date) => date.getUTCMonth() + 1),
  getmonth: partFunction("getmonth(date)", (date) => date.getUTCMonth() + 1),
  getyear: partFunction("getyear(date)", (date) => date.getUTCFullYear()),
  week_of_year: partFunction("week_of_year(date)", isoWeek),
  dayofweek: scalar("dayofweek(date)", (call) => {
    const value = asDatetime(operand(call, 0));
    return (row) => {
      const ticks = value(row);
      return ticks === null ? null : BigInt(dateOf(ticks).getUTCDay()) * TICKS_PER_DAY;
    };
  }),
  make_datetime: scalar("make_datetime(year, month, day [, hour, minute [, second]])", (call) => {
    const parts = call.operands.map(asReal);
    return (row) => {
      const [year, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.map((part) => part(row) ?? Number.NaN);
      const fraction = second - Math.floor(second);
      const subTicks = Number.isNaN(fraction) ? 0n : BigInt(Math.round(fraction * 10_000_000));
      return ticksOfCalendar([year ?? Number.NaN, month, day], [hour, minute, Math.floor(second)], subTicks);
    };
  }),
  make_timespan: scalar("make_timespan([day,] hour, minute [, second])", (call) => {
    const parts = call.operands.map(asReal);
    return (row) => {
      const values = parts.map((part) => part(row));
      // A greater part is out of range in any unit, and its ticks may be infinite.
      if (!values.every((part) => part !== null && Math.abs(part) <= Number.MAX_SAFE_INTEGER)) return null;
      const [day, hour, minute, second] =
        values.length === 4 ? values : [0, ...values, ...(values.length === 2 ? [0] : [])];
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
    scalar("format_datetime(date, format)", (call) => {
      const [value, format] = [asDatetime(operand(call, 0)), asText(operand(call, 1))];
      return (row) => {
        const ticks = value(row);
        return ticks === null ? "" : formatDatetimeAs(ticks, format(row));
      };
    }),
  ),
  format_timespan: priced(
    { character: 100 },
    scalar("format_timespan(timespan, format)", (call) => {
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

/** One unit of the number is `ticks / units` ticks. A long keeps all digits; anything else is read as a real. */
function fromUnix(name: string, ticks: bigint, units = 1n): ScalarFunction {
  return scalar(`${name}(number)`, (call) => {
    const { compute, type } = operand(call, 0);
    return (row): Value => {
      const value = compute(row);
      const whole = type === "decimal" ? null : wholeOf(value);
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
  // A day that the month does not have becomes its last day.
  for (let day = date.getUTCDate(); day > 27; day -= 1) {
    const start = ticksOfCalendar([year, month, day]);
    if (start !== null) return start + (ticks % TICKS_PER_DAY);
  }
  const start = ticksOfCalendar([year, month, date.getUTCDate()]);
  return start === null ? null : start + (ticks % TICKS_PER_DAY);
}

/** Number of whole periods from 0001-01-01 to a datetime; weeks begin on Sunday. */
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

/** Date.UTC would read the years 0 to 99 as 1900 to 1999. */
function dayOfYear(date: Date): number {
  const newYear = new Date(date).setUTCMonth(0, 1);
  return Math.floor((date.getTime() - newYear) / 86_400_000) + 1;
}

/** ISO 8601: the first week is the one with the year's first Thursday. */
function isoWeek(date: Date): number {
  const thursday = new Date(date);
  thursday.setUTCDate(date.getUTCDate() + 4 - (date.getUTCDay() || 7));
  return Math.floor((dayOfYear(thursday) - 1) / 7) + 1;
}
