// Duration of lists over very many incidents: the API's own code over Azurite, with rows like incident-table.ts's.
import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import { TableClient } from "@azure/data-tables";
import { startAzurite } from "../local/azurite.ts";
import { chance } from "../local/samples/chance.ts";
import { incidentEntity } from "../src/azure/incidents/incident-entity.ts";
import { incidentPages } from "../src/azure/incidents/incident-pages.ts";
import { listedKeys } from "../src/azure/tables/row-keys.ts";
import { type Change, type TableRows, tableRows } from "../src/azure/tables/table-rows.ts";
import { readListRequest } from "../src/core/triage/incident-query.ts";
import type { IncidentRow } from "../src/core/incident/incident-row.ts";
import { type ListDependencies, listIncidents } from "../src/workflows/incidents/list-incidents.ts";
import { summarizeIncidents } from "../src/workflows/incidents/summarize-incidents.ts";
import { machine } from "./report.ts";

const { values } = parseArgs({ options: { incidents: { type: "string", default: "10000" } } });
const COUNT = Number(values.incidents);
if (!Number.isSafeInteger(COUNT) || COUNT < 1)
  throw new Error("npm run bench:lists [-- --incidents N], N a whole number");

const RULES = ["0ed0fe7c-af29-4990-af7f-bb5ccb231198", "7d2a1f0e-5c43-4b8e-9a61-0c2d4e6f8a10"];
const NOW = Date.parse("2026-11-23T12:00:00Z");
const TRANSACTION = 100;
const ROUNDS = 5;
const draw = chance("very many incidents");
const ROLES = ["Global Administrator", "User Administrator", "Exchange Administrator", "Reports Reader"];

/** One of many incidents over a year, most of low priority and closed. */
function listedRow(index: number): IncidentRow {
  const role = draw.pick(ROLES);
  const id = `${index.toString(16).padStart(8, "0")}${"0".repeat(56)}`;
  return {
    RuleId: RULES[index % RULES.length] ?? "",
    IncidentId: id,
    ActivityDateTime: new Date(NOW - Math.floor((index / COUNT) * 365 * 86_400_000)).toISOString(),
    Priority: draw.pick(["P1", "P2", "P3", "P3", "P4", "P4", "P4", "P4"]),
    Severity: "High",
    Effect: draw.pick(["weakens", "strengthens", "neutral", "unknown"]),
    Status: draw.pick(["New", "Closed", "Closed", "Closed", "Closed"]),
    Revision: 1,
    IncidentTitle: "Changes to PIM Settings",
    Assessment: `Approval switched off for ${role}; CISA MS.AAD.7.6`,
    RoleName: role,
    RoleScope: role,
    InitiatedBy: index === COUNT - 1 ? "needle@fabrikam.example" : `person${index % 500}@fabrikam.example`,
    Owner: "",
    ResultReason: "Setting changes in this session: Approval disabled.",
  };
}

async function fill(table: TableRows): Promise<void> {
  await table.make();
  for (const ruleId of RULES) {
    let changes: Change[] = [];
    const flush = async (): Promise<void> => {
      if (changes.length > 0) await table.commit(changes);
      changes = [];
    };
    for (let index = RULES.indexOf(ruleId); index < COUNT; index += RULES.length) {
      const row = listedRow(index);
      changes.push({ insert: incidentEntity(listedKeys(row), row, "listed") });
      if (changes.length === TRANSACTION) await flush();
    }
    await flush();
  }
}

async function timed(name: string, once: () => Promise<string>): Promise<void> {
  const took: number[] = [];
  let outcome = "";
  for (let round = 0; round < ROUNDS; round += 1) {
    const began = performance.now();
    outcome = await once();
    took.push(performance.now() - began);
  }
  const [fastest, median, slowest] = took.toSorted((a, b) => a - b).filter((_, at) => at % 2 === 0);
  const ms = (value = 0): string => `${Math.round(value)} ms`.padStart(8);
  console.log(`${name.padEnd(46)} ${ms(fastest)} ${ms(median)} ${ms(slowest)}   ${outcome}`);
}

const azurite = await startAzurite();
try {
  const client = TableClient.fromConnectionString(azurite.connectionString, `t${randomUUID().replaceAll("-", "")}`, {
    allowInsecureConnection: true,
  });
  const table = tableRows(client);
  const began = performance.now();
  await fill(table);
  const seconds = ((performance.now() - began) / 1_000).toFixed(0);
  console.log(`${machine()}\n${COUNT} incidents over a year in Azurite, written in ${seconds} s\n`);
  console.log(`${"".padEnd(46)}  fastest   median  slowest`);
  const deps: ListDependencies = {
    ruleIds: () => Promise.resolve(RULES),
    pages: incidentPages(table),
    now: () => new Date(),
  };
  const asked = (query: string) => {
    const request = readListRequest(new URLSearchParams(query));
    if ("problems" in request) throw new Error(request.problems.join());
    return request;
  };
  const page = (query: string) => async () => {
    const found = await listIncidents(asked(query), deps);
    if (found === "refused") throw new Error("refused");
    return `${found.rows.length} rows${found.continuation === undefined ? "" : ", and more"}`;
  };
  await timed("first page, newest first", page("limit=100"));
  await timed("first page, open, most urgent first", page("limit=100&status=New,Active&order=priority"));
  await timed("the same, of 30 days", page("limit=100&status=New,Active&order=priority&from=2026-10-24T12:00:00Z"));
  await timed("P1 of one role", page("limit=100&priority=P1&role=Global Administrator"));
  await timed("the oldest incident, by its actor", page("limit=100&actor=needle@fabrikam.example"));
  await timed("the oldest incident, by a word", page("limit=100&text=needle"));
  await timed("figures of 30 days", async () => {
    const { total, complete } = await summarizeIncidents(asked("from=2026-10-24T12:00:00Z").query, deps);
    return `${total} incidents${complete ? "" : ", and older ones"}`;
  });
  await timed("figures of all time", async () => {
    const { total, complete } = await summarizeIncidents(asked("").query, deps);
    return `${total} incidents${complete ? "" : ", and older ones"}`;
  });
} finally {
  await azurite.close();
}
