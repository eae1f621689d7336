import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/kql/run/evaluation.ts";
import { prepare } from "../../../src/kql/run/evaluate.ts";
import { jsonText } from "../../../src/kql/run/dynamic-text.ts";
import type { Json } from "../../../src/kql/run/values.ts";
import type { StoredIncident } from "../../../src/core/incident/incident-row.ts";
import { propertiesOf } from "../../../src/core/event/audit-log.ts";
import type { DiagnosticRecord } from "../../../src/core/event/event-body.ts";
import { ruleScan } from "../../../src/core/scan/rule-scan.ts";
import {
  type BatchFigures,
  type DetectDependencies,
  detectBatch,
  sumOf,
} from "../../../src/workflows/detection/detect-batch.ts";
import { anyJson, anySettingsChange, bytes, eventBody, POSITION, settingsChange } from "../../samples.ts";
import { CHANGES_TO_PIM_SETTINGS, readyRule } from "../../shipped-rule.ts";
import { events, NOTHING, otherActivity, signIn } from "./batch-events.ts";
import { memoryStores } from "../memory-stores.ts";

/** A rule that fails on every record. */
const failing = {
  rule: { ...CHANGES_TO_PIM_SETTINGS, id: "11111111-2222-4333-8444-555555555555" },
  evaluate: () => {
    throw new TypeError("quotes the record");
  },
};

const { scan } = ruleScan([CHANGES_TO_PIM_SETTINGS]);

test("a PIM settings change makes one incident, however often and in whatever batch it is delivered", async () => {
  const { deps, stored } = memoryStores();

  const first = await detectBatch(events(eventBody(settingsChange())), deps);
  expect(first.figures).toEqual({ ...NOTHING, events: 1, received: 1, matched: 1, stored: 1 });
  expect(first.added).toEqual(stored());
  expect(first.added.map(({ row }) => row["IncidentTitle"])).toEqual(["Changes to PIM Settings"]);

  const again = await detectBatch(
    events(bytes(JSON.stringify(settingsChange())), eventBody(settingsChange(), settingsChange())),
    deps,
  );
  expect(again).toMatchObject({ figures: { ...NOTHING, events: 2, received: 3, matched: 3, known: 3 }, added: [] });
  expect(stored().length).toBe(1);
});

test("the incident has the position of its event and the time when it was found", async () => {
  const { deps, stored } = memoryStores();
  await detectBatch(events(eventBody(settingsChange())), deps);
  expect(stored().map(({ row }) => row)).toMatchObject([
    {
      EventHubPartitionId: "3",
      EventHubSequenceNumber: 42,
      EventHubEnqueuedTime: "2026-03-04T09:14:00.5000000Z",
      DetectedTime: "2026-03-04T09:14:01.000Z",
    },
  ]);
});

describe("each record has one fate", () => {
  test.each<{ why: string; record: Json; fate: Partial<BatchFigures>; reason?: string }>([
    { why: "a change of PIM settings", record: settingsChange(), fate: { matched: 1, stored: 1 } },
    {
      why: "a failed change: the rule does not filter by result",
      record: settingsChange({}, { result: "failure" }),
      fate: { matched: 1, stored: 1 },
    },
    {
      why: "the category of 2018, names in another case",
      record: settingsChange({ category: "Audit", operationName: "UPDATE ROLE SETTING IN PIM" }),
      fate: { matched: 1, stored: 1 },
    },
    { why: "another activity", record: otherActivity, fate: { notMatched: 1 } },
    { why: "PIM for Groups", record: settingsChange({}, { category: "GroupManagement" }), fate: { notMatched: 1 } },
    {
      why: "no properties",
      record: settingsChange({ properties: null }),
      fate: { deadLettered: 1 },
      reason: '"properties" is null',
    },
    { why: "another category", record: signIn, fate: { otherCategory: 1 } },
    { why: "no category", record: { a: 1 }, fate: { deadLettered: 1 }, reason: 'no "category"' },
    {
      why: "a category that is not text",
      record: settingsChange({ category: 7 }),
      fate: { deadLettered: 1 },
      reason: 'no "category"',
    },
    {
      why: "a match from a tenant in upper case",
      record: settingsChange({ tenantId: "AAAAAAAA-1111-4222-8333-444444444444" }),
      fate: { matched: 1, stored: 1 },
    },
    {
      why: "a match that names no tenant",
      record: settingsChange({ tenantId: undefined, resourceId: undefined }),
      fate: { matched: 1, stored: 1 },
    },
    {
      why: "a match from another tenant",
      record: settingsChange({ tenantId: "bbbbbbbb-1111-4222-8333-444444444444" }),
      fate: { deadLettered: 1 },
      reason: "a tenant that ALLOWED_TENANT_IDS does not name",
    },
    {
      why: "another tenant, without a match",
      record: { ...otherActivity, tenantId: "bbbbbbbb-1111-4222-8333-444444444444" },
      fate: { notMatched: 1 },
    },
  ])("$why: $fate", async ({ record, fate, reason }) => {
    const { deps, letters, stored } = memoryStores();

    const { figures } = await detectBatch(events(eventBody(record)), deps);

    expect(figures).toEqual({ ...NOTHING, events: 1, received: 1, ...fate });
    expect(stored().length).toBe(fate.stored ?? 0);
    const kept = { bytes: bytes(JSON.stringify(record)), reason, position: POSITION };
    expect(letters.map((letter) => ({ ...letter, bytes: Uint8Array.from(letter.bytes) }))).toEqual(
      reason === undefined ? [] : [kept],
    );
  });
});

