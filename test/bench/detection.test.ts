import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { assertSame, benchDetection } from "../../bench/detection/detection.ts";
import { givenEvents } from "../../bench/detection/given-events.ts";
import { detection, plainHandler } from "../../bench/detection/methods.ts";
import { generatedRules, officialRule } from "../../bench/rules.ts";
import { auditOnly, escapes, highMatchRate, mixed, tiny } from "../../bench/detection/shapes.ts";
import { settingsChange, TENANT } from "../samples.ts";

describe("every method finds the expected records", async () => {
  const rule = await officialRule();
  const rules = [rule, ...generatedRules(rule, 49)];

  test.each(Object.entries({ mixed, tiny, auditOnly, highMatchRate, escapes }))(
    "in %s bodies",
    async (_name, shapeOf) => {
      const shape = shapeOf(1_200_000);
      for (const find of [detection([rule]), detection(rules), plainHandler])
        expect(await find(shape.bodies)).toEqual(shape.expected);
    },
  );

  test("in events of any form, and the first line is the ratio to the plain handler", async () => {
    const folder = await mkdtemp(join(tmpdir(), "pimwatch-bench-test-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const change = (id: string) => settingsChange({}, { id });
    const escaped = JSON.stringify({ records: [change("a")] }).replaceAll("i", "\\u0069");
    const spaced = JSON.stringify({ records: [change("c")] }).replaceAll(/([{}[\],:])(?=")/g, "$1 ");
    const lines = [
      escaped,
      `\uFEFF${JSON.stringify([change("b")])}`,
      spaced,
      JSON.stringify(change("d")),
      "no JSON",
      "null",
      "17",
      '{"records":"x"}',
      '{"records":{}}',
      '{"records":[null,1,"Update role setting in PIM",[]]}',
      JSON.stringify({ records: Array.from({ length: 30 }, (_, at) => change(`e${at}`)) }).replaceAll("PIM", "pim"),
    ];
    const [events, expect_] = [join(folder, "events"), join(folder, "expect")];
    await writeFile(events, lines.join("\n"));
    const ids = ["a", "b", "c", "d", ...Array.from({ length: 30 }, (_, at) => `e${at}`)];
    await writeFile(expect_, JSON.stringify(ids));

    const { shape, tenants } = givenEvents(events, expect_);
    expect(tenants).toContain(TENANT);
    const options = { rule, tenants, rounds: 1, name: "large mixed bodies", hasEscapes: true };
    const output = (await benchDetection(shape, options)).join("\n");
    expect(/^bench: .*$/m.exec(output)?.[0]).toMatch(
      /^bench: large mixed bodies, one rule, against the plain handler ratio \d+(\.\d+)?$/,
    );
    await expect(benchDetection({ ...shape, expected: ids.slice(1) }, options)).rejects.toThrow("found 34 records");
  });
});

test("the error names the position of the first different id", () => {
  const shape = { name: "x", bodies: [], bytes: 0, records: 2, expected: ["a", "b"] };
  expect(() => assertSame("a method", ["a", "c"], shape)).toThrow("different from number 2 on");
  expect(() => assertSame("a method", ["a", "b"], shape)).not.toThrow();
});
