import { globSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { BICEP_VERSION, runBicep } from "../../scripts/bicep.ts";
import { parameterFiles, runSnapshot } from "../../scripts/snapshot-infra.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SILENCE = { exitCode: 0, stdout: "", stderr: "" };
const PARAMETER_FILES = (await parameterFiles()).map((file) => relative(ROOT, file));

beforeAll(async () => {
  const { stdout } = await runBicep(["--version"]);
  expect(stdout).toContain(BICEP_VERSION);
});

test("every Bicep file compiles and lints without output", async () => {
  expect(await runBicep(["lint", "--pattern", join(ROOT, "infra/**/*.bicep")])).toEqual(SILENCE);
});

test("an unknown property is noticed, though the compiler exits 0", async () => {
  const directory = await temporaryDirectory();
  const original = await readFile(join(ROOT, "infra/modules/workspace.bicep"), "utf8");
  await writeFile(join(directory, "workspace.bicep"), original.replace("retentionInDays:", "retentionInWeeks:"));

  const { exitCode, stderr } = await runBicep(["lint", "--pattern", join(directory, "**/*.bicep")]);

  expect(exitCode).toBe(0);
  expect(stderr).toContain("retentionInWeeks");
});

test("every Bicep file is formatted", async () => {
  const directory = await temporaryDirectory();
  const files = globSync(["infra/**/*.bicep", "infra/*.bicepparam", "test/infra/variants/*.bicepparam"], { cwd: ROOT });
  for (const file of files) await cp(join(ROOT, file), join(directory, file));

  await writeFile(join(directory, "control.bicep"), "param  x   string\n");

  for (const ending of ["bicep", "bicepparam"]) {
    await runBicep(["format", "--pattern", join(directory, `**/*.${ending}`)]);
  }

  const unformatted = [];
  for (const file of files) {
    if ((await readFile(join(ROOT, file), "utf8")) !== (await readFile(join(directory, file), "utf8"))) {
      unformatted.push(file);
    }
  }
  expect(await readFile(join(directory, "control.bicep"), "utf8")).toContain("param x string");
  expect(files).toContain("infra/main.bicep");
  expect(unformatted).toEqual([]);
});

test.each(PARAMETER_FILES)("the parameters in %s match the template", async (file) => {
  const built = await runBicep(["build-params", join(ROOT, file), "--stdout"]);

  expect({ ...built, stdout: "" }).toEqual(SILENCE);
});

test.each(PARAMETER_FILES)("the snapshot of %s is current", async (file) => {
  const { exitCode, stdout, stderr } = await runSnapshot(join(ROOT, file), "validate");

  expect(exitCode, `run \`npm run snapshots\` and look at what changed\n${stdout}${stderr}`).toBe(0);
});

test("the tenant's diagnostic setting is a resource at the root, and no deployment is: its author may not deploy there", async () => {
  const { stdout } = await runBicep(["build", join(ROOT, "infra/main.bicep"), "--stdout"]);
  const atTheRoot = resourcesIn(JSON.parse(stdout)).filter(
    ({ scope }) => scope !== undefined && !scope.startsWith("["),
  );

  expect(atTheRoot).toMatchObject([{ type: "microsoft.aadiam/diagnosticSettings", scope: "/" }]);
});

interface CompiledResource {
  readonly type: string;
  readonly scope?: string;
  readonly properties?: { readonly template?: CompiledTemplate };
}

interface CompiledTemplate {
  readonly resources: Readonly<Record<string, CompiledResource>> | readonly CompiledResource[];
}

/** The resources of a template and of all deployments in it. */
function resourcesIn({ resources }: CompiledTemplate): CompiledResource[] {
  return Object.values(resources).flatMap((resource: CompiledResource) => [
    resource,
    ...(resource.properties?.template === undefined ? [] : resourcesIn(resource.properties.template)),
  ]);
}

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "pimwatch-bicep-test-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}
