import type { HubEvent } from "../workflows/detection/detect-batch.ts";

/**
 * Reads the batch from the host: bodies with their positions in the hub. The metadata differs between versions of the
 * host, and detection works without it. If it does not have one entry for each body, the positions are unknown.
 *
 * @param metadata the trigger's: `partitionContext`, `sequenceNumberArray`, `enqueuedTimeUtcArray`
 * @throws {TypeError} when the registration does not ask for binary bodies and whole batches
 */
export function hubEvents(bodies: unknown, metadata: Readonly<Record<string, unknown>>): HubEvent[] {
  if (!Array.isArray(bodies)) throw new TypeError("the trigger must be of cardinality many");
  const sequenceNumbers = aligned(metadata["sequenceNumberArray"], bodies.length);
  const enqueuedTimes = aligned(metadata["enqueuedTimeUtcArray"], bodies.length);
  const partitionId = partitionOf(metadata["partitionContext"]);
  return bodies.map((body: unknown, index) => {
    if (!(body instanceof Uint8Array)) throw new TypeError("the trigger must be of data type binary");
    const enqueuedTime = enqueuedTimes[index];
    const position = {
      partitionId,
      sequenceNumber: integer(sequenceNumbers[index]),
      enqueuedTime: typeof enqueuedTime === "string" ? isoInUtc(enqueuedTime) : null,
    };
    return { body, position };
  });
}

function aligned(values: unknown, length: number): readonly unknown[] {
  return Array.isArray(values) && values.length === length ? values : [];
}

/**
 * Reads a number, its digits, or `{ low, high, unsigned }`: each is a form of 64-bit numbers in some version of the worker
 * (https://github.com/Azure/azure-functions-nodejs-worker/issues/844). `Number(…)` alone would turn null and "" into
 * position 0, which exists.
 */
function integer(value: unknown): number | null {
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : (fromHalves(value) ?? value);
  return Number.isSafeInteger(number) ? Number(number) : null;
}

function fromHalves(value: unknown): number | undefined {
  if (typeof value !== "object" || value === null || !("low" in value) || !("high" in value)) return undefined;
  if (typeof value.low !== "number" || typeof value.high !== "number") return undefined;
  return value.high * 2 ** 32 + (value.low >>> 0); // `low` is signed: its sign bit is bit 31
}

const ISO_UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(Z?)$/;

/**
 * A time as ISO 8601 in UTC, so that times compare as text; null if it is no time. The host writes UTC, in some versions
 * without a zone, which JavaScript would read as local time.
 */
function isoInUtc(time: string): string | null {
  const iso = ISO_UTC.exec(time);
  if (iso !== null) return iso[1] === "Z" ? time : `${time}Z`;
  const parsed = Date.parse(time);
  return Number.isNaN(parsed) ? null : new Date(parsed).toISOString();
}

function partitionOf(context: unknown): string | null {
  if (typeof context !== "object" || context === null || !("partitionId" in context)) return null;
  return typeof context.partitionId === "string" ? context.partitionId : null;
}
