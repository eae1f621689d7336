import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isRecord, type DiagnosticRecord } from "../../src/core/event/event-body.ts";
import { parseExactJson } from "../../src/kql/run/exact-json.ts";
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
