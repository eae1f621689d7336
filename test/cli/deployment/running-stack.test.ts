import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { settingsFor } from "../../../cli/deployment/app-settings.ts";
import { noteRunningStack, runningStack } from "../../../cli/deployment/running-stack.ts";
import { fakeTerminal } from "../fake-terminal.ts";

/** Larger than any process id: https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html */
const NOBODY = 2 ** 22 + 1;
const using = `Using the local stack of \`pimwatch start\`, process ${process.pid}`;

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pimwatch-stacks-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("a command finds the stack that runs, says which one it is, and forgets it when it stops", async () => {
  const terminal = terminalHere();
  const settings = { AUDIT_EVENTS: await listeningHub(), ALLOWED_TENANT_IDS: "x" };
  const forget = await noteRunningStack(settings, terminal);

  expect(await settingsFor({}, terminal)).toEqual(settings);
  expect(terminal.notes).toEqual([using]);

  await forget();
  expect(await settingsFor({}, terminal)).toEqual({});
  expect(await readdir(folder)).toEqual([]);
});

test.each([
  { what: "an option", choice: { storage: "x" }, environment: {} },
  { what: "an option for the hub", choice: { namespace: "x.example" }, environment: {} },
  { what: "the environment", choice: {}, environment: { INCIDENTS_TABLE_ENDPOINT: "https://a.example" } },
])("$what wins over the stack that runs: no command mixes the two", async ({ choice, environment }) => {
  const terminal = terminalHere(environment);
  await noteRunningStack({ AUDIT_EVENTS: await listeningHub() }, terminal);

  expect(await settingsFor(choice, terminal)).toEqual(environment);
  expect(terminal.notes).toEqual([]);
});

test("settings that name no service are added to those of the stack", async () => {
  const terminal = terminalHere({ ALLOWED_TENANT_IDS: "mine" });
  const AUDIT_EVENTS = await listeningHub();
  await noteRunningStack({ AUDIT_EVENTS, ALLOWED_TENANT_IDS: "samples" }, terminal);

  expect(await settingsFor({}, terminal)).toEqual({ AUDIT_EVENTS, ALLOWED_TENANT_IDS: "mine" });
});

test("the certificate of the stack wins over one that the environment names for a proxy", async () => {
  const terminal = terminalHere({ NODE_EXTRA_CA_CERTS: "/company/proxy.pem" });
  const stack = { AUDIT_EVENTS: await listeningHub(), NODE_EXTRA_CA_CERTS: "/stack/ca.pem" };
  await noteRunningStack(stack, terminal);

  expect(await settingsFor({}, terminal)).toEqual(stack);
});

test.each([
  { what: "whose process is gone", pid: NOBODY, content: async () => noteOf(await listeningHub()) },
  { what: "whose process id another process has got", pid: process.pid, content: () => noteOf(closedHub) },
  { what: "that is cut short", pid: process.pid, content: () => '{"Val' },
])("a note of a stack $what is reported once, and removed", async ({ pid, content }) => {
  const terminal = terminalHere();
  await writeFile(join(folder, `${pid}.json`), await content());

  expect(await runningStack(terminal)).toEqual({});
  expect(await runningStack(terminal)).toEqual({});
  expect(terminal.notes).toEqual([`Ignored the local stack of process ${pid}, which has ended without stopping it`]);
});

test("the note can be read by its owner alone", async () => {
  await noteRunningStack({ A: "1" }, terminalHere());

  const file = join(folder, `${process.pid}.json`);
  expect(JSON.parse(await readFile(file, "utf8"))).toEqual({ Values: { A: "1" } });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test("a folder that cannot be written does not keep the stack from running", async () => {
  const terminal = { ...fakeTerminal(), stackNotes: "/dev/null/stacks" };

  const forget = await noteRunningStack({}, terminal);

  await expect(forget()).resolves.toBeUndefined();
  expect(terminal.notes).toEqual([
    expect.stringMatching(/^pimwatch: other commands cannot find this stack by themselves\. \/dev\/null\/stacks: /),
  ]);
});

const closedHub = "Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=a;SharedAccessKey=b";

function terminalHere(environment: Record<string, string> = {}) {
  return { ...fakeTerminal(environment), stackNotes: folder };
}

function noteOf(AUDIT_EVENTS: string): string {
  return JSON.stringify({ Values: { AUDIT_EVENTS } });
}

/** The connection string of a hub of which only the port is there. */
async function listeningHub(): Promise<string> {
  const server: Server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const address = server.address();
  return `Endpoint=sb://127.0.0.1:${typeof address === "object" ? address?.port : ""};SharedAccessKeyName=a`;
}
