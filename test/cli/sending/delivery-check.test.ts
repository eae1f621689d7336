import { expect, test } from "vitest";
import { deliveryProblems } from "../../../cli/sending/delivery-check.ts";

const incident = (IncidentId: string, AuditLogId: string) => ({
  IncidentId,
  AuditLogId,
  RuleName: "Rule",
  RowKind: "created",
});
const expectedOf = (...rows: readonly ReturnType<typeof incident>[]) =>
  rows.map(({ IncidentId, AuditLogId }) => ({ incidentId: IncidentId, recordId: AuditLogId, rule: "Rule" }));
const a = incident("1", "rec-a");
const b = incident("2", "rec-b");

test("finds no problem if each expected record is one incident that was forwarded once", () => {
  expect(deliveryProblems({ expected: expectedOf(a, b), stored: [a, b], forwarded: [b, a] })).toEqual([]);
});

test("does not count rows of later changes as forwarded again", () => {
  expect(
    deliveryProblems({ expected: expectedOf(a), stored: [a], forwarded: [a, { ...a, RowKind: "updated" }] }),
  ).toEqual([]);
});

test.each([
  {
    what: "missing",
    expected: expectedOf(a, b),
    stored: [a],
    forwarded: [a],
    problem: 'no incident for record rec-b of the rule "Rule"',
  },
  {
    what: "stored twice",
    expected: expectedOf(a),
    stored: [a, a],
    forwarded: [a],
    problem: '2 incidents for record rec-a of the rule "Rule"',
  },
  {
    what: "not expected",
    expected: expectedOf(a),
    stored: [a, b],
    forwarded: [a, b],
    problem: 'an incident for record rec-b, which the rule "Rule" does not find',
  },
  {
    what: "not forwarded",
    expected: undefined,
    stored: [a],
    forwarded: [],
    problem: "incident 1 (record rec-a) was forwarded 0 times",
  },
  {
    what: "forwarded twice",
    expected: undefined,
    stored: [a],
    forwarded: [a, a],
    problem: "incident 1 (record rec-a) was forwarded 2 times",
  },
  {
    what: "forwarded from nowhere",
    expected: undefined,
    stored: [],
    forwarded: [a],
    problem: "incident 1 was forwarded but is not in the table",
  },
])("one that is $what is named", ({ expected, stored, forwarded, problem }) => {
  expect(deliveryProblems({ expected, stored, forwarded })).toEqual([problem]);
});
