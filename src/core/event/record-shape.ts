import { parseExactJson } from "../../kql/run/exact-json.ts";
import type { Json } from "../../kql/run/values.ts";
import { type DiagnosticRecord, isRecord } from "./event-body.ts";

/** Why a record's own fields cannot be read as the AuditLogs table would show them. */
interface ShapeProblem {
  readonly reason: string;
  /** JSON text that ends too early: anything may have stood in the missing rest. */
  readonly isCut: boolean;
}

export interface ShapedRecord {
  /** Fields that were JSON text are the values that the text writes. */
  readonly record: DiagnosticRecord;
  readonly problem?: ShapeProblem;
}

/** The properties of an audit record that are arrays or objects. */
const INNER = ["initiatedBy", "targetResources", "additionalDetails"] as const;

/**
 * Reads the fields of an audit record that a relay or an archive wrote as JSON text: `properties` as a whole, or one of
 * the structured fields in it, or `modifiedProperties` of a target. The table shows values there, and so do rules.
 *
 * Total: what cannot be read stays as it is, and is named in `problem`. Text that does not begin as JSON does is the value.
 */
export function shapedRecord(record: DiagnosticRecord): ShapedRecord {
  const given = record["properties"];
  const { value: properties, problem } = valueOf(given, "properties");
  if (problem !== undefined) return { record, problem };
  if (!isRecord(properties)) return { record, problem: { reason: `"properties" is ${kindOf(given)}`, isCut: false } };
  const changes: Record<string, Json> = {};
  let firstProblem: ShapeProblem | undefined;
  for (const name of INNER) {
    const inner = innerValue(properties, name);
    firstProblem ??= inner.problem;
    if (inner.value !== properties[name]) changes[name] = inner.value ?? null;
  }
  const isAsGiven = properties === given && Object.keys(changes).length === 0;
  return {
    record: isAsGiven ? record : { ...record, properties: { ...properties, ...changes } },
    ...(firstProblem && { problem: firstProblem }),
  };
}

interface ReadValue {
  readonly value: Json | undefined;
  readonly problem?: ShapeProblem | undefined;
}

function innerValue(properties: DiagnosticRecord, name: (typeof INNER)[number]): ReadValue {
  const read = valueOf(properties[name], name);
  if (name !== "targetResources" || !Array.isArray(read.value)) return read;
  const targets: readonly Json[] = read.value;
  if (!targets.some((target) => isRecord(target) && typeof target["modifiedProperties"] === "string")) return read;
  let problem: ShapeProblem | undefined;
  const value = targets.map((target) => {
    if (!isRecord(target)) return target;
    const modified = valueOf(target["modifiedProperties"], "modifiedProperties");
    problem ??= modified.problem;
    return modified.value === undefined ? target : { ...target, modifiedProperties: modified.value };
  });
  return { value, problem };
}

/** The value that a field holds, or that its JSON text writes. */
function valueOf(field: Json | undefined, name: string): ReadValue {
  if (typeof field !== "string" || !/^\s*[[{]/.test(field)) return { value: field };
  try {
    return { value: parseExactJson(field) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { value: field, problem: { reason: `"${name}" is JSON text that is cut off or damaged`, isCut: true } };
  }
}

function kindOf(value: Json | undefined): string {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "string" ? "text that is not a JSON object" : `a ${typeof value}`;
}
