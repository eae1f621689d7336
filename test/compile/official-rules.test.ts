import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compileRule } from "../../src/compile/compile-rules.ts";
import { prepare } from "../../src/core/kql/evaluate.ts";
import { auditLogRow, objectOf } from "../core/kql/query.ts";

// Microsoft's own files are not part of this repository. With OFFICIAL_RULES naming a folder of them, they are tried.
const folder = process.env["OFFICIAL_RULES"];

describe.skipIf(folder === undefined)("official rule files, unmodified (set OFFICIAL_RULES to their folder)", () => {
  const files = folder === undefined ? [] : readdirSync(folder).filter((file) => file.endsWith(".yaml"));
  const compiled = files.map((file) => ({
    file,
    ...compileRule(readFileSync(join(folder ?? "", file), "utf8"), file),
  }));

  test.each(compiled.filter(({ file }) => file.startsWith("ChangestoPIMSettings")))(
    "$file compiles and gives its result",
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
