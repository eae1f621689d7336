import fc from "fast-check";
import { expect, test } from "vitest";
import type { IncidentRow } from "../../../src/core/incident/incident-row.ts";
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
  const more = found({
    EventCount: 4,
    ContentHash: "c",
    Evidence: [{ auditLogId: "2" }],
    ActivityDateTime: "2026-03-04T09:30:00Z",
  });
  const changed = withNewEvidence(STORED, more, AT);
  expect(changed?.row).toMatchObject({
    ...STORED,
    Revision: 4,
    EventCount: 4,
    ContentHash: "c",
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
  const changed = withNewEvidence(closed, found({ EventCount: 4, ContentHash: "c" }), AT);
  expect(changed?.row).toMatchObject({ Status: "Active", Classification: "", ClosedTime: null, Owner: "noor" });
  expect(changed?.entry.changes).toEqual([
    { field: "Status", from: "Closed", to: "Active" },
    { field: "Classification", from: "BenignPositive", to: "" },
  ]);
});

test("the same events found at a later instant are no news", () => {
  expect(withNewEvidence(STORED, found({ Instant: "2026-03-04T12:00:00Z" }), AT)).toBeUndefined();
});

test("an incident never goes back: of any findings, in any order, it ends with the furthest", () => {
  // A hash is of the events, so equal hashes have equal numbers of events.
  const finding = fc
    .record({
      events: fc.constantFrom(["a", 1], ["b", 3], ["c", 3], ["d", 4], ["e", 4]),
      Instant: fc.constantFrom("2026-03-04T09:00:00Z", "2026-03-04T10:00:00Z"),
    })
    .map(({ events: [ContentHash = "", EventCount = 0], Instant }) => ({ ContentHash, EventCount, Instant }));
  const order = ({ EventCount, Instant, ContentHash }: IncidentRow): string =>
    JSON.stringify([EventCount, Instant, ContentHash]);
  fc.assert(
    fc.property(fc.array(finding, { minLength: 1, maxLength: 6 }), (findings) => {
      let stored = STORED;
      for (const each of findings) {
        const before = order(stored);
        const isSame = each.ContentHash === stored["ContentHash"];
        const changed = withNewEvidence(stored, found(each), AT);
        expect(changed !== undefined).toBe(!isSame && order(each) > before);
        stored = changed?.row ?? stored;
      }
      expect(stored["EventCount"]).toBe(Math.max(3, ...findings.map(({ EventCount }) => EventCount)));
    }),
  );
});
