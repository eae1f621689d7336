import * as z from "zod";
import { ALERT_DETAIL_LIMITS } from "../../core/incident/alert-details.ts";
import { SEVERITIES } from "../../core/incident/rule.ts";
import type { Problem } from "../../kql/compile/problem.ts";
import type { TextFile } from "../rule-files.ts";
import { readYaml, shapeProblems, type YamlFile } from "../yaml-file.ts";

const item = z.union([z.string(), z.number(), z.bigint(), z.boolean()]);

const condition = z
  .string()
  .trim()
  .min(1)
  .describe("A condition over the columns of the rule's result, as after `where`");

/** overlay.yaml: our changes to a rule. The rule's own file stays as its author published it. */
export const overlayShape = z
  .strictObject({
    enabled: z.boolean().optional().describe("false: the rule is checked and deployed, but does not run"),
    severity: z.enum(SEVERITIES).optional().describe("Replaces the rule's severity and its alertSeverityColumnName"),
    title: z
      .string()
      .trim()
      .min(1)
      .max(ALERT_DETAIL_LIMITS.title)
      .optional()
      .describe("Title of incidents, with columns as {{Column}}; if one is empty, the title is the rule's name"),
    variables: z
      .record(z.string(), z.union([item, z.array(item)]))
      .optional()
      .describe("Values for `let` statements of the query, by name, for rules that have a list to fill in"),
    exclude: z
      .array(
        z.union([
          condition,
          z.strictObject({ when: condition, because: z.string().trim().min(1).describe("Who decided this, and why") }),
        ]),
      )
      .optional()
      .describe("Results that meet one of these conditions make no incident"),
    triage: z.string().trim().min(1).optional().describe("Markdown that replaces the section Triage of guide.md"),
  })
  .describe("Our changes to a Sentinel rule in pimwatch");

type Overlay = z.infer<typeof overlayShape>;

export interface OverlayFile {
  readonly file: YamlFile;
  readonly overlay: Overlay;
}

/** An exclusion of an overlay, in whichever of its two forms it is written. */
export interface Exclusion {
  readonly condition: string;
  /** Who decided it, and why; undefined if the overlay does not say. */
  readonly because: string | undefined;
  /** Where the condition stands in the file. */
  readonly path: readonly PropertyKey[];
}

/** In the order of the file. */
export function exclusionsOf({ overlay }: OverlayFile): Exclusion[] {
  return (overlay.exclude ?? []).map((entry, index) =>
    typeof entry === "string"
      ? { condition: entry, because: undefined, path: ["exclude", index] }
      : { condition: entry.when, because: entry.because, path: ["exclude", index, "when"] },
  );
}

/** Reads an overlay. `read` is there if there is no problem. An empty file is an overlay that changes nothing. */
export function readOverlay(source: TextFile): { readonly read?: OverlayFile; readonly problems: readonly Problem[] } {
  const { file, value, problems } = readYaml(source.text, source.name);
  if (problems.length > 0) return { problems };
  const parsed = overlayShape.safeParse(value ?? {});
  if (!parsed.success) return { problems: shapeProblems(file, parsed.error.issues, "overlay-shape") };
  return { read: { file, overlay: parsed.data }, problems: [] };
}
