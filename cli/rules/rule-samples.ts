import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isRecord, type DiagnosticRecord } from "../../src/core/event/event-body.ts";
import { parseExactJson } from "../../src/kql/run/exact-json.ts";
import type { Json } from "../../src/kql/run/values.ts";
import { suggestion } from "../../src/kql/compile/nearest-name.ts";
import { SAMPLES_FOLDER, type RuleFiles } from "../../src/sentinel/rule-files.ts";
import { UsageError } from "../../src/errors.ts";

/** Reads audit records by name from the `samples` folder beside the rule's folder, each once. */
export function ruleSamples() {
  const read = new Map<string, DiagnosticRecord>();
  return {
    /** @throws {UsageError} when no sample has that name, or it is not a JSON object */
    async named(name: string, { rule }: Pick<RuleFiles, "rule">): Promise<DiagnosticRecord> {
      const folder = join(dirname(dirname(rule.name)), SAMPLES_FOLDER);
      const file = join(folder, `${name}.json`);
      const known = read.get(file);
      if (known) return known;
      const record = await readSample(file, name, folder);
      read.set(file, record);
      return record;
    },
  };
}

export type RuleSamples = ReturnType<typeof ruleSamples>;

async function readSample(file: string, name: string, folder: string): Promise<DiagnosticRecord> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const entries = await readdir(folder).catch(() => []);
    const names = entries.filter((entry) => entry.endsWith(".json")).map((entry) => entry.slice(0, -".json".length));
    throw new UsageError(`there is no sample "${name}" (${file})${suggestion(name, names)}`, { cause: error });
  }
  try {
    const value = parseExactJson(text);
    if (isRecord(value)) return value;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new UsageError(`${file}: not JSON: ${cause.message}`, { cause });
  }
  throw new UsageError(`${file}: a sample must be one audit record, as a JSON object`);
}

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
    items[step] = withValue(items[step] ?? {}, rest, leaf, whole);
    return items;
  }
  if (!isRecord(json)) throw new UsageError(`${whole}: the sample has no object there`);
  const members: Record<string, Json> = { ...json };
  if (!isLast) members[step] = withValue(members[step] ?? {}, rest, leaf, whole);
  else if (leaf) members[step] = leaf.value;
  else if (Object.hasOwn(members, step)) delete members[step];
  else throw new UsageError(`${whole}: the sample has no such member`);
  return members;
}
