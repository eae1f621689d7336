/*
 * Kusto's `decimal`: held as a whole number of 10^-68, rounded to 34 significant digits, as IEEE 754 prescribes for 128 bits.
 * So equality, order and sums are those of whole numbers. Not exact: a number below 10^-34 keeps fewer digits, and one of
 * 10^68 or more is null.
 *
 * https://learn.microsoft.com/kusto/query/scalar-data-types/decimal
 */

const PLACES = 68;
const ONE = 10n ** BigInt(PLACES);
const LIMIT = ONE * ONE;
const SIGNIFICANT = 34;

/** Rounds to 34 digits, a half to the even neighbour; null if the number is too large. */
function rounded(units: bigint, isCut = false): bigint | null {
  if (units >= LIMIT || units <= -LIMIT) return null;
  const surplus = String(units < 0n ? -units : units).length - SIGNIFICANT;
  return surplus <= 0 ? units : roundedToStep(units, 10n ** BigInt(surplus), isCut);
}

/** @param isHalfUp whether a half goes away from zero: also if something was cut off behind it, so that it is more than a half */
function roundedToStep(units: bigint, step: bigint, isHalfUp: boolean): bigint {
  const size = units < 0n ? -units : units;
  const [whole, rest] = [size / step, size % step];
  const isUp = rest * 2n > step || (rest * 2n === step && (isHalfUp || whole % 2n === 1n));
  const result = (isUp ? whole + 1n : whole) * step;
  return units < 0n ? -result : result;
}

function quotient(dividend: bigint, divisor: bigint): bigint | null {
  return rounded(dividend / divisor, dividend % divisor !== 0n);
}

/** The sum; null if it is too large. */
export function addDecimals(a: bigint, b: bigint): bigint | null {
  return rounded(a + b);
}

type DecimalOperation = (a: bigint, b: bigint) => bigint | null;

/** By the operator's name. Dividing by zero is null; a remainder has the sign of the dividend, as with reals. */
export const DECIMAL_OPERATIONS: Readonly<Record<string, DecimalOperation>> = {
  "+": addDecimals,
  "-": (a, b) => rounded(a - b),
  "*": (a, b) => quotient(a * b, ONE),
  "/": (a, b) => (b === 0n ? null : quotient(a * ONE, b)),
  "%": (a, b) => (b === 0n ? null : a % b),
};

export function decimalAverage(sum: bigint, count: number): bigint | null {
  return quotient(sum, BigInt(count));
}

export function decimalOfWhole(value: bigint): bigint | null {
  return value >= ONE || value <= -ONE ? null : rounded(value * ONE);
}

/** The least decimal without fraction that is not below this one. */
export function decimalCeiling(units: bigint): bigint {
  const rest = units % ONE;
  return rest > 0n ? units - rest + ONE : units - rest;
}

/** Rounds to this many digits behind the point, before it if negative; a half goes away from zero, as with reals. */
export function decimalRounded(units: bigint, digits: number): bigint {
  if (digits >= PLACES) return units;
  return digits < -PLACES ? 0n : roundedToStep(units, 10n ** BigInt(PLACES - digits), true);
}

/** The part before the point. */
export function wholeOfDecimal(units: bigint): bigint {
  return units / ONE;
}

export function formatDecimal(units: bigint): string {
  const size = units < 0n ? -units : units;
  const fraction = String(size % ONE)
    .padStart(PLACES, "0")
    .replace(/0+$/, "");
  return `${units < 0n ? "-" : ""}${size / ONE}${fraction === "" ? "" : `.${fraction}`}`;
}

const DECIMAL = /^([+-])?(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:e([+-]?\d{1,4}))?$/i;
/** Longer texts are not decimals of this range. */
const MAXIMUM_LENGTH = 200;

/** Reads digits with a point and an exponent; null for anything else. */
export function parseDecimal(text: string): bigint | null {
  const found = text.length <= MAXIMUM_LENGTH ? DECIMAL.exec(text) : null;
  if (found === null) return null;
  const [, sign, whole = "", behind, only, exponent = "0"] = found;
  const fraction = behind ?? only ?? "";
  const places = Number(exponent) + PLACES - fraction.length;
  const digits = BigInt(whole + fraction);
  if (places > 2 * PLACES && digits !== 0n) return null;
  const power = 10n ** BigInt(Math.min(Math.abs(places), MAXIMUM_LENGTH + 2 * PLACES));
  const units = places >= 0 ? rounded(digits * power) : quotient(digits, power);
  return units === null || sign !== "-" ? units : -units;
}
