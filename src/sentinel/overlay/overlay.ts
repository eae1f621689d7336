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
  .describe("A condition over the columns of the rule's result, as it would stand behind `where`");

/** overlay.yaml: what is ours about a rule. The rule's own file stays as its author published it. */
export const overlayShape = z
  .strictObject({
    enabled: z.boolean().optional().describe("false: the rule is checked and deployed, and not run"),
    severity: z.enum(SEVERITIES).optional().describe("In place of the rule's and of its alertSeverityColumnName"),
    title: z
      .string()
      .trim()
      .min(1)
      .max(ALERT_DETAIL_LIMITS.title)
      .optional()
      .describe("Title of incidents, with columns as {{Column}}; where one is empty the title is the rule's name"),
    variables: z
      .record(z.string(), z.union([item, z.array(item)]))
      .optional()
      .describe("Values for `let` statements of the query, by name: for rules that ship a list to be filled in"),
    exclude: z
      .array(
        z.union([
          condition,
          z.strictObject({ when: condition, because: z.string().trim().min(1).describe("Who decided so, and why") }),
        ]),
      )
      .optional()
      .describe("Results for which one of these holds make no incident"),
    triage: z.string().trim().min(1).optional().describe("Markdown, in place of the section Triage of guide.md"),
  })
  .describe("What is ours about a Sentinel rule in pimwatch");

type Overlay = z.infer<typeof overlayShape>;

export interface OverlayFile {
  readonly file: YamlFile;
  readonly overlay: Overlay;
}

/** Reads an overlay; without a problem it is there. An empty file is an overlay that changes nothing. */
export function readOverlay(source: TextFile): { readonly read?: OverlayFile; readonly problems: readonly Problem[] } {
  const { file, value, problems } = readYaml(source.text, source.name);
  if (problems.length > 0) return { problems };
  const parsed = overlayShape.safeParse(value ?? {});
  if (!parsed.success) return { problems: shapeProblems(file, parsed.error.issues, "overlay-shape") };
  return { read: { file, overlay: parsed.data }, problems: [] };
}
