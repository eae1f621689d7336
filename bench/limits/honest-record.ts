import { isRecord, type DiagnosticRecord } from "../../src/core/event/event-body.ts";
import { isArray } from "../../src/kql/run/dynamic-text.ts";
import type { Json } from "../../src/kql/run/values.ts";

/** A record made as long as asked for, as Entra ID may write it: each time by more of another part. A rule must take it easily. */
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

/** A target has each property once: further ones have other names. */
function otherProperties(length: number): Json[] {
  return Array.from({ length: Math.ceil(length / 80) }, (_, index) => ({
    displayName: `Extension.Property${index}`,
    oldValue: `"before ${index}"`,
    newValue: `"after ${index}"`,
  }));
}

/** The elements over and over, until they are as long as asked for. */
function repeated(elements: readonly Json[], length: number): Json[] {
  const times = Math.ceil(length / JSON.stringify(elements).length);
  return Array.from({ length: times }, () => elements.map((each): Json => structuredClone(each))).flat();
}

/** The first has a list of addresses as its old and its new value, both together as long as asked for. */
function lengthened([first, ...others]: readonly Json[], length: number): Json[] {
  const address = { AddressType: 0, Address: "https://app.contoso.example/callback" };
  const list = JSON.stringify(repeated([address], length / 2.2));
  return [{ ...(isRecord(first) ? first : {}), oldValue: list, newValue: list }, ...others];
}
