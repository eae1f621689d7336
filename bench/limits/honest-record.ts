import { isRecord, type DiagnosticRecord } from "../../src/core/event/event-body.ts";
import { isArray } from "../../src/kql/run/dynamic-text.ts";
import type { Json } from "../../src/kql/run/values.ts";

/**
 * A plausible Entra ID record of the requested length, each variant with another long part. A rule must handle it
 * easily.
 */
export function enlarged(record: DiagnosticRecord, length: number): Readonly<Record<string, DiagnosticRecord>> {
  const properties = isRecord(record["properties"]) ? record["properties"] : {};
  const [first, ...others] = isArray(properties["targetResources"])
    ? properties["targetResources"].filter(isRecord)
    : [];
  if (first === undefined) throw new Error("the sample has no target resource");
  const withTargets = (targetResources: readonly Json[]): DiagnosticRecord => ({
    ...record,
    properties: { ...properties, targetResources },
  });
  const withProperties = (modifiedProperties: readonly Json[]) =>
    withTargets([{ ...first, modifiedProperties }, ...others]);
  return {
    "many targets": withTargets(repeated([first, ...others], length)),
    "many modified properties": withProperties([...modifiedPropertiesOf(first), ...otherProperties(length)]),
    "a long value": withProperties(lengthened(modifiedPropertiesOf(first), length)),
  };
}

function modifiedPropertiesOf({ modifiedProperties }: DiagnosticRecord): readonly Json[] {
  if (isArray(modifiedProperties) && modifiedProperties.length > 0) return modifiedProperties;
  return [{ displayName: "Description", oldValue: '"before"', newValue: '"after"' }];
}

/** A target has each property once, so further ones get other names. */
function otherProperties(length: number): Json[] {
  return Array.from({ length: Math.ceil(length / 80) }, (_, index) => ({
    displayName: `Extension.Property${index}`,
    oldValue: `"before ${index}"`,
    newValue: `"after ${index}"`,
  }));
}

/** The elements repeated up to the requested length. */
function repeated(elements: readonly Json[], length: number): Json[] {
  const times = Math.ceil(length / JSON.stringify(elements).length);
  return Array.from({ length: times }, () => elements.map((each): Json => structuredClone(each))).flat();
}

/** The first property gets a list of addresses as old and new value, together of the requested length. */
function lengthened([first, ...others]: readonly Json[], length: number): Json[] {
  const address = { AddressType: 0, Address: "https://app.contoso.example/callback" };
  const list = JSON.stringify(repeated([address], length / 2.2));
  return [{ ...(isRecord(first) ? first : {}), oldValue: list, newValue: list }, ...others];
}
