import { expect, test } from "vitest";
import { skippedSample } from "../../../src/core/scan/skipped-sample.ts";
import { POSITION } from "../../samples.ts";

const NOW = new Date("2026-03-04T12:00:30Z");
const now = () => NOW;
const at = (partitionId: string | null, enqueuedTime: string | null) => ({ ...POSITION, partitionId, enqueuedTime });

test("one event per partition and minute of the hub's clock is chosen, and no older one", () => {
  const chosen = skippedSample();
  const asked = [
    at("0", "2026-03-04T09:00:00Z"),
    at("0", "2026-03-04T09:00:59Z"),
    at("1", "2026-03-04T09:00:59Z"),
    at("0", "2026-03-04T09:01:00Z"),
    at("0", "2026-03-04T09:00:30Z"),
    at("0", "2026-03-04T08:00:00Z"),
    at("0", "2026-03-04T09:02:00Z"),
  ];
  expect(asked.map((position) => chosen(position, now))).toEqual([true, false, true, true, false, false, true]);
});

test("without a time at the hub the clock of the app counts, and without a partition all events count as one", () => {
  const chosen = skippedSample();
  expect(chosen(at(null, null), now)).toBe(true);
  expect(chosen(at(null, "not a time"), now)).toBe(false);
  expect(chosen(at(null, null), () => new Date(NOW.getTime() + 60_000))).toBe(true);
});
