import { type DiagnosticRecord, isRecord } from "../core/event/event-body.ts";
import { UsageError } from "../errors.ts";
import type { Json } from "../kql/run/values.ts";

/** A copy of a record with values set and removed at paths such as `properties.targetResources[0].id`. */
export function changedRecord(
  record: DiagnosticRecord,
  set: Readonly<Record<string, Json>>,
  remove: readonly string[],
): DiagnosticRecord {
  let changed: Json = record;
  for (const [path, value] of Object.entries(set)) changed = withValue(changed, steps(path), { value }, path);
  for (const path of remove) changed = withValue(changed, steps(path), undefined, path);
  return isRecord(changed) ? changed : record;
}

type Step = string | number;

function steps(path: string): Step[] {
  const found = [...path.matchAll(/\[(\d+)\]|([^.[\]]+)/g)];
  return found.map(([, index, key]) => (index === undefined ? (key ?? "") : Number(index)));
}

function withValue(json: Json, path: readonly Step[], leaf: { value: Json } | undefined, whole: string): Json {
  const [step, ...rest] = path;
  if (step === undefined) return leaf?.value ?? null;
  const isLast = rest.length === 0;
  if (typeof step === "number") {
    if (!Array.isArray(json)) throw new UsageError(`${whole}: the sample has no list there`);
    const items: Json[] = [...json];
    if (step > items.length || (step === items.length && leaf === undefined))
      throw new UsageError(`${whole}: the list has ${items.length} elements`);
    if (isLast && leaf === undefined) return items.filter((_, at) => at !== step);
    items[step] = withValue(items[step] ?? emptyFor(rest[0]), rest, leaf, whole);
    return items;
  }
  if (!isRecord(json)) throw new UsageError(`${whole}: the sample has no object there`);
  const members: Record<string, Json> = { ...json };
  if (!isLast) members[step] = withValue(members[step] ?? emptyFor(rest[0]), rest, leaf, whole);
  else if (leaf) members[step] = leaf.value;
  else if (Object.hasOwn(members, step)) delete members[step];
  else throw new UsageError(`${whole}: the sample has no such member`);
  return members;
}

/** The value that the next step of a path needs. */
function emptyFor(step: Step | undefined): Json {
  return typeof step === "number" ? [] : {};
}
