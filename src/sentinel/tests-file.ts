import * as z from "zod";
import type { Json } from "../kql/run/values.ts";
import { SEVERITIES } from "../core/incident/rule.ts";
import type { Problem } from "../kql/compile/problem.ts";
import type { TextFile } from "./rule-files.ts";
import { placeOf, readYaml, shapeProblems, type YamlFile } from "./yaml-file.ts";

const text = z.string().trim().min(1);

/** JSON values in YAML, whole numbers with all digits. */
const json: z.ZodType<Json> = z.lazy(() =>
  z.union([z.string(), z.number(), z.bigint(), z.boolean(), z.null(), z.array(json), z.record(z.string(), json)]),
);
const record = z.record(z.string(), json);

const row = z.strictObject({
  title: z.string().optional(),
  severity: z.enum(SEVERITIES).optional(),
  description: z.string().optional(),
  tactics: z.array(z.string()).optional(),
  id: z.string().optional().describe("The incident's id: the same for every delivery of the record"),
  columns: record.optional().describe("Some of the result's columns, with their whole values"),
  entities: z.array(z.record(z.string(), z.string())).optional().describe("All entities, in order, without their $id"),
  customDetails: z.record(z.string(), z.string()).optional().describe("All custom details"),
});

const ruleTest = z
  .strictObject({
    name: text.describe("What the test shows, as a sentence"),
    sample: text.optional().describe("A sample of this file or rules/samples/<name>.json: one audit record"),
    event: record.optional().describe("One whole audit record, as exported"),
    set: record
      .optional()
      .describe("Values that differ from the sample, by path, such as properties.targetResources[0].displayName"),
    remove: z.array(text).optional().describe("Paths to remove from the sample"),
    misses: z
      .union([text, z.int().min(1)])
      .optional()
      .describe("The only condition that this near miss does not meet: its text in the query, or its number from 1"),
    expect: z
      .union([z.int().min(0), row, z.array(row)])
      .optional()
      .describe("The number of results, or the content of the only one, or of each of them in order"),
  })
  .refine(({ sample, event }) => (sample === undefined) !== (event === undefined), "needs a sample or an event")
  .refine(({ misses, expect }) => misses !== undefined || expect !== undefined, "needs expect or misses")
  .refine(
    ({ misses, expect }) => misses === undefined || expect === undefined || expect === 0,
    "a near miss expects 0 results",
  );

/** tests.yaml: events, and the results that the rule beside it must return. */
export const testsShape = z
  .strictObject({
    samples: z.record(z.string(), record).optional().describe("Audit records for the tests of this file, by name"),
    tests: z.array(ruleTest).min(1, "there is no test"),
  })
  .describe("Tests of a Sentinel rule in pimwatch");

type TestsFile = z.infer<typeof testsShape>;
export type RuleTest = TestsFile["tests"][number];
export type ExpectedRow = z.infer<typeof row>;

export interface ReadTests {
  readonly file: YamlFile;
  readonly tests: TestsFile;
  /** The line where a test, by index from 0, begins. */
  lineOf(index: number): number;
}

/** Reads tests.yaml. `read` is there if there is no problem. */
export function readTests(source: TextFile): { readonly read?: ReadTests; readonly problems: readonly Problem[] } {
  const { file, value, problems } = readYaml(source.text, source.name);
  if (problems.length > 0) return { problems };
  const parsed = testsShape.safeParse(value ?? {});
  if (!parsed.success) return { problems: shapeProblems(file, parsed.error.issues, "tests-shape") };
  const lineOf = (index: number): number => placeOf(file, ["tests", index]).line;
  return { read: { file, tests: parsed.data, lineOf }, problems: [] };
}
