import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AUDIT_LOGS, AUDIT_LOG_COLUMNS } from "../../../src/core/event/audit-log-columns.ts";
import { compileWindowQuery } from "../../../src/kql/compile/compile-query.ts";
import type { Row, Value } from "../../../src/kql/run/values.ts";
import { auditLogRow, windowResult } from "../query.ts";
import { anyWindowRow, NOW } from "./window-rows.ts";

const [CATEGORY, NAME, DURATION, ID] = ["Category", "OperationName", "DurationMs", "Id"].map((name) =>
  AUDIT_LOG_COLUMNS.findIndex((column) => column.name === name),
) as [number, number, number, number];

/** The columns that the query below gives each side. */
function side(rows: readonly Row[], category: string): Value[][] {
  return rows
    .filter((row) => row[CATEGORY] === category)
    .map((row) => [NAME, DURATION, ID].map((index) => row[index] ?? null));
}

function isPair([name, duration]: readonly Value[], [otherName, otherDuration]: readonly Value[]): boolean {
  return name === otherName && duration !== null && duration === otherDuration;
}

const EMPTY = ["", null, ""];

/** Every kind of join as its definition says, by comparing each row with each row. */
const BY_DEFINITION: Readonly<Record<string, (left: Value[][], right: Value[][]) => Value[][]>> = {
  inner: pairsOf,
  innerunique: (left, right) =>
    pairsOf(
      left.filter((row, index) => !left.slice(0, index).some((before) => isPair(before, row))),
      right,
    ),
  leftouter: (left, right) => [...pairsOf(left, right), ...alone(left, right).map((row) => [...row, ...EMPTY])],
  rightouter: (left, right) => [...pairsOf(left, right), ...alone(right, left).map((row) => [...EMPTY, ...row])],
  fullouter: (left, right) => [
    ...pairsOf(left, right),
    ...alone(left, right).map((row) => [...row, ...EMPTY]),
    ...alone(right, left).map((row) => [...EMPTY, ...row]),
  ],
  leftsemi: (left, right) => left.filter((row) => right.some((other) => isPair(row, other))),
  rightsemi: (left, right) => right.filter((row) => left.some((other) => isPair(row, other))),
  leftanti: alone,
  rightanti: (left, right) => alone(right, left),
};

function pairsOf(left: Value[][], right: Value[][]): Value[][] {
  return left.flatMap((row) => right.filter((other) => isPair(row, other)).map((other) => [...row, ...other]));
}

function alone(rows: Value[][], others: Value[][]): Value[][] {
  return rows.filter((row) => !others.some((other) => isPair(row, other)));
}

const asSet = (rows: readonly Row[]) => rows.map((row) => row.map(String).join("|")).toSorted();

test.each(Object.entries(BY_DEFINITION))("join kind=%s equals its definition by nested loops", (kind, byDefinition) => {
  const columns = "project OperationName, DurationMs, Id";
  const query = `AuditLogs | where Category == "left" | ${columns}
    | join kind=${kind} (AuditLogs | where Category == "right" | ${columns}) on OperationName, DurationMs`;
  fc.assert(
    fc.property(fc.array(anyWindowRow, { maxLength: 20 }), (rows) => {
      const found = windowResult(query, rows, NOW).rows;
      expect(asSet(found)).toEqual(asSet(byDefinition(side(rows, "left"), side(rows, "right"))));
    }),
    { numRuns: 60 },
  );
});

describe("a join that cannot run is refused at its place", () => {
  const problemAt = (query: string) => {
    const [problem] = compileWindowQuery(query, AUDIT_LOGS).problems;
    return problem && { at: query.slice(problem.offset).split(/[\s,)]/)[0], message: problem.message };
  };

  test("for a dynamic key", () => {
    expect(problemAt("AuditLogs | join kind=inner AuditLogs on InitiatedBy")).toEqual({
      at: "InitiatedBy",
      message: "InitiatedBy: a join key cannot be dynamic. Convert it on both sides, e.g. with tostring()",
    });
  });

  test("for a table that does not exist", () => {
    expect(problemAt("AuditLogs | join kind=inner SigninLogs on Id")).toEqual({
      at: "SigninLogs",
      message: 'there is no table "SigninLogs" on the stream: pimwatch reads only AuditLogs',
    });
  });

  test("for keys of different types", () => {
    expect(problemAt("AuditLogs | join kind=inner AuditLogs on $left.Id == $right.DurationMs")).toMatchObject({
      message: "Inconsistent data types for join keys: (string, long)",
    });
  });
});

