import { valueText } from "../value-text.ts";
import type { Json } from "../../kql/run/values.ts";
import type { EntityMapping } from "./rule.ts";

/** An entity as in SecurityAlert's `Entities`: `$id`, `Type` in lower case, and the mapped identifiers. */
export type Entity = Readonly<Record<string, string>>;

/**
 * The entities that a rule maps from a result row. As in Sentinel, identifiers without a value are left out, and so are
 * entities without any identifier.
 *
 * @see https://learn.microsoft.com/azure/sentinel/entities-reference
 */
export function entitiesOf(mappings: readonly EntityMapping[], columns: ReadonlyMap<string, Json>): Entity[] {
  return mappings
    .map(({ entityType, fieldMappings }) => {
      const identifiers = fieldMappings
        .map(({ identifier, columnName }) => [identifier, valueText(columns.get(columnName))] as const)
        .filter(([, value]) => value !== "");
      return { entityType, identifiers };
    })
    .filter(({ identifiers }) => identifiers.length > 0)
    .map(({ entityType, identifiers }, index) => ({
      $id: String(index + 1),
      Type: entityType.toLowerCase(),
      ...Object.fromEntries(identifiers),
    }));
}
