// lint, test, support, coverage, new and backtest, as a person runs them.
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sampleDay } from "../../local/samples/sample-day.ts";
import { run } from "../../cli/pimwatch.ts";
import { HEADINGS } from "../../src/sentinel/guide.ts";
import { ruleText } from "../sentinel/rule-text.ts";
import { SHIPPED } from "../shipped-rules.ts";
import { fakeTerminal } from "./fake-terminal.ts";

let folder = "";
const at = (path: string): string => join(folder, path);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pimwatch-rules-"));
  const files = {
    "good/one/rule.yaml": ruleText({ query: 'AuditLogs\n| where Category == "Tests"\n| project OperationName, Id' }),
    "good/one/tests.yaml": `
tests:
  - name: found
    event: { category: AuditLogs, properties: { id: a, category: Tests } }
    expect: 1
  - name: another category
    event: { category: AuditLogs, properties: { id: a, category: Test } }
    misses: 1
`,
    "literal/rule.yaml": ruleText({
      query: 'AuditLogs\n| where OperationName == "Rename tenant"\n| project OperationName, Id',
    }),
    "bad/rule.yaml": ruleText({ query: "AuditLogs\n| where Categry == 1" }),
    "mixed/good.yaml": ruleText({
      query: 'AuditLogs\n| where Category == "Tests"\n| project Id, ["2"] = 2, ["1"] = 1',
    }),
    "mixed/join.yaml": ruleText({ id: crypto.randomUUID(), query: "AuditLogs\n| join AuditLogs on Id" }),
    "several/rule.yaml": ruleText({
      query: `AuditLogs
| where Category == "Tests"
| summarize n = count(), Who = take_any(tostring(InitiatedBy.user.userPrincipalName)) by Category
| where n > 1`,
      schedule: { frequency: "1d", period: "2d" },
      more: "alertDetailsOverride: { alertDisplayNameFormat: '{{n}} by {{Who}}' }",
    }),
    "excluded/rule.yaml": ruleText({
      query: 'AuditLogs\n| where Category == "Tests"\n| summarize n = count() by Category\n| where n > 0',
      schedule: { frequency: "1d", period: "2d" },
    }),
    "excluded/overlay.yaml": "exclude: [n == 1]",
    "warned/rule.yaml": ruleText({ techniques: "[T9999]" }),
    "guided/rule.yaml": ruleText(),
    "guided/guide.md": HEADINGS.map((heading) => `## ${heading}\n\nText.\n`).join("\n"),
    "off/rule.yaml": ruleText(),
    "off/overlay.yaml": "enabled: false",
    "events/y=2026/m=03/PT1H.json": [1, 2, 2].map((n) => JSON.stringify(record(n))).join("\n"),
    "none/readme.md": "",
    "empty.ndjson": "",
  };
  for (const [file, text] of Object.entries(files)) {
    await mkdir(join(at(file), ".."), { recursive: true });
    await writeFile(at(file), text);
  }
  await writeFile(
    at("events/more.json.gz"),
    gzipSync(JSON.stringify({ records: [record(3), { category: "SignInLogs" }] })),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function record(n: number): object {
  const user = { userPrincipalName: "sam@contoso.example" };
  return {
    category: "AuditLogs",
    time: `2026-03-0${n}T00:00:00Z`,
    tenantId: "t",
    properties: { id: `r-${n}`, category: "Tests", initiatedBy: { user } },
  };
}

async function pimwatch(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = fakeTerminal();
  const code = await run(args, terminal);
  const clean = (texts: readonly string[], end: string) => texts.join(end).replaceAll(`${folder}/`, "");
  return { code, out: clean(terminal.outs, ""), err: clean(terminal.notes, "\n") };
}

describe("lint", () => {
  test("prints a line for each problem and ends with 1 on errors", async () => {
    expect(await pimwatch("lint", at("bad"))).toEqual({
      code: 1,
      out: 'bad/rule.yaml:8:11: error: there is no column or variable "Categry"; did you mean "Category"? (unknown-column)\n',
      err: "1 rule: 1 error, 0 warnings, 0 notes",
    });
  });

  test("ends with 0 on warnings, unless there are more than --max-warnings", async () => {
    expect((await pimwatch("lint", at("warned"))).code).toBe(0);
    expect((await pimwatch("lint", "--max-warnings", "1", at("warned"))).code).toBe(0);
    expect((await pimwatch("lint", "--max-warnings", "0", at("warned"))).code).toBe(1);
  });

  test("prints JSON and SARIF", async () => {
    const { out } = await pimwatch("lint", "--format", "json", at("warned"));
    expect(JSON.parse(out)).toEqual([
      {
        file: "warned/rule.yaml",
        line: 9,
        column: 22,
        level: "warning",
        code: "unknown-technique",
        message: 'ATT&CK 18.0 has no technique "T9999"',
      },
    ]);
    const sarif = JSON.parse((await pimwatch("lint", "--format", "sarif", at("warned"))).out);
    expect(sarif).toMatchObject({
      version: "2.1.0",
      runs: [
        {
          tool: { driver: { name: "pimwatch", rules: [{ id: "unknown-technique" }] } },
          results: [
            {
              ruleId: "unknown-technique",
              level: "warning",
              locations: [
                {
                  physicalLocation: {
                    artifactLocation: { uri: "warned/rule.yaml" },
                    region: { startLine: 9, startColumn: 22 },
                  },
                },
              ],
            },
          ],
        },
      ],
    });
  });
});

describe("test", () => {
  test("runs the rules of a folder, or one by name, and ends with 0 when all pass", async () => {
    const all = await pimwatch("test", "--rules", at("good"));
    expect(all).toEqual({
      code: 0,
      out: expect.stringMatching(/^ok {3}one: 2 tests in \d+ ms\n2 tests passed, 0 failures\n$/),
      err: "",
    });
    expect((await pimwatch("test", "--rules", at("good"), "one")).code).toBe(0);
    expect((await pimwatch("test", at("good/one/"))).code).toBe(0);
  });

  test("ends with 1 for a rule that does not compile", async () => {
    expect(await pimwatch("test", at("bad/"))).toMatchObject({ code: 1, err: expect.stringContaining("Categry") });
  });

  test("lists an official rule without tests, and fails for it with --strict", async () => {
    expect(await pimwatch("test", at("warned/"))).toMatchObject({
      code: 0,
      out: "none warned: no tests. `npx pimwatch new` shows how to write them\n0 tests passed, 0 failures, 1 rule without tests\n",
    });
    expect((await pimwatch("test", "--strict", at("warned/"))).code).toBe(1);
  });

  test("ends with 1 for a rule that has a guide and no tests", async () => {
    expect(await pimwatch("test", at("guided/"))).toMatchObject({
      code: 1,
      out: expect.stringContaining("no tests.yaml beside it"),
    });
  });
});

describe("support", () => {
  test("lists only names that contain a word", async () => {
    const { code, out } = await pimwatch("support", "mv-app", "triggerThreshold", "join");
    expect(code).toBe(0);
    expect(out).toMatch(/mv-apply .* runs/);
    expect(out).toMatch(/join \[kind=.* runs +every kind; a rule needs several events for it/);
    expect(out).toMatch(/triggerThreshold +honoured +counts the rows of one tenant at an instant/);
  });

  test("counts the rules of a folder that run", async () => {
    expect(await pimwatch("support", "--rules", at("mixed"))).toEqual({
      code: 1,
      out: expect.stringMatching(
        /^event {4}good\nrefused {2}join\n +mixed\/join\.yaml:8:5: error: .*\n1 of 2 rules run: 1 when one event arrives, 0 over several events; refused: 1\n$/,
      ),
      err: "",
    });
  });

  test("says of a rule over several events when it runs, its class, and what it keeps", async () => {
    const { code, out } = await pimwatch("support", "--rules", at("several"));
    expect(code).toBe(0);
    expect(out).toBe(`window   several
         every 1d over the last 2d
         gains: more events only add findings
         keeps: Category == "Tests"
1 of 1 rule runs: 0 when one event arrives, 1 over several events; refused: 0
`);
    const [line] = (await pimwatch("support", "--json", "--rules", at("several"))).out.trimEnd().split("\n");
    expect(JSON.parse(line ?? "")).toMatchObject({
      rule: "several",
      runs: true,
      by: "window",
      schedule: { frequencySeconds: 86_400, periodSeconds: 172_800, threshold: 0 },
      class: { name: "gains", reason: "more events only add findings" },
      keeps: 'Category == "Tests"',
    });
  });
});

describe("coverage", () => {
  test("lists rules under techniques, with switched-off rules in brackets", async () => {
    const { out } = await pimwatch("coverage", "--rules", at("off/"));
    expect(out).toContain("Persistence\n  T1098      Account Manipulation                 [off]\n");
    expect(out).toContain("0 techniques");
  });

  test("makes a layer for the Navigator", async () => {
    const { out } = await pimwatch("coverage", "--navigator", "--rules", at("good"));
    expect(JSON.parse(out)).toMatchObject({
      domain: "enterprise-attack",
      techniques: [
        { techniqueID: "T1098", tactic: "persistence", score: 1 },
        { techniqueID: "T1098", tactic: "privilege-escalation", score: 1 },
      ],
    });
  });
});

describe("new", () => {
  test("copies the rule byte for byte, with a guide that builds and tests made of the query's constants", async () => {
    await mkdir(at("made"));
    expect(await pimwatch("new", "my-rule", "--from", at("mixed/good.yaml"), "--rules", at("made"))).toMatchObject({
      code: 0,
      out: "made/my-rule/rule.yaml\nmade/my-rule/guide.md\nmade/my-rule/tests.yaml\nmade/tests.schema.json\nmade/overlay.schema.json\n",
    });
    expect(await readFile(at("made/my-rule/rule.yaml"), "utf8")).toBe(await readFile(at("mixed/good.yaml"), "utf8"));
    expect((await pimwatch("lint", at("made"))).code).toBe(0);
    expect(await pimwatch("test", "--rules", at("made"))).toMatchObject({
      code: 0,
      out: expect.stringContaining("2 tests passed, 0 failures"),
    });
  });

  test("where the query says too little, the tests fail until they are filled in, and say why", async () => {
    await mkdir(at("vague"));
    await writeFile(
      at("vague.yaml"),
      ruleText({
        id: crypto.randomUUID(),
        query:
          'AuditLogs\n| where OperationName in~ ("Add role", "x") and not(Result == "failure")\n' +
          '| mv-expand TargetResources\n| where TargetResources.type =~ "User" or Category has "y"\n' +
          "| where strlen(Identity) > 3",
      }),
    );
    await pimwatch("new", "vague", "--from", at("vague.yaml"), "--rules", at("vague"));
    const { code, out } = await pimwatch("test", "--rules", at("vague"));
    expect(code).toBe(1);
    expect(out).toContain(
      "    0 findings instead of 1 finding\n        false: strlen(Identity) > 3\n            strlen(Identity) is 0\n",
    );
    const file = at("vague/vague/tests.yaml");
    const filled = (await readFile(file, "utf8"))
      .replace("    category: AuditLogs\n", "    category: AuditLogs\n    identity: Alex\n")
      .replace("operationName: Put what fails the condition here", "identity: A");
    await writeFile(file, filled);
    expect(await pimwatch("test", "--rules", at("vague"))).toMatchObject({
      code: 0,
      out: expect.stringContaining("5 tests passed, 0 failures"),
    });
  });

  test.each([
    { args: ["made"], line: /exists already/ },
    { args: ["My Rule"], line: /"My Rule" cannot be the name of a rule's folder/ },
    { args: [], line: /Give one NAME/ },
  ])("$args: $line", async ({ args, line }) => {
    await mkdir(at("made"), { recursive: true });
    const { code, err } = await pimwatch("new", ...args, "--from", at("mixed/good.yaml"), "--rules", folder);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(line) });
  });

  test("writes nothing for a rule that is refused", async () => {
    expect((await pimwatch("new", "joined", "--from", at("mixed/join.yaml"), "--rules", at("made"))).code).toBe(1);
    await expect(readFile(at("made/joined/rule.yaml"))).rejects.toThrow("ENOENT");
  });
});

describe("backtest", () => {
  test("counts incidents by rule, day and actor; a repeated record makes one incident", async () => {
    const { code, out, err } = await pimwatch("backtest", "--rules", at("good"), at("events"));
    expect({ code, err }).toEqual({
      code: 0,
      err: 'pimwatch: scan off: without a text that every match must hold: "Sample rule"; all records are read in full',
    });
    expect(out).toMatch(/^Sample rule \(one\): 3 incidents, 1 repeated finding\n/);
    expect(out).toContain("days     2026-03-01 (1 incident), 2026-03-02 (1 incident), 2026-03-03 (1 incident)\n");
    expect(out).toContain("actors   sam@contoso.example (3 incidents)\n");
    expect(out).toMatch(
      /samples {2}2026-03-01T00:00:00Z .*\n {11}2026-03-02T00:00:00Z .*\n {11}2026-03-03T00:00:00Z {2}Sample rule, by sam@contoso\.example \(events\/more\.json\.gz:1\)/,
    );
    expect(out).toMatch(/read {5}4 events with 5 records, 0\.0 MB, \d+ records\/s, [\d.]+ MB\/s\n/);
    expect(out).toMatch(/matched {2}4 records; 1 record of other categories; 0 records would be dead letters\n$/);
  });

  test("skips events that cannot match, and says so; --no-scan counts everything", async () => {
    const events = [
      { ...record(1), operationName: "Rename tenant" },
      { records: [record(2), { category: "SignInLogs", text: "x".repeat(300), properties: {} }] },
      {
        records: [
          { ...record(3), operationName: "Rename tenant" },
          record(2),
          { text: "x".repeat(20_000), properties: {} },
        ],
      },
    ];
    await writeFile(at("renamed.ndjson"), events.map((event) => JSON.stringify(event)).join("\n"));
    const args = ["backtest", "--rules", at("literal/"), at("renamed.ndjson")];

    const scanned = await pimwatch(...args);
    const whole = await pimwatch(...args, "--no-scan");

    const found = /^Sample rule \(literal\): 2 incidents\n/;
    expect(scanned).toEqual({ code: 0, out: expect.stringMatching(found), err: "" });
    expect(scanned.out).toMatch(
      /\nread {5}3 events, 0\.0 MB, [\d.]+ MB\/s; the scan skipped 1 event\nmatched {2}2 of 4 records in the other 2 events; the scan skipped 2 records; 0 records of other categories; 0 records would be dead letters\n$/,
    );
    expect(whole).toMatchObject({ code: 0, out: expect.stringMatching(found) });
    expect(whole.out).toMatch(/\nread {5}3 events with 6 records, /);
    expect(whole.out).toMatch(
      /\nmatched {2}2 records; 1 record of other categories; 1 record would be dead letters\n$/,
    );
    expect(whole.err).toBe('pimwatch: renamed.ndjson:3: no "category"');
  });

  test("prints result rows as JSON with all columns in the query's order, and runs what compiles", async () => {
    const { code, out, err } = await pimwatch("backtest", "--json", "--rules", at("mixed"), at("events/more.json.gz"));
    expect(code).toBe(1);
    expect(err).toContain("mixed/join.yaml:8:5: error: this rule needs several events, and an NRT rule has no period");
    expect(out).toMatch(/^\{"rule":"good",.*"where":"events\/more\.json\.gz:1","row":\{"Id":"r-3","2":2,"1":1\}\}\n$/);
  });

  test("runs a rule over several events at each scheduled instant, and says what each finding is made of", async () => {
    const { code, out, err } = await pimwatch("backtest", "--rules", at("several/"), at("events"));
    expect({ code, err: err.split("\n") }).toEqual({
      code: 0,
      err: [expect.stringMatching(/scan off: without a text that every match must hold: "Sample rule"/)],
    });
    expect(out).toMatch(
      /^Sample rule \(several\), over several events, every 1d over the last 2d: 2 findings\n {2}found {4}at 2 scheduled instants, 1 different row; 1 where the window begins before the archive\n/,
    );
    expect(out).toMatch(
      /samples {2}2026-03-02T00:00:00Z {2}2 by sam@contoso\.example, made of 2026-03-01T00:00:00Z \(events\/y=2026\/m=03\/PT1H\.json:1\), 2026-03-02T00:00:00Z \(events\/y=2026\/m=03\/PT1H\.json:2\)\n/,
    );
    expect(out).toMatch(/windows {2}4 records kept for rules over several events, 1 of them sent again\n/);
  });

  test("prints findings over several events as JSON", async () => {
    const { out } = await pimwatch("backtest", "--json", "--rules", at("several/"), at("events"));
    const [first, ...others] = out.trimEnd().split("\n");
    expect(others).toHaveLength(1);
    expect(JSON.parse(first ?? "")).toEqual({
      rule: "several",
      ruleId: "aaaaaaaa-0000-4000-8000-000000000001",
      instant: "2026-03-02T00:00:00.000Z",
      tenant: "t",
      title: "2 by sam@contoso.example",
      severity: "High",
      windowBeginsBeforeArchive: true,
      records: [
        { id: "r-1", time: "2026-03-01T00:00:00.000Z", where: "events/y=2026/m=03/PT1H.json:1" },
        { id: "r-2", time: "2026-03-02T00:00:00.000Z", where: "events/y=2026/m=03/PT1H.json:2" },
      ],
      moreRecords: false,
      row: { Category: "Tests", n: 2, Who: "sam@contoso.example" },
    });
  });

  test("leaves out what the overlay excludes from a rule over several events", async () => {
    const { out } = await pimwatch("backtest", "--json", "--rules", at("excluded/"), at("events"));
    const instants = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).instant);
    // On the first of March one record lies in the window.
    expect(instants).toEqual(["2026-03-02T00:00:00.000Z", "2026-03-03T00:00:00.000Z"]);
  });

  test("finds the expected incidents in the sample day", async () => {
    const day = sampleDay({ day: new Date("2026-03-05T00:00:00Z") });
    await writeFile(
      at("day.ndjson"),
      day.bodies.map((body) => Buffer.from(body).toString().replaceAll("\n", " ")).join("\n"),
    );
    const { code, out } = await pimwatch("backtest", "--json", at("day.ndjson"));
    const found = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line))
      .filter(({ rule }) => SHIPPED.includes(rule));
    const expected = day.expected.flatMap(({ rules, recordId }) => rules.map((rule) => `${rule} ${recordId}`));
    expect(code).toBe(0);
    expect([...new Set(found.map(({ rule, row }) => `${rule} ${row.Id}`))].toSorted()).toEqual(expected.toSorted());
  });
});