test("a row names the source rows that it is made of", () => {
  const rows = [
    auditLogRow({ Category: "left", Id: "1", OperationName: "a" }),
    auditLogRow({ Category: "right", Id: "2", OperationName: "a" }),
    auditLogRow({ Category: "right", Id: "3", OperationName: "a" }),
    auditLogRow({ Category: "right", Id: "4", OperationName: "b" }),
  ];
  const query = `AuditLogs | where Category == "left" | extend Where = 1 | mv-expand Target = TargetResources
    | join kind=inner (AuditLogs | where Category == "right") on OperationName
    | summarize Ids = make_set(Id1) by OperationName`;
  const { results } = windowResult(query, rows);
  expect(results).toEqual([
    {
      row: ["a", ["2", "3"]],
      evidence: rows.slice(0, 3),
      isCut: false,
      latest: rows[2],
      identity: { rows: [], keys: ['["a"]'] },
    },
  ]);
});

describe("the identity of a row", () => {
  const [left, right, lonely] = [
    auditLogRow({ Category: "left", Id: "1", OperationName: "a" }),
    auditLogRow({ Category: "right", Id: "2", OperationName: "a" }),
    auditLogRow({ Category: "left", Id: "3", OperationName: "b" }),
  ];
  const sides = (kind: string): string =>
    `AuditLogs | where Category == "left" | join kind=${kind} (AuditLogs | where Category == "right") on OperationName`;
  const identities = (query: string) =>
    windowResult(query, [left, right, lonely]).results.map(({ identity }) => identity);

  test.each([
    { what: "both sides", query: sides("inner"), expected: [{ rows: [left, right], keys: [] }] },
    {
      what: "not the side that it may lack",
      query: `${sides("leftouter")} | project OperationName, Id1`,
      expected: [
        { rows: [left], keys: [] },
        { rows: [lonely], keys: [] },
      ],
    },
    {
      what: "the right side, of a right outer join",
      query: sides("rightouter"),
      expected: [{ rows: [right], keys: [] }],
    },
    {
      what: "the key instead of the left row, which innerunique takes at will",
      query: sides("innerunique"),
      expected: [{ rows: [right], keys: ['["a"]'] }],
    },
    { what: "its own row, of a semi join", query: sides("leftsemi"), expected: [{ rows: [left], keys: [] }] },
    { what: "its own row, of an anti join", query: sides("leftanti"), expected: [{ rows: [lonely], keys: [] }] },
    {
      what: "the key of its group",
      query: 'AuditLogs | where Category == "left" | summarize n = count() by OperationName | project Twice = 2 * n',
      expected: [
        { rows: [], keys: ['["a"]'] },
        { rows: [], keys: ['["b"]'] },
      ],
    },
    {
      what: "the row itself of distinct",
      query: 'AuditLogs | where Category == "right" | distinct OperationName, Category',
      expected: [{ rows: [], keys: ['["a","right"]'] }],
    },
    {
      what: "keys and rows of a join with groups",
      query: `AuditLogs | where Category == "right" | join kind=inner (AuditLogs | summarize n = count() by OperationName) on OperationName`,
      expected: [{ rows: [right], keys: ['["a"]'] }],
    },
  ])("$what", ({ query, expected }) => {
    expect(identities(query)).toEqual(expected);
  });
});

test("a row of more than a hundred source rows names a hundred, and says that there are more", () => {
  const rows = Array.from({ length: 101 }, (_, index) => auditLogRow({ Id: String(index) }));
  const [cut] = windowResult("AuditLogs | summarize n = count() by Category", rows).results;
  expect([cut?.row, cut?.evidence.length, cut?.isCut]).toEqual([["RoleManagement", 101n], 100, true]);
  const [whole] = windowResult("AuditLogs | summarize n = count() by Category", rows.slice(1)).results;
  expect([whole?.evidence.length, whole?.isCut]).toEqual([100, false]);
});
