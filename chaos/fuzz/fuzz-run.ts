import { createHash } from "node:crypto";
import { outboxEntity } from "../../src/azure/incidents/outbox-entity.ts";
import { incidentEntity, recordEntity, rowOfEntity } from "../../src/azure/incidents/incident-entity.ts";
import { assertWithinTableLimits } from "../../src/azure/tables/table-limits.ts";
import { valueText } from "../../src/core/value-text.ts";
import type { StoredIncident, StoreOutcome } from "../../src/core/incident/incident-row.ts";
import { MAX_PACK_BYTES, packRows } from "../../src/core/incident/packs.ts";
import type { ReadyRule } from "../../src/core/incident/ready-rule.ts";
import type { LiteralScan } from "../../src/core/scan/literal-scan.ts";
import { type KeptRecord, windowRecord } from "../../src/core/window/kept-record.ts";
import { detectBatch, type BatchFigures, type HubEvent } from "../../src/workflows/detection/detect-batch.ts";

export type FuzzFigures = BatchFigures;

/** The contents that the stores must keep between runs, because the same content repeats. */
export interface FuzzStores {
  readonly incidents: Map<string, StoredIncident>;
  readonly letters: Set<string>;
}

const TENANT = "aaaaaaaa-1111-4222-8333-444444444444";
/** Batches of this size, about a third, are delivered twice. */
const AGAIN_IF_BODIES = 2;
/** JSON.stringify writes it as an escape: a backslash that is not escaped itself. */
const HALF_PAIR = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;
const KEYS = { partitionKey: "rule", rowKey: "row" };

export function emptyStores(): FuzzStores {
  return { incidents: new Map(), letters: new Set() };
}

export interface Detection {
  readonly rules: readonly ReadyRule[];
  readonly scan: LiteralScan | undefined;
}

/**
 * Runs a batch through everything up to the stores and checks what must hold for any batch. It is read in full, and
 * sometimes again behind the scan, which must find the same.
 *
 * @throws {Error} naming what did not hold
 */
export async function fuzzRun(
  bodies: readonly Uint8Array[],
  { rules, scan }: Detection,
  { incidents, letters }: FuzzStores,
): Promise<BatchFigures> {
  const events: HubEvent[] = bodies.map((body, index) => ({
    body,
    position: { partitionId: "0", sequenceNumber: index, enqueuedTime: "2026-03-04T09:14:00.5Z" },
  }));
  const add = (incident: StoredIncident): StoreOutcome => {
    const id = `${valueText(incident.row["RuleId"])} ${valueText(incident.row["IncidentId"])}`;
    const stored = incidents.get(id);
    if (stored?.record !== incident.record) assertStorable(incident); // the same record gives the same row
    if (stored !== undefined)
      return stored.row["ContentHash"] === incident.row["ContentHash"] ? "known" : "otherContent";
    incidents.set(id, incident);
    return "added";
  };
  const kept = new Set<string>();
  const deps = {
    rules,
    allowedTenantIds: new Set([TENANT]),
    now: () => new Date("2026-03-04T09:14:01Z"),
    kept: {
      async keep(records: readonly KeptRecord[]) {
        for (const record of records) {
          assert(isPartOf(bodies, record.bytes), "a kept record that is not byte for byte part of a body");
          assert(windowRecord(record) !== undefined, "a kept record that cannot be read again");
          kept.add(`${record.window.ruleId} ${record.time} ${record.hash}`);
        }
        return [];
      },
      owe: () => Promise.resolve(),
    },
    incidents: { addAll: async (found: readonly StoredIncident[]) => found.map(add) },
    deadLetters: {
      async add({ bytes, reason }: { bytes: Uint8Array; reason: string }) {
        assert(reason !== "", "a dead letter without a reason");
        assert(isPartOf(bodies, bytes), "a dead letter that is not byte for byte part of a body");
        letters.add(createHash("sha256").update(bytes).digest("hex"));
      },
    },
  };
  const first = (await detectBatch(events, deps)).figures;
  assertLaw(first, bodies.length);
  if (bodies.length !== AGAIN_IF_BODIES) return first;
  const [storedBefore, lettersBefore, keptBefore] = [incidents.size, letters.size, [...kept]];
  kept.clear();
  const second = (await detectBatch(events, { ...deps, scan })).figures;
  assertLaw(second, bodies.length);
  assert(second.stored === 0, `delivered again, ${second.stored} incidents were stored again`);
  assert(second.known === first.stored + first.known, "delivered again and scanned, the batch found other incidents");
  assert(incidents.size === storedBefore && letters.size === lettersBefore, "delivered again, something new was kept");
  assert(
    kept.size === keptBefore.length && keptBefore.every((one) => kept.has(one)),
    "delivered again and scanned, the batch kept other records",
  );
  return first;
}

function assertLaw(figures: BatchFigures, bodies: number): void {
  const { received, matched, notMatched, otherCategory, recordsSkippedByScan, deadLettered } = figures;
  assert(
    received === matched + notMatched + otherCategory + recordsSkippedByScan + deadLettered,
    `the figures do not add up: ${JSON.stringify(figures)}`,
  );
  assert(figures.events === bodies, `${figures.events} events of ${bodies}`);
}

/** The services' limits: rows within the table's limits, packs that are JSON and within the API's. */
function assertStorable({ row, record }: StoredIncident): void {
  const entity = incidentEntity(KEYS, row);
  for (const one of [entity, outboxEntity(KEYS, row), recordEntity(KEYS, record)]) assertWithinTableLimits(one);
  const [pack = []] = packRows([row], { maxBytes: MAX_PACK_BYTES });
  const sent = JSON.stringify(pack);
  assert(Buffer.byteLength(sent) <= 1_000_000, "a row that is larger than a pack");
  assert(!HALF_PAIR.test(sent), "a row with half of a surrogate pair");
  const back = JSON.stringify(rowOfEntity(entity));
  assert(back === JSON.stringify(row), "a row that comes back from the table as another");
}

function assert(condition: boolean, problem: string): void {
  if (!condition) throw new Error(problem);
}

function isPartOf(bodies: readonly Uint8Array[], bytes: Uint8Array): boolean {
  return bodies.some((body) => Buffer.from(body.buffer, body.byteOffset, body.length).includes(Buffer.from(bytes)));
}
