import { describe, expect, test } from "vitest";
import type { IncidentRow } from "../../../src/core/incident/incident-row.ts";
import {
  type Analyst,
  readTriageChange,
  type TriageChange,
  withChange,
} from "../../../src/core/triage/triage-change.ts";
import { storedIncident } from "../../stored-incident.ts";

const NOOR: Analyst = { name: "noor.haddad@fabrikam.example", id: "n", kind: "entra" };
const AT = new Date("2026-11-23T12:00:00Z");
const { row } = storedIncident();

const changed = (change: TriageChange, from: IncidentRow = row): IncidentRow => {
  const result = withChange(from, change, { by: NOOR, at: AT });
  if ("problems" in result) throw new Error(result.problems.join());
  return result.row;
};

describe("a change of an incident", () => {
  test("it raises the revision, says who and when, and leaves all else as it was", () => {
    expect(withChange(row, { status: "Active", owner: "noor", comment: "mine" }, { by: NOOR, at: AT })).toEqual({
      row: {
        ...row,
        Status: "Active",
        Owner: "noor",
        Comment: "mine",
        Revision: 2,
        RowKind: "updated",
        TimeGenerated: AT.toISOString(),
        LastModifiedTime: AT.toISOString(),
        ModifiedBy: NOOR.name,
      },
      entry: {
        revision: 2,
        time: AT.toISOString(),
        by: NOOR,
        changes: [
          { field: "Status", from: "New", to: "Active" },
          { field: "Owner", from: "", to: "noor" },
        ],
        comment: "mine",
      },
    });
  });

  test("closing needs a classification and notes the time; opening again takes both away", () => {
    const closed = changed({ status: "Closed", classification: "BenignPositive" });
    expect(closed).toMatchObject({ Status: "Closed", Classification: "BenignPositive", ClosedTime: AT.toISOString() });
    expect(changed({ status: "Active" }, closed)).toMatchObject({
      Status: "Active",
      Classification: "",
      ClosedTime: null,
    });
    expect(changed({ classification: "TruePositive" }, closed)).toMatchObject({ Classification: "TruePositive" });
  });

  test.each([
    [{ status: "Closed" }, "classification: needed to close"],
    [{ classification: "TruePositive" }, "classification: only a closed incident has one"],
    [{}, "nothing to change"],
    [{ status: "New" }, "nothing to change"],
    [{ status: "New", comment: "" }, "nothing to change"],
  ] satisfies [TriageChange, string][])("%j is refused: %s", (change, problem) => {
    expect(withChange(row, change, { by: NOOR, at: AT })).toEqual({ problems: [expect.stringContaining(problem)] });
  });

  test("a comment alone is a change", () => {
    expect(changed({ comment: "seen" })).toMatchObject({ Revision: 2, Status: "New", Comment: "seen" });
  });
});

test.each([
  ["{", "the body is not JSON"],
  ["[]", "expected a JSON object"],
  ['{"status":"Open"}', "status: expected one of New, Active, Closed"],
  ['{"severity":"Low"}', "unknown: severity"],
  ['{"owner":5}', "owner: expected text"],
  [JSON.stringify({ owner: "x".repeat(201) }), "owner: expected at most 200 characters"],
  [JSON.stringify({ owner: "a\u202eb" }), "owner: expected text without control or format characters"],
  [JSON.stringify({ comment: "x".repeat(2_001) }), "comment: expected at most 2000 characters"],
  ['{"comment":"\\ud800"}', "comment: expected well-formed text"],
])("the body %s is refused: %s", (body, problem) => {
  expect(readTriageChange(body)).toEqual({ problems: [problem] });
});