test("unreadable parts become dead letters byte for byte, and everything else is processed", async () => {
  const { deps, letters } = memoryStores();
  const good = JSON.stringify(settingsChange());

  const { figures } = await detectBatch(
    events(bytes("{"), bytes(`{"records":[{'a':1},${good},7]}`), bytes(""), eventBody(otherActivity, signIn)),
    deps,
  );

  expect(figures).toEqual({
    ...NOTHING,
    events: 4,
    received: 7,
    matched: 1,
    notMatched: 1,
    otherCategory: 1,
    deadLettered: 4,
    stored: 1,
    known: 0,
  });
  expect(letters.map((letter) => [Buffer.from(letter.bytes).toString(), letter.reason])).toEqual([
    ["{", "not JSON"],
    ["{'a':1}", "records[0]: not JSON"],
    ["7", "records[2]: not an object"],
    ["", "empty body"],
  ]);
});

test("a record on which a rule fails becomes a dead letter, and the incidents of other rules are stored", async () => {
  const { deps, letters, stored } = memoryStores();

  const { figures } = await detectBatch(events(eventBody(settingsChange(), signIn)), {
    ...deps,
    rules: [failing, readyRule()],
  });

  expect(figures).toEqual({ ...NOTHING, events: 1, received: 2, deadLettered: 1, otherCategory: 1, stored: 1 });
  expect(stored().map(({ row }) => row["RuleId"])).toEqual([CHANGES_TO_PIM_SETTINGS.id]);
  expect(letters.map(({ reason }) => reason)).toEqual([
    'rule 11111111-2222-4333-8444-555555555555 ("Changes to PIM Settings"): failed with TypeError',
  ]);
});

test("if a rule reaches a limit on a record, the dead letter names rule and limit", async () => {
  const { plan } = CHANGES_TO_PIM_SETTINGS;
  for (const [limit, reason] of [
    [{ rows: 0 }, "stopped at the limit of 0 rows for one record"],
    [{ results: 0 }, "stopped at the limit of 0 result rows for one record"],
  ] as const) {
    const rule = { ...readyRule(), evaluate: prepare(plan, { ...DEFAULT_LIMITS, ...limit }) };
    const { deps, letters, stored } = memoryStores();
    await detectBatch(events(eventBody(settingsChange())), { ...deps, rules: [rule] });
    expect(letters[0]?.reason).toContain(`rule ${CHANGES_TO_PIM_SETTINGS.id} ("Changes to PIM Settings"): ${reason}`);
    expect([letters.length, stored().length]).toEqual([1, 0]);
  }
});

