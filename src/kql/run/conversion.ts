import { decimalOfWhole, formatDecimal, parseDecimal, wholeOfDecimal } from "./decimal.ts";
import { textOfDynamic } from "./dynamic-text.ts";
import { wholeJson } from "./exact-json.ts";
import { formatDatetime, formatTimespan, parseDatetime, parseTimespan } from "./time.ts";
import type { Json, ScalarType, Value } from "./values.ts";

/** The result of tostring() for a value of a type; "" for null. */
export function toText(value: Value, type: ScalarType): string {
  if (typeof value === "string") return value;
  if (typeof value === "bigint") {
    if (type === "datetime") return formatDatetime(value);
    if (type === "decimal") return formatDecimal(value);
    return type === "timespan" ? formatTimespan(value) : String(value);
  }
  return typeof value === "number" && type === "real" ? realText(value) : textOfDynamic(value);
}

/** Kusto writes reals so that they differ from whole numbers: `1.0`. */
function realText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e15 || size < 1e-5)) {
    const [mantissa = "", exponent = "0"] = value.toExponential().split("e");
    const digits = exponent.replace(/^[+-]/, "").padStart(2, "0");
    return `${mantissa}E${exponent.startsWith("-") ? "-" : "+"}${digits}`;
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** A value as `dynamic`: anything that JSON cannot express becomes text. */
export function toDynamic(value: Value, type: ScalarType): Json {
  if (type === "datetime" || type === "timespan" || type === "decimal")
    return value === null ? null : toText(value, type);
  if (type === "real" && typeof value === "number" && !Number.isFinite(value)) return realText(value);
  return typeof value === "bigint" ? wholeJson(value) : value;
}

const WHOLE = /^[+-]?\d{1,19}$/;
const HEX = /^0x[0-9a-f]{1,16}$/i;
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?$/i;
const LONG_MAXIMUM = 9_223_372_036_854_775_807n;
const INT_MAXIMUM = 2_147_483_647;

function inLongRange(value: bigint): bigint | null {
  return value <= LONG_MAXIMUM && value >= -LONG_MAXIMUM - 1n ? value : null;
}

export function wrapLong(value: bigint): bigint {
  return BigInt.asIntN(64, value);
}

/** The value with the opposite sign. The least long stays itself, as in 64-bit arithmetic. */
export function negated(value: bigint, type: ScalarType): bigint {
  return type === "long" ? wrapLong(-value) : -value;
}

export function toLong(value: Value, type: ScalarType): bigint | null {
  if (typeof value === "bigint") return inLongRange(type === "decimal" ? wholeOfDecimal(value) : value);
  if (typeof value === "number") return Number.isFinite(value) ? inLongRange(BigInt(Math.trunc(value))) : null;
  if (typeof value === "boolean") return value ? 1n : 0n;
  return typeof value === "string" && type !== "guid" ? longOfText(value) : null;
}

function longOfText(source: string): bigint | null {
  const trimmed = source.trim();
  if (WHOLE.test(trimmed)) return inLongRange(BigInt(trimmed.replace(/^\+/, "")));
  if (HEX.test(trimmed)) return wrapLong(BigInt(trimmed));
  return null;
}

/** A number as a long; null for any other value, and for a number that may have been rounded. */
export function wholeOf(value: Value): bigint | null {
  if (typeof value === "bigint") return inLongRange(value);
  return typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : null;
}

function toInt(value: Value, type: ScalarType): number | null {
  const long = toLong(value, type);
  if (long === null || long > BigInt(INT_MAXIMUM) || long < BigInt(-INT_MAXIMUM - 1)) return null;
  return Number(long);
}

export function toReal(value: Value, type: ScalarType): number | null {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(type === "decimal" ? formatDecimal(value) : value);
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "string" && type !== "guid" ? realOfText(value) : null;
}

const SPECIAL_REALS = new Map([
  ["nan", Number.NaN],
  ["inf", Number.POSITIVE_INFINITY],
  ["+inf", Number.POSITIVE_INFINITY],
  ["infinity", Number.POSITIVE_INFINITY],
  ["-inf", Number.NEGATIVE_INFINITY],
  ["-infinity", Number.NEGATIVE_INFINITY],
]);

function realOfText(source: string): number | null {
  const trimmed = source.trim();
  if (DECIMAL.test(trimmed)) return Number(trimmed);
  if (HEX.test(trimmed)) return Number(BigInt(trimmed));
  return SPECIAL_REALS.get(trimmed.toLowerCase()) ?? null;
}

/** A real becomes the shortest decimal that stands for it, so that `todecimal(0.1)` is 0.1. */
export function toDecimal(value: Value, type: ScalarType): bigint | null {
  if (typeof value === "bigint") {
    if (type === "decimal") return value;
    return type === "datetime" || type === "timespan" ? null : decimalOfWhole(value);
  }
  if (typeof value === "boolean") return decimalOfWhole(value ? 1n : 0n);
  return typeof value === "number" || (typeof value === "string" && type !== "guid")
    ? parseDecimal(String(value).trim())
    : null;
}

export function toBool(value: Value): boolean | null {
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return value !== 0;
  if (typeof value === "bigint") return value !== 0n;
  return typeof value === "string" ? boolOfText(value.trim().toLowerCase()) : null;
}

function boolOfText(source: string): boolean | null {
  if (source === "true") return true;
  if (source === "false") return false;
  const number = longOfText(source);
  return number === null ? null : number !== 0n;
}

export function toDatetime(value: Value, type: ScalarType): bigint | null {
  if (typeof value === "bigint") return type === "datetime" ? value : null;
  return typeof value === "string" && type !== "guid" ? parseDatetime(value) : null;
}

export function toTimespan(value: Value, type: ScalarType): bigint | null {
  if (typeof value === "bigint") return type === "timespan" ? value : null;
  return typeof value === "string" && type !== "guid" ? parseTimespan(value) : null;
}

const GUID = /^\{?\(?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\)?\}?$/i;

export function toGuid(value: Value): string | null {
  if (typeof value !== "string") return null;
  const parts = GUID.exec(value.trim());
  return parts ? parts.slice(1, 6).join("-").toLowerCase() : null;
}

const CONVERSIONS: Readonly<Record<ScalarType, (value: Value, from: ScalarType) => Value>> = {
  string: toText,
  bool: toBool,
  int: toInt,
  long: toLong,
  real: toReal,
  decimal: toDecimal,
  datetime: toDatetime,
  timespan: toTimespan,
  guid: toGuid,
  dynamic: toDynamic,
};

/** Converts a value to a type; null ("" for string) if that is impossible. */
export function convert(value: Value, from: ScalarType, to: ScalarType): Value {
  return from === to ? value : CONVERSIONS[to](value, from);
}

const NUMBER = ["number", "bigint"];
const TEXT = ["string"];

/** The JavaScript types from which a JSON value can be cast; types without an entry accept all. */
const CAST_FROM: Partial<Record<ScalarType, readonly string[]>> = {
  bool: ["boolean"],
  int: NUMBER,
  long: NUMBER,
  real: NUMBER,
  decimal: [...NUMBER, ...TEXT],
  datetime: TEXT,
  timespan: TEXT,
  guid: TEXT,
};

/**
 * A dynamic element under `to typeof(T)`, which only casts: an element of another kind becomes null. Only dates, timespans
 * and guids are parsed, since JSON has no form for them but text.
 */
export function castElement(element: Json, to: ScalarType): Value {
  const wanted = CAST_FROM[to];
  return wanted === undefined || wanted.includes(typeof element) ? convert(element, "dynamic", to) : null;
}
