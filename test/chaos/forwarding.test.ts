import { expect, test } from "vitest";
import { isFailingId, itemFailureIn } from "../../chaos/faults/failing-items.ts";
import { measureForwarding, median, type Receiver, RECEIVERS } from "../../chaos/forwarding.ts";
import { tooSlow } from "../../chaos/report.ts";
import type { Portion } from "../../chaos/traffic.ts";

const TIMING = { pauseMs: 0, deadlineMs: 50 };

/** Receivers that accept at once what `takes` allows, with the events sent to them. */
function receivers(takes: (receiver: Receiver, auditLogId: string) => boolean) {
  const takenAt = { logAnalytics: new Map<string, number>(), webhook: new Map<string, number>() };
  const sent: string[] = [];
  const send = ({ matches }: Portion): Promise<void> => {
    for (const { properties } of matches) {
      sent.push(properties.id);
      for (const receiver of RECEIVERS)
        if (takes(receiver, properties.id)) takenAt[receiver].set(properties.id, performance.now());
    }
    return Promise.resolve();
  };
  return { sent, options: { seed: "a", partitions: 4, send, takenAt, timing: TIMING } };
}

test("only accepted incidents are measured, first where all are accepted, then beside failing ones", async () => {
  const { sent, options } = receivers((_receiver, id) => !isFailingId(id));
  const { quiet, besideFailing, problems } = await measureForwarding(options);
  expect(problems).toEqual([]);
  const failing = sent.filter(isFailingId).length;
  expect(failing).toBeGreaterThan(10);
  expect(sent.findIndex(isFailingId)).toBeGreaterThanOrEqual(quiet.webhook.length);
  for (const receiver of RECEIVERS) {
    expect(quiet[receiver]).toHaveLength(120);
    expect(besideFailing[receiver]).toHaveLength(120 - failing);
    expect([...quiet[receiver], ...besideFailing[receiver]].filter((ms) => ms < 0 || ms > 1_000)).toEqual([]);
  }
});

test("an incident that does not arrive in time is a problem", async () => {
  const late = new Set<string>();
  const { options } = receivers((receiver, id) => {
    if (receiver === "webhook" && late.size === 0) late.add(id);
    return !isFailingId(id) && !(receiver === "webhook" && late.has(id));
  });
  const { problems } = await measureForwarding({ ...options, seed: "b" });
  expect(problems).toEqual([]); // it was in the warm-up, which is not measured

  const all = receivers((receiver, id) => receiver === "logAnalytics" && !isFailingId(id));
  expect((await measureForwarding(all.options)).problems[0]).toBe(
    "quiet stretch: 40 incidents did not reach webhook in time",
  );
});

test("a median beside failing incidents is a problem above twice the quiet one", () => {
  const times = (quietMs: number, besideFailingMs: number) => ({ quietMs, besideFailingMs });
  expect(tooSlow({ logAnalytics: times(100, 200), webhook: times(100, 50) })).toEqual([]);
  expect(tooSlow({ logAnalytics: times(100, 100), webhook: times(100, 201) })).toEqual([
    "webhook: an incident takes 201 ms beside failing ones, 100 ms where it is quiet: more than 2 times as long (medians)",
  ]);
  expect(tooSlow({ logAnalytics: times(100, Infinity), webhook: times(NaN, NaN) })).toHaveLength(2);
});

test.each([
  { values: [3, 1, 2], middle: 2 },
  { values: [Infinity, 1, Infinity], middle: Infinity },
  { values: [], middle: NaN },
])("the median of $values is $middle", ({ values, middle }) => {
  expect(median(values)).toBe(middle);
});

test("the end of the record's id says how a receiver fails", () => {
  expect(itemFailureIn('{"AuditLogId":"PIM_1_fails_hang","x":1}')).toBe("hang");
  expect(itemFailureIn('[{"AuditLogId":"PIM_1"},{"AuditLogId":"PIM_2_fails_429"}]')).toBe("429");
  expect(itemFailureIn('{"AuditLogId":"PIM_1_fails_500_not"}')).toBeUndefined();
  expect([isFailingId("PIM_1_fails_reset"), isFailingId("PIM_1")]).toEqual([true, false]);
});