test("several findings in one record make several incidents, told apart by their order", async () => {
  const { deps, stored } = memoryStores();
  const { rule, evaluate } = readyRule();
  const twice = { rule, evaluate: (row: Parameters<typeof evaluate>[0]) => [...evaluate(row), ...evaluate(row)] };

  for (const known of [0, 2]) {
    const { figures } = await detectBatch(events(eventBody(settingsChange())), { ...deps, rules: [twice] });
    expect(figures).toEqual({ ...NOTHING, events: 1, received: 1, matched: 1, stored: 2 - known, known });
  }
  expect(stored().length).toBe(2);
});

test("two rules that match one record make one incident each", async () => {
  const { deps, stored } = memoryStores();
  const other = readyRule({ ...CHANGES_TO_PIM_SETTINGS, id: failing.rule.id });
  const { figures } = await detectBatch(events(eventBody(settingsChange())), { ...deps, rules: [readyRule(), other] });
  expect(figures).toEqual({ ...NOTHING, events: 1, received: 1, matched: 1, stored: 2 });
  expect(stored().length).toBe(2);
});

describe("a dependency that fails rejects the batch, so that it is delivered again", () => {
  const down = new Error("down");
  const fails = { add: () => Promise.reject(down), addAll: () => Promise.reject(down) };
  test.each<{ what: string; broken: Partial<DetectDependencies>; body: Uint8Array }>([
    { what: "the incidents' store", broken: { incidents: fails }, body: eventBody(settingsChange()) },
    { what: "the dead letters' store, for bytes", broken: { deadLetters: fails }, body: bytes("{") },
    { what: "the dead letters' store, for a record", broken: { deadLetters: fails }, body: eventBody({ a: 1 }) },
  ])("$what", async ({ broken, body }) => {
    const { deps } = memoryStores();
    await expect(detectBatch(events(body), { ...deps, ...broken })).rejects.toBe(down);
    // The same batch passes without the part that needs the store.
    await expect(detectBatch(events(eventBody(otherActivity)), { ...deps, ...broken })).resolves.toBeDefined();
  });
});

describe("a record whose incident the store refuses", () => {
  /** Stores that take every incident but those of one record. */
  function refusing(auditLogId: string) {
    const stores = memoryStores();
    const addAll: DetectDependencies["incidents"]["addAll"] = async (incidents) => {
      const isRefused = ({ row }: StoredIncident) => row["AuditLogId"] === auditLogId;
      const taken = [...(await stores.deps.incidents.addAll(incidents.filter((one) => !isRefused(one))))];
      return incidents.map((one) => (isRefused(one) ? { refused: "EntityTooLarge" } : (taken.shift() ?? "known")));
    };
    return { ...stores, deps: { ...stores.deps, incidents: { addAll } } };
  }
  const bad = settingsChange({}, { id: "PIM_BAD" });
  const [one, two] = [settingsChange({}, { id: "PIM_1" }), settingsChange({}, { id: "PIM_2" })];

  test("becomes a dead letter byte for byte with the reason; its neighbors and the rest of the batch are stored", async () => {
    const { deps, stored, letters } = refusing("PIM_BAD");
    for (const known of [0, 2]) {
      const { figures, added } = await detectBatch(events(eventBody(one, bad), eventBody(two)), deps);
      const fates = { received: 3, matched: 2, deadLettered: 1 };
      expect(figures).toEqual({ ...NOTHING, events: 2, ...fates, stored: 2 - known, known });
      expect(added).toHaveLength(2 - known);
    }
    expect(stored().length).toBe(2);
    expect(letters.map(({ bytes: kept }) => Uint8Array.from(kept))).toEqual([
      bytes(JSON.stringify(bad)),
      expect.anything(),
    ]);
    expect(letters[0]?.reason).toMatch(
      /^incident [0-9a-f]{64} of rule 0ed0fe7c-af29-4990-af7f-bb5ccb231198 is refused: EntityTooLarge$/,
    );
  });

  test("has both reasons if another rule failed on it too", async () => {
    const { deps, letters } = refusing("PIM_BAD");
    const { figures } = await detectBatch(events(eventBody(bad)), { ...deps, rules: [failing, ...deps.rules] });
    expect(figures).toEqual({ ...NOTHING, events: 1, received: 1, deadLettered: 1 });
    expect(letters[0]?.reason).toMatch(/failed with TypeError; incident .* is refused: EntityTooLarge$/);
  });
});

