import { Validator } from "@seriousme/openapi-schema-validator";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openApiDocument, type Parameter } from "../../src/api/document.ts";
import { ROUTE_NAMES } from "../../src/api/routes.ts";
import { INCIDENT_COLUMNS } from "../../src/core/incident/incident-columns.ts";
import { FILTER_NAMES, lengthOf } from "../../src/core/triage/incident-filters.ts";
import { readListRequest } from "../../src/core/triage/incident-query.ts";
import { readTriageChange } from "../../src/core/triage/triage-change.ts";
import { conformance, operationsOf } from "./conformance.ts";

const DOCUMENT = openApiDocument();
const conforms = conformance(DOCUMENT);
const OPERATIONS = operationsOf(DOCUMENT);

test("it is valid OpenAPI 3.1; one with an unknown kind of parameter is not", async () => {
  const validity = async (document: object) => new Validator().validate({ ...document });
  expect(await validity(DOCUMENT)).toMatchObject({ valid: true });
  const [item] = Object.values(DOCUMENT.paths);
  const broken = { ...item, get: { ...item?.["get"], parameters: [{ name: "x", in: "body" }] } };
  expect(await validity({ ...DOCUMENT, paths: { "/incidents": broken } })).toMatchObject({ valid: false });
});

test("it has one operation for each route, each reference in it leads somewhere, and no schema is left over", () => {
  expect([...OPERATIONS.keys()].toSorted()).toEqual(ROUTE_NAMES.toSorted());
  const named = [...JSON.stringify(DOCUMENT).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
  expect(new Set(named)).toEqual(new Set(Object.keys(DOCUMENT.components.schemas)));
});

test("every column of an incident is in it with its description, and every filter is a parameter of the list", () => {
  const columns = DOCUMENT.components.schemas["Incident"]?.["properties"] as Record<string, { description: string }>;
  expect(Object.keys(columns)).toEqual(INCIDENT_COLUMNS.map(({ name }) => name));
  for (const { name, description } of INCIDENT_COLUMNS) expect(columns[name]?.description).toContain(description);
  const parameters = OPERATIONS.get("incidents-list")?.operation.parameters?.map(({ name }) => name);
  expect(parameters).toEqual([...FILTER_NAMES, "order", "limit", "continuation"]);
});

test("an object with a field more or less does not conform", () => {
  const pointer = ["components", "schemas", "WhoAmI"];
  const me = { name: "n", id: "", kind: "local", tenants: [] };
  expect(conforms.problems(pointer, me)).toEqual([]);
  expect(conforms.problems(pointer, { ...me, colour: "red" })).toEqual([expect.stringContaining("colour")]);
  expect(conforms.problems(pointer, { ...me, tenants: undefined })).toEqual([expect.stringContaining("tenants")]);
});

describe("parameters", () => {
  const QUERY = (OPERATIONS.get("incidents-list")?.operation.parameters ?? []).map(
    (parameter) => [parameter.name, parameter] as const,
  );
  const pointerTo = (name: string) => {
    const index = OPERATIONS.get("incidents-list")?.operation.parameters?.findIndex((one) => one.name === name);
    return ["paths", "/incidents", "get", "parameters", String(index), "schema"];
  };

  /** The value that the document's schema is about, as a client reads it from the query. */
  function valueOf({ schema, explode }: Parameter, text: string): unknown {
    if (explode === false) return text.split(",");
    return schema.type === "integer" && /^\d+$/.test(text) ? Number(text) : text;
  }

  /** Texts that the schema accepts. */
  function accepted({ schema }: Parameter): fc.Arbitrary<string> {
    const { items, pattern, minimum = 0, maximum = 0, maxLength = 0 } = schema;
    if (items !== undefined)
      return fc.array(fc.constantFrom(...(items.enum ?? [])), { minLength: 1 }).map((some) => some.join(","));
    if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
    if (schema.type === "integer") return fc.integer({ min: minimum, max: maximum }).map(String);
    if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern, "u"));
    return fc.string({ unit: "grapheme", minLength: 1, maxLength }).filter((text) => lengthOf(text) <= maxLength);
  }

  const isRead = (name: string, text: string) =>
    !("problems" in readListRequest(new URLSearchParams({ [name]: text })));

  test.each(QUERY)("%s: the reader accepts what the document accepts", (name, parameter) => {
    fc.assert(
      fc.property(accepted(parameter), (text) => {
        expect(conforms.problems(pointerTo(name), valueOf(parameter, text))).toEqual([]);
        // The document cannot say how many days a month has.
        if (parameter.description.startsWith("activity") && !isDay(text.slice(0, 10))) return;
        expect(isRead(name, text), text).toBe(true);
      }),
    );
  });

  test.each(QUERY)("%s: the reader refuses what the document refuses", (name, parameter) => {
    const changed = fc
      .tuple(accepted(parameter), fc.string(), fc.nat())
      .map(
        ([text, more, at]) => `${text.slice(0, at % (text.length + 1))}${more}${text.slice(at % (text.length + 1))}`,
      );
    const long = fc.string({ minLength: 195, maxLength: 210 }).map((text) => text.repeat(5));
    fc.assert(
      fc.property(fc.oneof(changed, fc.string(), long, fc.integer().map(String)), (text) => {
        if (text === "" || !isRead(name, text)) return;
        expect(conforms.problems(pointerTo(name), valueOf(parameter, text)), text).toEqual([]);
      }),
    );
  });

  function isDay(day: string): boolean {
    const time = new Date(`${day}T00:00:00Z`);
    return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(day);
  }
});

describe("the body of a change", () => {
  const pointer = ["components", "schemas", "TriageChange"];
  const word = (...values: readonly string[]) =>
    fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...values) }, fc.string(), fc.constant(null));
  const texts = (most: number) =>
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 5 }),
      { weight: 8, arbitrary: fc.string({ unit: "grapheme" }) },
      fc.integer({ min: most - 2, max: most + 2 }).map((length) => "😀".repeat(length)),
      fc.constantFrom("a\u202eb", "\ud800", " padded ", 5),
    );
  const body = fc.record(
    {
      status: word("New", "Active", "Closed"),
      owner: texts(200),
      classification: word("TruePositive", "Undetermined"),
      comment: texts(2_000),
      colour: fc.constantFrom(undefined, undefined, undefined, "red"),
    },
    { requiredKeys: [] },
  );
  /** The document says that blanks around a text do not count. */
  const trimmed = (change: object) =>
    Object.fromEntries(
      Object.entries(change).map(([key, value]) => [key, typeof value === "string" ? value.trim() : value]),
    );

  test("the reader accepts exactly what the document accepts", () => {
    let accepted = 0;
    fc.assert(
      fc.property(body, (change) => {
        const sent = JSON.stringify(change);
        const problems = conforms.problems(pointer, trimmed(JSON.parse(sent)));
        const isRead = !("problems" in readTriageChange(sent));
        if (isRead) accepted += 1;
        expect(isRead, `${sent}: ${problems.join()}`).toBe(problems.length === 0);
      }),
      { numRuns: 1_000 },
    );
    expect(accepted).toBeGreaterThan(50);
  });
});
