import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { backtest } from "../../cli/backtest/backtest-run.ts";
import { readEventBlocks } from "../../cli/event-files/event-files.ts";
import { textOf } from "../../cli/incidents/incident-text.ts";
import type { ReadyRule } from "../../src/core/incident/ready-rule.ts";
import type { LiteralScan } from "../../src/core/scan/literal-scan.ts";
import { ruleScan } from "../../src/core/scan/rule-scan.ts";
import { assertSame } from "./detection.ts";
import { ratioLine, table, valueLine } from "../report.ts";
import { alternate } from "./rounds.ts";
import type { Shape } from "./shapes.ts";

const NEWLINE = 0x0a;
const run = promisify(execFile);

const OURS = "pimwatch backtest";

/**
 * Backtests an archive with one event body per line, cached in memory by the system: the whole command from file to
 * incidents, against jq and DuckDB, each with one thread (Node.js reads ahead with another). The time is that of the
 * work alone if known (the command, DuckDB), otherwise of the process (jq).
 */
export async function benchOffline(
  shape: Shape,
  { rule, rounds }: { rule: ReadyRule; rounds: number },
): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), "pimwatch-bench-"));
  const file = join(folder, "events.ndjson");
  try {
    await writeFile(file, Buffer.concat(shape.bodies.flatMap((body) => [body, Uint8Array.of(NEWLINE)])));
    const { scan, summary } = ruleScan([rule.rule]);
    if (scan === undefined) throw new Error(summary);
    const duckdb = await openDuckDb(file);
    const methods = new Map<string, () => Promise<readonly string[]>>([
      [OURS, () => backtested(file, rule, scan)],
      [`${OURS} --no-scan`, () => backtested(file, rule, undefined)],
      ["jq", () => jq(file)],
      ...(duckdb ? [["DuckDB", duckdb] as const] : []),
    ]);
    for (const [name, find] of methods) assertSame(name, await find(), shape);
    const timings = await alternate(methods, [undefined], rounds);
    const ours = timings.get(OURS)?.minimum ?? Number.NaN;
    const rows = [...timings].map(([name, { minimum, median }]) => [
      name,
      (shape.bytes / 1e9 / minimum).toFixed(3),
      (shape.bytes / 1e9 / median).toFixed(3),
      (minimum / ours).toFixed(1),
    ]);
    return [
      `backtest of an NDJSON archive, ${(shape.bytes / 1e6).toFixed(0)} MB`,
      table([["method", "GB/s, best round", "GB/s, median", "times the time of the first"], ...rows]),
      ...[...timings].slice(2).map(([name, { minimum }]) => ratioLine(`backtest against ${name}`, minimum / ours)),
      valueLine("backtest rate", shape.bytes / 1e9 / ours, "GB/s"),
      ...(duckdb ? [] : ["DuckDB is not installed: npm ci --prefix bench"]),
      "",
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Like the command, but without output. */
async function backtested(file: string, rule: ReadyRule, scan: LiteralScan | undefined): Promise<readonly string[]> {
  const ids: string[] = [];
  await backtest(
    readEventBlocks([file], () => undefined),
    { rules: [rule], scan },
    {
      found({ incident: { row } }) {
        ids.push(textOf(row, "AuditLogId"));
        return "added";
      },
      unreadable(where, reason) {
        throw new Error(`${where}: ${reason}`);
      },
      progress: () => false,
    },
  );
  return ids;
}

const FILTER = `.records[] | select((.category | ascii_downcase) as $c | $c == "auditlogs" or $c == "audit")
  | select((.properties.category // "" | tostring | ascii_downcase) == "rolemanagement")
  | select((.operationName // "" | tostring | ascii_downcase) == "update role setting in pim") | .properties.id`;

async function jq(file: string): Promise<readonly string[]> {
  const { stdout } = await run("jq", ["-r", FILTER, file], { maxBuffer: 64 * 1024 * 1024 });
  return stdout.split("\n").filter((line) => line !== "");
}

/** Reads only the rule's fields, as separate columns: DuckDB's fastest way. One thread keeps the order. */
const QUERY = `
  select record.properties.id as id
  from (select unnest(records) as record
        from read_json(?, format = 'newline_delimited', maximum_object_size = 67108864, columns = {records:
          'STRUCT(category VARCHAR, "operationName" VARCHAR, properties STRUCT(id VARCHAR, category VARCHAR))[]'}))
  where lower(record.category) in ('auditlogs', 'audit')
    and lower(record.properties.category) = 'rolemanagement'
    and lower(record."operationName") = 'update role setting in pim'`;

/** DuckDB with one thread; undefined if it is not installed, since only bench/ depends on it. */
async function openDuckDb(file: string): Promise<(() => Promise<readonly string[]>) | undefined> {
  const name = "@duckdb/node-api";
  let api: DuckDb;
  try {
    api = await import(name);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
  const instance = await api.DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  return async () => {
    const reader = await connection.runAndReadAll(QUERY, [file]);
    return reader.getRows().map(([id]) => String(id));
  };
}

/** The parts of `@duckdb/node-api` used here. */
interface DuckDb {
  readonly DuckDBInstance: {
    create(
      path: string,
      options: Readonly<Record<string, string>>,
    ): Promise<{
      connect(): Promise<{
        runAndReadAll(sql: string, values: readonly string[]): Promise<{ getRows(): readonly (readonly unknown[])[] }>;
      }>;
    }>;
  };
}
