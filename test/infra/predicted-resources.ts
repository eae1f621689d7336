import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { z } from "zod";
import { parameterFiles, snapshotOf } from "../../scripts/snapshot-infra.ts";

const RESOURCE = z.object({
  id: z.string(),
  type: z.string(),
  name: z.string(),
  apiVersion: z.string(),
  location: z.string().optional(),
  kind: z.string().optional(),
  scope: z.string().optional(),
  tags: z.record(z.string(), z.string()).optional(),
  // The properties of a resource differ by its type; read them with `at`.
  properties: z.unknown().optional(),
  identity: z.unknown().optional(),
  sku: z.unknown().optional(),
});

const SNAPSHOT = z.object({
  predictedResources: z.array(RESOURCE),
  diagnostics: z.array(z.unknown()),
  outputs: z.record(z.string(), z.unknown()).optional(),
});

export type Resource = z.infer<typeof RESOURCE>;

export interface Variant {
  readonly name: string;
  readonly text: string;
  readonly diagnostics: readonly unknown[];
  readonly resources: readonly Resource[];
}

/** The prediction in each committed snapshot. bicep.test.ts shows that the snapshots match the Bicep files. */
export const VARIANTS: readonly Variant[] = (await parameterFiles()).map((file) => {
  const text = readFileSync(snapshotOf(file), "utf8");
  const { predictedResources, diagnostics } = SNAPSHOT.parse(JSON.parse(text));
  return { name: basename(file, ".bicepparam"), text, diagnostics, resources: predictedResources };
});

export function variant(name: string): Variant {
  const found = VARIANTS.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no variant ${name}`);
  return found;
}

/** Resources of one type, compared in any case, as in Azure. */
export function ofType({ resources }: Variant, type: string): Resource[] {
  return resources.filter((resource) => resource.type.toLowerCase() === type.toLowerCase());
}

/** The only resource of a type. */
export function theOne(of: Variant, type: string): Resource {
  const [resource, ...others] = ofType(of, type);
  if (resource === undefined || others.length > 0) throw new Error(`${of.name} has not exactly one ${type}`);
  return resource;
}

/** The value at a path such as `siteConfig.minTlsVersion` in a resource's properties, if any. */
export function at(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((inner, key) => {
    return typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined;
  }, value);
}

/**
 * The text of a predicted query. It is `[replace(replace('…', '{deployedAt}', utcNow('u')), '{functionApp}', 'pimwatch-…')]` if
 * Azure replaces a part of it. Placeholders of which only Azure knows the value stay.
 */
export function queryText(predicted: unknown): string {
  const text = String(predicted);
  const [, literal, rest = ""] = /^\[(?:replace\()+'((?:[^']|'')*)'([^]*)\]$/.exec(text) ?? [];
  if (literal === undefined) return text;
  const known = [...rest.matchAll(/, '\{(\w+)\}', '((?:[^']|'')*)'\)/g)];
  return known
    .reduce((query, [, name = "", value = ""]) => query.replaceAll(`{${name}}`, () => value), literal)
    .replaceAll("''", "'");
}
