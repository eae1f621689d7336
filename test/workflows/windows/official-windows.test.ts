// Microsoft's own rules over several events. They are not part of this repository: set OFFICIAL_RULES to a folder of them.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import type { DiagnosticRecord } from "../../../src/core/event/event-body.ts";
import { hasWindow, type WindowRule } from "../../../src/core/incident/rule.ts";
import { valueText } from "../../../src/core/value-text.ts";
import { compileRule } from "../../../src/sentinel/compile-rules.ts";
import { HOUR, idsByDefinition, START, TENANT, windowWorld } from "./window-world.ts";

const folder = process.env["OFFICIAL_RULES"];
const files = folder === undefined ? [] : readdirSync(folder).filter((file) => file.endsWith(".yaml"));
const rules = files.flatMap((file): { readonly file: string; readonly rule: WindowRule }[] => {
  const { rule } = compileRule(readFileSync(join(folder ?? "", file), "utf8"), file);
  return rule !== undefined && hasWindow(rule) ? [{ file, rule }] : [];
});

const DAYS = 20;

/** Records of the operations and values that the query names, by few people on few targets. */
function anyRecordFor({ query }: WindowRule): fc.Arbitrary<DiagnosticRecord> {
  const named = [...query.matchAll(/"([^"\n]+)"|'([^'\n]+)'/g)].map(([, one, other]) => one ?? other ?? "");
  const value = fc.constantFrom("success", ...named);
  return fc
    .record({
      hours: fc.nat(DAYS * 24),
      id: fc.nat(1_000_000),
      operation: fc.oneof(value, fc.constantFrom("Add user", "Delete user")),
      category: value,
      actor: fc.constantFrom("alex", "noor"),
      target: fc.constantFrom("sam", "kim"),
      property: value,
      newValue: value,
      correlation: fc.constantFrom("c-1", "c-2"),
    })
    .map(({ hours, id, operation, category, actor, target, property, newValue, correlation }) => {
      const time = new Date(START + hours * HOUR).toISOString();
      const user = { id: actor, userPrincipalName: `${actor}@fabrikam.example`, ipAddress: "192.0.2.7" };
      const changed = { displayName: property, oldValue: "[]", newValue: JSON.stringify(newValue) };
      const targetResources = [
        {
          id: target,
          displayName: newValue,
          userPrincipalName: `${target}@fabrikam.example`,
          type: "User",
          modifiedProperties: [changed],
        },
      ];
      const properties = {
        id: `record-${id}`,
        activityDateTime: time,
        activityDisplayName: operation,
        category,
        result: "success",
        initiatedBy: { user },
        targetResources,
        additionalDetails: [{ key: property, value: newValue }],
        correlationId: correlation,
      };
      return {
        time,
        category: "AuditLogs",
        operationName: operation,
        tenantId: TENANT,
        correlationId: correlation,
        properties,
      };
    });
}

describe.skipIf(folder === undefined)("official rules over several events (set OFFICIAL_RULES to their folder)", () => {
  let rulesThatFound = 0;

  test("the folder has some", () => expect(rules.length).toBeGreaterThan(0));

  test.each(rules)(
    "$file misses no finding of any instant, whatever arrives when",
    { timeout: 120_000 },
    async ({ rule }) => {
      let found = 0;
      const arrivals = fc.uniqueArray(fc.tuple(anyRecordFor(rule), fc.oneof(fc.constant(0), fc.nat(20))), {
        minLength: 4,
        maxLength: 16,
        selector: ([{ properties }]) => JSON.stringify(properties),
      });
      await fc.assert(
        fc.asyncProperty(arrivals, fc.array(fc.nat(DAYS * 24), { maxLength: 5 }), async (sent, evaluations) => {
          const world = windowWorld(rule);
          const happenings = [
            ...sent.map(([record, late]) => ({
              at: (Date.parse(valueText(record["time"])) - START) / HOUR + late,
              act: (): Promise<unknown> => world.deliver(record),
            })),
            ...evaluations.map((at) => ({ at, act: (): Promise<unknown> => world.evaluate() })),
          ];
          for (const { at, act } of happenings.toSorted((one, other) => one.at - other.at)) {
            world.at(at);
            await act();
          }
          const end = (DAYS + 16) * 24;
          world.at(end);
          expect(await world.evaluate()).toMatchObject({ errors: [], failed: [] });
          const expected = idsByDefinition(
            rule,
            sent.map(([record]) => record),
            end - 1,
          );
          found += expected.size;
          const stored = new Set(world.stored());
          expect([...expected].filter((id) => !stored.has(id))).toEqual([]);
          if (rule.window.class.name === "gains") expect(stored).toEqual(expected);
        }),
        { numRuns: 100 },
      );
      if (found > 0) rulesThatFound += 1;
    },
  );

  afterAll(() => expect(rulesThatFound).toBeGreaterThan(rules.length / 3)); // otherwise nothing was compared
});
