import fc from "fast-check";
import { expect, test } from "vitest";
import type { IncidentRow } from "../../../src/core/incident/incident-row.ts";
import { valueText } from "../../../src/core/value-text.ts";
import { withNewEvidence } from "../../../src/core/window/new-evidence.ts";

const AT = new Date("2026-03-04T10:00:00Z");
const STORED: IncidentRow = {
  IncidentId: "i",
  Revision: 3,
  RowKind: "updated",
  Status: "Active",
  Owner: "noor",
  Classification: "",
  Comment: "mine",
  ActivityDateTime: "2026-03-04T09:00:00Z",
  EventCount: 3,
  Evidence: [{ auditLogId: "1" }],
  Instant: "2026-03-04T09:00:00Z",
  ContentHash: "b",
  Truncated: false,
};
const found = (parts: IncidentRow): IncidentRow => ({
  ...STORED,
  Revision: 1,
  Status: "New",
  Owner: "",
  Comment: "",
  ...parts,
});

test("new evidence takes the place of the old, and what analysts and the first finding said stays", () => {
  const more = found({ EventCount: 4, Evidence: [{ auditLogId: "2" }], ActivityDateTime: "2026-03-04T09:30:00Z" });
  const changed = withNewEvidence(STORED, more, AT);
  expect(changed?.row).toMatchObject({
    ...STORED,
    Revision: 4,
    EventCount: 4,
    Evidence: [{ auditLogId: "2" }],
    ModifiedBy: "pimwatch",
    LastModifiedTime: AT.toISOString(),
    TimeGenerated: AT.toISOString(),
  });
  expect(changed?.entry).toEqual({
    revision: 4,
    time: AT.toISOString(),
    by: { name: "pimwatch", id: "", kind: "app" },
    changes: [],
    comment: "New evidence: 4 events instead of 3",
  });
});

test("a closed incident is open again", () => {
  const closed = { ...STORED, Status: "Closed", Classification: "BenignPositive", ClosedTime: "2026-03-04T09:30:00Z" };
  const changed = withNewEvidence(closed, found({ EventCount: 4 }), AT);
  expect(changed?.row).toMatchObject({ Status: "Active", Classification: "", ClosedTime: null, Owner: "noor" });
  expect(changed?.entry.changes).toEqual([
    { field: "Status", from: "Closed", to: "Active" },
    { field: "Classification", from: "BenignPositive", to: "" },
  ]);
});

test("an incident never goes back: of any findings, in any order, it ends with the furthest", () => {
  const finding = fc.record({
    EventCount: fc.integer({ min: 1, max: 3 }),
    Instant: fc.constantFrom("2026-03-04T09:00:00Z", "2026-03-04T10:00:00Z"),
    ContentHash: fc.constantFrom("a", "b", "c"),
  });
  const further = (one: IncidentRow, other: IncidentRow): number => {
    for (const name of ["EventCount", "Instant", "ContentHash"]) {
      const [left, right] = [valueText(one[name]), valueText(other[name])];
      if (left !== right) return left < right ? -1 : 1;
    }
    return 0;
  };
  fc.assert(
    fc.property(fc.array(finding, { minLength: 1, maxLength: 6 }), (findings) => {
      let stored = STORED;
      for (const each of findings) {
        const changed = withNewEvidence(stored, found(each), AT);
        expect(changed !== undefined).toBe(further(found(each), stored) > 0);
        stored = changed?.row ?? stored;
      }
      const furthest = [STORED, ...findings.map(found)].toSorted(further).at(-1);
      expect(stored).toMatchObject({ EventCount: furthest?.["EventCount"], Instant: furthest?.["Instant"] });
    }),
  );
});