test.each([
  { args: ["lint", "PATH/missing"], line: /missing: no such file or folder/ },
  { args: ["lint", "PATH/none"], line: /none: no rules found/ },
  { args: ["lint", "--format", "xml"], line: /--format must be text, json, sarif, not "xml"/ },
  { args: ["test", "--rules", "PATH/missing"], line: /missing: no such file or folder/ },
  { args: ["test", "--rules", "PATH/good", "on"], line: /good has no rule "on"; did you mean "one"\?/ },
  { args: ["support", "--rules", "PATH/none"], line: /none: no rules found/ },
  { args: ["coverage", "--rules", "PATH/missing"], line: /missing: no such file or folder/ },
  { args: ["new", "x"], line: /--from FILE\.yaml is missing/ },
  { args: ["new", "x", "--from", "PATH/missing.yaml"], line: /missing\.yaml: no such file or folder\. Check the path/ },
  { args: ["backtest"], line: /No FILE given/ },
  { args: ["backtest", "--rules", "PATH/good", "PATH/missing.json"], line: /missing\.json: no such file or folder/ },
  { args: ["backtest", "--rules", "PATH/literal/", "PATH/empty.ndjson"], line: /empty\.ndjson: no events/ },
  { args: ["backtest", "--rules", "PATH/off", "PATH/events"], line: /No rule is left to run/ },
])("$args prints one line and exits with 2", async ({ args, line }) => {
  const { code, err, out } = await pimwatch(...args.map((arg) => arg.replace("PATH", folder)));
  expect({ code, out, err }).toEqual({ code: 2, out: "", err: expect.stringMatching(line) });
  expect(err).not.toContain("\n");
});
