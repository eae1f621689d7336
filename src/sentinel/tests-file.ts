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

const recordSource = {
  sample: text.optional().describe("A sample of this file or rules/samples/<name>.json: one audit record"),
  event: record.optional().describe("One whole audit record, as exported"),
  set: record
    .optional()
    .describe("Values that differ from the sample, by path, such as properties.targetResources[0].displayName"),
  remove: z.array(text).optional().describe("Paths to remove from the sample"),
};
const expected = z.union([z.int().min(0), row, z.array(row)]);

const oneSource = ({ sample, event }: { sample?: string | undefined; event?: unknown }) =>
  (sample === undefined) !== (event === undefined);

const timedEvent = z
  .strictObject({
    at: z.iso.datetime().describe("The time of the record, and when it arrives: 2026-03-02T08:10:00Z"),
    ...recordSource,
    expect: expected
      .optional()
      .describe("The incidents that exist when the next event arrives, in the order of the list"),
  })
  .refine(oneSource, "needs a sample or an event");

const ruleTest = z
  .strictObject({
    name: text.describe("What the test shows, as a sentence"),
    ...recordSource,
    events: z
      .array(timedEvent)
      .min(1)
      .optional()
      .describe(
        "For a rule that needs several events: the events. The test expects incidents when all instants are over",
      ),
    order: z
      .literal("fixed")
      .optional()
      .describe("The events arrive in the order of the list. Without it, the test also runs with other orders"),
    misses: z
      .union([text, z.int().min(1)])
      .optional()
      .describe("The only condition that this near miss does not meet: its text in the query, or its number from 1"),
    expect: expected
      .optional()
      .describe("The number of results, or the content of the only one, or of each of them in order"),
  })
  .refine((test) => oneSource(test) !== (test.events !== undefined), "needs a sample, an event or events")
  .refine(({ misses, events }) => misses === undefined || events === undefined, "misses is about one event")
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
