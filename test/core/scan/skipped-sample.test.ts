import { expect, test } from "vitest";
import { skippedSample } from "../../../src/core/scan/skipped-sample.ts";
import { POSITION } from "../../samples.ts";

const at = (partitionId: string | null, time: string) => [{ ...POSITION, partitionId }, time] as const;

test("one event per partition and minute of the hub's clock is chosen, and no older one", () => {
  const chosen = skippedSample();
  const asked = [
    at("0", "2026-03-04T09:00:00Z"),
    at("0", "2026-03-04T09:00:59.9999999Z"),
    at("1", "2026-03-04T09:00:59Z"),
    at("0", "2026-03-04T09:01:00Z"),
    at("0", "2026-03-04T09:00:30Z"),
    at("0", "2026-03-04T08:00:00Z"),
    at("0", "2026-03-04T09:02:00Z"),
  ];
  expect(asked.map((event) => chosen(...event))).toEqual([true, false, true, true, false, false, true]);
});

test("without a partition all events count as one", () => {
  const chosen = skippedSample();
  expect(chosen(...at(null, "2026-03-04T09:00:00Z"))).toBe(true);
  expect(chosen(...at(null, "2026-03-04T09:00:00.5Z"))).toBe(false);
  expect(chosen(...at(null, "2026-03-04T09:01:00Z"))).toBe(true);
});
