import { describe, expect, test } from "vitest";
import { ONLY_IN_CHECKOUT, PACKAGED } from "../../cli/packaged.ts";
import { COMMANDS, run } from "../../cli/pimwatch.ts";
import { send } from "../../cli/commands/send.ts";
import { stack } from "../../cli/commands/stack.ts";
import { start } from "../../cli/commands/start.ts";
import { fakeTerminal } from "./fake-terminal.ts";

const overview = expect.stringMatching(
  new RegExp(
    [
      "^Usage: pimwatch COMMAND \\[options\\]",
      "",
      "Microsoft Sentinel's own audit rules, run on the Event Hub stream.",
      "",
      ...COMMANDS.map(({ name, summary }) => `  ${name} +${summary.replaceAll(/[.()$]/g, String.raw`\$&`)}`),
      "",
      "pimwatch COMMAND --help explains one command. --version prints the version.",
      "$",
    ].join("\n"),
  ),
);
const known = `Commands: ${COMMANDS.map(({ name }) => name).join(", ")}. See: pimwatch --help`;

test.each([
  { args: [], code: 2, out: overview },
  { args: ["--help"], code: 0, out: overview },
  { args: ["-h"], code: 0, out: overview },
  { args: ["help"], code: 0, out: overview },
  { args: ["help", "send"], code: 0, out: send.help },
  { args: ["send", "--help"], code: 0, out: send.help },
  { args: ["start", "--help"], code: 0, out: start.help },
  { args: ["start", "--once", "--help"], code: 0, out: start.help },
  { args: ["stack", "--help"], code: 0, out: stack.help },
])("pimwatch $args prints its help", async ({ args, code, out }) => {
  const terminal = fakeTerminal();

  expect({ code: await run(args, terminal), outs: terminal.outs, notes: terminal.notes }).toEqual({
    code,
    outs: [out],
    notes: [],
  });
});

test.each(COMMANDS.map((command) => ({ command })))("the help of $command.name fits 120 columns", ({ command }) => {
  expect(command.help.split("\n").filter((line) => line.length > 120)).toEqual([]);
});

test("each command is in the package or named as one that only a checkout has", () => {
  const names = [...PACKAGED.map(({ name }) => name), ...ONLY_IN_CHECKOUT];

  expect(names.toSorted()).toEqual(COMMANDS.map(({ name }) => name).toSorted());
});

test("--version prints the version of the package", async () => {
  const terminal = fakeTerminal();

  expect(await run(["--version"], terminal)).toBe(0);
  expect(terminal.outs).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
});

describe("a command that cannot run as given prints one line and exits with 2", () => {
  test.each([
    { args: ["frob"], line: `Unknown command "frob". ${known}` },
    { args: ["--frob"], line: `Unknown option "--frob". ${known}` },
    { args: ["help", "frob"], line: `Unknown command "frob". ${known}` },
    { args: ["\u001b[2J"], line: `Unknown command "\\u{1b}[2J". ${known}` },
    { args: ["start", "--frob"], line: "Unknown option '--frob'. See: pimwatch start --help" },
    { args: ["start", "extra"], line: "Unexpected argument 'extra'. See: pimwatch start --help" },
    { args: ["start", "--once=yes"], line: "Option '--once' does not take an argument. See: pimwatch start --help" },
    { args: ["start", "--hub-port"], line: "Option '--hub-port <value>' argument missing. See: pimwatch start --help" },
    { args: ["start", "--hub-port", "70000"], line: '--hub-port must be a whole number from 0 to 65535, not "70000"' },
    { args: ["start", "--http-port", "1e3"], line: '--http-port must be a whole number from 0 to 65535, not "1e3"' },
    { args: ["start", "--timeout", "0"], line: '--timeout must be a whole number from 1 to 86400, not "0"' },
    {
      args: ["start", "--node", "/missing/node"],
      line: "--node /missing/node: the file does not exist or cannot be run",
    },
    { args: ["start", "--events", ""], line: "--events is empty. Give a PATH" },
    { args: ["start", "--events", "missing.ndjson"], line: "missing.ndjson: no such file or folder. Check the path" },
    {
      args: ["start", "--webhook", "notaurl"],
      line: '--webhook must be https://… without user name or password; http://127.0.0.1:PORT/… in local runs, not "notaurl"',
    },
    {
      args: ["start", "--webhook", "http://hooks.example/x"],
      line: '--webhook must be https://… without user name or password; http://127.0.0.1:PORT/… in local runs, not "http://hooks.example/x"',
    },
    {
      args: ["start", "--app", "/missing"],
      line: "--app /missing: no built app there, since it has no host.json. Give the folder that `npm run build` writes",
    },
    { args: ["send"], line: "No FILE given. Usage: pimwatch send [options] FILE..." },
    {
      args: ["send", "a.json", "--connection", "Endpoint=sb://x/", "--namespace", "x.example"],
      line: "Both --connection and --namespace are given. Give only one of them",
    },
    {
      args: ["send", "a.json", "--connection", "secret"],
      line: "--connection is not the connection string of an event hub. Expected Endpoint=sb://HOST/;SharedAccessKeyName=…;SharedAccessKey=…",
    },
    {
      args: ["send", "a.json", "--namespace", "https://x.example/"],
      line: '--namespace must be a host name such as NAME.servicebus.windows.net, not "https://x.example/"',
    },
    {
      args: ["stack", "--tenants", "fabrikam"],
      line: '--tenants is wrong: expected one or more tenant ids (GUIDs), comma-separated, each alone or as ID=NAME, found "fabrikam"',
    },
  ])("pimwatch $args", async ({ args, line }) => {
    const terminal = fakeTerminal();

    expect({ code: await run(args, terminal), notes: terminal.notes, outs: terminal.outs }).toEqual({
      code: 2,
      notes: [`pimwatch: ${line}`],
      outs: [],
    });
  });
});
