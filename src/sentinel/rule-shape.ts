import * as z from "zod";
import { SEVERITIES } from "../core/incident/rule.ts";

const text = z.string().trim().min(1);
const list = <Item extends z.ZodType>(item: Item) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);

/** Some tags of official rules are `key: value` objects. */
const tag = z.union([z.string(), z.record(z.string(), z.unknown())]).transform((value) =>
  typeof value === "string"
    ? value
    : Object.entries(value)
        .map(([key, item]) => `${key}: ${String(item)}`)
        .join(", "),
);

const entityMapping = z.object({
  entityType: text,
  fieldMappings: z.array(z.object({ identifier: text, columnName: text })),
});

const alertDetails = z.object({
  alertDisplayNameFormat: z.string().nullish(),
  alertDescriptionFormat: z.string().nullish(),
  alertSeverityColumnName: z.string().nullish(),
  alertTacticsColumnName: z.string().nullish(),
});

const metadata = z.record(z.string(), z.unknown());

const common = {
  id: z.guid("expected a GUID").transform((id) => id.toLowerCase()),
  name: text,
  description: z
    .string()
    .nullish()
    .transform((value) => value ?? ""),
  severity: z.enum(SEVERITIES),
  tactics: list(z.string()),
  relevantTechniques: list(z.string()),
  tags: list(tag),
  entityMappings: list(entityMapping),
  customDetails: z
    .record(z.string(), z.string())
    .nullish()
    .transform((details) => details ?? {}),
  alertDetailsOverride: alertDetails.nullish(),
  query: z.string().trim().min(1, "the query is empty"),
  version: z
    .union([z.string(), z.number()])
    .nullish()
    .transform((value) => (value === null || value === undefined ? "" : String(value))),
  metadata: metadata.nullish(),
};

/** The schema of a rule file. RULE_FIELDS has the fields that are not checked here. */
export const ruleShape = z.discriminatedUnion("kind", [
  z.object({
    ...common,
    kind: z.literal("Scheduled"),
    queryFrequency: text,
    queryPeriod: text,
    triggerOperator: z.string(),
    triggerThreshold: z.number(),
  }),
  z.object({ ...common, kind: z.literal("NRT") }),
]);

export type RuleFile = z.infer<typeof ruleShape>;
