import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isRecord, type DiagnosticRecord } from "../../src/core/event/event-body.ts";
import { parseExactJson } from "../../src/kql/run/exact-json.ts";
import { suggestion } from "../../src/kql/compile/nearest-name.ts";
import { SAMPLES_FOLDER, type RuleFiles } from "../../src/sentinel/rule-files.ts";
import { UsageError } from "../../src/errors.ts";
import { SHIPPED_RULES } from "../own-files.ts";

const SHIPPED_SAMPLES = join(SHIPPED_RULES, SAMPLES_FOLDER);

/** Reads audit records by name, each once: from the `samples` folder beside the rule's folder, else from pimwatch's own. */
export function ruleSamples() {
  const read = new Map<string, DiagnosticRecord>();
  return {
    /** @throws {UsageError} when no sample has that name, or it is not a JSON object */
    async named(name: string, { rule }: Pick<RuleFiles, "rule">): Promise<DiagnosticRecord> {
      const folders = [join(dirname(dirname(rule.name)), SAMPLES_FOLDER), SHIPPED_SAMPLES];
      const files = folders.map((folder) => join(folder, `${name}.json`));
      const file = files.find((candidate) => existsSync(candidate));
      if (file === undefined) {
        const names = (await Promise.all(folders.map(samplesIn))).flat();
        throw new UsageError(`there is no sample "${name}" (${files[0]})${suggestion(name, names)}`);
      }
      const known = read.get(file);
      if (known) return known;
      const record = await readSample(file);
      read.set(file, record);
      return record;
    },
  };
}

export type RuleSamples = ReturnType<typeof ruleSamples>;

async function samplesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder).catch(() => []); // a folder of rules need not have samples
  return entries.filter((entry) => entry.endsWith(".json")).map((entry) => entry.slice(0, -".json".length));
}

async function readSample(file: string): Promise<DiagnosticRecord> {
  try {
    const value = parseExactJson(await readFile(file, "utf8"));
    if (isRecord(value)) return value;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new UsageError(`${file}: not JSON: ${cause.message}`, { cause });
  }
  throw new UsageError(`${file}: a sample must be one audit record, as a JSON object`);
}
