import type { IncidentRow } from "../core/incident-row.ts";
import { INVISIBLE } from "./visible-text.ts";

/** An incident as one line of JSON. What a terminal would obey or hide is escaped: the JSON means the same. */
export function jsonLine(incident: IncidentRow): string {
  const escaped = JSON.stringify(incident).replaceAll(INVISIBLE, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
  return `${escaped}\n`;
}
