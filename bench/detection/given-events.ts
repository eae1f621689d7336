import { readFileSync } from "node:fs";
import { tenantOf } from "../../src/core/event/audit-log.ts";
import { readEventBody } from "../../src/core/event/event-body.ts";
import { ownBytes, type Shape } from "./shapes.ts";

const NEWLINE = 0x0a;

/**
 * Events and expected ids from files: each line of the first is an event's body, the second holds a JSON array. All
 * tenants in the events are allowed.
 *
 * @throws {Error} if a file cannot be read or the second is not an array of texts
 */
export function givenEvents(eventsFile: string, expectFile: string): { shape: Shape; tenants: ReadonlySet<string> } {
  const bodies = linesOf(readFileSync(eventsFile)).map(ownBytes);
  const expected: unknown = JSON.parse(readFileSync(expectFile, "utf8"));
  if (!Array.isArray(expected) || !expected.every((id) => typeof id === "string"))
    throw new Error(`${expectFile}: expected a JSON array of audit record ids`);
  const records = bodies.flatMap((body) => readEventBody(body).records.map(({ record }) => tenantOf(record)));
  const bytes = bodies.reduce((sum, { length }) => sum + length, 0);
  return { shape: { name: eventsFile, bodies, bytes, records: records.length, expected }, tenants: new Set(records) };
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0; from < bytes.length;) {
    const newline = bytes.indexOf(NEWLINE, from);
    const end = newline < 0 ? bytes.length : newline;
    if (bytes.subarray(from, end).some((byte) => byte > 0x20)) lines.push(bytes.subarray(from, end));
    from = end + 1;
  }
  return lines;
}
