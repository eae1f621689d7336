import fc from "fast-check";
import { expect, test } from "vitest";
import {
  incidentEntity,
  recordEntity,
  rowOfEntity,
  textOfRecordEntity,
} from "../../../src/azure/incidents/incident-entity.ts";
import { outboxEntity } from "../../../src/azure/incidents/outbox-entity.ts";
import { assertWithinTableLimits } from "../../../src/azure/tables/table-limits.ts";
import { anyIncidentRow, listedColumns, storedIncident } from "../../stored-incident.ts";

const KEYS = { partitionKey: "p", rowKey: "r" };

test("any row is read back from its entity unchanged", () => {
  fc.assert(
    fc.property(anyIncidentRow(), (row) => {
      expect(rowOfEntity(incidentEntity(KEYS, row))).toEqual(row);
      expect(rowOfEntity(outboxEntity(KEYS, row))).toEqual(row);
      expect(rowOfEntity(incidentEntity(KEYS, row, "listed"))).toEqual(listedColumns(row));
    }),
  );
});

test("any record is read back from its parts unchanged", () => {
  const long = fc.tuple(fc.integer({ min: 29_990, max: 30_010 }), fc.string({ unit: "grapheme" }));
  fc.assert(
    fc.property(fc.array(long, { maxLength: 4 }), (parts) => {
      const record = parts.map(([length, text]) => `${"a".repeat(length)}${text}`).join("");
      const entity = recordEntity(KEYS, record);
      assertWithinTableLimits(entity);
      expect(textOfRecordEntity(entity)).toBe(record);
      expect(Object.values(entity).every((part) => String(part).isWellFormed())).toBe(true);
    }),
  );
});

test("a value has the type that the service stores", () => {
  const { row } = storedIncident("sample", { sequenceNumber: 2 ** 40 });

  expect(incidentEntity(KEYS, { ...row, AdditionalDetails: null })).toMatchObject({
    EventHubSequenceNumber: 2n ** 40n,
    Tactics: '["PrivilegeEscalation"]',
    ActivityDateTime: "2026-03-04T09:12:41.7904180Z",
    Revision: 1,
    Truncated: false,
  });
  expect(incidentEntity(KEYS, { ...row, AdditionalDetails: null })).not.toHaveProperty("AdditionalDetails");
});

test("a row holds the columns and nothing else, whatever its entity holds", () => {
  const { row } = storedIncident();
  const foreign = { ...row, PartitionKey: "theirs", RowKey: "theirs", "odata.type": "theirs", Extra: 1 };

  expect(incidentEntity(KEYS, foreign)).toEqual(incidentEntity(KEYS, row));
});
