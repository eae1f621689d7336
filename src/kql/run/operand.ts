import { convert, toBool, toDatetime, toDynamic, toLong, toReal, toText, toTimespan } from "./conversion.ts";
import { isArray, isBag } from "./dynamic-text.ts";
import type { Compute, Operand } from "./evaluation.ts";
import type { Json, Row, ScalarType } from "./values.ts";

/*
 * Readers of an operand as one type. They convert a value of another type, as Kusto does with a dynamic value that is passed
 * to a string function. None of them throws.
 */

export type Read<Type> = (row: Row) => Type;

export function asText({ compute, type }: Operand): Read<string> {
  return (row) => {
    const value = compute(row);
    return typeof value === "string" ? value : toText(value, type);
  };
}

export function asLong({ compute, type }: Operand): Read<bigint | null> {
  const isWhole = type !== "dynamic" && type !== "decimal";
  return (row) => {
    const value = compute(row);
    return typeof value === "bigint" && isWhole ? value : toLong(value, type);
  };
}

export function asReal({ compute, type }: Operand): Read<number | null> {
  return (row) => {
    const value = compute(row);
    return typeof value === "number" ? value : toReal(value, type);
  };
}

export function asBool({ compute }: Operand): Read<boolean | null> {
  return (row) => {
    const value = compute(row);
    return typeof value === "boolean" ? value : toBool(value);
  };
}

export function asDatetime({ compute, type }: Operand): Read<bigint | null> {
  return (row) => toDatetime(compute(row), type);
}

export function asTimespan({ compute, type }: Operand): Read<bigint | null> {
  return (row) => toTimespan(compute(row), type);
}

export function asDynamic({ compute, type }: Operand): Read<Json> {
  return (row) => toDynamic(compute(row), type);
}

/** An array, or null for anything else. */
export function asArray(operand: Operand): Read<readonly Json[] | null> {
  const read = asDynamic(operand);
  return (row) => {
    const value = read(row);
    return isArray(value) ? value : null;
  };
}

/** A property bag, or null for anything else. */
export function asBag(operand: Operand): Read<Readonly<Record<string, Json>> | null> {
  const read = asDynamic(operand);
  return (row) => {
    const value = read(row);
    return isBag(value) ? value : null;
  };
}

/** An operand converted to a type, as `iff` does with branches of different types. */
export function asType({ compute, type: from }: Operand, type: ScalarType): Compute {
  return from === type ? compute : (row) => convert(compute(row), from, type);
}
