import { execFile } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { UsageError } from "../src/errors.ts";

/** Snapshots must match exactly, so the version is pinned. */
export const BICEP_VERSION = "0.47.16";
const PACKAGE = "Azure.Bicep.CommandLine.linux-x64"; // NuGet has a package for no other platform that CI runs on
const NUGET_PACKAGES = process.env["NUGET_PACKAGES"] ?? join(homedir(), ".nuget", "packages");
const RESTORED = join(NUGET_PACKAGES, PACKAGE.toLowerCase(), BICEP_VERSION, "tools", "bicep");
const RESTORE_TIMEOUT_MS = 300_000;

const run = promisify(execFile);

/** Result of the compiler. Warnings go to stderr and do not change the exit code. */
export interface BicepRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

let found: Promise<string> | undefined;

/**
 * Runs the Bicep CLI.
 *
 * @param environment variables for `readEnvironmentVariable`; those of this process are not passed on
 * @throws {UsageError} if it is neither on PATH nor available from NuGet
 */
export async function runBicep(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<BicepRun> {
  found ??= findBicep();
  const { HOME, PATH } = process.env;
  // We need no ICU data, and a machine may have none.
  const env = { HOME, PATH, DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: "1", ...environment };
  try {
    const { stdout, stderr } = await run(await found, [...args], { env, maxBuffer: 64 * 1024 * 1024 });
    return { exitCode: 0, stdout, stderr };
  } catch (error) {
    if (!hasOutput(error)) throw error;
    return { exitCode: error.code, stdout: error.stdout, stderr: error.stderr };
  }
}

/** The Bicep CLI of our version: from PATH, restored earlier by NuGet, or restored now. */
async function findBicep(): Promise<string> {
  const onPath = await versionOf("bicep");
  if (onPath === BICEP_VERSION) return "bicep";
  if (existsSync(RESTORED)) return RESTORED;
  const remedy = `Install Bicep CLI ${BICEP_VERSION} (https://aka.ms/bicep-install)${onPath === undefined ? "" : `; the one on PATH is ${onPath}`}`;
  if (process.platform !== "linux" || process.arch !== "x64") throw new UsageError(`No Bicep CLI. ${remedy}.`);
  if ((await versionOf("dotnet")) === undefined) {
    throw new UsageError(`No Bicep CLI, and no dotnet to restore it with. ${remedy}, or the .NET SDK 10 or newer.`);
  }
  await restore();
  return RESTORED;
}

/** Lets NuGet download the package for a temporary project outside the repository. */
async function restore(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "pimwatch-bicep-"));
  const project = join(directory, "bicep.csproj");
  try {
    await writeFile(
      project,
      `<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework>
    <DisableImplicitFrameworkReferences>true</DisableImplicitFrameworkReferences>
    <RestorePackagesPath>${NUGET_PACKAGES}</RestorePackagesPath>
  </PropertyGroup>
  <ItemGroup>
    <PackageDownload Include="${PACKAGE}" Version="[${BICEP_VERSION}]" />
  </ItemGroup>
</Project>
`,
    );
    await run("dotnet", ["restore", project], { cwd: directory, timeout: RESTORE_TIMEOUT_MS });
    await chmod(RESTORED, 0o755); // the package does not mark it as executable for everyone
  } catch (error) {
    const said = hasOutput(error) ? error.stdout.trim() : String(error);
    throw new UsageError(`NuGet did not restore ${PACKAGE} ${BICEP_VERSION}: ${said}`, { cause: error });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The first version number that `command --version` prints; undefined if there is no such command. */
async function versionOf(command: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(command, ["--version"]);
    return /\d+\.\d+\.\d+/.exec(stdout)?.[0];
  } catch {
    return undefined;
  }
}

function hasOutput(error: unknown): error is { code: number; stdout: string; stderr: string } {
  return error instanceof Error && "code" in error && typeof error.code === "number" && "stdout" in error;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    const { exitCode, stdout, stderr } = await runBicep(process.argv.slice(2));
    process.stdout.write(stdout);
    process.stderr.write(stderr);
    process.exitCode = exitCode;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
