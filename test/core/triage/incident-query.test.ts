import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pageFilter } from "../../../src/azure/incidents/incident-pages.ts";
import { filterOf } from "../../../src/azure/tables/table-rows.ts";
import { INCIDENT_COLUMNS } from "../../../src/core/incident/incident-columns.ts";
import {
  type Condition,
  conditionsOf,
  type FilterName,
  FILTERS,
  forEachFilter,
  type IncidentQuery,
  listedValues,
} from "../../../src/core/triage/incident-filters.ts";
import { readListRequest, rowTest } from "../../../src/core/triage/incident-query.ts";
import { RULE_ID, storedIncident } from "../../stored-incident.ts";

const read = (query: string) => readListRequest(new URLSearchParams(query));

describe("reading a query", () => {
  test("without parameters it asks for the newest 50 of all", () => {
    expect(read("")).toEqual({ query: {}, order: "newest", limit: 50, continuation: undefined });
  });

  test("it takes times, alternatives, names, text, order, limit and continuation", () => {
    const query =
      "from=2026-11-01T00:00:00Z&to=2026-11-02T01:00:00%2B01:00&status=New,Active&severity=High&priority=P1,P2" +
      "&effect=weakens&role=Global+Administrator&actor=a%40b.example&owner=c&text=approval&order=priority&limit=7&continuation=x";
    expect(read(query)).toEqual({
      query: {
        from: new Date("2026-11-01T00:00:00Z"),
        to: new Date("2026-11-02T00:00:00Z"),
        status: ["New", "Active"],
        severity: ["High"],
        priority: ["P1", "P2"],
        effect: ["weakens"],
        role: "Global Administrator",
        actor: "a@b.example",
        owner: "c",
        text: "approval",
      },
      order: "priority",
      limit: 7,
      continuation: "x",
    });
  });

  test.each([
    ["limit=0", "limit: expected a number from 1 to 200"],
    ["limit=201", "limit: expected a number from 1 to 200"],
    ["limit=1.5", "limit: expected a whole number from 1 to 200"],
    ["limit=many", "limit: expected a number from 1 to 200"],
    ["from=yesterday", "from: expected a time such as 2026-01-31T12:00:00Z"],
    ["from=2026-01-31", "from: expected a time such as 2026-01-31T12:00:00Z"],
    ["to=2026-01-31T12:00:00", "to: expected a time such as 2026-01-31T12:00:00Z"],
    ["to=2026-02-30T12:00:00Z", "to: expected a time such as 2026-01-31T12:00:00Z"],
    ["to=2026-01-31T24:00:00Z", "to: expected a time such as 2026-01-31T12:00:00Z"],
    ["status=Open", "status: expected one or more of New, Active, Closed, separated by commas"],
    ["order=oldest", "order: expected newest or priority"],
    [`text=${"x".repeat(201)}`, "text: expected at most 200 characters"],
    ["tier=0", "tier: expected one or more of critical, controlPlane, standard, separated by commas"],
    ["burst=x", "burst: expected the BurstId of an incident"],
    ["burst=2026-13-01T00Z-0123456789abcdef", "burst: expected the BurstId of an incident"],
    ["burst=2026-11-22T23Z-0123456789abcdef'%20or%20'", "burst: expected the BurstId of an incident"],
    ["colour=red", "unknown: colour"],
    ["toString=x", "unknown: toString"],
    ["status=New&status=Closed", "status: given more than once; separate several values by commas"],
  ])("%s: %s", (query, problem) => {
    expect(read(query)).toEqual({ problems: [problem] });
  });

  test("any text is read or refused, never thrown", () => {
    fc.assert(fc.property(fc.webQueryParameters(), (query) => void read(query)));
  });
});

/** What somebody may give for a filter, by the table of filters: a filter that is added there is tried here. */
function textFor(name: FilterName): fc.Arbitrary<string> {
  const { placeholder } = FILTERS[name];
  if (placeholder === "LIST")
    return fc.subarray([...listedValues(name)], { minLength: 1 }).map((values) => values.join(","));
  if (placeholder === "TIME") return ANY_TIME.map((time) => time.toISOString());
  return placeholder === "ID" ? fc.constant("2026-11-22T23Z-0123456789abcdef") : fc.string({ minLength: 1 });
}
const ANY_TIME = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date("9999-12-31T23:59:59Z") });

