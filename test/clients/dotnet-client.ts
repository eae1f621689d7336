import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import type { EventHubStandIn } from "../../local/event-hub/event-hub.ts";

const PROJECT = fileURLToPath(new URL("./dotnet", import.meta.url));
const PROGRAM = `${PROJECT}/bin/event-hubs-client.dll`;
const SETTINGS = { DOTNET_CLI_TELEMETRY_OPTOUT: "1", DOTNET_NOLOGO: "1" };

/** Builds the .NET program; NuGet downloads the client the first time. */
export async function buildClient(): Promise<void> {
  const args = ["build", PROJECT, "--configuration", "Release", "--output", `${PROJECT}/bin`];
  await promisify(execFile)("dotnet", args, { env: { ...process.env, ...SETTINGS } });
}

export interface ClientRun {
  readonly scenario: string;
  readonly hub: EventHubStandIn;
  readonly hubName: string;
  readonly count?: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** Runs once the program waits for the test. */
  readonly whenReady?: () => Promise<void>;
}

/** Runs one scenario of the .NET program and returns its output. */
export async function runClient({
  scenario,
  hub,
  hubName,
  count,
  environment,
  whenReady,
}: ClientRun): Promise<unknown> {
  const args = [PROGRAM, scenario, hub.connectionString, hubName, ...(count === undefined ? [] : [String(count)])];
  const program = spawn("dotnet", args, {
    env: { ...process.env, ...SETTINGS, ...environment },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let errors = "";
  program.stderr.setEncoding("utf8").on("data", (chunk: string) => (errors += chunk));
  const exit = once(program, "exit");
  let result: string | undefined;
  for await (const line of createInterface(program.stdout)) {
    if (line === "ready") {
      await whenReady?.();
      program.stdin.write("\n");
    } else result = line;
  }
  const [code] = await exit;
  if (code !== 0 || result === undefined) throw new Error(`${scenario} ended with ${String(code)}: ${errors}`);
  return JSON.parse(result);
}
