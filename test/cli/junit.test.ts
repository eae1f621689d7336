import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { afterAll, beforeAll, expect, test } from "vitest";
import { junitXml, type JunitSuite } from "../../cli/junit.ts";
import { run } from "../../cli/pimwatch.ts";
import { fakeTerminal } from "./fake-terminal.ts";

/** A character of XML 1.0: https://www.w3.org/TR/xml/#charsets */
const XML = /^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u;
const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "" });

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pimwatch-junit-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("tests that passed, failed and did not run, with their counts", () => {
  const suite: JunitSuite = {
    name: "a <rule>",
    milliseconds: 1_500,
    cases: [
      { name: "passes", file: "a/tests.yaml", line: 3, failures: [] },
      {
        name: 'says "no"',
        file: "a/tests.yaml",
        line: 9,
        failures: ["0 findings instead of 1 finding", "    \u001b[2J & more"],
      },
      {
        name: "waits",
        file: "a/tests.yaml",
        line: 12,
        failures: [],
        skipped: "no tests",
        remarks: ["1:2: warning: odd"],
      },
    ],
  };

  const totals = { tests: "3", failures: "1", errors: "0", skipped: "1", time: "1.500" };
  expect(parsed(junitXml("pimwatch test", [suite]))).toEqual({
    "?xml": expect.anything(),
    testsuites: {
      name: "pimwatch test",
      ...totals,
      testsuite: {
        name: "a <rule>",
        ...totals,
        testcase: [
          { name: "passes", classname: "a <rule>", file: "a/tests.yaml", line: "3" },
          {
            name: 'says "no"',
            classname: "a <rule>",
            file: "a/tests.yaml",
            line: "9",
            failure: {
              "#text": "0 findings instead of 1 finding\n    \\u{1b}[2J & more",
              message: "0 findings instead of 1 finding",
            },
          },
          {
            name: "waits",
            classname: "a <rule>",
            file: "a/tests.yaml",
            line: "12",
            skipped: { message: "no tests" },
            "system-out": "1:2: warning: odd",
          },
        ],
      },
    },
  });
});

test("whatever a name or a failure holds, the file is XML", () => {
  const text = fc.string({ unit: "binary" }).map((some) => `${some}\u0000\uD800\uFFFE\uFFFF]]>`);
  fc.assert(
    fc.property(text, fc.array(text), (name, failures) => {
      const xml = junitXml(name, [{ name, milliseconds: 0, cases: [{ name, file: name, line: 1, failures }] }]);

      expect(xml).toMatch(XML);
      expect(XMLValidator.validate(xml)).toBe(true);
    }),
  );
});

test.each([
  { args: ["test", "changes-to-pim-settings"], name: "pimwatch test" },
  { args: ["lint", "rules/changes-to-pim-settings"], name: "pimwatch lint" },
])("$args writes its results", async ({ args, name }) => {
  const file = join(folder, `${args[0]}.xml`);

  expect(await run([...args, "--junit", file], fakeTerminal())).toBe(0);

  const { testsuites } = parsed(await readFile(file, "utf8"));
  expect(testsuites).toMatchObject({ name, failures: "0" });
  expect(Number(testsuites.tests)).toBeGreaterThan(0);
});

test.each(["test", "lint"])("%s names a file that cannot be written, before anything runs", async (command) => {
  const terminal = fakeTerminal();

  expect(await run([command, "--junit", join(folder, "missing/x.xml")], terminal)).toBe(2);
  expect(terminal.outs).toEqual([]);
  expect(terminal.notes).toEqual([
    expect.stringMatching(/^pimwatch: --junit .*x\.xml: no such file or folder\. Check/),
  ]);
});

function parsed(xml: string) {
  expect(XMLValidator.validate(xml)).toBe(true);
  return parser.parse(xml);
}
