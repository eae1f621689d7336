import { execFile, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build } from "../../build.ts";
import { sampleDay } from "../../local/samples/sample-day.ts";

const LAUNCHER = fileURLToPath(new URL("../../cli/launch.mjs", import.meta.url));
const MATCHES = sampleDay().expected.flatMap(({ rules }) => rules).length;

let folder = "";
let app = "";
/** Records of a sample day, one per line. */
let lines: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pimwatch-start-"));
  app = join(folder, "app");
  await build(app);
  lines = sampleDay({ seed: 3 }).bodies.flatMap(recordLines);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("start --once", () => {
  test("processes the sample day through hub, rules, table and ingestion", async () => {
    const { code, out, err } = await pimwatch(["start", "--once", "--json", "--app", app]);

    expect({ code, err }).toEqual({
      code: 0,
      err: expect.stringContaining(`All ${MATCHES} expected incidents were stored and forwarded exactly once.`),
    });
    const incidents = out
      .trimEnd()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    expect(incidents).toHaveLength(MATCHES);
    expect(incidents).toContainEqual(
      expect.objectContaining({
        RuleName: "Changes to PIM Settings",
        Severity: "High",
        RowKind: "created",
        Revision: 1,
      }),
    );
  });

  test("prints incidents for a person, with what changed", async () => {
    const { code, out } = await pimwatch(["start", "--once", "--app", app]);

    expect(code).toBe(0);
    expect(out).toMatch(
      /High {6}Changes to PIM Settings: Global Administrator\n {4}changed {3}Maximum activation duration updated to 1\.00:00:00\n {14}MFA on activation requirement disabled\n/,
    );
    expect(out).toMatch(
      /^sent {7}\d+ events in .*; the scan skipped \d+ events?\nread {7}\d+ records in the other events; .*\nmatched {4}\d+ records, in \d+ incidents; .*\nset aside {2}2 dead letters\nforwarded {2}\d+ rows\nlatency {4}enqueued → stored median \d+ ms/m,
    );
    expect(out).toMatch(/ {2}page {7}http:\/\/127\.0\.0\.1:\d+\/api\/dashboard\n/);
    expect(out).toMatch(/ {2}health {5}http:\/\/127\.0\.0\.1:\d+\/api\/health\n/);
    expect(out).toMatch(/ {2}pipeline {3}http:\/\/127\.0\.0\.1:\d+\/api\/pipeline\n/);
  });

  test("processes a given file with records of another tenant and lines that are not JSON", async () => {
    const file = join(folder, "own.ndjson");
    const foreign = lines.map((line) => line.replaceAll("aaaaaaaa-1111", "BBBBBBBB-1111"));
    await writeFile(file, [...foreign.slice(0, 50), "{oops", ...foreign.slice(50), "\u0000"].join("\r\n"));

    const { code, err } = await pimwatch(["start", "--once", "--json", "--app", app, "--events", file]);

    expect({ code, err }).toEqual({
      code: 0,
      err: expect.stringContaining(`All events were processed; all ${MATCHES} incidents were forwarded exactly once.`),
    });
    expect(err).toContain("tenants allowed: bbbbbbbb-1111-4222-8333-444444444444");
    expect(err).toMatch(/^set aside {2}2 dead letters$/m);
    expect(err.match(/^pimwatch: new dead letter [0-9a-f]{16}: not JSON/gm)).toHaveLength(2);
  });

  test("names the missing incidents and exits with 1 if a rule does not run", async () => {
    const blind = join(folder, "blind");
    await cp(app, blind, { recursive: true });
    await writeFile(join(blind, "rules.json"), "[]");

    const { code, out, err } = await pimwatch(["start", "--once", "--json", "--app", blind]);

    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err.match(/^pimwatch: no incident for record /gm)).toHaveLength(MATCHES);
  });

  test.each(["--hub-port", "--http-port", "--table-port", "--blob-port", "--ingestion-port"])(
    "a port in use (%s) is one clear line and leaves nothing running",
    async (option) => {
      const occupant = createServer().listen(0, "127.0.0.1");
      await once(occupant, "listening");
      const address = occupant.address();
      const port = typeof address === "object" && address !== null ? String(address.port) : "";

      const { code, out, err } = await pimwatch(["start", "--once", "--app", app, option, port]);

      occupant.close();
      expect({ code, out, lines: err.split("\n").length }).toEqual({ code: 2, out: "", lines: 2 });
      expect(err).toMatch(new RegExp(`^pimwatch: .*${port}.*\n$`));
    },
  );

  test("a missing app gives one clear line", async () => {
    const { code, err } = await pimwatch(["start", "--once", "--app", join(folder, "missing")]);

    expect(code).not.toBe(0);
    expect(err).toContain("missing");
    expect(err).not.toContain("    at ");
  });
});

