import { afterAll, beforeAll, expect, test } from "vitest";
import { type Azurite, startAzurite } from "../../../local/azurite.ts";
import { incidentPages } from "../../../src/azure/incidents/incident-pages.ts";
import { tableRows } from "../../../src/azure/tables/table-rows.ts";
import type { Incident } from "../../../src/core/incident/incident.ts";
import type { IncidentQuery } from "../../../src/core/triage/incident-filters.ts";
import { sha256Hex } from "../../../src/core/json/content-hash.ts";
import { RULE_ID, storedIncident } from "../../stored-incident.ts";
import { openTable } from "../tables/open-table.ts";

let azurite: Azurite;
let pages: ReturnType<typeof incidentPages>;

const HOUR_MS = 3_600_000;
const NEWEST = Date.parse("2026-11-23T12:00:00Z");
const COUNT = 30;
const NAMES = Array.from({ length: COUNT }, (_, index) => `incident ${index}`);
const nameOf = new Map<unknown, string>(NAMES.map((name) => [sha256Hex(name), name]));

/** Newest first, an hour apart; the fields take their values in turn. */
function fieldsOf(index: number): Partial<Incident> {
  const pick = <T>(...values: readonly [T, ...T[]]): T => values[index % values.length] ?? values[0];
  return {
    activityDateTime: new Date(NEWEST - index * HOUR_MS).toISOString(),
    status: pick("New", "Active", "Closed"),
    severity: pick("High", "Medium", "Low", "Informational"),
    priority: pick("P1", "P2", "P3", "P4"),
  };
}

beforeAll(async () => {
  azurite = await startAzurite();
  const { client, incidents } = await openTable(azurite.connectionString);
  for (const [index, name] of NAMES.entries()) await incidents.addAll([storedIncident(name, fieldsOf(index))]);
  pages = incidentPages(tableRows(client));
});
afterAll(() => azurite.close());

async function namesOf(query: IncidentQuery, size = 1_000): Promise<(string | undefined)[]> {
  const names: (string | undefined)[] = [];
  let token: string | undefined;
  do {
    const page = await pages.page({ ruleId: RULE_ID, query, size, token });
    if (page === "refused") throw new Error("refused");
    names.push(...page.rows.map(({ row }) => nameOf.get(row["IncidentId"])));
    token = page.token;
  } while (token !== undefined);
  return names;
}

const where = (matches: (fields: Partial<Incident>, index: number) => boolean): string[] =>
  NAMES.filter((_, index) => matches(fieldsOf(index), index));

test.each<{ query: IncidentQuery; expected: string[] }>([
  { query: {}, expected: NAMES },
  { query: { status: ["New"] }, expected: where(({ status }) => status === "New") },
  { query: { status: ["New", "Active"] }, expected: where(({ status }) => status !== "Closed") },
  {
    query: { severity: ["High", "Low"] },
    expected: where(({ severity }) => severity === "High" || severity === "Low"),
  },
  { query: { priority: ["P1", "P2", "P3"] }, expected: where(({ priority }) => priority !== "P4") },
  {
    query: { priority: ["P4"], status: ["New"] },
    expected: where(({ priority, status }) => priority === "P4" && status === "New"),
  },
  { query: { effect: ["weakens", "strengthens", "neutral", "unknown"] }, expected: [] },
  { query: { from: new Date(NEWEST - 3 * HOUR_MS) }, expected: NAMES.slice(0, 4) },
  { query: { to: new Date(NEWEST - 3 * HOUR_MS) }, expected: NAMES.slice(4) },
  { query: { from: new Date(NEWEST - 5 * HOUR_MS), to: new Date(NEWEST - 4 * HOUR_MS) }, expected: ["incident 5"] },
])("$query selects exactly these, newest first", async ({ query, expected }) => {
  expect(await namesOf(query)).toEqual(expected);
});

test("pages of any size hold the same incidents", async () => {
  expect(await namesOf({ status: ["New"] }, 3)).toEqual(await namesOf({ status: ["New"] }));
});

test("a page continues behind a key, even among rows of one time", async () => {
  const query = { from: new Date(NEWEST - 9 * HOUR_MS) };
  const first = await pages.page({ ruleId: RULE_ID, query, size: 4 });
  const after = first === "refused" ? undefined : first.rows.at(-1)?.key;
  const second = await pages.page({ ruleId: RULE_ID, query, size: 100, after });
  expect(second).toMatchObject({ rows: Array.from({ length: 6 }, () => ({})), token: undefined });
});

test("a page from a row on begins with that row, and holds none outside the wanted time", async () => {
  const first = await pages.page({ ruleId: RULE_ID, query: {}, size: 4 });
  const from = first === "refused" ? undefined : first.rows.at(-1)?.key;
  const namesFrom = async (query: IncidentQuery) => {
    const page = await pages.page({ ruleId: RULE_ID, query, size: 2, from });
    return page === "refused" ? page : page.rows.map(({ row }) => nameOf.get(row["IncidentId"]));
  };
  expect(await namesFrom({})).toEqual(["incident 3", "incident 4"]);
  expect(await namesFrom({ to: new Date(NEWEST - 9 * HOUR_MS) })).toEqual(["incident 10", "incident 11"]);
});

test.each(["x", Buffer.from("[]").toString("base64"), Buffer.from('"x').toString("base64")])(
  "the token %s is refused or has no effect, and is no failure of ours",
  async (token) => {
    const page = await pages.page({ ruleId: RULE_ID, query: {}, size: 5, token });
    expect(page === "refused" || Array.isArray(page.rows)).toBe(true);
  },
);
