import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { compileRules } from "../../src/sentinel/compile-rules.ts";
import { prepare } from "../../src/kql/run/evaluate.ts";
import { auditLogRow, objectOf } from "../kql/query.ts";
import { SHIPPED } from "../shipped-rules.ts";

const { rules, sourced, problems } = await compileRules(fileURLToPath(new URL("../../rules", import.meta.url)));

test.each(SHIPPED)("%s has a guide and tests, and no errors or warnings", (name) => {
  const files = sourced.find((each) => each.files.name === name)?.files;
  expect(files).toMatchObject({ guide: expect.any(Object) as object, tests: expect.any(Object) as object });
  expect(problems.filter(({ file }) => file.includes(`/rules/${name}/`))).toEqual([]);
});

describe("Changes to PIM Settings", () => {
  const rule = rules.find(({ id }) => id === "0ed0fe7c-af29-4990-af7f-bb5ccb231198");
  if (rule === undefined) throw new Error("the rule is missing");
  const evaluate = prepare(rule.plan);

  test("a change returns the event's row with the rule's five columns, the first eight columns in the rule's order", () => {
    expect(rule.plan.columns.slice(0, 8).map(({ name }) => name)).toEqual([
      "TimeGenerated",
      "OperationName",
      "ResultReason",
      "InitiatingUserPrincipalName",
      "InitiatingAadUserId",
      "InitiatingIPAddress",
      "InitiatingAccountName",
      "InitiatingAccountUPNSuffix",
    ]);
    expect(rule.plan.columns).toHaveLength(35);
    expect(evaluate(auditLogRow()).map((result) => objectOf(rule.plan, result))).toMatchObject([
      {
        InitiatingUserPrincipalName: "alex@contoso.example",
        InitiatingAadUserId: "u-1",
        InitiatingIPAddress: "192.0.2.7",
        InitiatingAccountName: "alex",
        InitiatingAccountUPNSuffix: "contoso.example",
      },
    ]);
  });

  test.each([
    {
      why: "=~ ignores case",
      row: { OperationName: "UPDATE ROLE SETTING IN PIM", Category: "rolemanagement" },
      rows: 1,
    },
    { why: "=~ does not trim", row: { OperationName: "Update role setting in PIM " }, rows: 0 },
    { why: "another operation", row: { OperationName: "Add member to role" }, rows: 0 },
    { why: "PIM for Groups has another category", row: { Category: "GroupManagement" }, rows: 0 },
    { why: "a failed change matches", row: { Result: "failure" }, rows: 1 },
    { why: "no initiator", row: { InitiatedBy: null }, rows: 1 },
  ])("$why: $rows row(s)", ({ row, rows }) => {
    expect(evaluate(auditLogRow(row))).toHaveLength(rows);
  });

  test("an app as initiator has empty strings", () => {
    const [result] = evaluate(auditLogRow({ InitiatedBy: { app: { displayName: "automation" } } }));
    expect(objectOf(rule.plan, result ?? [])).toMatchObject({
      InitiatingUserPrincipalName: "",
      InitiatingAadUserId: "",
      InitiatingIPAddress: "",
      InitiatingAccountName: "",
      InitiatingAccountUPNSuffix: "",
    });
  });
});