describe("a record with the id of another", () => {
  const weak = settingsChange({}, { resultReason: "Approval enabled." });
  const strong = settingsChange({}, { resultReason: "Approval disabled." });

  test.each([
    { when: "in one event", batches: [[eventBody(weak, strong)]] },
    { when: "in one batch", batches: [[eventBody(weak), eventBody(strong)]] },
    { when: "in a later batch", batches: [[eventBody(weak)], [eventBody(strong)]] },
  ])("becomes a dead letter if it says something else, $when", async ({ batches }) => {
    const { deps, stored, letters } = memoryStores();
    const outcomes = [];
    for (const batch of batches) outcomes.push(await detectBatch(events(...batch), deps));
    expect(sumOf(outcomes).figures).toEqual({
      ...NOTHING,
      events: batches.flat().length,
      received: 2,
      matched: 1,
      deadLettered: 1,
      stored: 1,
      otherContent: 1,
    });
    expect(stored().map(({ row }) => row["ResultReason"])).toEqual(["Approval enabled."]);
    expect(letters.map(({ bytes: kept }) => new TextDecoder().decode(kept))).toEqual([JSON.stringify(strong)]);
    expect(letters[0]?.reason).toMatch(
      /^incident [0-9a-f]{64} of rule 0ed0fe7c-af29-4990-af7f-bb5ccb231198 is known from a record that has the same id and says something else$/,
    );
  });

  test("is the same record if only fields of the export differ, or the order of keys and elements", async () => {
    const { deps, letters } = memoryStores();
    const properties = Object.entries(propertiesOf(weak)).reverse();
    const again = {
      ...weak,
      time: "2026-03-05T00:00:00Z",
      Level: "Informational",
      durationMs: 7,
      callerIpAddress: "203.0.113.9",
      identity: "Sync",
      resultSignature: "",
      properties: Object.fromEntries(
        properties.map(([key, value]) => [key, Array.isArray(value) ? value.toReversed() : value]),
      ),
    };
    const asText = { ...weak, properties: jsonText(weak["properties"] ?? null) };
    const { figures } = await detectBatch(events(eventBody(weak, again), eventBody(asText)), deps);
    expect(figures).toEqual({ ...NOTHING, events: 2, received: 3, matched: 3, stored: 1, known: 2 });
    expect(letters).toEqual([]);
  });
});

test("a record nested 100,000 levels deep makes an incident like any other", async () => {
  const { deps, stored } = memoryStores();
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const record = JSON.stringify(settingsChange({}, { initiatedBy: "DEEP" })).replace('"DEEP"', deep);
  const { figures } = await detectBatch(events(bytes(`{"records":[${record}]}`)), deps);
  expect(figures).toEqual({ ...NOTHING, events: 1, received: 1, matched: 1, stored: 1 });
  expect(stored().map(({ record: text }) => text)).toEqual([record]);
});

describe("what waits to be stored stays small", () => {
  /** Stores that note each call: the number of incidents stored together, or "letter". */
  function noting() {
    const calls: (number | "letter")[] = [];
    const deps: DetectDependencies = {
      ...memoryStores().deps,
      incidents: {
        addAll: (incidents) => {
          calls.push(incidents.length);
          return Promise.resolve(incidents.map(() => "added"));
        },
      },
      deadLetters: {
        add: () => {
          calls.push("letter");
          return Promise.resolve();
        },
      },
    };
    return { calls, deps };
  }
  const changes = (count: number, resultReason: string) =>
    Array.from({ length: count }, (_, index) => settingsChange({}, { id: `PIM_${index}`, resultReason }));
  const unreadable = Array.from({ length: 250 }, () => ({ a: 1 }));
  const letters = (count: number) => Array.from({ length: count }, () => "letter");
  const inEvents = (records: readonly DiagnosticRecord[], perEvent: number) =>
    Array.from({ length: Math.ceil(records.length / perEvent) }, (_, index) =>
      eventBody(...records.slice(index * perEvent, (index + 1) * perEvent)),
    );

  test.each([
    { what: "many incidents", records: changes(2_500, "short"), calls: [1_000, 1_000, 500] },
    { what: "records cut to 400,000 characters", records: changes(50, "x".repeat(400_000)), calls: [20, 20, 10] },
    { what: "dead letters", records: [...unreadable, settingsChange()], calls: [...letters(200), 1, ...letters(50)] },
  ])("$what are stored in groups before the batch ends", async ({ records, calls }) => {
    for (const perEvent of [1, 3]) {
      const stores = noting();
      const { figures } = await detectBatch(events(...inEvents(records, perEvent)), stores.deps);
      expect(stores.calls).toEqual(calls);
      expect(figures.received).toBe(records.length);
    }
  });
});

