import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { lint } from "../../src/sentinel/lint/lint.ts";
import { formatProblem } from "../../src/kql/compile/problem.ts";
import { ruleText, type RuleTextParts } from "./rule-text.ts";

const NOW = new Date("2026-11-23T00:00:00Z");
let folder = "";
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Lints files in a new folder, and returns problems with paths relative to it. */
async function lintFiles(files: Readonly<Record<string, string>>, path = "."): Promise<string[]> {
  folder = await mkdtemp(join(tmpdir(), "pimwatch-lint-"));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  const { problems } = await lint([join(folder, path)], NOW);
  return problems.map(formatProblem).map((line) => line.replaceAll(`${folder}/`, ""));
}

const lintText = (parts: RuleTextParts) => lintFiles({ "r.yaml": ruleText(parts) });

test("a correct rule has no problem, as a single file or in a folder of its own", async () => {
  expect(await lintFiles({ "r.yaml": ruleText(), "x/rule.yaml": ruleText({ id: crypto.randomUUID() }) })).toEqual([]);
});

test("a query on which Microsoft's parser throws is a problem of its rule, and the other rules are checked", async () => {
  const problems = await lintFiles({
    "a/rule.yaml": ruleText({ query: "AuditLogs\n| graph-match (a)-->(b) project a" }),
    "a/overlay.yaml": "variables:\n  users: [a]\nexclude:\n  - a == 1\n",
    "b.yaml": ruleText({ id: crypto.randomUUID(), query: "AuditLogs | where Nope == 1" }),
  });
  expect(problems).toEqual([
    expect.stringMatching(/^a\/rule\.yaml:7:3: error: Microsoft's parser fails on this query, .+\(parser-failure\)$/),
    expect.stringContaining('b.yaml:7:21: error: there is no column or variable "Nope"'),
  ]);
});

// Exclusions by the name MS-PIM: https://github.com/12Knocksinna/Office365itpros/issues/143
describe("an exclusion by an actor's display name", () => {
  const BY_NAME = "anybody can give an application or a person that display name";

  test.each([
    { condition: 'Identity != "MS-PIM"', noted: true },
    { condition: 'Identity !in~ ("MS-PIM", "x")', noted: true },
    { condition: 'not(tostring(InitiatedBy.app.displayName) =~ "x")', noted: true },
    { condition: 'tostring(InitiatedBy.user.displayName) !has "sync"', noted: true },
    { condition: 'OperationName != "MS-PIM"', noted: true },
    { condition: 'Identity != ""', noted: false },
    { condition: 'Identity == "MS-PIM"', noted: false },
    { condition: 'not(Identity == "MS-PIM" and tostring(InitiatedBy.app.appId) == "a")', noted: false },
    { condition: 'tostring(InitiatedBy.app.appId) != "a"', noted: false },
    { condition: 'OperationName != "x"', noted: false },
  ])("in a query: $condition: $noted", async ({ condition, noted }) => {
    const note = `r.yaml:7:21: note: ${condition}: ${BY_NAME}; let a rule by application id run beside it (excluded-by-name)`;
    expect(await lintText({ query: `AuditLogs | where ${condition}` })).toEqual(noted ? [note] : []);
  });

  test("in an overlay, unless an id decides too", async () => {
    const overlay = `exclude:
  - Identity == "nightly-sync"
  - when: tostring(InitiatedBy.app.displayName) =~ "x"
    because: agreed
  - Identity == "nightly-sync" and tostring(InitiatedBy.app.appId) == "a"
  - OperationName == "x"
`;
    expect(await lintFiles({ "x/rule.yaml": ruleText(), "x/overlay.yaml": overlay })).toEqual(
      ["2:5", "3:11"].map(
        (place) =>
          `x/overlay.yaml:${place}: warning: ${BY_NAME}; exclude an object id, a client id or a principal name (excluded-by-name)`,
      ),
    );
  });
});

describe("ATT&CK", () => {
  test.each([
    {
      given: { techniques: "[T1098, T1098.003, T1078.004]" },
      problems: [],
    },
    {
      given: { techniques: "[T1098.009]" },
      problems: [
        'r.yaml:9:22: warning: ATT&CK 18.0 has no technique "T1098.009"; did you mean "T1098.001"? (unknown-technique)',
      ],
    },
    {
      given: { techniques: "[T1110]" },
      problems: [
        "r.yaml:9:22: warning: T1110 (Brute Force) belongs to CredentialAccess; the rule's tactics are Persistence, PrivilegeEscalation (technique-tactic)",
      ],
    },
    {
      given: { tactics: "[persistence]", techniques: "[]" },
      problems: [
        'r.yaml:8:11: warning: Sentinel knows no tactic "persistence"; did you mean "Persistence"? (unknown-tactic)',
      ],
    },
  ])("$given: $problems.length problem(s)", async ({ given, problems }) => {
    expect(await lintText(given)).toEqual(problems);
  });
});

describe("entity mappings and details", () => {
  const mapping = (type: string, ...fields: readonly (readonly [string, string])[]) =>
    `entityMappings:\n  - entityType: ${type}\n    fieldMappings:\n${fields
      .map(([identifier, column]) => `      - { identifier: ${identifier}, columnName: ${column} }`)
      .join("\n")}`;

  test.each([
    { more: mapping("IP", ["Address", "Id"]), problems: [] },
    {
      more: mapping("IP", ["Address", "TargetResources"]),
      problems: [
        'r.yaml:14:44: warning: the column "TargetResources" contains a list or a bag; Address of IP needs a text (use tostring) (mapping-type)',
      ],
    },
    {
      more: mapping("Ip", ["Address", "Id"]),
      problems: [
        'r.yaml:12:17: warning: Sentinel has no entity type "Ip" for mappings; did you mean "IP"? (entity-type)',
      ],
    },
    {
      more: mapping("Account", ["FullNam", "Id"], ["FullName", "Id"], ["FullName", "Id"], ["Sid", "Id"]),
      problems: [
        "r.yaml:14:7: warning: 4 identifiers of one Account; Sentinel takes at most 3 (too-many-identifiers)",
        'r.yaml:14:23: warning: Account has no identifier "FullNam"; did you mean "FullName"? (entity-identifier)',
        "r.yaml:16:23: warning: FullName of one Account is mapped twice (entity-identifier)",
      ],
    },
    {
      more: mapping("Account", ["UPNSuffix", "Id"]),
      problems: [
        "r.yaml:14:7: warning: one Account needs one of FullName, Sid, Name, AadUserId, PUID, ObjectGuid (weak-entity)",
      ],
    },
    {
      more: mapping("FileHash", ["Value", "Id"]),
      problems: ["r.yaml:14:7: warning: one FileHash needs one of Algorithm with Value (weak-entity)"],
    },
    {
      more: "customDetails:\n  Name of it: Id",
      problems: [
        'r.yaml:12:15: warning: "Name of it" is not a valid name of a custom detail: a letter, then letters, digits and _, at most 20 (detail-name)',
      ],
    },
    {
      more: 'alertDetailsOverride:\n  alertDisplayNameFormat: "{{Id}}{{Id}}{{Id}}{{Id}}"',
      problems: [
        "r.yaml:12:27: warning: 4 columns in alertDisplayNameFormat; Sentinel takes at most 3 (alert-details)",
      ],
    },
  ])("$problems", async ({ more, problems }) => {
    expect(await lintText({ more })).toEqual(problems);
  });

  test("are checked in a rule that needs many events, too", async () => {
    const query = "AuditLogs\n| join kind=inner (AuditLogs | project Id) on Id";
    const schedule = { frequency: "1h", period: "1d" };
    expect(await lintText({ query, schedule, more: mapping("IP", ["Address", "Adress"]) })).toEqual([
      "r.yaml:6:8: note: this rule needs several events. It runs every 1h over the last 1d; gains: more events only add findings; keeps: every record (several-events)",
      'r.yaml:19:44: warning: the identifier Address of IP is left out: the query returns no column "Adress" (unknown-mapping-column)',
    ]);
  });

  test("a rule over several events: the note counts the overlay's exclusions as conditions", async () => {
    const query = `AuditLogs\n| join kind=leftouter (AuditLogs | project Id, Identity) on Id | project Id, Partner = Identity1`;
    const schedule = { frequency: "1h", period: "1d" };
    const noteWith = async (exclusion: string) => {
      const files = { "x/rule.yaml": ruleText({ query, schedule }), "x/overlay.yaml": `exclude: ['${exclusion}']` };
      return (await lintFiles(files)).find((line) => line.includes("(several-events)"));
    };
    expect(await noteWith(`Partner == "kim"`)).toContain(
      'scheduled: a later event can make the exclusion Identity == "kim" true',
    );
    expect(await noteWith("isempty(Partner)")).toContain("gains");
    expect(await noteWith(`Id == "1"`)).toContain("gains");
  });

  test("an NRT rule over several events has no period to look back over", async () => {
    const query = "AuditLogs\n| join kind=inner (AuditLogs | project Id) on Id";
    expect(await lintText({ query })).toEqual([
      expect.stringMatching(
        /^r\.yaml:8:5: error: this rule needs several events, and an NRT rule has no period .* make it kind: Scheduled/,
      ),
    ]);
  });
});

describe("odd values", () => {
  test.each([
    {
      text: { more: "source:\n  kind: Community\nauthor: x" },
      problem: /^r\.yaml:11:1: warning: source, author: at the top level, but belongs under metadata/,
    },
    {
      text: { query: 'let Ids = dynamic(["List of expected ids"]);\nAuditLogs | where Id in (Ids)' },
      problem: /^r\.yaml:7:22: warning: "List of expected ids" looks like a placeholder/,
    },
    {
      text: { query: "AuditLogs\n| summarize n = count() by Category" },
      problem: /^r\.yaml:8:5: note: summarize runs per event here/,
    },
    {
      text: { query: `AuditLogs | where Category == '${"x".repeat(10_000)}'` },
      problem: /^r\.yaml:7:3: warning: 10\d{3} characters; Sentinel takes at most 10000 \(query-length\)/,
    },
  ])("$problem", async ({ text, problem }) => {
    expect(await lintText(text)).toEqual([expect.stringMatching(problem)]);
  });

  const scheduled = (frequency: string, period: string) =>
    ruleText().replace(
      "kind: NRT",
      `kind: Scheduled\nqueryFrequency: ${frequency}\nqueryPeriod: ${period}\ntriggerOperator: gt\ntriggerThreshold: 0`,
    );

  test.each([
    { frequency: "1d", period: "P1D", problems: [] },
    {
      frequency: "1d",
      period: "1h",
      problems: [/^r\.yaml:7:14: warning: queryPeriod 1h is shorter than queryFrequency 1d/],
    },
    { frequency: "1m", period: "15d", problems: [/queryFrequency 1m is outside/, /queryPeriod 15d is outside/] },
    { frequency: "2H", period: "PT2H", problems: [/"2H" is usually written 2h/] },
    { frequency: "1h10m", period: "70m", problems: [] },
    { frequency: "1h10m", period: "PT1H9M", problems: [/queryPeriod PT1H9M is shorter than queryFrequency 1h10m/] },
    { frequency: "4m59s", period: "1d", problems: [/queryFrequency 4m59s is outside/] },
  ])("every $frequency over $period: $problems", async ({ frequency, period, problems }) => {
    expect(await lintFiles({ "r.yaml": scheduled(frequency, period) })).toEqual(
      problems.map((problem) => expect.stringMatching(problem)),
    );
  });
});

describe("values that older files omit or write differently", () => {
  const old = ruleText().replace("kind: NRT\n", "");
  const schedule = "queryFrequency: 1d\nqueryPeriod: 1d\ntriggerOperator: gt\n";

  test.each([
    {
      text: `${old}${schedule}triggerThreshold: 0`,
      problems: [
        "r.yaml:1:1: warning: kind is missing; because there is a schedule, pimwatch reads Scheduled (odd-value)",
      ],
    },
    {
      text: `${old}kind: Scheduled\n${schedule}triggerThreshold: "0"`,
      problems: [expect.stringMatching(/warning: triggerThreshold "0" is usually a number, not text \(odd-value\)$/)],
    },
    {
      text: ruleText({ severity: "high" }).replace("NRT", "nrt"),
      problems: [
        'r.yaml:4:11: warning: severity "high" is usually written High (odd-value)',
        'r.yaml:5:7: warning: kind "nrt" is usually written NRT (odd-value)',
      ],
    },
    {
      text: old,
      problems: [
        "r.yaml:1:1: error: kind is missing: to run a hunting query as a rule, add a kind (NRT) and a severity (rule-shape)",
      ],
    },
  ])("$problems", async ({ text, problems }) => {
    expect(await lintFiles({ "r.yaml": text })).toEqual(problems);
  });
});

describe("files that cannot be read", () => {
  test.each([
    {
      text: "- a",
      problem: "r.yaml:1:1: error: the file: expected fields and their values, `field: value` (rule-shape)",
    },
    { text: `${ruleText()}\n---\na: 1`, problem: "r.yaml:13:1: error: not YAML: a second document begins here (yaml)" },
    {
      text: "a: *b",
      problem: "r.yaml:1:1: error: not YAML: Unresolved alias (the anchor must be set before the alias): b (yaml)",
    },
    {
      text: "id: aaaaaaaa-0000-4000-8000-000000000001\nname: x\nkind: NRT\nseverity: High",
      problem: "r.yaml:1:1: error: query: it is missing, but required (string) (rule-shape)",
    },
  ])("$problem", async ({ text, problem }) => {
    expect(await lintFiles({ "r.yaml": text })).toEqual([problem]);
  });

  test("an alias is read; aliases that multiply are not", async () => {
    const text = ruleText().replace("name: Sample rule\ndescription: Finds a thing.", "name: &n Rule\ndescription: *n");
    expect(await lintFiles({ "r.yaml": text })).toEqual([]);
    const many = Array.from({ length: 6 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n},`.repeat(9)}]`).join("\n");
    expect(await lintFiles({ "r.yaml": `a0: &a0 [x]\n${many}` })).toEqual([
      "r.yaml:1:1: error: not YAML: Excessive alias count indicates a resource exhaustion attack (yaml)",
    ]);
  });
});

test("the files beside a rule are checked, expired planned changes included", async () => {
  const entry =
    "{ who: [sam@contoso.example], role: Reports Reader, settings: [any], ticket: T-1, from: 2026-01-01, until: 2026-01-02 }";
  const problems = await lintFiles({
    "x/rule.yaml": ruleText(),
    "x/overlay.yaml": "enabled: perhaps",
    "x/tests.yaml": "tests: []",
    "x/expected-changes.yaml": `expectedChanges:\n  - ${entry}`,
  });
  expect(problems).toEqual([
    expect.stringMatching(/^x\/expected-changes\.yaml:2:\d+: (warning|error): .*T-1|expected/),
    expect.stringMatching(/^x\/overlay\.yaml:1:10: error: enabled: Invalid input/),
    expect.stringMatching(/^x\/tests\.yaml:1:8: error: tests: there is no test/),
  ]);
});

test("two rules with one id, an empty file and an overlay without a rule are errors; samples are not rules", async () => {
  const problems = await lintFiles({
    "a.yaml": ruleText(),
    "b.yaml": ruleText({ query: "AuditLogs" }),
    "c.yaml": "",
    "d/overlay.yaml": "enabled: true",
    "samples/x.yaml": "",
  });
  expect(problems).toEqual([
    "b.yaml:1:1: error: a.yaml has the same id aaaaaaaa-0000-4000-8000-000000000001; keep one of them (duplicate-id)",
    "c.yaml:1:1: error: the file is empty (empty)",
    "d/overlay.yaml:1:1: error: the folder has no rule.yaml for this overlay.yaml (no-rule)",
  ]);
});

test("a path that does not exist and a folder without rules are errors", async () => {
  await expect(lintFiles({}, "missing")).rejects.toThrow("no such file or folder");
  await expect(lintFiles({ "readme.md": "" })).rejects.toThrow("no rules found");
});
