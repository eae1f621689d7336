import { describe, expect, test } from "vitest";
import { AUDIT_LOGS } from "../../../src/core/event/audit-log-columns.ts";
import { compileQuery } from "../../../src/kql/compile/compile-query.ts";
import { auditLogRow, resultOf } from "../query.ts";

const LEG = "(AuditLogs | project Id, Leg = 1)";
const AWS = "(AWSCloudTrail // the other cloud\n | where EventName == ',' | project Id = AwsEventId, Leg = 2)";

describe("union isfuzzy=true drops the legs whose tables do not exist", () => {
  test.each([
    { query: `union isfuzzy=true ${AWS}, ${LEG}`, rows: [{ Id: "a", Leg: 1n }] },
    { query: `union isfuzzy=true ${LEG}, ${AWS}`, rows: [{ Id: "a", Leg: 1n }] },
    {
      query: `union isfuzzy=true ${LEG}, ${AWS} , ${LEG} | where Id == "a"`,
      rows: [
        { Id: "a", Leg: 1n },
        { Id: "a", Leg: 1n },
      ],
    },
    {
      query: `union isfuzzy=true (union isfuzzy=true ${AWS}, ${LEG}), OfficeActivity | project Leg`,
      rows: [{ Leg: 1n }],
    },
    {
      query: `union isfuzzy=true withsource=T AuditLogs, OfficeActivity | project T, Id`,
      rows: [{ T: "AuditLogs", Id: "a" }],
    },
  ])("$query", ({ query, rows }) => {
    expect(resultOf(query, auditLogRow({ Id: "a" }))).toEqual(rows);
  });

  test("and says so at their place", () => {
    const query = `union isfuzzy=true ${LEG}, ${AWS}`;
    expect(compileQuery(query, AUDIT_LOGS).notes).toEqual([
      {
        offset: query.indexOf("AWSCloudTrail"),
        code: "dropped-leg",
        message: 'there is no table "AWSCloudTrail" on the stream, so union isfuzzy=true drops this leg',
      },
    ]);
  });
});

describe("a table that does not exist is an error", () => {
  test.each([
    "union AuditLogs, OfficeActivity",
    "union isfuzzy=false AuditLogs, OfficeActivity",
    "union isfuzzy=true OfficeActivity",
  ])("in %s", (query) => {
    const { problems } = compileQuery(query, AUDIT_LOGS);
    expect(problems).toMatchObject([{ code: "unknown-table", offset: query.indexOf("OfficeActivity") }]);
  });
});
