// What rules over several events cost: a record that is kept, and the evaluation of a window by its number of records.
import { chance } from "../local/samples/chance.ts";
import { TENANT_ID } from "../local/samples/tenant.ts";
import { arrivals } from "../simulation/schedule/month.ts";
import { memoryTable } from "../simulation/services/memory-table.ts";
import { tableRows } from "../src/azure/tables/table-rows.ts";
import { keptTable } from "../src/azure/windows/kept-table.ts";
import { readyRule, type ReadyRule } from "../src/core/incident/ready-rule.ts";
import { hasWindow } from "../src/core/incident/rule.ts";
import { planHash } from "../src/core/ledger/evaluations.ts";
import { ticksFromUnixMilliseconds } from "../src/kql/run/time.ts";
import { compileAllRules } from "../src/sentinel/compile-rules.ts";
import { detectBatch } from "../src/workflows/detection/detect-batch.ts";
import { table, valueLine } from "./report.ts";

const EPISODES_A_DAY = 21;
/** These rules keep each record of it. */
const OPERATION = "Update role setting in PIM";

/** Keeps records in a table in memory, so that only the app's own work counts, and evaluates rules over them. */
export async function benchWindows(sizes: readonly number[]): Promise<readonly string[]> {
  const { rules } = await compileAllRules("simulation/schedule/rules");
  // Those that group: any other finds so many rows in so long a window that it is stopped at the limit of results.
  const grouping = rules
    .filter(hasWindow)
    .filter(({ window }) => window.plan.steps.some(({ step }) => step === "summarize"));
  const ready = grouping.map(readyRule);
  const lines: string[] = [];
  const head = ["kept records", ...ready.map(({ rule }) => `${rule.name}, ms`)];
  const rows: string[][] = [];
  for (const size of sizes) {
    const { kept, perRecord } = await keptRecords(ready, size);
    const cells: string[] = [];
    for (const rule of ready) cells.push((await evaluationMs(rule, kept)).toFixed(1));
    rows.push([size.toLocaleString("en-US"), ...cells]);
    lines.push(valueLine(`a kept record of ${size.toLocaleString("en-US")}`, perRecord * 1e6, "µs"));
  }
  return ["one evaluation, with reading its records from a table in memory", table([head, ...rows]), ...lines, ""];
}

/** Delivers so many records, all of which some rule keeps. @returns the seconds for each */
async function keptRecords(rules: readonly ReadyRule[], size: number) {
  const records = arrivals(chance("bench"), Math.ceil(size / EPISODES_A_DAY) + 1, TENANT_ID).slice(0, size);
  const bodies = records.map(({ record }) =>
    Buffer.from(JSON.stringify({ records: [{ ...record, operationName: OPERATION }] })),
  );
  const { client } = memoryTable();
  const kept = keptTable(tableRows(client));
  await kept.create();
  const deps = {
    rules,
    allowedTenantIds: new Set([TENANT_ID]),
    incidents: { addAll: () => Promise.resolve([]) },
    kept,
    deadLetters: { add: ({ reason }: { readonly reason: string }) => Promise.reject(new Error(reason)) },
    now: () => new Date(records.at(-1)?.at ?? 0),
  };
  const position = { partitionId: "0", sequenceNumber: 0, enqueuedTime: deps.now().toISOString() };
  const began = performance.now();
  const { figures } = await detectBatch(
    bodies.map((body) => ({ body, position })),
    deps,
  );
  if (figures.kept < size * rules.length * 0.9) throw new Error(`only ${figures.kept} records were kept`);
  return { kept, perRecord: (performance.now() - began) / 1_000 / figures.kept };
}

/** Evaluates all kept records, also those outside the rule's period: only their number is measured. */
async function evaluationMs({ rule, window }: ReadyRule, kept: ReturnType<typeof keptTable>): Promise<number> {
  const end = ticksFromUnixMilliseconds(Date.UTC(2100, 0));
  const began = performance.now();
  const records = await kept.read(
    { ruleId: rule.id, tenant: TENANT_ID, plan: planHash(rule) },
    { after: 0n, through: end },
  );
  const latest = records.at(-1)?.time ?? end;
  window?.evaluate(latest, () => records.map(({ row }) => row));
  return performance.now() - began;
}
