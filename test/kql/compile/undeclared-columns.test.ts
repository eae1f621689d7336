import { describe, expect, test } from "vitest";
import { compileQuery } from "../../../src/kql/compile/compile-query.ts";
import { AUDIT_LOGS } from "../../../src/core/event/audit-log-columns.ts";
import { resultOf } from "../query.ts";

const USER = { id: "u-1", userPrincipalName: "alex@contoso.example", ipAddress: "192.0.2.7" };

describe("bag_unpack without declared columns makes those that the rest of the query names", () => {
  test.each([
    {
      query: `AuditLogs | evaluate bag_unpack(InitiatedBy) | where user.ipAddress startswith "192.0.2."
        | project upn = tostring(user.userPrincipalName)`,
      result: { upn: "alex@contoso.example" },
    },
    {
      query: "AuditLogs | project InitiatedBy | evaluate bag_unpack(InitiatedBy, 'by_') | extend by_user",
      result: { by_user: USER },
    },
    {
      query:
        "AuditLogs | project b = InitiatedBy.user | evaluate bag_unpack(b) | project-rename name = userPrincipalName",
      result: { name: "alex@contoso.example" },
    },
    {
      query:
        "AuditLogs | project b = InitiatedBy.user | evaluate bag_unpack(b) | extend id = strcat(id, '!') | where id == 'u-1!'",
      result: { id: "u-1!" },
    },
    {
      query: "AuditLogs | project b = InitiatedBy.user | evaluate bag_unpack(b) | extend id = 5 | where id == 5",
      result: { id: 5n },
    },
    {
      query: "AuditLogs | project b = InitiatedBy.user | evaluate bag_unpack(b, ignoredProperties=dynamic(['id']))",
      result: {},
    },
    {
      query:
        "AuditLogs | project Id = 'own', b = dynamic({'Id': 'in the bag', 'x': 1}) | evaluate bag_unpack(b) | project Id, x",
      result: { Id: "own", x: 1 },
    },
    {
      query:
        "AuditLogs | project b = InitiatedBy.user | evaluate bag_unpack(b) | summarize n = count(), max(ipAddress) by id",
      result: { id: "u-1", n: 1n, max_ipAddress: "192.0.2.7" },
    },
    {
      query: `AuditLogs | project b = InitiatedBy.user | evaluate bag_unpack(b)
        | project a = column_ifexists("id", "none"), c = column_ifexists("phone", "none")`,
      result: { a: "u-1", c: "none" },
    },
    {
      query:
        "let T = AuditLogs | project b = InitiatedBy.user | evaluate bag_unpack(b); T | where id == 'u-1' | project ipAddress",
      result: { ipAddress: "192.0.2.7" },
    },
  ])("$query", ({ query, result }) => {
    expect(resultOf(query)).toEqual([result]);
  });

  test("and those that the rule's other fields name", () => {
    const query = "AuditLogs | project b = InitiatedBy.user | evaluate bag_unpack(b)";
    const { plan } = compileQuery(query, AUDIT_LOGS, { columnsRead: ["userPrincipalName"] });
    expect(plan?.columns).toEqual([{ name: "userPrincipalName", type: "dynamic" }]);
  });

  test.each([
    {
      query: "AuditLogs | evaluate bag_unpack(InitiatedBy, columnsConflict='replace_source') | where Id == ''",
      problem: { offset: 45, message: expect.stringContaining("replace_source needs declared columns") as string },
    },
    {
      query: "AuditLogs | evaluate bag_unpack(InitiatedBy, 'by_') | where user == 1",
      problem: { offset: 60, message: 'there is no column "user"' },
    },
  ])("$query is refused", ({ query, problem }) => {
    expect(compileQuery(query, AUDIT_LOGS).problems).toMatchObject([problem]);
  });
});
