import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TableClient } from "@azure/data-tables";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { run } from "../../../cli/pimwatch.ts";
import { type Azurite, startAzurite } from "../../../local/azurite.ts";
import { incidentTable } from "../../../src/azure/incidents/incident-table.ts";
import { tableRows } from "../../../src/azure/tables/table-rows.ts";
import { valueText } from "../../../src/core/value-text.ts";
import { INCIDENTS_TABLE } from "../../../src/storage-names.ts";
import { fakeTerminal } from "../fake-terminal.ts";
import { type Past, pastIncident, TUNED_RULE } from "./closed-incidents.ts";

const PAST: readonly Past[] = [
  { number: 1, called: "FalsePositive", actor: "robot" },
  { number: 2, called: "BenignPositive", actor: "robot", role: "Global Administrator" },
  { number: 3, called: "open", actor: "robot" },
  { number: 4, called: "TruePositive" },
  { number: 5, called: "FalsePositive" },
  { number: 6, called: "FalsePositive" },
];
const CONDITION = 'InitiatingAadUserId == "id-of-robot"';

let azurite: Azurite;
let rules = "";
beforeAll(async () => {
  azurite = await startAzurite();
  const client = TableClient.fromConnectionString(azurite.connectionString, INCIDENTS_TABLE, {
    allowInsecureConnection: true,
  });
  const table = incidentTable(tableRows(client));
  await table.create();
  await table.addAll(PAST.map((past) => pastIncident(past)));
});
afterAll(() => azurite.close());
beforeEach(async () => {
  rules = await mkdtemp(join(tmpdir(), "pimwatch-tune-"));
  await mkdir(join(rules, "tuned"));
  await writeFile(join(rules, "tuned/rule.yaml"), TUNED_RULE);
  return () => rm(rules, { recursive: true, force: true });
});

async function pimwatch(...args: string[]) {
  const terminal = fakeTerminal({ INCIDENTS_STORAGE: azurite.connectionString });
  const code = await run([...args, "--rules", rules], terminal);
  return { code, out: terminal.outs.join(""), err: terminal.notes.join("\n") };
}

const idOf = (number: number): string => {
  const past = PAST.find((one) => one.number === number);
  return valueText(past && pastIncident(past).row["IncidentId"]).slice(0, 16);
};

test("prints what each proposal would have removed, the lines to add, what is refused and the next commands", async () => {
  const { code, out } = await pimwatch("tune", "tuned");
  const [head = "", first = "", yaml = ""] = out.split("\n\n");

  expect(code).toBe(0);
  expect(head).toBe("Sample rule (tuned): 6 incidents: 4 false or benign, 1 true positive, 0 undetermined, 1 open");
  expect(first.split("\n")).toEqual([
    "Proposal 1 would have removed 2 of 4 false or benign incidents and no true positive; 3 incidents remain",
    expect.stringMatching(`^  2026-11-01 09:01:00Z  P\\d  FalsePositive   ${idOf(1)}  robot@fabrikam.example$`),
    expect.stringMatching(`^  2026-11-01 09:02:00Z  P\\d  BenignPositive  ${idOf(2)}  robot@fabrikam.example$`),
    expect.stringMatching(`^  2026-11-01 09:03:00Z  P\\d  New             ${idOf(3)}  robot@fabrikam.example$`),
    "  caution  It would also have removed 1 open incident: close them first",
    expect.stringContaining("This person has changed Global Administrator"),
  ]);
  expect(yaml).toContain(
    `    exclude:\n      - when: ${CONDITION}\n        because: 2 incidents on 2026-11-01, closed`,
  );
  expect(out).toMatch(new RegExp(`Refused, since it would have removed 1 true positive: .*\\n.*${idOf(4)}`));
  expect(out).toMatch(
    /\nadd {3}the lines of one proposal to .*overlay\.yaml, or the first with --write\nnext {2}npx pimwatch test tuned/,
  );
  await expect(readFile(join(rules, "tuned/overlay.yaml"))).rejects.toThrow("ENOENT");
});

test("--write adds the first proposal to the overlay, which then excludes those incidents", async () => {
  const overlay = join(rules, "tuned/overlay.yaml");
  await writeFile(overlay, "# ours\nseverity: Low # agreed\n");

  expect(await pimwatch("tune", "tuned", "--write")).toMatchObject({ code: 0, err: `Proposal 1 is now in ${overlay}` });

  const text = await readFile(overlay, "utf8");
  expect(text).toContain(`# ours\nseverity: Low # agreed\nexclude:\n  - when: ${CONDITION}\n`);
  const after = await pimwatch("tune", "tuned", "--json");
  expect(JSON.parse(after.out)).toMatchObject({ notFound: 3, counts: { benign: 2, true: 1, open: 0 }, written: null });
  expect((await pimwatch("tune", "tuned", "--write", "--when", CONDITION)).err).toContain("has this condition already");
  expect(await readFile(overlay, "utf8")).toBe(text);
});

test("as JSON, also of only one tenant or time", async () => {
  const { code, out } = await pimwatch("tune", "tuned", "--json", "--to", "2026-11-01T09:03:00Z");
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    rule: "tuned",
    counts: { benign: 2, true: 0, undetermined: 0, open: 0 },
    proposals: [
      { when: CONDITION, removed: [{ verdict: "benign" }, { classification: "BenignPositive" }], remaining: 0 },
      {},
    ],
    written: null,
  });
  const other = await pimwatch("tune", "tuned", "--tenant", "bbbbbbbb-1111-4222-8333-444444444444");
  expect(other).toMatchObject({ code: 1, out: expect.stringContaining("No proposal: it takes at least 2 incidents") });
});

test("a person's own condition that would hide a true positive is refused, and not written", async () => {
  const { code, out } = await pimwatch("tune", "tuned", "--write", "--when", "RoleName has 'Reader'");
  expect(code).toBe(1);
  expect(out).toMatch(new RegExp(`^Refused, since .*: RoleName has 'Reader'\\n.*TruePositive {4}${idOf(4)}`, "m"));
  await expect(readFile(join(rules, "tuned/overlay.yaml"))).rejects.toThrow("ENOENT");
});

test("an overlay that a person must edit is not written", async () => {
  await writeFile(join(rules, "tuned/overlay.yaml"), "exclude: ['OperationName == \"x\"']\n");
  const { code, err } = await pimwatch("tune", "tuned", "--write");
  expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining("Add the lines by hand") });
});

test("a rule file that shares its folder with others has no overlay to write", async () => {
  await writeFile(join(rules, "alone.yaml"), TUNED_RULE);
  await rm(join(rules, "tuned"), { recursive: true });
  const { code, err } = await pimwatch("tune", "alone", "--write");
  expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining("has no folder of its own") });
  await expect(readFile(join(rules, "overlay.yaml"))).rejects.toThrow("ENOENT");
});

test.each([
  { args: ["tune"], says: "Give one RULE" },
  { args: ["tune", "tund"], says: 'has no rule "tund"; did you mean "tuned"?' },
  { args: ["tune", "tuned", "--from", "yesterday"], says: "--from: expected a time" },
  { args: ["tune", "tuned", "--when", "Nothing == 1"], says: "The condition does not compile: " },
])("$args: $says", async ({ args, says }) => {
  const { code, err } = await pimwatch(...args);
  expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(says) });
});
