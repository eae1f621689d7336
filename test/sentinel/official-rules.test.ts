import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { resolveColumnIfExists } from "../../src/kql/compile/column-if-exists.ts";
import { compileRule } from "../../src/sentinel/compile-rules.ts";
import { listOf, parseQuery } from "../../src/kql/compile/kusto-parser.ts";
import { prepare } from "../../src/kql/run/evaluate.ts";
import { prepareWindow } from "../../src/kql/run/evaluate-window.ts";
import { auditLogRow, objectOf, SAMPLE_TIME } from "../kql/query.ts";
import { AUDIT_LOGS } from "../../src/core/event/audit-log-columns.ts";

// Microsoft's own files are not part of this repository. Set OFFICIAL_RULES to a folder of them to test them.
const folder = process.env["OFFICIAL_RULES"];

describe.skipIf(folder === undefined)("official rule files, unmodified (set OFFICIAL_RULES to their folder)", () => {
  const read = (file: string) => readFileSync(join(folder ?? "", file), "utf8");
  const files = folder === undefined ? [] : readdirSync(folder).filter((file) => file.endsWith(".yaml"));
  const compiled = files.map((file) => ({ file, ...compileRule(read(file), file) }));
  /** The folder's README says which of them one event alone decides. */
  const table = folder === undefined ? [] : [...read("README.md").matchAll(/^\| (\S+\.yaml) \|.*\| (yes|no) \|$/gm)];
  const isLocal = new Map(table.map(([, file = "", answer]) => [file, answer === "yes"]));

  test.each(compiled.filter(({ file }) => isLocal.get(file)))("$file compiles", ({ file, rule, problems }) => {
    expect(problems.filter(({ level }) => level === "error")).toEqual([]);
    if (rule === undefined) throw new Error(file);
    // The same names and types as Microsoft's binder finds, in any order.
    const bound = listOf(
      resolveColumnIfExists(rule.query, parseQuery(rule.query, AUDIT_LOGS), AUDIT_LOGS).ResultType?.Columns,
    );
    const own = rule.plan.columns.map(({ name, type }) => `${name}: ${type}`);
    expect(own.toSorted()).toEqual(bound.map(({ Name, Type }) => `${Name}: ${Type.Name}`).toSorted());
    expect(JSON.parse(JSON.stringify(rule))).toEqual(rule);
    for (const result of prepare(rule.plan)(auditLogRow())) expect(result).toHaveLength(own.length);
  });

  test.each(compiled.filter(({ file, rule }) => isLocal.get(file) === false && rule?.window === undefined))(
    "$file is refused, with a place and a reason",
    ({ rule, problems }) => {
      expect(rule).toBeUndefined();
      const errors = problems.filter(({ level }) => level === "error");
      expect(errors.map(({ code }) => code)).not.toContain("syntax");
      expect(errors).toContainEqual(
        expect.objectContaining({
          code: expect.stringMatching(/^(not-event-local|unknown-table|unsupported-operator|no-list)$/) as string,
          line: expect.any(Number) as number,
        }),
      );
    },
  );

  test.each(compiled.filter(({ rule }) => rule?.window))(
    "$file runs over a window, with the columns that Microsoft's binder finds",
    ({ rule }) => {
      if (rule?.window === undefined) throw new Error("no rule");
      const { query } = rule;
      const window = rule.window.plan;
      const bound = listOf(resolveColumnIfExists(query, parseQuery(query, AUDIT_LOGS), AUDIT_LOGS).ResultType?.Columns);
      const own = window.columns.map(({ name, type }) => `${name}: ${type}`);
      expect(own.toSorted()).toEqual(bound.map(({ Name, Type }) => `${Name}: ${Type.Name}`).toSorted());
      expect(JSON.parse(JSON.stringify(rule))).toEqual(rule);
      const rows = [auditLogRow(), auditLogRow({ Id: "2", OperationName: "Add user" })];
      for (const { row } of prepareWindow(window)(SAMPLE_TIME, () => rows)) expect(row).toHaveLength(own.length);
    },
  );

  /** With a part of the reason. */
  const CLASSES: Readonly<Record<string, readonly [name: string, reason: string]>> = {
    "AccountCreatedandDeletedinShortTimeframe.yaml": ["gains", ""],
    "AdminPromoAfterRoleMgmtAppPermissionGrant.yaml": ["gains", ""],
    "ConditionalAccessPolicyModifiedbyNewUser.yaml": ["excused", "!in"],
    "CredentialAddedAfterAdminConsent.yaml": ["gains", ""],
    "GuestUsersInvitedtoTenantbyNewInviters.yaml": ["excused", "!in"],
    "MailPermissionsAddedToApplication.yaml": ["gains", ""],
    "MultipleAdmin_membership_removals_from_NewAdmin.yaml": ["scheduled", "max(TimeGenerated) < max(TimeGenerated)"],
    "ServicePrincipalAssignedAppRoleWithSensitiveAccess.yaml": ["gains", ""],
    "UserAssignedPrivilegedRole.yaml": ["excused", "leftanti"],
    "Useraccountcreatedwithoutexpectedattributesdefined.yaml": ["scheduled", "top"],
  };

  test.each(compiled.filter(({ rule }) => rule?.window))(
    "$file has its class, and keeps few records",
    ({ file, rule }) => {
      const [name, reason = ""] = CLASSES[file] ?? [];
      expect(rule?.window).toMatchObject({
        class: { name, reason: expect.stringContaining(reason) as string },
        keeps: expect.stringMatching(/OperationName|Category/) as string,
      });
    },
  );

  test.each(compiled.filter(({ file }) => file === "ApplicationRedirectURLUpdate.yaml"))(
    "$file finds the first URL of an application, where no old one can be subtracted",
    ({ rule }) => {
      if (rule === undefined) throw new Error("no rule");
      const change = {
        displayName: "AppAddress",
        oldValue: "[]",
        newValue: '[{"AddressType":0,"Address":"https://app.example/cb","ReplyAddressClientType":1}]',
      };
      const [result] = prepare(rule.plan)(
        auditLogRow({
          Category: "ApplicationManagement",
          OperationName: "Update application",
          Result: "success",
          TargetResources: [{ type: "Application", displayName: "App", modifiedProperties: [change] }],
        }),
      );
      expect(objectOf(rule.plan, result ?? [])).toMatchObject({
        AddedUrls: ['"https://app.example/cb"'],
        AppDisplayName: "App",
      });
    },
  );

  test.each(compiled.filter(({ file }) => file.startsWith("ChangestoPIMSettings")))(
    "$file gives the row of a change",
    ({ rule, problems }) => {
      expect(problems).toEqual([]);
      if (rule === undefined) throw new Error("no rule");
      const [result] = prepare(rule.plan)(auditLogRow());
      expect(objectOf(rule.plan, result ?? [])).toMatchObject({
        userPrincipalName: "alex@contoso.example",
        ipAddress: "192.0.2.7",
      });
    },
  );
});