test("start keeps running, processes the events of send, and stops in order at Ctrl-C", async () => {
  const file = join(folder, "more.ndjson");
  await writeFile(file, lines.join("\n"));
  const running = spawn(process.execPath, [LAUNCHER, "start", "--app", app], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(running, "exit");
  const out = await outputUntil(running, /Still running/);
  const table = /tables +(\S+)/.exec(out)?.[1] ?? "";

  const first = await pimwatch(["send", file, "--wait"]);
  const again = await pimwatch(["send", file, "--wait"]);
  const [listed, letters] = await Promise.all([pimwatch(["incidents", "--json"]), pimwatch(["dead-letters"])]);
  const redriven = await pimwatch(["redrive", "--all"]);
  running.kill("SIGINT");

  expect(first).toMatchObject({
    code: 0,
    err: expect.stringMatching(
      new RegExp(`^${MATCHES} of ${MATCHES} incidents found; hub → table: median \\d+ ms`, "m"),
    ),
  });
  expect(first.out.match(/^ {4}\d+ ms from the hub to the table$/gm)).toHaveLength(MATCHES);
  expect(again).toMatchObject({
    code: 0,
    err: expect.stringMatching(
      new RegExp(`^${MATCHES} of ${MATCHES} incidents found; hub → table: \\(not measured\\)`, "m"),
    ),
  });
  expect(again.out.match(/^ {4}already stored/gm)).toHaveLength(MATCHES);
  const using = `Using the local stack of \`pimwatch start\`, process ${running.pid}\n`;
  expect(listed).toMatchObject({ code: 0, err: expect.stringContaining(using) });
  expect(listed.out.trimEnd().split("\n").length).toBeGreaterThanOrEqual(MATCHES);
  expect(letters).toMatchObject({ code: 1, err: expect.stringContaining(using) });
  expect(redriven).toMatchObject({ code: 1, err: expect.stringContaining(using) }); // those two are not JSON and stay
  expect(await ended).toEqual([0, null]);
  await expect(fetch(table)).rejects.toThrow("fetch failed");
  expect((await pimwatch(["incidents"])).err).not.toContain(using);
}, 240_000);

test("a local stack of which a part ends names the part and ends with exit code 2", async () => {
  const running = spawn(process.execPath, [LAUNCHER, "start", "--app", app], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(running, "exit");
  let err = "";
  running.stderr.on("data", (text) => (err += String(text)));
  await outputUntil(running, /Still running/);
  const azurite = childrenOf(running.pid).find((line) => line.includes("azurite-process"));

  process.kill(Number.parseInt(azurite ?? "", 10), "SIGKILL");

  expect(await ended).toEqual([2, null]);
  expect(withoutProgress(err).trimEnd().split("\n").at(-1)).toBe(
    "pimwatch: Azurite (tables and blobs): its process ended with SIGKILL. Start the local stack again",
  );
});

test("Ctrl-C before all events are processed stops in order, and says so", async () => {
  const running = spawn(process.execPath, [LAUNCHER, "start", "--app", app], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(running, "exit");
  let err = "";
  running.stderr.on("data", (text) => (err += String(text)));
  await outputUntil(running, /Sending/);

  running.kill("SIGINT");

  expect(await ended).toEqual([1, null]);
  expect(withoutProgress(err)).toBe("pimwatch: stopped before all events were processed and all incidents forwarded\n");
});

test("start and all its processes end when the npm that started it is killed", async () => {
  const script = `require("node:child_process").spawn(process.execPath, ${JSON.stringify([LAUNCHER, "start", "--app", app])}, { stdio: "inherit" })`;
  const npm = spawn(process.execPath, ["-e", script], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, npm_lifecycle_event: "start" },
  });
  const allEnded = once(npm, "close"); // only when every process that holds its streams is gone
  const out = await outputUntil(npm, /Still running/);

  npm.kill("SIGKILL");

  expect(await allEnded).toEqual([null, "SIGKILL"]);
  await expect(fetch(/tables +(\S+)/.exec(out)?.[1] ?? "")).rejects.toThrow("fetch failed");
});

function pimwatch(args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [LAUNCHER, ...args],
      { cwd: folder, maxBuffer: 64_000_000 },
      (_error, out, err) => {
        resolve({ code: child.exitCode ?? -1, out, err: withoutProgress(err) });
      },
    );
  });
}

/** How often a command says what it is doing depends on the machine. */
function withoutProgress(err: string): string {
  return err.replaceAll(/^.* … \(\d+ s\)\n/gm, "");
}

/** Id and command line of each child of a process. */
function childrenOf(pid: number | undefined): string[] {
  const { stdout } = spawnSync("ps", ["-o", "pid=,args=", "--ppid", String(pid)], { encoding: "utf8" });
  return stdout.split("\n");
}

/** The output of a process, on both streams, up to the first line that matches. */
function outputUntil(child: ChildProcess, wanted: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => {
        said += `${line}\n`;
        if (wanted.test(line)) resolve(said);
      });
    }
    child.once("exit", () => reject(new Error(`It ended before it said ${wanted}:\n${said}`)));
  });
}

function recordLines(body: Uint8Array): string[] {
  const text = new TextDecoder().decode(body);
  if (text.startsWith("{'")) return [];
  const value = JSON.parse(text);
  const records: unknown[] = Array.isArray(value) ? value : (value.records ?? [value]);
  return records.filter((record) => typeof record === "object").map((record) => JSON.stringify(record));
}
