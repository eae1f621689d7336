// Each command returns the exit codes that its help promises, and no wrong setting starts anything.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMMANDS, run } from "../../cli/pimwatch.ts";
import { startStack, type Stack } from "../../local/stack.ts";
import { containerClient, tableClient } from "../../src/azure/clients.ts";
import { deadLetters } from "../../src/azure/dead-letters.ts";
import { tableRows } from "../../src/azure/tables/table-rows.ts";
import { DEAD_LETTERS_CONTAINER, INCIDENTS_TABLE } from "../../src/storage-names.ts";
import { bytes, POSITION, settingsChange, TENANT } from "../samples.ts";
import { ruleText } from "../sentinel/rule-text.ts";
import { fakeTerminal } from "./fake-terminal.ts";

const LAUNCHER = fileURLToPath(new URL("../../cli/launch.mjs", import.meta.url));

let folder = "";
let stack: Stack;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pimwatch-codes-"));
  const files = {
    "change.json": JSON.stringify(settingsChange()),
    "other.json": JSON.stringify({ category: "AuditLogs", operationName: "Add user", tenantId: TENANT }),
    "bad/rule.yaml": ruleText({ query: "AuditLogs\n| where Categry == 1" }),
    "good/rule.yaml": ruleText(),
    "own/keep": "",
    "empty.json": "",
  };
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  }
  stack = await startStack({ allowedTenantIds: [TENANT] });
  await tableRows(await tableClient(storage(), INCIDENTS_TABLE)).make();
});
afterAll(async () => {
  await stack.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Case {
  /** As typed, with DIR for the folder of the test. */
  readonly line: string;
  readonly code: 0 | 1 | 2;
  /** Bytes of dead letters that are there before. */
  readonly letters?: readonly string[];
}

const CASES: readonly Case[] = [
  { line: "backtest --rule pim-alert-disabled DIR/change.json", code: 0 },
  { line: "backtest --rules DIR DIR/change.json", code: 1 },
  { line: "backtest DIR/missing.json", code: 2 },
  { line: "completion bash", code: 0 },
  { line: "completion tcsh", code: 2 },
  { line: "cost", code: 0 },
  { line: "cost --events-a-batch 0", code: 2 },
  { line: "coverage", code: 0 },
  { line: "wait-for-events --timeout 0", code: 1 },
  { line: "wait-for-events --timeout soon", code: 2 },
  { line: "coverage --rules DIR/missing", code: 2 },
  { line: "dead-letters", code: 0 },
  { line: "dead-letters", code: 1, letters: ["{"] },
  { line: "dead-letters ffff", code: 2 },
  { line: "doctor", code: 1 },
  { line: "doctor --settings DIR/missing", code: 2 },
  { line: "explain DIR/change.json", code: 0 },
  { line: "explain DIR/other.json", code: 1 },
  { line: "explain DIR/missing.json", code: 2 },
  { line: "incidents", code: 0 },
  { line: "incidents show ffff", code: 2 },
  { line: "lint rules/pim-alert-disabled", code: 0 },
  { line: "lint DIR/bad", code: 1 },
  { line: "lint DIR/missing", code: 2 },
  { line: "new fresh --rules DIR/own --from DIR/good/rule.yaml", code: 0 },
  { line: "new other --rules DIR/own --from DIR/bad/rule.yaml", code: 1 },
  { line: "new fresh --rules DIR/own --from DIR/good/rule.yaml", code: 2 },
  { line: "redrive --all", code: 0, letters: ['{"category":"SignInLogs"}'] },
  { line: "redrive --all", code: 1, letters: ["{"] },
  { line: "redrive", code: 2 },
  { line: "restore --list", code: 0 },
  { line: "restore", code: 2 },
  { line: "send DIR/change.json", code: 0 },
  { line: "send DIR/change.json --wait --timeout 1", code: 1 }, // no app runs that could make the incident
  { line: "send DIR/empty.json", code: 2 },
  { line: "silence", code: 2 }, // no app has evaluated anything
  { line: "stack --tenants fabrikam", code: 2 },
  { line: "start --app DIR", code: 2 },
  { line: "support extend", code: 0 },
  { line: "support --rules DIR", code: 1 },
  { line: "support --rules DIR/missing", code: 2 },
  { line: "test pim-alert-disabled", code: 0 },
  { line: "test --rules DIR/bad", code: 1 },
  { line: "test nosuch", code: 2 },
];

/** Shown by tests that need a whole app, or the end of a process. */
const ELSEWHERE: Readonly<Record<string, readonly number[]>> = {
  "start in test/cli/start.test.ts": [0, 1],
  "doctor in test/cli/doctor.test.ts": [0],
  "restore in test/cli/restore.test.ts": [1],
  "silence in test/cli/silence.test.ts": [0, 1],
  "stack in test/cli/exit-codes.test.ts": [0],
  "wait-for-events in test/cli/wait-for-events.test.ts": [0],
  "tune in test/cli/tuning/tune.test.ts": [0, 1, 2],
};

test.each(CASES)("pimwatch $line ends with $code", { timeout: 60_000 }, async ({ line, code, letters = [] }) => {
  const container = await containerClient(storage(), DEAD_LETTERS_CONTAINER);
  for await (const { name } of deadLetters(container).list()) await deadLetters(container).remove(name);
  for (const letter of letters)
    await deadLetters(container).add({ bytes: bytes(letter), reason: "a reason", position: POSITION });

  const { ended, notes } = await pimwatch(line);

  expect({ ended, notes }).toEqual({ ended: code, notes: expect.anything() });
  expect(notes.join("\n")).not.toMatch(/^ +at /m);
});

test("stack ends with 0 at Ctrl-C, and leaves settings that later commands ignore", async () => {
  const own = join(folder, "stack");
  await mkdir(own);
  const args = ["stack", "--hub-port", "0", "--table-port", "0", "--blob-port", "0"];
  const running = spawn(process.execPath, [LAUNCHER, ...args], { cwd: own, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(running, "exit");
  for await (const line of createInterface({ input: running.stdout })) if (line.startsWith("Next")) break;
  running.kill("SIGINT");
  expect(await ended).toEqual([0, null]);

  const later = spawn(process.execPath, [LAUNCHER, "incidents"], { cwd: own, stdio: ["ignore", "ignore", "pipe"] });
  let err = "";
  later.stderr.on("data", (text) => (err += String(text)));
  const [code]: unknown[] = await once(later, "close");
  expect([0, 2]).toContain(code); // 0 if another stack on this machine uses the usual ports
  expect(err).toContain(
    `Ignored local.settings.json: the \`pimwatch stack\` that wrote it, process ${running.pid}, has ended\n`,
  );
}, 120_000);

test.each(COMMANDS)("every exit code in the help of $name is shown by a test", ({ name, help }) => {
  const promised = [...help.slice(help.indexOf("\nExit code:\n")).matchAll(/^ {2}(\d) {2}\S/gm)].map(([, code]) =>
    Number(code),
  );
  const elsewhere = Object.entries(ELSEWHERE).filter(([where]) => where.startsWith(`${name} in `));
  const shown = new Set<number>([
    ...CASES.filter(({ line }) => line.split(" ")[0] === name).map(({ code }) => code),
    ...elsewhere.flatMap(([, codes]) => codes),
  ]);

  expect(elsewhere.filter(([where]) => !existsSync(where.split(" in ")[1] ?? ""))).toEqual([]);
  expect(promised).toEqual([0, 1, 2].filter((code) => shown.has(code)));
});

describe("a wrong setting is one sentence, and nothing starts", () => {
  test.each([
    "backtest DIR/change.json --top 0",
    "backtest DIR/change.json --rule nosuch",
    "dead-letters --container-url http://account.example/dead-letters --table-endpoint https://account.example",
    "dead-letters --container-url notaurl --table-endpoint https://account.example",
    "doctor --health notaurl",
    "doctor --health ftp://app.example/api/health",
    "doctor --settings DIR",
    "incidents --limit x",
    "incidents --from frob",
    "incidents --order frob",
    "incidents --status frob",
    "incidents --table-endpoint notaurl",
    "incidents --table-endpoint http://account.example",
    "incidents --storage frob",
    "incidents --storage AccountName=a;AccountKey=YQ==;TableEndpoint=frob",
    "lint --format xml",
    "lint --max-warnings -1",
    "lint --max-warnings many",
    "new UPPER --from DIR/good/rule.yaml",
    "new fine --from DIR",
    "new fine --from DIR/good/rule.yaml --rules DIR/missing",
    "redrive --all --tenants frob",
    "redrive --refused --all --tenants frob",
    "send DIR/change.json --timeout 0",
    "send DIR/change.json --namespace a_b",
    "send DIR/change.json --connection Endpoint=frob",
    "send DIR/missing.json",
    "stack --hub-port 70000",
    "stack --table-port x",
    "start --webhook notaurl",
    "start --webhook ftp://hooks.example/x",
    "start --webhook http://hooks.example/x",
    "start --app DIR/missing",
    "start --node DIR",
    "start --events DIR/missing",
    "start --timeout x",
    "incidents --storage=",
    "lint --junit=",
    "start --hub-port -1",
    "test --rules DIR/good nosuch",
  ])("%s", { timeout: 60_000 }, async (line) => {
    const { ended, outs, notes } = await pimwatch(line);

    expect({ ended, outs, lines: notes.length }).toEqual({ ended: 2, outs: [], lines: 1 });
    expect(notes[0]).toMatch(/^pimwatch: [^\n]*$/);
    expect(notes[0]).not.toContain("--debug prints");
  });
});

test("--debug prints the stack of an error, and without it there is none", async () => {
  const plain = await pimwatch("lint DIR/missing");
  const debug = await pimwatch("lint DIR/missing --debug");

  expect(plain.notes).toEqual([expect.stringMatching(/missing: no such file or folder/)]);
  expect(debug.notes).toEqual([
    ...plain.notes,
    expect.stringMatching(/^UsageError: [^]*\n {4}at [^]*\ncaused by Error/),
  ]);
});

function storage() {
  return { kind: "connectionString", connectionString: stack.azurite.connectionString } as const;
}

async function pimwatch(line: string) {
  const terminal = fakeTerminal({
    AUDIT_EVENTS: stack.eventHub.connectionString,
    INCIDENTS_STORAGE: stack.azurite.connectionString,
    ALLOWED_TENANT_IDS: TENANT,
  });
  const ended = await run(
    line.split(" ").map((word) => word.replace("DIR", folder)),
    terminal,
  );
  return { ended, outs: terminal.outs, notes: terminal.notes };
}