const anyQuery: fc.Arbitrary<IncidentQuery> = fc
  .record({ ...forEachFilter(textFor) }, { requiredKeys: [] })
  .map(({ burst, actor, ...others }) => queryOf({ ...others, ...(burst === undefined ? { actor } : { burst }) }));

function queryOf(texts: Readonly<Record<string, string | undefined>>): IncidentQuery {
  const given = Object.entries(texts).filter(([, text]) => text !== undefined);
  const request = readListRequest(
    new URLSearchParams(given.map(([name, text]): [string, string] => [name, String(text)])),
  );
  if ("problems" in request) throw new Error(request.problems.join());
  return request.query;
}

describe("the filter that the service is given", () => {
  test("it never makes more than the 15 comparisons that the service allows", () => {
    fc.assert(
      fc.property(anyQuery, (query) => {
        const withoutTexts = filterOf(pageFilter({ ruleId: RULE_ID, query, after: "time|1|a" })).replaceAll(
          /'(?:[^']|'')*'/g,
          "''",
        );
        return [...withoutTexts.matchAll(/ (?:eq|ne|ge|gt|le|lt) /g)].length <= 15;
      }),
    );
  });

  test("it and the search look only at columns that the rows of lists hold", () => {
    const listed = new Set(
      INCIDENT_COLUMNS.flatMap((column) => (column.listed ? [column.name] : ["IncidentId", "RuleId"])),
    );
    fc.assert(
      fc.property(anyQuery, (query) => {
        expect(
          conditionsOf(query)
            .flatMap(columnsOf)
            .filter((column) => !listed.has(column)),
        ).toEqual([]);
      }),
    );
  });

  test("a name is no part of it, since the service cannot ignore case", () => {
    const query = { actor: "x' or Status eq 'Closed", role: "x", owner: "x" };
    expect(pageFilter({ ruleId: RULE_ID, query })).toEqual(pageFilter({ ruleId: RULE_ID, query: {} }));
  });
});

function columnsOf(condition: Condition): readonly string[] {
  if (condition.kind === "time") return [];
  return "column" in condition ? [condition.column] : condition.columns;
}

test.each([
  { text: "approval", found: true },
  { text: "ALEX approval", found: true },
  { text: "approval nobody", found: false },
  { text: "203.0.113.24", found: true },
  { text: "Global", found: true },
])("text $text: $found", ({ text, found }) => {
  expect(rowTest({ text })?.passes(storedIncident().row)).toBe(found);
});

// One person in several spellings: https://github.com/Azure/Azure-Sentinel/pull/8254
describe("a name or an id is found in any case, and between blanks", () => {
  const { row } = storedIncident("sample", {
    role: { name: "Global Administrator", id: "", templateId: "62e90394-69f5-4237-9190-012177145e10" },
    assessment: null,
  });
  const owned = { ...row, Owner: "Sam.Doe@Fabrikam.example", InitiatedByAppId: "01fc33a7-78ba-4d2f-a4b7-768e336e890e" };

  test.each<{ query: IncidentQuery; found: boolean }>([
    { query: { actor: "alex.rivera@fabrikam.example" }, found: true },
    { query: { actor: "Alex.Rivera@Fabrikam.example" }, found: true },
    { query: { actor: " ALEX.RIVERA@FABRIKAM.EXAMPLE\t" }, found: true },
    { query: { actor: "0B1C2D3E-4F50-4617-8283-94A5B6C7D8E9" }, found: true },
    { query: { actor: "01FC33A7-78BA-4D2F-A4B7-768E336E890E" }, found: true },
    { query: { actor: "alex.rivera" }, found: false },
    { query: { actor: " " }, found: false },
    { query: { role: "global administrator" }, found: true },
    { query: { role: "62E90394-69F5-4237-9190-012177145E10" }, found: true },
    { query: { role: "administrator" }, found: false },
    { query: { owner: "sam.doe@fabrikam.example" }, found: true },
    { query: { owner: "sam.doe@fabrikam.example", role: "Reader" }, found: false },
    { query: { rule: "changes to pim settings" }, found: true },
    { query: { rule: RULE_ID.toUpperCase() }, found: true },
    { query: { rule: "Changes" }, found: false },
  ])("$query: $found", ({ query, found }) => {
    expect(rowTest(query)?.passes(owned)).toBe(found);
  });
});
