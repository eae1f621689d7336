import { isRecord } from "../../core/event/event-body.ts";
import { valueText } from "../../core/value-text.ts";
import type { TypedValue } from "../tables/table-limits.ts";
import type { Row, RowKeys } from "../tables/table-rows.ts";

/**
 * A row of a table as one line of JSON, from which the same row can be made again. Text, booleans and Int32 are plain JSON.
 * A value of another type is an object that names the type: `{"Int64":"5"}`, `{"Double":"1.0"}`, `{"DateTime":"…"}`,
 * `{"Guid":"…"}` or `{"Binary":"<base64>"}`. `Timestamp` is left out, because the service sets it anew.
 */
export type ExactRow = { readonly PartitionKey: string; readonly RowKey: string } & Readonly<
  Record<string, ExactValue>
>;

type ExactValue = string | number | boolean | Readonly<Record<string, string>>;

const TYPED = ["Int64", "Double", "DateTime", "Guid", "Binary"] as const;
/** A JSON string, or a number. */
const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;

/** The rows of a page as the service wrote it. */
export function exactRows(json: string): ExactRow[] {
  // JSON.parse would make the Double 1.0 and the Int32 1 the same number.
  const marked = json.replaceAll(STRING_OR_NUMBER, (token) =>
    token.startsWith('"') || !/[.eE]/.test(token) ? token : `{"Double":"${token}"}`,
  );
  const { value = [] }: { readonly value?: readonly Readonly<Record<string, unknown>>[] } = JSON.parse(marked);
  return value.map(exactRow);
}

function exactRow(entity: Readonly<Record<string, unknown>>): ExactRow {
  const row: Record<string, ExactValue> = {};
  for (const [name, value] of Object.entries(entity)) {
    if (name === "Timestamp" || name.includes("odata.")) continue;
    row[name] = exactValue(value, entity[`${name}@odata.type`]);
  }
  const { PartitionKey, RowKey } = row;
  return { ...row, PartitionKey: valueText(PartitionKey), RowKey: valueText(RowKey) };
}

/** @param type as the service names it; it leaves out those that JSON has */
function exactValue(value: unknown, type: unknown): ExactValue {
  const named = TYPED.find((one) => type === `Edm.${one}`);
  if (named !== undefined && typeof value === "string") return { [named]: value };
  if (isRecord(value)) return { Double: valueText(value["Double"]) };
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  throw new TypeError(`a property of type ${String(type)} holds a ${typeof value}`);
}

/** The row as it is written to a table. */
export function writableRow({ PartitionKey, RowKey, ...properties }: ExactRow): Row {
  const written = Object.entries(properties).map(([name, value]) => [name, writableValue(value)] as const);
  return { ...Object.fromEntries(written), partitionKey: PartitionKey, rowKey: RowKey };
}

function writableValue(value: ExactValue): unknown {
  if (typeof value !== "object") return value;
  const { Int64, Double, DateTime, Guid, Binary } = value;
  if (Int64 !== undefined) return BigInt(Int64);
  if (Binary !== undefined) return new Uint8Array(Buffer.from(Binary, "base64"));
  if (DateTime !== undefined) return { value: DateTime, type: "DateTime" } satisfies TypedValue;
  if (Guid !== undefined) return { value: Guid, type: "Guid" } satisfies TypedValue;
  const number = Number(Double);
  // NaN and the infinities are text in JSON.
  return { value: Number.isFinite(number) ? number : String(Double), type: "Double" } satisfies TypedValue;
}

export function keysOf({ PartitionKey, RowKey }: ExactRow): RowKeys {
  return { partitionKey: PartitionKey, rowKey: RowKey };
}

/** Names of the properties in which two rows differ. */
export function differences(one: ExactRow, other: ExactRow): string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].filter((name) => !isSame(one[name], other[name])).toSorted();
}

function isSame(one: ExactValue | undefined, other: ExactValue | undefined): boolean {
  if (typeof one !== "object" || typeof other !== "object") return one === other;
  const [[type, value] = []] = Object.entries(one);
  const [[otherType, otherValue] = []] = Object.entries(other);
  if (type !== otherType) return false;
  return value === otherValue || (type === "Double" && Number(value) === Number(otherValue));
}