test("a bare record that ends with a literal makes an incident, wherever its buffer ends", async () => {
  const { operationName = null, ...before } = settingsChange({}, { activityDisplayName: "" });
  // Each alone in its buffer, of all lengths, with the literal at every position within words.
  const bodies = Array.from({ length: 80 }, (_, length) =>
    Uint8Array.from(bytes(JSON.stringify({ filling: "f".repeat(length), ...before, operationName }))),
  );
  const { deps, letters } = memoryStores();

  const { figures } = await detectBatch(events(...bodies), { ...deps, scan });

  expect(figures).toMatchObject({ received: 80, matched: 80, skippedByScan: 0 });
  expect(new Set(bodies.map(({ buffer, length }) => buffer.byteLength - length))).toEqual(new Set([0]));
  expect(letters).toEqual([]);
});

test("the scan skips an event without a literal, and the records beside a candidate", async () => {
  const { deps, stored } = memoryStores();
  const member = "Add member to role";
  const other = settingsChange({ operationName: member }, { activityDisplayName: member });
  const others = Array.from({ length: 20 }, () => other); // of small bodies all is read
  const bodies = [eventBody(signIn, other), eventBody(...others, settingsChange(), ...others)];
  const { figures } = await detectBatch(events(...bodies), { ...deps, scan });
  expect(figures).toEqual({
    ...NOTHING,
    events: 2,
    skippedByScan: 1,
    received: 41,
    matched: 1,
    recordsSkippedByScan: 40,
    stored: 1,
  });
  expect(stored().length).toBe(1);
});

test.each([
  { why: "empty", body: bytes("") },
  { why: "cut off", body: eventBody(signIn).subarray(0, -3) },
  { why: "UTF-16", body: Buffer.from(JSON.stringify({ records: [settingsChange()] }), "utf16le") },
])("an event that is $why becomes a dead letter even with the scan", async ({ body }) => {
  const { deps, letters } = memoryStores();
  const { figures } = await detectBatch(events(body), { ...deps, scan });
  expect(figures).toEqual({ ...NOTHING, events: 1, received: 1, deadLettered: 1 });
  expect(letters.map((letter) => letter.bytes)).toEqual([body]);
});

describe("whatever the data", () => {
  const record = fc.oneof(anySettingsChange(), anyJson(), fc.constant(signIn), fc.constant(otherActivity));
  const whole = fc.array(record, { maxLength: 4 }).map((records) => eventBody(...records));
  const damaged = fc.tuple(whole, fc.nat(), fc.nat({ max: 255 })).map(([body, place, byte]) => {
    body[place % body.length] = byte;
    return body;
  });
  const body = fc.oneof(whole, damaged, fc.uint8Array({ maxLength: 40 }));

  test("each record is counted once, and a second delivery stores nothing", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(body, { maxLength: 4 }), fc.boolean(), fc.boolean(), async (bodies, ...which) => {
        const [withFailingRule, withScan] = which;
        const { deps, letters, stored } = memoryStores();
        const rules = withFailingRule ? [...deps.rules, failing] : deps.rules;
        const all = { ...deps, rules, scan: withScan ? scan : undefined };

        const { figures, added } = await detectBatch(events(...bodies), all);

        const { matched, notMatched, otherCategory, recordsSkippedByScan, deadLettered } = figures;
        expect(matched + notMatched + otherCategory + recordsSkippedByScan + deadLettered).toBe(figures.received);
        expect(figures.events).toBe(bodies.length);
        expect([letters.length, stored().length, added.length]).toEqual([
          figures.deadLettered,
          figures.stored,
          figures.stored,
        ]);

        const second = await detectBatch(events(...bodies), all);
        expect(second.figures).toEqual({ ...figures, stored: 0, known: figures.stored + figures.known });
      }),
      { numRuns: 300 },
    );
  });
});
