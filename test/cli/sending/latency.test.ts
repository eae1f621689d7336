import { expect, test } from "vitest";
import { latencies, spread, spreadText } from "../../../cli/sending/latency.ts";

test("median and 95th percentile are values that were measured", () => {
  expect(spread(Array.from({ length: 100 }, (_, index) => 100 - index))).toEqual({
    count: 100,
    medianMs: 50,
    p95Ms: 95,
  });
  expect(spread([7])).toEqual({ count: 1, medianMs: 7, p95Ms: 7 });
  expect(spread([])).toBeUndefined();
});

test("a latency counts only if both of its ends are known", () => {
  const passages = [
    { enqueued: 0, stored: 10, forwarded: 30 },
    { enqueued: 0, stored: 20, forwarded: undefined },
    { enqueued: undefined, stored: 5, forwarded: 6 },
  ];

  expect(latencies(passages)).toEqual({
    enqueuedToStored: { count: 2, medianMs: 10, p95Ms: 20 },
    storedToForwarded: { count: 2, medianMs: 1, p95Ms: 20 },
  });
});

test("a latency is shown in milliseconds, or in seconds if it is long", () => {
  expect(spreadText({ count: 2, medianMs: 12.4, p95Ms: 12_340 })).toBe("median 12 ms, p95 12.3 s");
  expect(spreadText(undefined)).toBe("(not measured)");
});
